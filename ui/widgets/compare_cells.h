// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Every run of a comparison with what it measured and what proves it: its step-0 check, its exports read back, its pairing.
#pragma once

#include "ui/models/comparison_data.h"
#include "ui/widgets/number_table.h"

namespace rankwright {

class CompareCells : public NumberTable
{
    Q_OBJECT
public:
    enum Column { armColumn, rateColumn, seedColumn, stateColumn, lossColumn, metricColumn, stepColumn, timeColumn, memoryColumn, zeroColumn,
        exportColumn, pairColumn };
    explicit CompareCells(QWidget* parent = nullptr);
    void setData(const ComparisonData* data);

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    void showProof(int row, const RunProof& proof);
    void showMetrics(const std::vector<ReportCell>& cells);
    bool m_measured = false;               // a metric beside the loss
    void fitColumns();
};

}  // namespace rankwright
