// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The U-curves of a comparison with their numbers below: which learning rate served each arm best, and whether the sweep was wide
// enough to say so.
#pragma once

#include "ui/models/comparison_data.h"

#include <QWidget>

namespace rankwright {

class NumberTable;
class PlainLabel;
class RatePlot;

class CompareRates : public QWidget
{
    Q_OBJECT
public:
    explicit CompareRates(QWidget* parent = nullptr);
    void setData(const ComparisonData* data);

private:
    void fillTable(const ComparisonReport& report);
    RatePlot* m_plot;          // "ratePlot"
    PlainLabel* m_warning;     // "edgeWarning"
    NumberTable* m_table;      // "rateTable"
};

}  // namespace rankwright
