// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// How long the rows of a data set are, in tokens, with the length at which rows are cut off.
#pragma once

#include <QWidget>

#include <cstdint>
#include <vector>

namespace rankwright {

class LengthHistogram : public QWidget
{
    Q_OBJECT
public:
    explicit LengthHistogram(QWidget* parent = nullptr);
    void setLengths(std::vector<int64_t> lengths, int64_t cutAt);
    [[nodiscard]] const std::vector<int64_t>& bins() const { return m_bins; }
    [[nodiscard]] int64_t binWidth() const { return m_binWidth; }
    [[nodiscard]] QSize sizeHint() const override { return {400, 140}; }
    [[nodiscard]] QSize minimumSizeHint() const override { return {200, 96}; }

protected:
    void paintEvent(QPaintEvent* event) override;
    bool event(QEvent* event) override;

private:
    [[nodiscard]] QRect plotArea() const;
    [[nodiscard]] int binAt(int x) const;
    std::vector<int64_t> m_bins;    // rows per bin of m_binWidth tokens, from 0
    int64_t m_binWidth = 1, m_cutAt = 0;
};

}  // namespace rankwright
