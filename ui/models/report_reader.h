// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The chosen comparison's data, computed off the window's thread and computed again while its runs go on: not more often than once a
// second, and with at least twice the time it took in between.
#pragma once

#include "ui/models/comparison_data.h"

#include <QElapsedTimer>
#include <QTimer>

namespace rankwright {

class ReportReader : public QObject
{
    Q_OBJECT
public:
    explicit ReportReader(std::filesystem::path dataDirectory, QObject* parent = nullptr);
    void show(const QString& comparison);              // another one: loaded() follows; none: data() is null
    void refresh();                                    // the same one again, as soon as that may be
    [[nodiscard]] const QString& comparison() const { return m_comparison; }
    [[nodiscard]] const ComparisonData* data() const { return m_data.get(); }

signals:
    void loaded();
    void problem(const QString& text);

private:
    void read();
    StoreReader m_reader;
    QTimer m_later;
    QElapsedTimer m_since;                             // the last answer, or the question that is open
    qint64 m_took = 0;                                 // ms
    bool m_asked = false, m_again = false;
    QString m_comparison;
    std::shared_ptr<const ComparisonData> m_data;
};

}  // namespace rankwright
