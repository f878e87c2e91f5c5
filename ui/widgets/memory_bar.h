// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A run's estimated memory as a stacked bar against what the machine has free, with its parts in words below and a mark for every
// peak that was measured of past runs of its kind.
#pragma once

#include "training/api/reports.h"

#include <QWidget>

namespace rankwright {

class PlainLabel;

class MemoryBar : public QWidget
{
    Q_OBJECT
public:
    explicit MemoryBar(QWidget* parent = nullptr);
    void setEstimate(const Estimate& estimate, std::vector<int64_t> measuredPeaks);
    void clear();
    [[nodiscard]] int legendEntries() const { return int(m_parts.size()); }
    [[nodiscard]] const std::vector<int64_t>& measured() const { return m_measured; }
    [[nodiscard]] QSize sizeHint() const override;
    [[nodiscard]] QSize minimumSizeHint() const override { return sizeHint(); }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    [[nodiscard]] double scale() const;   // bytes across the whole width
    std::vector<MemoryPart> m_parts;      // scaled to the calibrated peak, largest first
    std::vector<int64_t> m_measured;
    int64_t m_peak = 0, m_free = 0;
    bool m_fits = true;
};

}  // namespace rankwright
