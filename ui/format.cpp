// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/format.h"

#include "training/api/error.h"

#include <QCoreApplication>
#include <QDateTime>

#include <array>
#include <cmath>

namespace rankwright::format {

namespace {

QString scaled(double value, double step, const std::array<const char*, 5>& units)
{
    size_t unit = 0;
    // 999.95 would be shown as "1000.0": it belongs to the next unit already.
    while (std::abs(value) >= step - step / 20'000 && unit + 1 < units.size()) {
        value /= step;
        ++unit;
    }
    return QString::number(value, 'f', unit == 0 ? 0 : 1) + QLatin1String(units[unit]);
}

}  // namespace

QString shown(const std::string& outside, int most)
{
    const QString text = QString::fromStdString(escaped(outside));
    if (text.size() <= most)
        return text;
    const qsizetype kept = text.at(most - 2).isHighSurrogate() ? most - 2 : most - 1;
    return text.left(kept) + QChar(0x2026);
}

QString when(const std::string& utc)
{
    const auto time = QDateTime::fromString(text(utc), Qt::ISODate);
    return time.isValid() ? time.toLocalTime().toString(QStringLiteral("yyyy-MM-dd HH:mm")) : shown(utc, 40);
}

QString lines(const std::string& outside)
{
    QString shown;
    std::string rest;
    const auto flush = [&] {
        shown += text(escaped(rest));
        rest.clear();
    };
    for (const char letter : outside) {
        if (letter != '\n' && letter != '\t') {
            rest += letter;
            continue;
        }
        flush();
        shown += QLatin1Char(letter);
    }
    flush();
    return shown;
}

QString count(int64_t value)
{
    QString digits = QString::number(value);
    const qsizetype first = value < 0 ? 1 : 0;
    for (qsizetype at = digits.size() - 3; at > first; at -= 3)
        digits.insert(at, QLatin1Char(','));
    return digits;
}

QString shortCount(int64_t value)
{
    return scaled(double(value), 1000, {"", " k", " M", " G", " T"});
}

QString bytes(int64_t value)
{
    return scaled(double(value), 1024, {" B", " KiB", " MiB", " GiB", " TiB"});
}

QString duration(double seconds)
{
    if (!std::isfinite(seconds) || seconds < 0)
        return QString(QChar(0x2014));
    if (seconds < 9.95)
        return QCoreApplication::translate("format", "%1 s").arg(QString::number(seconds, 'f', 1));
    const auto whole = static_cast<qint64>(std::llround(std::min(seconds, 1e15)));
    if (whole < 60)
        return QCoreApplication::translate("format", "%1 s").arg(whole);
    const auto two = [](qint64 part) { return QStringLiteral("%1").arg(part, 2, 10, QLatin1Char('0')); };
    if (whole < 3600)
        return QCoreApplication::translate("format", "%1 min %2 s").arg(QString::number(whole / 60), two(whole % 60));
    if (whole < 48 * 3600)
        return QCoreApplication::translate("format", "%1 h %2 min")
            .arg(QString::number(whole / 3600), two(whole % 3600 / 60));
    return QCoreApplication::translate("format", "%1 d %2 h")
        .arg(QString::number(whole / 86'400), two(whole % 86'400 / 3600));
}

QString number(double value, int digits)
{
    if (std::isnan(value))
        return QString(QChar(0x2014));
    if (std::isinf(value))
        return value > 0 ? QStringLiteral("∞") : QStringLiteral("-∞");
    if (value != 0 && (std::abs(value) >= 1e9 || std::abs(value) < 0.5 * std::pow(10.0, -digits)))
        return scientific(value);
    return QString::number(value, 'f', digits);
}

QString scientific(double value)
{
    if (std::isnan(value))
        return QString(QChar(0x2014));
    return QString::number(value, 'e', 1);
}

}  // namespace rankwright::format
