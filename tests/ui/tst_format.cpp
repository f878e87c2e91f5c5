// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Times and numbers as the window writes them.
#include "ui/format.h"

#include <QTest>

#include <limits>

using namespace rankwright;

class TestFormat : public QObject
{
    Q_OBJECT
private slots:
    void initTestCase()
    {
        qputenv("TZ", "Europe/Berlin");
        tzset();
    }

    void timesAreOfThisPlace()
    {
        QCOMPARE(format::when("2026-11-23T08:15:00Z"), QString("2026-11-23 09:15"));
        QCOMPARE(format::when("2026-07-01T23:30:59Z"), QString("2026-07-02 01:30"));
        QCOMPARE(format::when(""), QString());
        QCOMPARE(format::when("yesterday\n"), QString("yesterday\\x0a"));
    }

    void durationsHaveTwoUnits()
    {
        QCOMPARE(format::duration(0.84), QString("0.8 s"));
        QCOMPARE(format::duration(42), QString("42 s"));
        QCOMPARE(format::duration(3599.6), QString("1 h 00 min"));
        QCOMPARE(format::duration(3 * 86'400 + 7200), QString("3 d 02 h"));
        QCOMPARE(format::duration(std::numeric_limits<double>::quiet_NaN()), QString("—"));
    }

    void numbersStayReadable()
    {
        QCOMPARE(format::number(1.854), QString("1.8540"));
        QCOMPARE(format::number(2.4e-7), QString("2.4e-07"));
        QCOMPARE(format::count(-134'515'008), QString("-134,515,008"));
        QCOMPARE(format::shortCount(134'515'008), QString("134.5 M"));
        QCOMPARE(format::bytes(98'345'000), QString("93.8 MiB"));
    }
};

QTEST_GUILESS_MAIN(TestFormat)
#include "tst_format.moc"
