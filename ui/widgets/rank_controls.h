// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Four ways to ask for ranks, each showing what the others lead to: one rank for all matrices, a share of energy, a number of
// trainable parameters, an amount of training memory.
#pragma once

#include "training/api/rank_plan.h"

#include <QWidget>

class QDoubleSpinBox;
class QSlider;
class QSpinBox;

namespace rankwright {

class PlainLabel;

class RankControls : public QWidget
{
    Q_OBJECT
public:
    explicit RankControls(QWidget* parent = nullptr);
    // `uniform`: the rank all matrices have, or 0 where they differ.
    void showPlan(const RankPlan& plan, int64_t uniform);

signals:
    void wanted(
        const rankwright::PlanRequest& request, bool settled, const QString& what); // not settled: still dragged

private:
    void addRow(int row, const QString& what, QWidget* field, QWidget* after);
    void setUp();
    QSpinBox* m_rank;
    QSlider* m_energy;
    PlainLabel* m_share;
    QSpinBox* m_budget;
    QDoubleSpinBox* m_memory;
};

}  // namespace rankwright
