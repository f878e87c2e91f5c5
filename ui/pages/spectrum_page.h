// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The Spectrum page: explorer, rank planner and quantisation laboratory over one desk (ui/pages/spectrum). Here: the tabs, how far
// the decomposition has come, and what is said.
#pragma once

#include "ui/pages/page.h"
#include "ui/pages/spectrum/spectrum_desk.h"

class QProgressBar;
class QPushButton;
class QStackedWidget;
class QTabBar;

namespace rankwright {

class ExplorerView;
class LabView;
class MessageBar;
class PlainLabel;
class PlannerView;

class SpectrumPage : public Page
{
    Q_OBJECT
public:
    enum View { kExplorer, kPlanner, kLab };

    explicit SpectrumPage(Workbench& workbench, QWidget* parent = nullptr);
    ~SpectrumPage() override;
    [[nodiscard]] QString id() const override { return QStringLiteral("spectrum"); }
    [[nodiscard]] QString title() const override { return tr("Spectrum"); }
    [[nodiscard]] QString iconName() const override { return QStringLiteral("spectrum"); }
    void activated() override;

    void showView(View view);
    [[nodiscard]] const Ranks& draft() const { return m_desk->draft().ranks; }
    [[nodiscard]] const RankPlan& plan() const { return m_desk->plan(); }
    void useRanks() { m_desk->useRanks(); }                      // the draft becomes the configuration's plan
    void choose(const std::string& module) { m_desk->choose(module); }
    [[nodiscard]] SpectrumDesk& desk() { return *m_desk; }

private:
    QWidget* buildTop();
    void connectParts();
    void followModel();
    void showState();

    Workbench& m_workbench;
    SpectrumDesk* m_desk;
    MessageBar* m_messages = nullptr;
    QTabBar* m_tabs = nullptr;
    PlainLabel* m_pace = nullptr;
    QProgressBar* m_progress = nullptr;
    QPushButton* m_cancel = nullptr;
    PlainLabel* m_notice = nullptr;
    QStackedWidget* m_views = nullptr;
    ExplorerView* m_explorer = nullptr;
    PlannerView* m_planner = nullptr;
    LabView* m_lab = nullptr;
};

}  // namespace rankwright
