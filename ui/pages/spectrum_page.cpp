// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/pages/spectrum_page.h"

#include "training/api/error.h"
#include "ui/format.h"
#include "ui/models/rank_draft.h"
#include "ui/plots/energy_plot.h"
#include "ui/plots/heatmap_plot.h"
#include "ui/plots/spectrum_plot.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/message_bar.h"
#include "ui/widgets/rank_controls.h"
#include "ui/widgets/rank_view.h"

#include <QEvent>
#include <QComboBox>
#include <QHBoxLayout>
#include <QProgressBar>
#include <QPushButton>
#include <QSplitter>
#include <QUndoCommand>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>
#include <limits>

namespace rankwright {

namespace {

constexpr size_t kSaveAtOnce = 16;

class DraftChange : public QUndoCommand
{
public:
    DraftChange(SpectrumPage* page, const QString& what, SpectrumPage::Ranks before, SpectrumPage::Ranks after)
        : QUndoCommand(what), m_page(page), m_before(std::move(before)), m_after(std::move(after))
    {
    }
    void undo() override { set(m_before); }
    void redo() override { set(m_after); }

private:
    void set(const SpectrumPage::Ranks& ranks)
    {
        if (m_page)
            m_page->setDraft(ranks);
    }
    QPointer<SpectrumPage> m_page;
    SpectrumPage::Ranks m_before, m_after;
};

}  // namespace

SpectrumPage::SpectrumPage(Workbench& workbench, QWidget* parent)
    : Page(parent), m_workbench(workbench), m_store(workbench.dataDirectory()), m_table(new RankTable(this))
{
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(m_messages = new MessageBar);
    auto* inner = new QVBoxLayout;
    inner->setContentsMargins(24, 16, 24, 16);
    inner->setSpacing(12);
    inner->addWidget(buildTop());
    auto* across = new QSplitter(Qt::Horizontal);
    across->setChildrenCollapsible(false);
    across->setHandleWidth(16);
    across->addWidget(buildCurves());
    across->addWidget(buildRanks());
    across->setStretchFactor(0, 1);
    across->setStretchFactor(1, 0);
    across->setSizes({660, 452});
    inner->addWidget(across, 1);
    column->addLayout(inner, 1);
    connectParts();
    modelChanged();
}

// Fields give their value when they lose the focus, which they do while QWidget's destructor hides them: too late for
// us.
SpectrumPage::~SpectrumPage()
{
    disconnect(m_table, nullptr, this, nullptr);
    disconnect(m_controls, nullptr, this, nullptr);
    disconnect(m_energy, nullptr, this, nullptr);
    disconnect(m_heat, nullptr, this, nullptr);
    disconnect(m_view->selectionModel(), nullptr, this, nullptr);
}

void SpectrumPage::activated()
{
    if (m_workbench.model() && !m_complete && !m_call)
        start();
}

void SpectrumPage::modelChanged()
{
    const auto& model = m_workbench.model();
    const std::string spec = model ? model->spec : std::string();
    if (!spec.empty() && spec == m_model)
        return;
    if (m_call)
        m_call->cancel();
    m_call.clear();
    m_model = spec;
    m_grid = moduleGrid(model ? model->modules : std::vector<ModuleInfo>());
    m_spectra.clear();
    m_unsaved.clear();
    m_chosen.clear();
    m_complete = m_touched = false;
    m_notice->setText(model ? storedNotice(*model) : tr("Choose a model on the Models page first."));
    m_notice->setVisible(!m_notice->text().isEmpty());
    m_heat->setGrid(m_grid.kinds, m_grid.layerNames(), tr("Layer"));
    m_table->setGrid(m_grid);
    m_messages->clear();
    setDraft(ranksOf(m_grid, m_workbench.config()));
    showBusy(false);
    if (!m_grid.cells.empty())
        m_heat->setCurrent(0, 0);
    if (isVisible())
        activated();
}

void SpectrumPage::start()
{
    showBusy(true);
    m_progress->setRange(0, 0);
    const std::string model = m_model;
    m_store.read<std::vector<ModuleSpectrum>>([](RunStore& store) { return store.allSpectra(); },
        [this, model](std::vector<ModuleSpectrum>& known) {
            if (model == m_model && !m_call)
                ask(std::move(known));
        });
}

void SpectrumPage::ask(std::vector<ModuleSpectrum> known)
{
    if (m_model.empty() || m_call)
        return;
    m_knownHashes.clear();
    for (const ModuleSpectrum& spectrum : known)
        m_knownHashes.insert(spectrum.hash);
    // Those of a cancelled job may still be on their way into the store.
    for (const auto& [name, spectrum] : m_spectra) {
        if (m_knownHashes.insert(spectrum.hash).second)
            known.push_back(spectrum);
    }
    m_call = m_workbench.ask(
        SpectrumJob{.model = m_model, .modules = "*", .top = 0, .known = std::move(known)}, this);
    connect(m_call, &JobCall::advanced, this, &SpectrumPage::take);
    connect(m_call, &JobCall::finished, this,
        [this](const Result& result) { finish(std::get<SpectrumReport>(result)); });
    connect(m_call, &JobCall::failed, this, [this](const QString& message) {
        m_call.clear();
        m_messages->say(message, true);
        keepNew();
        showBusy(false);
    });
    showBusy(true);
}

void SpectrumPage::take(const std::vector<Event>& batch)
{
    if (sender() != m_call)
        return;
    bool arrived = false, chosen = false;
    for (const Event& event : batch) {
        if (const auto* spectrum = std::get_if<ModuleSpectrum>(&event)) {
            m_spectra[spectrum->name] = *spectrum;
            if (!m_knownHashes.contains(spectrum->hash))
                m_unsaved.push_back(*spectrum);
            arrived = true;
            chosen = chosen || spectrum->name == m_chosen;
        } else if (const auto* progress = std::get_if<ProgressEvent>(&event); progress && progress->total > 0) {
            m_progress->setRange(0, int(progress->total));
            m_progress->setValue(int(progress->done));
        }
    }
    if (m_unsaved.size() >= kSaveAtOnce)
        keepNew();
    if (arrived)
        showHeat();
    if (chosen)
        showModule();
}

void SpectrumPage::finish(const SpectrumReport& report)
{
    if (sender() != m_call)
        return;
    m_call.clear();
    for (const ModuleSpectrum& spectrum : report.modules) {
        if (!m_spectra.contains(spectrum.name) && !m_knownHashes.contains(spectrum.hash))
            m_unsaved.push_back(spectrum);
        m_spectra[spectrum.name] = spectrum;
    }
    m_complete = true;
    keepNew();
    showBusy(false);
    m_workbench.setSpectra(report.modules);
    setDraft(m_draft);
    showModule();
}

// Into the store's cache, so that the next look at this model costs nothing.
void SpectrumPage::keepNew()
{
    if (m_unsaved.empty())
        return;
    for (const ModuleSpectrum& spectrum : m_unsaved)
        m_knownHashes.insert(spectrum.hash);
    m_store.change(
        [spectra = std::exchange(m_unsaved, {})](RunStore& store) {
            for (const ModuleSpectrum& spectrum : spectra)
                store.storeSpectrum(spectrum);
        },
        [this](const QString& problem) {
            if (!problem.isEmpty())
                m_messages->say(problem, true);
        });
}

void SpectrumPage::showBusy(bool busy)
{
    m_progress->setVisible(busy);
    m_cancel->setVisible(busy || !m_complete);
    m_cancel->setText(busy ? tr("Cancel") : m_model.empty() ? tr("Choose a model") : tr("Compute"));
    m_controls->setEnabled(m_complete);
    m_view->setEnabled(m_complete);
    m_energy->setEnabled(m_complete);
    showPlan();
}

std::vector<ModuleSpectrum> SpectrumPage::knownSpectra(bool matchingOnly) const
{
    std::vector<ModuleSpectrum> known;
    for (const auto& [name, spectrum] : m_spectra) {
        if (!matchingOnly || matchesModules(m_workbench.config().modules, name))
            known.push_back(spectrum);
    }
    return known;
}

void SpectrumPage::setDraft(const Ranks& ranks)
{
    m_committed = ranks;
    m_touched = !sameRanks(ranks, ranksOf(m_grid, m_workbench.config()));
    preview(ranks);
}

void SpectrumPage::preview(const Ranks& ranks)
{
    m_draft = ranks;
    m_table->setRanks(ranks);
    m_plan = {};
    Ranks known;
    for (const auto& [name, rank] : ranks) {
        if (m_spectra.contains(name))
            known[name] = rank;
    }
    m_plan = planFromRanks(knownSpectra(false), known);
    const auto chosen = ranks.find(m_chosen);
    const int64_t cut = chosen == ranks.end() ? 0 : chosen->second.rank;
    m_sigma->setCut(cut);
    m_energy->setCut(cut);
    showHeat();
    showPlan();
}

void SpectrumPage::commit(const Ranks& ranks, const QString& what)
{
    if (ranks == m_committed) {
        preview(ranks);
        return;
    }
    m_workbench.undoStack().push(new DraftChange(this, what, m_committed, ranks));
}

void SpectrumPage::wantRanks(const PlanRequest& request, bool settled, const QString& what)
{
    if (!m_complete)
        return;
    try {
        Ranks ranks = m_draft;
        for (auto& [name, rank] : ranks)
            rank = {};
        for (const PlannedModule& module : planRanks(knownSpectra(true), request).modules)
            ranks[module.name] = {.rank = module.rank, .alpha = module.alpha};
        m_messages->clear();
        if (settled)
            commit(ranks, what);
        else
            preview(ranks);
    } catch (const Error& error) {
        m_messages->say(QString::fromUtf8(error.what()), true);
    }
}

void SpectrumPage::useRanks()
{
    m_workbench.edit(withRanks(m_workbench.config(), m_grid, m_draft), tr("Use ranks"));
    showPlan();
}

void SpectrumPage::choose(const std::string& module)
{
    if (module == m_chosen)
        return;
    m_chosen = module;
    const auto cell = m_grid.cells.find(module);
    if (cell != m_grid.cells.end()) {
        m_heat->setCurrent(cell->second.kind, cell->second.layer);
        const QModelIndex index = m_table->indexOf(module);
        if (m_view->currentIndex() != index)
            m_view->setCurrentIndex(index);
    }
    showModule();
}

void SpectrumPage::changeEvent(QEvent* event)
{
    Page::changeEvent(event);
    if (event->type() == QEvent::PaletteChange && m_sigma != nullptr)
        showModule();
}

void SpectrumPage::showModule()
{
    const auto found = m_spectra.find(m_chosen);
    const auto rank = m_draft.find(m_chosen);
    const int64_t cut = rank == m_draft.end() ? 0 : rank->second.rank;
    m_sigma->setSpectrum(found == m_spectra.end() ? ModuleSpectrum() : found->second);
    m_energy->setSpectrum(found == m_spectra.end() ? ModuleSpectrum() : found->second);
    m_sigma->setCut(found == m_spectra.end() ? 0 : cut);
    m_energy->setCut(cut);
    QString text = format::shown(m_chosen);
    if (found != m_spectra.end())
        text = tr("%1 · %2 × %3 · stable rank %4 · effective rank %5")
                   .arg(format::shown(m_chosen), QString::number(found->second.rows),
                       QString::number(found->second.cols), format::number(found->second.stableRank, 1),
                       format::number(found->second.effectiveRank, 1));
    m_module->setText(text);
}

double SpectrumPage::measured(const ModuleSpectrum& spectrum) const
{
    switch (Measure(m_measure->currentIndex())) {
    case Measure::stableRank:
        return spectrum.stableRank;
    case Measure::effectiveRank:
        return spectrum.effectiveRank;
    case Measure::energy:
        break;
    }
    const auto rank = m_draft.find(spectrum.name);
    return 100 * capturedEnergy(spectrum, rank == m_draft.end() ? 0 : rank->second.rank);
}

void SpectrumPage::showHeat()
{
    const auto kinds = size_t(m_grid.kinds.size()), layers = m_grid.layers.size();
    std::vector<double> values(kinds * layers, std::numeric_limits<double>::quiet_NaN());
    double most = 0;
    for (const auto& [name, spectrum] : m_spectra) {
        const auto cell = m_grid.cells.find(name);
        if (cell == m_grid.cells.end())
            continue;
        const double value = measured(spectrum);
        values[size_t(cell->second.kind) * layers + size_t(cell->second.layer)] = value;
        most = std::max(most, value);
    }
    const bool energy = Measure(m_measure->currentIndex()) == Measure::energy;
    // A round end of the scale, which does not move with every small change of a rank.
    const double step = most > 50 ? 10 : most > 10 ? 5 : 1;
    const double end = std::max(step, std::ceil(most / step - 1e-9) * step);
    m_heat->setValues(std::move(values), 0, energy ? std::min(end, 100.0) : end, m_measure->currentText(), 1,
        energy ? tr(" %") : QString());
}

void SpectrumPage::showPlan()
{
    const bool inUse = sameRanks(m_draft, ranksOf(m_grid, m_workbench.config()));
    m_use->setEnabled(m_complete && !inUse);
    m_use->setText(m_complete && inUse ? tr("These ranks are in use") : tr("Use these ranks"));
    if (!m_complete) {
        m_summary->setText(m_model.empty() ? QString() : tr("Ranks can be chosen once every matrix is decomposed."));
        return;
    }
    m_controls->showPlan(m_plan, uniformRank(m_grid, m_workbench.config(), m_draft));
    const double all = m_workbench.model() ? double(m_workbench.model()->parameters) : 0;
    const QString share = all > 0
        ? tr(" (%1 % of the model)").arg(format::number(100 * double(m_plan.parameters) / all, 2))
        : QString();
    m_summary->setText(tr("%1 trainable parameters%2\n%3 % of the energy captured · %4 for adapters and optimiser")
                           .arg(format::count(m_plan.parameters), share, format::number(100 * m_plan.energy, 1),
                               format::bytes(m_plan.adapterBytes)));
}

}  // namespace rankwright
