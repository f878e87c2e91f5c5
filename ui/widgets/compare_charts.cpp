// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Everything follows from the ticks and the baseline; curves are read once for all tabs.
#include "ui/widgets/compare_charts.h"

#include "ui/format.h"
#include "ui/models/reach.h"
#include "ui/plots/curve_plot.h"
#include "ui/theme.h"
#include "ui/widgets/config_table.h"
#include "ui/widgets/curve_controls.h"
#include "ui/widgets/curve_points.h"
#include "ui/widgets/headings.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QPlainTextEdit>
#include <QTabBar>
#include <QTabWidget>
#include <QTableWidget>

#include <algorithm>
#include <cmath>

namespace rankwright {

namespace {

constexpr int kReachColumns = 5, kDifferenceTab = 1;

QTableWidgetItem* makeCell(const QString& text, bool number)
{
    auto* item = new QTableWidgetItem(text);
    item->setFlags(Qt::ItemIsEnabled | Qt::ItemIsSelectable);
    item->setTextAlignment((number ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
    return item;
}

}  // namespace

CompareCharts::CompareCharts(std::filesystem::path dataDirectory, RunTable& runs, QWidget* parent)
    : QWidget(parent), m_runs(runs), m_curves(dataDirectory), m_configReader(dataDirectory),
      m_controls(new CurveControls(this)), m_baselineBox(new QComboBox(this)), m_tabs(new QTabWidget(this)),
      m_notes(new QPlainTextEdit(this)), m_reach(new QTableWidget(0, kReachColumns, this))
{
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    auto* header = new QHBoxLayout;
    m_baselineBox->setObjectName("baselineBox");
    m_baselineBox->setAccessibleName(tr("Baseline run"));
    setPlainToolTip(m_baselineBox, tr("The run that the others are compared with"));
    header->addStretch();
    header->addWidget(m_controls);
    column->addLayout(header);
    m_tabs->setObjectName("compareTabs");
    m_tabs->setDocumentMode(true);
    m_tabs->setAccessibleName(tr("Views of the ticked runs"));
    m_tabs->tabBar()->setAccessibleName(m_tabs->accessibleName());
    m_tabs->addTab(makeCurves(), tr("Curves"));
    m_tabs->addTab(makeDifference(), tr("Difference to baseline"));
    m_configurations = new ConfigTable(tr("Configurations of the ticked runs"), this);
    m_tabs->addTab(m_configurations, tr("Configuration"));
    m_notes->setObjectName("compareNotes");
    m_notes->setReadOnly(true);
    m_notes->setTabChangesFocus(true);
    m_notes->setAccessibleName(tr("Notes of the ticked runs"));
    m_notes->setPlaceholderText(tr("The ticked runs have no notes."));
    m_tabs->addTab(m_notes, tr("Notes"));
    column->addWidget(m_tabs, 1);
    makeReachTable();
    connect(&m_runs, &RunTable::ticksChanged, this, &CompareCharts::reload);
    m_curves.setSeries({"loss", "evalLoss"});   // the others when they are chosen
    connect(&m_curves, &CurveStore::loaded, this, &CompareCharts::showAll);
    connect(&m_curves, &CurveStore::pointAdded, this, [this](const QString& run, const QString& series, const CurvePoint& point) {
        m_plot->append(run + '/' + series, along(point, m_controls->axis()), point.value);
    });
    connect(&m_curves, &CurveStore::extended, this, [this] {
        showReach();
        differenceIsOld();
    });
    connect(m_tabs, &QTabWidget::currentChanged, this, [this](int tab) {
        if (tab == kDifferenceTab && m_differenceOld)
            showDifference();
    });
    connect(&m_curves, &CurveStore::problem, this, &CompareCharts::problem);
    connect(&m_configReader, &StoreReader::failed, this, &CompareCharts::problem);
    connect(m_controls, &CurveControls::axisChanged, this, [this] {
        showCurves();
        differenceIsOld();
    });
    connect(m_baselineBox, &QComboBox::activated, this,
        [this](int index) { setBaseline(m_baselineBox->itemData(index).toString()); });
}

QWidget* CompareCharts::makeCurves()
{
    auto* box = new QWidget(this);
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(0, 8, 0, 0);
    m_seriesBox = new QComboBox(box);
    m_seriesBox->setObjectName("seriesBox");
    m_seriesBox->setAccessibleName(tr("Curves to show"));
    m_seriesBox->addItem(tr("Loss"), "loss");
    m_seriesBox->addItem(tr("Learning rate"), "lr");
    m_seriesBox->addItem(tr("Gradient norm"), "gradNorm");
    connect(m_seriesBox, &QComboBox::activated, this, &CompareCharts::seriesChosen);
    m_plot = new CurvePlot(box);
    m_plot->setObjectName("comparePlot");
    m_plot->setAccessibleName(tr("Curves of the ticked runs"));
    m_plot->setLegendVisible(true);
    m_controls->drive(m_plot);
    auto* row = new QHBoxLayout;
    row->addWidget(m_seriesBox);
    row->addStretch();
    column->addLayout(row);
    column->addWidget(m_plot, 1);
    return box;
}

QWidget* CompareCharts::makeDifference()
{
    auto* box = new QWidget(this);
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(0, 8, 0, 0);
    column->addWidget(
        makeNote(tr("Loss of each run minus that of the baseline; below zero is better. By step only equal steps "
                    "are compared: paired runs saw the same rows there."),
            box));
    m_difference = new CurvePlot(box);
    m_difference->setObjectName("differencePlot");
    m_difference->setAccessibleName(tr("Difference to the baseline"));
    m_difference->setLegendVisible(true);
    m_difference->setZeroLine(true);
    m_controls->drive(m_difference, CurveControls::Values::anySign);
    column->addWidget(m_difference, 1);
    return box;
}

void CompareCharts::makeReachTable()
{
    m_reach->setObjectName("reachTable");
    m_reach->setAccessibleName(tr("Final losses and what it takes to reach the baseline's"));
    m_reach->setHorizontalHeaderLabels({tr("Run"), tr("Final loss"), tr("Best eval"), tr("Tokens"), tr("Seconds")});
    m_reach->horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
    m_reach->horizontalHeader()->setSectionResizeMode(0, QHeaderView::Stretch);
    m_reach->horizontalHeaderItem(0)->setTextAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    m_reach->horizontalHeader()->setHighlightSections(false);
    for (int i = 1; i < kReachColumns; ++i)
        m_reach->horizontalHeaderItem(i)->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
    m_reach->setColumnHidden(2, true);   // the list above has it, and names need the room
    m_reach->verticalHeader()->hide();
    m_reach->verticalHeader()->setDefaultSectionSize(26);
    m_reach->setShowGrid(false);
    m_reach->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_reach->setTabKeyNavigation(false);
    m_reach->setIconSize({26, 16});
    setPlainToolTip(m_reach,
        tr("Final loss: mean of the last tenth of the steps. Tokens and seconds: trained until the mean over "
           "as many steps first was no larger than the baseline's final loss."));
}

QString CompareCharts::nameOf(const QString& run) const
{
    const RunRow* row = m_runs.find(run);
    return row == nullptr ? run : format::shown(row->name.empty() ? row->id : row->name, 60);
}

QString CompareCharts::baseline() const
{
    return m_baseline;
}

void CompareCharts::setBaseline(const QString& run)
{
    m_baseline = run;
    fillBaselines();
    differenceIsOld();
    showReach();
}

// Its points are those of all curves together: they are worth computing where they are seen.
void CompareCharts::differenceIsOld()
{
    m_differenceOld = true;
    if (m_tabs->currentIndex() == kDifferenceTab)
        showDifference();
}

void CompareCharts::seriesChosen()
{
    QStringList wanted{"loss", "evalLoss"};
    if (const auto chosen = m_seriesBox->currentData().toString(); !wanted.contains(chosen))
        wanted << chosen;
    showCurves();
    m_curves.setSeries(wanted);
    m_curves.reload();
}

void CompareCharts::reload()
{
    m_curves.setRuns(m_runs.ticked());
    readConfigurations();
}

// LoRA is what others are usually measured by; a baseline that is no longer ticked is given up.
void CompareCharts::fillBaselines()
{
    const auto ticked = m_runs.ticked();
    if (!ticked.contains(m_baseline)) {
        m_baseline.clear();
        for (const QString& run : ticked)
            if (const RunRow* row = m_runs.find(run); row != nullptr && (m_baseline.isEmpty() || row->method == "lora"))
                m_baseline = run;
    }
    const QSignalBlocker quiet(m_baselineBox);
    m_baselineBox->clear();
    for (const QString& run : ticked)
        m_baselineBox->addItem(curveSwatch(m_runs.colorOf(run), m_runs.styleOf(run)), nameOf(run), run);
    m_baselineBox->setCurrentIndex(m_baselineBox->findData(m_baseline));
    m_baselineBox->setEnabled(!ticked.isEmpty());
}

void CompareCharts::showAll()
{
    fillBaselines();
    showCurves();
    differenceIsOld();
    showReach();
    showNotes();
}

void CompareCharts::showCurves()
{
    const Axis axis = m_controls->axis();
    const auto chosen = m_seriesBox->currentData().toString();
    std::vector<Curve> curves;
    const auto add = [&](const QString& run, const QString& series, const QString& label, bool markers) {
        Curve curve{.id = run + '/' + series,
            .label = label,
            .color = m_runs.colorOf(run),
            .style = m_runs.styleOf(run),
            .markers = markers,
            .x = {},
            .y = {}};
        fill(curve, m_curves.points(run, series), axis);
        if (!curve.x.empty())
            curves.push_back(std::move(curve));
    };
    for (const QString& run : m_runs.ticked()) {
        add(run, chosen, nameOf(run), false);
        if (chosen == "loss")
            add(run, "evalLoss", tr("%1, evaluation").arg(nameOf(run)), true);
    }
    m_plot->setTitles(m_seriesBox->currentText(), axisTitle(axis), m_seriesBox->currentText());
    m_plot->setCurves(std::move(curves));
}

void CompareCharts::showDifference()
{
    m_differenceOld = false;
    const Axis axis = m_controls->axis();
    std::vector<Curve> curves;
    for (const QString& run : m_runs.ticked()) {
        if (run == m_baseline)
            continue;
        for (const bool evaluation : {false, true}) {
            const QString series = evaluation ? QStringLiteral("evalLoss") : QStringLiteral("loss");
            Curve curve{.id = run + '/' + series,
                .label = evaluation ? tr("%1, evaluation").arg(nameOf(run)) : nameOf(run),
                .color = m_runs.colorOf(run),
                .style = m_runs.styleOf(run),
                .markers = evaluation,
                .x = {},
                .y = {}};
            for (const auto& point :
                difference(m_curves.points(run, series), m_curves.points(m_baseline, series), axis)) {
                curve.x.push_back(point.x);
                curve.y.push_back(point.y);
            }
            if (!curve.x.empty())
                curves.push_back(std::move(curve));
        }
    }
    m_difference->setTitles(
        m_baseline.isEmpty() ? tr("Difference") : tr("Loss minus that of %1").arg(nameOf(m_baseline)), axisTitle(axis),
        tr("Difference of loss"));
    m_difference->setCurves(std::move(curves));
}

void CompareCharts::showReach()
{
    const auto ticked = m_runs.ticked();
    const auto& base = m_curves.points(m_baseline, "loss");
    const double target = finalLoss(base);
    m_reach->setRowCount(int(ticked.size()));
    for (int i = 0; i < int(ticked.size()); ++i) {
        const QString& run = ticked[i];
        const auto& loss = m_curves.points(run, "loss");
        const RunRow* row = m_runs.find(run);
        const auto hit = base.empty() ? std::nullopt : reached(loss, target, lossWindow(base));
        const auto none = tr("not reached");
        auto* name = makeCell(nameOf(run), false);
        name->setIcon(curveSwatch(m_runs.colorOf(run), m_runs.styleOf(run)));
        m_reach->setItem(i, 0, name);
        m_reach->setItem(i, 1, makeCell(format::number(finalLoss(loss)), true));
        m_reach->setItem(i, 2, makeCell(row == nullptr ? QString() : format::number(row->bestEval), true));
        m_reach->setItem(i, 3, makeCell(hit ? format::count(hit->tokens) : none, true));
        m_reach->setItem(i, 4, makeCell(hit ? format::number(hit->seconds, 1) : QString(), true));
    }
}

void CompareCharts::showNotes()
{
    QStringList lines;
    for (const QString& run : m_runs.ticked())
        for (const NoteRow& note : m_curves.notes(run))
            lines << tr("%1  %2  [%3] %4")
                         .arg(format::shown(note.time), nameOf(run), format::shown(note.level),
                             format::shown(note.text, 1000));
    m_notes->setPlainText(lines.join('\n'));
}

void CompareCharts::readConfigurations()
{
    using Columns = std::vector<ConfigDiff::Column>;
    std::vector<std::pair<std::string, QString>> wanted;
    for (const QString& run : m_runs.ticked())
        wanted.emplace_back(format::plain(run), nameOf(run));
    m_configReader.read<Columns>(
        [wanted](RunStore& store) {
            Columns columns;
            for (const auto& [id, name] : wanted)
                columns.push_back({name, store.config(id)});
            return columns;
        },
        [this](Columns& columns) { m_configurations->setColumns(columns); });
}

}  // namespace rankwright
