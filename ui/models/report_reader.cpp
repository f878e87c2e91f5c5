// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/models/report_reader.h"

#include "ui/format.h"

#include <algorithm>

namespace rankwright {

namespace {

constexpr qint64 kLeastMilliseconds = 1000;

}  // namespace

ReportReader::ReportReader(std::filesystem::path dataDirectory, QObject* parent)
    : QObject(parent), m_reader(std::move(dataDirectory))
{
    m_later.setSingleShot(true);
    connect(&m_later, &QTimer::timeout, this, &ReportReader::read);
    connect(&m_reader, &StoreReader::failed, this, [this](const QString& text) {
        m_asked = false;
        emit problem(text);
    });
}

void ReportReader::show(const QString& comparison)
{
    if (comparison == m_comparison)
        return;
    m_comparison = comparison;
    m_data.reset();
    m_later.stop();
    emit loaded();
    if (!comparison.isEmpty())
        read();
}

void ReportReader::refresh()
{
    m_again = m_asked;   // what changes while an answer is being worked out comes after it
    if (m_comparison.isEmpty() || m_asked || m_later.isActive())
        return;
    const qint64 pause = std::max(kLeastMilliseconds, 2 * m_took);
    m_later.start(int(m_since.isValid() ? std::clamp<qint64>(pause - m_since.elapsed(), 0, pause) : 0));
}

void ReportReader::read()
{
    m_asked = true;
    m_since.start();
    m_reader.read<ComparisonData>([id = format::plain(m_comparison)](RunStore& store) { return comparisonData(store, id); },
        [this](ComparisonData& data) {
            m_asked = false;
            m_took = m_since.restart();
            m_data = std::make_shared<const ComparisonData>(std::move(data));
            emit loaded();
            if (std::exchange(m_again, false))
                refresh();
        });
}

}  // namespace rankwright
