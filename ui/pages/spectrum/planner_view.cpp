// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/pages/spectrum/planner_view.h"

#include "ui/format.h"
#include "ui/plots/curve_plot.h"
#include "ui/theme.h"
#include "ui/widgets/headings.h"
#include "ui/widgets/rank_controls.h"
#include "ui/widgets/rank_view.h"

#include <QCheckBox>
#include <QClipboard>
#include <QEvent>
#include <QFileDialog>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QPushButton>
#include <QSaveFile>
#include <QSignalBlocker>

#include <cmath>

namespace rankwright {

namespace {

constexpr int kChoicesWidth = 420;

}  // namespace

PlannerView::PlannerView(SpectrumDesk& desk, QWidget* parent)
    : QWidget(parent), m_desk(desk), m_table(new RankTable(this))
{
    auto* across = new QHBoxLayout(this);
    across->setContentsMargins(0, 0, 0, 0);
    across->setSpacing(24);
    across->addWidget(buildTable(), 1);
    across->addWidget(buildChoices());
    connectParts();
    m_table->setGrid(m_desk.grid());
    m_table->setRanks(m_desk.draft().ranks);
    followState();
}

// Fields give their value when they lose the focus, which they do while QWidget's destructor hides them: too late for us.
PlannerView::~PlannerView()
{
    for (QObject* part : std::initializer_list<QObject*>{m_table, m_controls, m_weigh, m_view->selectionModel()})
        disconnect(part, nullptr, this, nullptr);
}

QWidget* PlannerView::buildTable()
{
    auto* box = new QWidget;
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    column->addWidget(makeHeading(tr("Rank of each matrix")));
    column->addWidget(m_view = new RankView(m_table), 1);
    column->addWidget(makeNote(tr("Select cells, rows or columns and type a rank. Delete freezes them; Ctrl+Z takes it back.")));
    return box;
}

void PlannerView::addFact(QGridLayout& grid, const QString& title, PlainLabel*& value, const char* name)
{
    const int row = grid.rowCount();
    auto* label = new PlainLabel(title);
    label->setForegroundRole(QPalette::PlaceholderText);
    value = new PlainLabel;
    value->setObjectName(QString::fromLatin1(name));
    value->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    value->setTextInteractionFlags(Qt::TextSelectableByMouse);
    grid.addWidget(label, row, 0);
    grid.addWidget(value, row, 1);
}

QWidget* PlannerView::buildChoices()
{
    auto* box = new QWidget;
    box->setFixedWidth(kChoicesWidth);
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    column->addWidget(makeHeading(tr("Choose ranks by")));
    column->addWidget(m_controls = new RankControls);
    m_weigh = new QCheckBox(tr("Weigh by a calibration batch"));
    m_weigh->setObjectName(QStringLiteral("weigh"));
    m_weigh->setToolTip(tr("Each input of a matrix counts as strongly as your data uses it: the energy is of W diag(rms of the inputs)"));
    column->addWidget(m_weigh);
    column->addWidget(m_weighNote = makeNote(QString()));
    column->addSpacing(4);
    auto* facts = new QGridLayout;
    facts->setVerticalSpacing(4);
    facts->setColumnStretch(1, 1);
    addFact(*facts, tr("Trainable parameters"), m_parameters, "planParameters");
    addFact(*facts, tr("Energy captured"), m_energy, "planEnergy");
    addFact(*facts, tr("Training memory"), m_memory, "planMemory");
    addFact(*facts, tr("Exported file"), m_file, "planFile");
    addFact(*facts, tr("For this budget"), m_budget, "planBudget");
    column->addLayout(facts);
    m_chart = new CurvePlot;
    m_chart->setTitles(tr("What parameters buy"), tr("Trainable parameters"), tr("Energy captured, %"));
    m_chart->setLogX(true);
    m_chart->setLegendLow();
    column->addWidget(m_chart, 1);
    auto* out = new QHBoxLayout;
    out->setSpacing(8);
    out->addWidget(m_copy = new QPushButton(theme::icon(QStringLiteral("copy")), tr("Copy as PEFT patterns")), 1);
    out->addWidget(m_save = new QPushButton(theme::icon(QStringLiteral("save")), tr("Save JSON…")));
    m_copy->setAccessibleName(tr("Copy the ranks as PEFT's rank_pattern and alpha_pattern"));
    m_copy->setToolTip(tr("rank_pattern and alpha_pattern of PEFT's LoraConfig, each name for exactly one matrix"));
    m_save->setAccessibleName(tr("Save PEFT's patterns as a JSON file"));
    column->addLayout(out);
    m_use = new QPushButton(tr("Use these ranks"));
    m_use->setAccessibleName(tr("Use these ranks for training"));
    m_use->setMinimumHeight(32);
    m_use->setDefault(true);
    column->addWidget(m_use);
    return box;
}

void PlannerView::connectParts()
{
    connect(&m_desk, &SpectrumDesk::modelChanged, this, [this] {
        m_table->setGrid(m_desk.grid());
        m_table->setRanks(m_desk.draft().ranks);
        m_points.clear();
        m_frontierOf.reset();
        showFrontier();
        followState();
    });
    connect(&m_desk, &SpectrumDesk::draftChanged, this, [this] {
        m_table->setRanks(m_desk.draft().ranks);
        showPlan();
        showFrontier();
        askFrontier();
    });
    connect(&m_desk, &SpectrumDesk::weighedChanged, this, [this] {
        m_frontierOf.reset();
        m_points.clear();
        showFrontier();
        followState();
    });
    for (SpectrumStream* stream : {&m_desk.own(), &m_desk.weighted()})
        connect(stream, &SpectrumStream::stateChanged, this, &PlannerView::followState);
    connect(&m_desk, &SpectrumDesk::chosenChanged, this, [this] {
        const QModelIndex index = m_table->indexOf(m_desk.chosen());
        if (index.isValid() && m_view->currentIndex() != index)
            m_view->setCurrentIndex(index);
    });
    connect(m_view->selectionModel(), &QItemSelectionModel::currentChanged, this, [this](const QModelIndex& index) {
        if (const ModuleInfo* module = m_table->module(index))
            m_desk.choose(module->name);
    });
    connect(m_table, &RankTable::edited, this,
        [this](const Ranks& ranks, const QString& what) { m_desk.commit({.ranks = ranks}, what); });
    connect(m_controls, &RankControls::wanted, &m_desk, &SpectrumDesk::wantRanks);
    connect(m_weigh, &QCheckBox::toggled, &m_desk, &SpectrumDesk::setWeighed);
    connect(&m_frontier, &PlanFrontier::ready, this, [this](const std::vector<FrontierPoint>& points) {
        m_points = points;
        showFrontier();
    });
    connect(m_use, &QPushButton::clicked, &m_desk, &SpectrumDesk::useRanks);
    connect(m_copy, &QPushButton::clicked, this, [this] {
        QGuiApplication::clipboard()->setText(peftText());
        m_desk.workbench().notify(tr("The ranks are on the clipboard as PEFT patterns."));
    });
    connect(m_save, &QPushButton::clicked, this, [this] {
        const QString file = QFileDialog::getSaveFileName(this, tr("Save PEFT's patterns"), QStringLiteral("ranks.json"), tr("JSON (*.json)"));
        if (!file.isEmpty())
            savePlan(file);
    });
}

// What can be used at all follows from what has been decomposed.
void PlannerView::followState()
{
    const bool ready = m_desk.canPlan();
    m_controls->setEnabled(ready);
    m_view->setEnabled(m_desk.own().isComplete());
    m_weigh->setEnabled(m_desk.own().isComplete());
    showWeighing();
    showPlan();
    askFrontier();
}

void PlannerView::showWeighing()
{
    const QSignalBlocker quiet(m_weigh);
    m_weigh->setChecked(m_desk.isWeighed());
    const RunConfig& config = m_desk.workbench().config();
    const QString data = config.data == "default" ? tr("the sample data") : format::shown(config.data, 60);
    const SpectrumStream& stream = m_desk.weighted();
    QString text = tr("Off: energy is of W alone.");
    if (m_desk.isWeighed() && !stream.isComplete())
        text = tr("Weighing by %1: %2").arg(data, stream.progressText().isEmpty() ? tr("reading the batch") : stream.progressText());
    else if (m_desk.isWeighed())
        text = tr("Energy is of W weighed by the inputs that %1 gives it.").arg(data);
    m_weighNote->setText(text);
}

QString PlannerView::budgetText() const
{
    const double gap = m_desk.draft().gap;
    if (gap < 0)
        return QStringLiteral("–");
    if (gap == 0)
        return tr("best possible");
    return tr("within %1 % of the best possible").arg(format::number(std::max(0.01, std::ceil(gap * 1e4) / 100), 2));
}

void PlannerView::showPlan()
{
    const bool ready = m_desk.canPlan();
    const bool inUse = m_desk.inUse();
    const RankPlan& plan = m_desk.plan();
    m_use->setEnabled(ready && !inUse);
    m_use->setText(ready && inUse ? tr("These ranks are in use") : tr("Use these ranks"));
    m_copy->setEnabled(ready);
    m_save->setEnabled(ready);
    if (!ready) {
        for (PlainLabel* label : {m_parameters, m_energy, m_memory, m_file, m_budget})
            label->setText(QStringLiteral("–"));
        return;
    }
    const auto& model = m_desk.workbench().model();
    m_controls->showPlan(plan, uniformRank(m_desk.grid(), m_desk.workbench().config(), m_desk.draft().ranks));
    const double all = model ? double(model->parameters) : 0;
    m_parameters->setText(all > 0 ? tr("%1 (%2 % of the model)").arg(format::count(plan.parameters),
                                        format::number(100 * double(plan.parameters) / all, 2))
                                  : format::count(plan.parameters));
    m_energy->setText(tr("%1 %").arg(format::number(100 * plan.energy, 1)));
    m_memory->setText(tr("%1 for adapters and optimiser").arg(format::bytes(plan.adapterBytes)));
    m_file->setText(format::bytes(plan.fileBytes));
    m_budget->setText(budgetText());
}

void PlannerView::askFrontier()
{
    const std::string& modules = m_desk.workbench().config().modules;
    if (m_frontierOf == modules || !m_desk.canPlan() || !isVisible())
        return;
    m_frontierOf = modules;
    m_frontier.ask(m_desk.planSpectra(true));
}

void PlannerView::showFrontier()
{
    std::vector<Curve> curves;
    if (!m_points.empty()) {
        Curve best{.id = QStringLiteral("best"), .label = tr("best ranks"), .color = theme::seriesColor(1), .x = {}, .y = {}};
        Curve uniform{.id = QStringLiteral("uniform"), .label = tr("one rank everywhere"), .color = theme::seriesColor(0),
            .style = Qt::DashLine, .x = {}, .y = {}};
        for (const FrontierPoint& point : m_points) {
            best.x.push_back(double(point.parameters));
            best.y.push_back(100 * point.best);
            uniform.x.push_back(double(point.parameters));
            uniform.y.push_back(100 * point.uniform);
        }
        curves = {std::move(best), std::move(uniform)};
        if (m_desk.plan().parameters > 0)
            curves.push_back({.id = QStringLiteral("now"), .label = tr("these ranks"), .color = theme::seriesColor(3), .markers = true,
                .x = {double(m_desk.plan().parameters)}, .y = {100 * m_desk.plan().energy}});
    }
    m_chart->setCurves(std::move(curves));
    m_chart->fit();
}

QString PlannerView::peftText() const
{
    return format::text(peftPatterns(m_desk.plan()).dump(2)) + '\n';
}

void PlannerView::savePlan(const QString& file)
{
    QSaveFile out(file);
    const QByteArray text = peftText().toUtf8();
    const bool saved = out.open(QIODevice::WriteOnly) && out.write(text) == text.size() && out.commit();
    if (saved)
        m_desk.workbench().notify(tr("Saved %1").arg(format::shown(file.toStdString())));
    else
        emit m_desk.said(tr("%1 could not be written: %2. Choose another folder.").arg(format::shown(file.toStdString()), out.errorString()), true);
}

void PlannerView::showEvent(QShowEvent* event)
{
    QWidget::showEvent(event);
    askFrontier();
}

void PlannerView::changeEvent(QEvent* event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange && m_use != nullptr)
        showFrontier();
}

}  // namespace rankwright
