// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The rank planner: ranks by one rule for all matrices or by hand, what they cost and what they buy, and their way out: into the
// configuration, to the clipboard as PEFT's patterns, into a file.
#pragma once

#include "ui/async/plan_frontier.h"
#include "ui/models/rank_table.h"
#include "ui/pages/spectrum/spectrum_desk.h"

#include <QWidget>

class QCheckBox;
class QGridLayout;
class QPushButton;

namespace rankwright {

class CurvePlot;
class PlainLabel;
class RankControls;
class RankView;

class PlannerView : public QWidget
{
    Q_OBJECT
public:
    explicit PlannerView(SpectrumDesk& desk, QWidget* parent = nullptr);
    ~PlannerView() override;
    void savePlan(const QString& file);                  // PEFT's patterns as JSON; says where it cannot
    [[nodiscard]] QString peftText() const;

protected:
    void changeEvent(QEvent* event) override;
    void showEvent(QShowEvent* event) override;          // the chart is worked out when it is looked at

private:
    QWidget* buildTable();
    QWidget* buildChoices();
    void addFact(QGridLayout& grid, const QString& title, PlainLabel*& value, const char* name);
    void connectParts();
    void followState();
    void showPlan();
    void showWeighing();
    void showFrontier();
    void askFrontier();
    [[nodiscard]] QString budgetText() const;

    SpectrumDesk& m_desk;
    PlanFrontier m_frontier;
    std::vector<FrontierPoint> m_points;
    std::optional<std::string> m_frontierOf;             // the modules it was asked for
    RankTable* m_table;
    RankView* m_view = nullptr;
    RankControls* m_controls = nullptr;
    QCheckBox* m_weigh = nullptr;
    PlainLabel* m_weighNote = nullptr;
    PlainLabel* m_parameters = nullptr;
    PlainLabel* m_energy = nullptr;
    PlainLabel* m_memory = nullptr;
    PlainLabel* m_file = nullptr;
    PlainLabel* m_budget = nullptr;
    CurvePlot* m_chart = nullptr;
    QPushButton* m_copy = nullptr;
    QPushButton* m_save = nullptr;
    QPushButton* m_use = nullptr;
};

}  // namespace rankwright
