// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What the three views of the Spectrum page share: the model's spectra, the chosen matrix, the ranks being drafted (undoable; a
// draft until "Use these ranks"), and what the quantisation laboratory has measured. No widgets.
#pragma once

#include "ui/async/spectrum_stream.h"
#include "ui/models/quant_results.h"
#include "ui/models/rank_draft.h"

namespace rankwright {

// Ranks, and how far a budget's may lie below the best for it.
struct RankDraft
{
    Ranks ranks;
    double gap = -1;          // RankPlan::gap of a budget; -1: not the answer to a budget
    bool operator==(const RankDraft&) const = default;
};

class SpectrumDesk : public QObject
{
    Q_OBJECT
public:
    explicit SpectrumDesk(Workbench& workbench, QObject* parent = nullptr);

    [[nodiscard]] Workbench& workbench() const { return m_workbench; }
    [[nodiscard]] const ModuleGrid& grid() const { return m_grid; }
    [[nodiscard]] const std::string& model() const { return m_model; }    // spec; empty: none is chosen
    [[nodiscard]] SpectrumStream& own() { return m_own; }
    [[nodiscard]] const SpectrumStream& own() const { return m_own; }
    [[nodiscard]] SpectrumStream& weighted() { return m_weighted; }

    [[nodiscard]] const std::string& chosen() const { return m_chosen; }
    void choose(const std::string& module);

    [[nodiscard]] const RankDraft& draft() const { return m_draft; }
    [[nodiscard]] const RankPlan& plan() const { return m_plan; }         // of the draft
    [[nodiscard]] int64_t rankOf(const std::string& module) const;
    [[nodiscard]] bool canPlan() const { return planSource().isComplete(); }
    [[nodiscard]] bool inUse() const;                                    // the configuration has these ranks already
    [[nodiscard]] std::vector<ModuleSpectrum> planSpectra(bool matchingOnly) const;
    [[nodiscard]] const SpectrumStream& planSource() const { return m_weigh ? m_weighted : m_own; }
    void preview(const Ranks& ranks);                                    // while a line or slider is dragged
    void commit(const RankDraft& draft, const QString& what);            // undoable
    void commitRank(const std::string& module, int64_t rank);
    void setDraft(const RankDraft& draft);                               // what the undo commands call
    void wantRanks(const PlanRequest& request, bool settled, const QString& what);
    void useRanks();
    // Plan with the spectra of the weights as a calibration batch uses them; computed at the first time.
    void setWeighed(bool on);
    [[nodiscard]] bool isWeighed() const { return m_weigh; }

    [[nodiscard]] QuantResults& lab() { return m_lab; }
    [[nodiscard]] const QuantResults& lab() const { return m_lab; }
    [[nodiscard]] const std::optional<QuantSetting>& labSetting() const { return m_labSetting; }   // whose heat map is shown
    void setLabSetting(const std::optional<QuantSetting>& setting);
    void labHasChanged() { emit labChanged(); }

signals:
    void modelChanged();
    void chosenChanged();
    void draftChanged();
    void weighedChanged();
    void labChanged();
    void said(const QString& text, bool problem);   // empty: what was said no longer holds

private:
    void followModel();
    void rebuildPlan();

    Workbench& m_workbench;
    SpectrumStream m_own, m_weighted;
    ModuleGrid m_grid;
    std::string m_model, m_chosen;
    RankDraft m_draft, m_committed;
    RankPlan m_plan;
    bool m_touched = false;          // the draft differs from the configuration
    bool m_weigh = false;
    QuantResults m_lab;
    std::optional<QuantSetting> m_labSetting;
};

}  // namespace rankwright
