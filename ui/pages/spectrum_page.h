// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The singular values of every adaptable matrix, and a rank for each: a heat map of layers x kinds, the chosen matrix'
// curves, and ranks by energy, by parameters or by hand. Ranks are a draft until "Use these ranks".
#pragma once

#include "ui/models/rank_table.h"
#include "ui/models/store_reader.h"
#include "ui/pages/page.h"
#include "ui/workbench.h"

#include <QPointer>

#include <set>

class QComboBox;
class QProgressBar;
class QPushButton;

namespace rankwright {

class EnergyPlot;
class HeatmapPlot;
class MessageBar;
class PlainLabel;
class RankControls;
class RankView;
class SpectrumPlot;

class SpectrumPage : public Page
{
    Q_OBJECT
public:
    using Ranks = RankTable::Ranks;

    explicit SpectrumPage(Workbench& workbench, QWidget* parent = nullptr);
    ~SpectrumPage() override;
    [[nodiscard]] QString id() const override { return QStringLiteral("spectrum"); }
    [[nodiscard]] QString title() const override { return tr("Spectrum"); }
    [[nodiscard]] QString iconName() const override { return QStringLiteral("spectrum"); }
    void activated() override;

    [[nodiscard]] const Ranks& draft() const { return m_draft; }
    [[nodiscard]] const RankPlan& plan() const { return m_plan; }
    void useRanks();                                            // the draft becomes the configuration's plan
    void setDraft(const Ranks& ranks);                          // what the undo commands call
    void choose(const std::string& module);

protected:
    void changeEvent(QEvent* event) override;   // the palette: curves take their colours again

private:
    enum class Measure { energy, stableRank, effectiveRank };
    QWidget* buildTop();
    QWidget* buildCurves();
    QWidget* buildRanks();
    void connectParts();
    void modelChanged();
    void start();
    void ask(std::vector<ModuleSpectrum> known);
    void take(const std::vector<Event>& batch);
    void finish(const SpectrumReport& report);
    void keepNew();
    void showBusy(bool busy);
    void preview(const Ranks& ranks);
    void commit(const Ranks& ranks, const QString& what);
    void wantRanks(const PlanRequest& request, bool settled, const QString& what);
    void showHeat();
    void showModule();
    void showPlan();
    [[nodiscard]] std::vector<ModuleSpectrum> knownSpectra(bool matchingOnly) const;
    [[nodiscard]] double measured(const ModuleSpectrum& spectrum) const;

    Workbench& m_workbench;
    StoreReader m_store;
    ModuleGrid m_grid;
    std::map<std::string, ModuleSpectrum> m_spectra;            // by module name
    std::set<std::string> m_knownHashes;
    std::vector<ModuleSpectrum> m_unsaved;
    std::string m_model, m_chosen;
    Ranks m_draft, m_committed;
    RankPlan m_plan;
    bool m_complete = false, m_touched = false;                 // touched: the draft differs from the configuration
    QPointer<JobCall> m_call;

    MessageBar* m_messages = nullptr;
    PlainLabel* m_notice = nullptr;
    QComboBox* m_measure = nullptr;
    QProgressBar* m_progress = nullptr;
    QPushButton* m_cancel = nullptr;
    HeatmapPlot* m_heat = nullptr;
    PlainLabel* m_module = nullptr;
    SpectrumPlot* m_sigma = nullptr;
    EnergyPlot* m_energy = nullptr;
    RankControls* m_controls = nullptr;
    RankTable* m_table;
    RankView* m_view = nullptr;
    PlainLabel* m_summary = nullptr;
    QPushButton* m_use = nullptr;
};

}  // namespace rankwright
