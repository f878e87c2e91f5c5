// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/widgets/drift_view.h"

#include "ui/format.h"
#include "ui/models/run_table.h"
#include "ui/plots/curve_plot.h"
#include "ui/plots/heatmap_plot.h"
#include "ui/theme.h"
#include "ui/widgets/headings.h"

#include <QComboBox>
#include <QPushButton>
#include <QSlider>
#include <QVBoxLayout>

#include <algorithm>
#include <limits>
#include <map>

namespace rankwright {

namespace {

int digitsOf(DriftMeasure measure)
{
    return measure == DriftMeasure::intruders ? 0 : 2;   // a count
}

// The scale's lower and upper end, the same at every step so that colours can be compared.
std::pair<double, double> scaleOf(const DriftHistory& history, DriftMeasure measure)
{
    switch (measure) {
    case DriftMeasure::inside: return {0, 100};
    case DriftMeasure::angleMean:
    case DriftMeasure::angleLargest: return {0, 90};
    case DriftMeasure::intruders: return {0, history.largest(measure, 1)};
    default: return {0, history.largest(measure, 1e-6)};
    }
}

}  // namespace

DriftView::DriftView(Workbench& workbench, QWidget* parent)
    : QWidget(parent), m_workbench(workbench), m_reader(workbench.dataDirectory()), m_runBox(new QComboBox(this)),
      m_measureBox(new QComboBox(this)), m_slider(new QSlider(Qt::Horizontal, this)), m_step(new PlainLabel({}, this)),
      m_note(makeNote({}, this)), m_measure(new QPushButton(tr("Measure now"), this)), m_map(new HeatmapPlot(this)),
      m_curves(new CurvePlot(this))
{
    m_note->setObjectName("driftNote");
    m_map->setObjectName("driftMap");
    m_map->setAccessibleName(tr("Drift of every module"));
    m_curves->setObjectName("driftCurves");
    m_curves->setAccessibleName(tr("Drift of the chosen module over the steps"));
    m_curves->setLegendVisible(false);   // the lines are named above, with the runs
    auto* both = new QHBoxLayout;
    both->setSpacing(16);
    both->addWidget(m_map, 3);
    both->addWidget(m_curves, 2);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 8, 0, 0);
    column->setSpacing(8);
    column->addLayout(makeControls());
    column->addWidget(m_note);
    column->addLayout(both, 1);
    connect(m_map, &HeatmapPlot::currentChanged, this, [this](int kind, int layer) {
        const ModuleInfo* module = m_grid.at(layer, kind);
        m_module = module == nullptr ? std::string() : module->name;
        showCurves();
    });
    showRun();
}

QLayout* DriftView::makeControls()
{
    m_runBox->setObjectName("driftRun");
    m_runBox->setAccessibleName(tr("Run whose drift is shown"));
    m_runBox->setIconSize({26, 16});
    m_runBox->setSizeAdjustPolicy(QComboBox::AdjustToContents);
    m_measureBox->setObjectName("driftMeasure");
    m_measureBox->setAccessibleName(tr("What the colours show"));
    for (int i = 0; i < kDriftMeasures; ++i)
        m_measureBox->addItem(driftTitle(DriftMeasure(i)));
    m_slider->setObjectName("driftStep");
    m_slider->setAccessibleName(tr("Step"));
    m_slider->setMinimumWidth(120);
    m_slider->setPageStep(1);
    m_step->setObjectName("driftStepText");
    m_step->setMinimumWidth(88);
    m_measure->setObjectName("driftMeasureNow");
    setPlainToolTip(m_measure,
        tr("Measures the run's newest checkpoint with all singular directions of the original weights, and counts intruders"));
    connect(m_runBox, &QComboBox::activated, this, &DriftView::showRun);
    connect(m_measureBox, &QComboBox::activated, this, &DriftView::showStep);
    connect(m_slider, &QSlider::valueChanged, this, &DriftView::showStep);
    connect(m_measure, &QPushButton::clicked, this, &DriftView::measure);
    auto* row = new QHBoxLayout;
    row->setSpacing(8);
    for (QWidget* part : {static_cast<QWidget*>(m_runBox), static_cast<QWidget*>(m_measureBox)})
        row->addWidget(part);
    row->addWidget(m_slider, 1);
    row->addWidget(m_step);
    row->addWidget(m_measure);
    return row;
}

const RunChoice* DriftView::chosen() const
{
    const auto found = std::ranges::find(m_runs, m_runBox->currentData().toString(), &RunChoice::id);
    return found == m_runs.end() ? nullptr : &*found;
}

DriftMeasure DriftView::quantity() const
{
    return DriftMeasure(m_measureBox->currentIndex());
}


DriftHistory& DriftView::history()
{
    return m_histories[m_runBox->currentData().toString()];
}

void DriftView::setRuns(const std::vector<RunChoice>& runs)
{
    const auto before = m_runBox->currentData().toString();
    const bool same = std::ranges::equal(runs, m_runs, {}, &RunChoice::id, &RunChoice::id);
    m_runs = runs;
    m_runBox->clear();
    std::vector<std::string> ids;
    for (const RunChoice& run : runs) {
        m_runBox->addItem(curveSwatch(run.color, run.style), run.name, run.id);
        ids.push_back(format::plain(run.id));
    }
    m_runBox->setCurrentIndex(std::max(0, m_runBox->findData(before)));
    if (same)
        return showRun();
    // What came live stays: the store may not have it yet.
    std::erase_if(m_histories, [this](const auto& history) { return m_runBox->findData(history.first) < 0; });
    using Histories = std::vector<std::pair<std::string, std::vector<DriftEvent>>>;
    m_reader.read<Histories>(
        [ids](RunStore& store) {
            Histories stored;
            for (const std::string& id : ids)
                stored.emplace_back(id, store.drift(id));
            return stored;
        },
        [this](Histories& stored) {
            for (auto& [id, events] : stored) {
                DriftHistory& history = m_histories[format::text(id)];
                const auto live = history.events();   // came while the store was read
                history.set(std::move(events));
                for (const DriftEvent& event : live)
                    history.add(event);
            }
            showRun();
        });
    showRun();
}

void DriftView::receive(const std::vector<Event>& batch)
{
    bool any = false, atEnd = m_slider->value() == m_slider->maximum();
    for (const Event& event : batch)
        if (const auto* drift = std::get_if<DriftEvent>(&event)) {
            m_histories[format::text(drift->run)].add(*drift);
            any = true;
        }
    if (!any)
        return;
    showRun();
    if (atEnd)
        m_slider->setValue(m_slider->maximum());
}

void DriftView::showRun()
{
    const RunChoice* run = chosen();
    const auto& events = history().events();
    m_measure->setEnabled(run != nullptr && run->hasEnded && !m_job);
    const QSignalBlocker quiet(m_slider);
    const bool atEnd = m_slider->value() == m_slider->maximum();
    m_slider->setRange(0, std::max(0, int(events.size()) - 1));
    if (atEnd)
        m_slider->setValue(m_slider->maximum());
    m_slider->setEnabled(events.size() > 1);
    if (!m_job) {
        if (run == nullptr)
            say(tr("No run is on screen."));
        else if (events.empty())
            say(run->hasEnded ? tr("Drift was not measured while this run trained. “Measure now” measures its newest checkpoint; “Drift "
                                   "every” on the Configure page measures the next run as it trains.")
                              : tr("Nothing measured yet. “Drift every” on the Configure page says how often a run is measured as it "
                                   "trains; afterwards “Measure now” measures its newest checkpoint."));
        else
            say(driftMeaning(quantity()));
    }
    showStep();
}

void DriftView::showStep()
{
    const auto& events = history().events();
    const bool any = !events.empty();
    m_map->setVisible(any);
    m_curves->setVisible(any);
    m_step->setText(any ? tr("step %1").arg(format::count(events[size_t(m_slider->value())].step)) : QString());
    if (!any)
        return;
    const auto& modules = events[size_t(m_slider->value())].modules;
    auto grid = moduleGrid(modulesOf(modules));
    if (!(grid == m_grid)) {
        m_map->setGrid(grid.kinds, grid.layerNames(), tr("Layer"));
        m_module.clear();
    }
    m_grid = std::move(grid);
    std::map<std::string, double> known;
    for (const ModuleDrift& module : modules)
        known[module.name] = driftValue(module, quantity());
    auto values = m_grid.means([&](const std::string& name) { return known.at(name); });
    const auto [least, most] = scaleOf(history(), quantity());
    m_map->setValues(std::move(values), least, most, driftTitle(quantity()), digitsOf(quantity()), driftUnit(quantity()));
    if (m_module.empty() && !modules.empty()) {
        m_module = modules.front().name;
        const auto cell = m_grid.cells.at(m_module);
        m_map->setCurrent(cell.kind, cell.layer);
    }
    if (!m_job)
        say(driftMeaning(quantity()));
    showCurves();
}

// The chosen module in every run on screen.
void DriftView::showCurves()
{
    std::vector<Curve> curves;
    for (const RunChoice& run : m_runs) {
        Curve curve{.id = run.id, .label = run.name, .color = run.color, .style = run.style, .markers = false, .x = {}, .y = {}};
        for (const DriftEvent& event : m_histories[run.id].events()) {
            const auto found = std::ranges::find(event.modules, m_module, &ModuleDrift::name);
            if (found == event.modules.end())
                continue;
            curve.x.push_back(double(event.step));
            curve.y.push_back(driftValue(*found, quantity()));
        }
        curve.markers = curve.x.size() == 1;   // a point alone is no line
        if (!curve.x.empty())
            curves.push_back(std::move(curve));
    }
    const auto unit = driftUnit(quantity());
    const auto title = driftTitle(quantity());
    m_curves->setTitles(format::shown(m_module, 60), tr("Step"), unit.isEmpty() ? title : tr("%1 (%2)").arg(title, unit));
    m_curves->setCurves(std::move(curves));
}

void DriftView::measure()
{
    const RunChoice* run = chosen();
    if (run == nullptr || m_job)
        return;
    m_job = m_workbench.ask(DriftJob{.folder = run->folder}, this);
    m_measure->setEnabled(false);
    say(tr("Measuring %1 …").arg(run->name));
    connect(m_job, &JobCall::advanced, this, [this](const std::vector<Event>& batch) {
        for (const Event& event : batch)
            if (const auto* progress = std::get_if<ProgressEvent>(&event))
                say(progress->total > 0 ? tr("%1 (%2 of %3)").arg(format::shown(progress->what, 100), format::count(progress->done),
                        format::count(progress->total))
                                        : format::shown(progress->what, 100));
    });
    connect(m_job, &JobCall::finished, this, [this, id = run->id](const Result& result) {
        const auto& report = std::get<DriftReport>(result);
        m_job = nullptr;
        m_histories[id].add({.run = format::plain(id), .step = report.step, .seconds = 0, .modules = report.modules});
        m_slider->setValue(m_slider->maximum());
        showRun();
        m_slider->setValue(m_slider->maximum());
    });
    connect(m_job, &JobCall::failed, this, [this](const QString& message) {
        m_job = nullptr;
        showRun();
        say(message);
    });
}

void DriftView::say(const QString& text)
{
    m_note->setText(text);
}

}  // namespace rankwright
