// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// How many rows each class has: a bar, a count and a share for each; the largest first.
#pragma once

#include <QWidget>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace rankwright {

class LabelBars : public QWidget
{
    Q_OBJECT
public:
    explicit LabelBars(QWidget* parent = nullptr);
    void setLabels(const std::map<std::string, int64_t>& labels);
    [[nodiscard]] QSize sizeHint() const override;
    [[nodiscard]] QSize minimumSizeHint() const override { return {200, sizeHint().height()}; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    [[nodiscard]] int lines() const;
    std::vector<std::pair<std::string, int64_t>> m_labels;   // largest first
    int64_t m_rows = 0;
};

}  // namespace rankwright
