// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/pages/spectrum/spectrum_desk.h"

#include "training/api/error.h"
#include "ui/format.h"

#include <QUndoCommand>

namespace rankwright {

namespace {

class DraftChange : public QUndoCommand
{
public:
    DraftChange(SpectrumDesk* desk, const QString& what, RankDraft before, RankDraft after)
        : QUndoCommand(what), m_desk(desk), m_before(std::move(before)), m_after(std::move(after))
    {
    }
    void undo() override { set(m_before); }
    void redo() override { set(m_after); }

private:
    void set(const RankDraft& draft)
    {
        if (m_desk)
            m_desk->setDraft(draft);
    }
    QPointer<SpectrumDesk> m_desk;
    RankDraft m_before, m_after;
};

}  // namespace

SpectrumDesk::SpectrumDesk(Workbench& workbench, QObject* parent)
    : QObject(parent), m_workbench(workbench), m_own(workbench, this), m_weighted(workbench, this)
{
    connect(&m_workbench, &Workbench::modelChanged, this, &SpectrumDesk::followModel);
    connect(&m_workbench, &Workbench::configChanged, this, [this] {
        if (!m_touched)
            setDraft({.ranks = ranksOf(m_grid, m_workbench.config())});
        else
            emit draftChanged();   // whether it is in use
    });
    connect(&m_own, &SpectrumStream::finished, this, [this](const SpectrumReport& report) {
        m_workbench.setSpectra(report.modules);
        setDraft(m_draft);
    });
    connect(&m_weighted, &SpectrumStream::finished, this, [this] { setDraft(m_draft); });
    connect(&m_weighted, &SpectrumStream::failed, this, [this](const QString& message) {
        setWeighed(false);
        emit said(message, true);
    });
    for (SpectrumStream* stream : {&m_own, &m_weighted})
        connect(stream, &SpectrumStream::cacheFailed, this, [this](const QString& message) { emit said(message, true); });
    connect(&m_own, &SpectrumStream::failed, this, [this](const QString& message) { emit said(message, true); });
    followModel();
}

void SpectrumDesk::followModel()
{
    const auto& model = m_workbench.model();
    const std::string spec = model ? model->spec : std::string();
    if (!spec.empty() && spec == m_model)
        return;
    m_model = spec;
    m_grid = moduleGrid(model ? model->modules : std::vector<ModuleInfo>());
    m_own.setQuestion({.model = spec});
    m_weighted.setQuestion({});
    m_chosen.clear();
    m_touched = m_weigh = false;
    m_lab.clear();
    m_labSetting.reset();
    emit said({}, false);
    setDraft({.ranks = ranksOf(m_grid, m_workbench.config())});
    emit modelChanged();
    emit weighedChanged();
    emit labChanged();
    if (const ModuleInfo* first = m_grid.at(0, 0))
        choose(first->name);
}

void SpectrumDesk::choose(const std::string& module)
{
    if (module == m_chosen)
        return;
    m_chosen = module;
    emit chosenChanged();
}

int64_t SpectrumDesk::rankOf(const std::string& module) const
{
    const auto rank = m_draft.ranks.find(module);
    return rank == m_draft.ranks.end() ? 0 : rank->second.rank;
}

bool SpectrumDesk::inUse() const
{
    return sameRanks(m_draft.ranks, ranksOf(m_grid, m_workbench.config()));
}

std::vector<ModuleSpectrum> SpectrumDesk::planSpectra(bool matchingOnly) const
{
    std::vector<ModuleSpectrum> known;
    for (const auto& [name, spectrum] : planSource().spectra()) {
        if (!matchingOnly || matchesModules(m_workbench.config().modules, name))
            known.push_back(spectrum);
    }
    return known;
}

void SpectrumDesk::setDraft(const RankDraft& draft)
{
    m_committed = m_draft = draft;
    m_touched = !inUse();
    rebuildPlan();
}

void SpectrumDesk::preview(const Ranks& ranks)
{
    m_draft = {.ranks = ranks};
    rebuildPlan();
}

void SpectrumDesk::rebuildPlan()
{
    Ranks known;
    for (const auto& [name, rank] : m_draft.ranks) {
        if (planSource().find(name))
            known[name] = rank;
    }
    m_plan = planFromRanks(planSpectra(false), known);
    emit draftChanged();
}

void SpectrumDesk::commit(const RankDraft& draft, const QString& what)
{
    if (draft.ranks == m_committed.ranks) {
        setDraft(draft);
        return;
    }
    m_workbench.undoStack().push(new DraftChange(this, what, m_committed, draft));
}

void SpectrumDesk::commitRank(const std::string& module, int64_t rank)
{
    Ranks ranks = m_draft.ranks;
    ranks[module] = {.rank = rank, .alpha = double(rank)};
    commit({.ranks = ranks}, tr("Rank of %1").arg(format::shown(module, 60)));
}

void SpectrumDesk::wantRanks(const PlanRequest& request, bool settled, const QString& what)
{
    if (!canPlan())
        return;
    try {
        RankDraft draft{.ranks = m_draft.ranks};
        for (auto& [name, rank] : draft.ranks)
            rank = {};
        const RankPlan plan = planRanks(planSpectra(true), request);
        for (const PlannedModule& module : plan.modules)
            draft.ranks[module.name] = {.rank = module.rank, .alpha = module.alpha};
        if (request.budget > 0 || request.memory > 0)
            draft.gap = plan.gap;
        emit said({}, false);
        if (settled)
            commit(draft, what);
        else
            preview(draft.ranks);
    } catch (const Error& error) {
        emit said(QString::fromUtf8(error.what()), true);
    }
}

void SpectrumDesk::useRanks()
{
    m_workbench.edit(withRanks(m_workbench.config(), m_grid, m_draft.ranks), tr("Use ranks"));
    emit draftChanged();
}

void SpectrumDesk::setWeighed(bool on)
{
    if (on == m_weigh)
        return;
    m_weigh = on;
    if (on) {
        const SpectrumQuestion question{.model = m_model, .folder = {}, .weighted = true, .calibration = m_workbench.config()};
        // Another data set or other rows weigh otherwise; ranks and rates do not.
        RunConfig before = m_weighted.question().calibration;
        const RunConfig& now = question.calibration;
        const bool same = m_weighted.question().model == m_model && before.data == now.data && before.rows == now.rows
            && before.columns == now.columns && before.chatTemplate == now.chatTemplate && before.maxLength == now.maxLength;
        if (!same)
            m_weighted.setQuestion(question);
        m_weighted.start();
    } else {
        m_weighted.cancel();
    }
    rebuildPlan();
    emit weighedChanged();
}

void SpectrumDesk::setLabSetting(const std::optional<QuantSetting>& setting)
{
    if (setting == m_labSetting)
        return;
    m_labSetting = setting;
    emit labChanged();
}

}  // namespace rankwright
