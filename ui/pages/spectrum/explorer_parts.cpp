// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// How the spectrum explorer is laid out and wired; what it shows is in explorer_view.cpp.
#include "ui/pages/spectrum/explorer_view.h"
#include "ui/plots/energy_plot.h"
#include "ui/plots/heatmap_plot.h"
#include "ui/plots/spectrum_plot.h"
#include "ui/widgets/fact_view.h"
#include "ui/widgets/headings.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QPushButton>
#include <QTabBar>

#include <algorithm>

namespace rankwright {

namespace {

constexpr int kFiguresWidth = 420;

}  // namespace

QWidget* ExplorerView::buildBar()
{
    auto* bar = new QWidget;
    auto* row = new QHBoxLayout(bar);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(8);
    auto* label = new PlainLabel(tr("Colour shows"));
    m_measure = new QComboBox;
    m_measure->setObjectName(QStringLiteral("spectrumMeasure"));
    // In the order of SpectrumMeasure.
    m_measure->addItems({tr("Energy at the chosen rank"), tr("Stable rank"), tr("Effective rank"),
        tr("Values above the noise edge"), tr("Quantisation error won back")});
    m_measure->setItemData(int(SpectrumMeasure::aboveEdge),
        tr("Singular values beyond the Marchenko-Pastur edge of pure noise of this shape and strength"), Qt::ToolTipRole);
    m_measure->setItemData(int(SpectrumMeasure::reduction), tr("Measure it in the quantisation laboratory first"), Qt::ToolTipRole);
    m_measure->setAccessibleName(tr("What the heat map's colours show"));
    label->setBuddy(m_measure);
    row->addWidget(label);
    row->addWidget(m_measure);
    row->addWidget(m_sightLabel = new PlainLabel(tr("of")));
    m_sight = new QComboBox;
    m_sight->setObjectName(QStringLiteral("spectrumSight"));
    m_sight->setAccessibleName(tr("Whose weights the heat map shows"));
    m_sight->setFixedWidth(160);
    m_sightLabel->setBuddy(m_sight);
    row->addWidget(m_sight);
    row->addStretch(1);
    m_chips = new QHBoxLayout;
    m_chips->setSpacing(8);
    row->addLayout(m_chips);
    m_compare = new QPushButton(tr("Compare with…"));
    m_compare->setAccessibleName(tr("Lay another model or a run's checkpoint over this one"));
    row->addWidget(m_compare);
    return bar;
}

QWidget* ExplorerView::buildCurves()
{
    auto* curves = new QWidget;
    auto* column = new QVBoxLayout(curves);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    column->addWidget(m_heat = new HeatmapPlot, 5);
    auto* head = new QHBoxLayout;
    head->setSpacing(8);
    head->addWidget(m_module = makeHeading(QString()), 1);
    m_module->setMinimumWidth(120);
    m_hold = new QPushButton(tr("Hold beside others"));
    m_hold->setObjectName(QStringLiteral("holdMatrix"));
    m_hold->setAccessibleName(tr("Hold this matrix' curves beside others"));
    m_hold->setToolTip(tr("Keeps these curves while another matrix is chosen; Return on the heat map does the same"));
    m_release = new QPushButton(tr("Release all"));
    m_release->setAccessibleName(tr("Release all matrices that are held"));
    head->addWidget(m_hold);
    head->addWidget(m_release);
    column->addLayout(head);
    auto* pair = new QHBoxLayout;
    pair->setSpacing(12);
    pair->addWidget(m_sigma = new SpectrumPlot, 1);
    pair->addWidget(m_energy = new EnergyPlot, 1);
    column->addLayout(pair, 6);
    return curves;
}

QWidget* ExplorerView::buildFigures()
{
    auto* figures = new QWidget;
    figures->setFixedWidth(kFiguresWidth);
    auto* column = new QVBoxLayout(figures);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    m_profileTabs = new QTabBar;
    m_profileTabs->addTab(tr("By kind"));
    m_profileTabs->addTab(tr("By layer"));
    m_profileTabs->setDrawBase(false);
    m_profileTabs->setExpanding(false);
    m_profileTabs->setAccessibleName(tr("Figures by kind or by layer"));
    column->addWidget(m_profileTabs);
    column->addWidget(m_profile = new FactView(tr("Figures by kind or by layer")), 6);
    column->addWidget(makeHeading(tr("Beside each other")));
    column->addWidget(m_beside = new FactView(tr("Figures of the matrices beside each other")), 4);
    m_beside->setToolTip(tr("Delete releases a matrix"));
    column->addWidget(makeNote(tr("Energy is the share of the squared norm of W. It says how well a low rank describes the "
                                  "weights, not what they are worth to a task. The noise edge is the largest value that a "
                                  "matrix of noise of this shape would have; r is the rank chosen for each matrix.")));
    return figures;
}

void ExplorerView::connectParts()
{
    connect(&m_desk, &SpectrumDesk::modelChanged, this, &ExplorerView::followModel);
    connect(&m_desk, &SpectrumDesk::draftChanged, this, [this] {
        if (measure() == SpectrumMeasure::energy)
            showHeat();
        showCut();
        showProfile();
    });
    connect(&m_desk, &SpectrumDesk::labChanged, this, &ExplorerView::showHeat);
    connect(&m_desk, &SpectrumDesk::chosenChanged, this, [this] {
        if (const auto cell = m_desk.grid().cells.find(m_desk.chosen()); cell != m_desk.grid().cells.end())
            m_heat->setCurrent(cell->second.kind, cell->second.layer);
        showCurves();
    });
    connect(&m_desk.own(), &SpectrumStream::arrived, this, [this](const std::set<std::string>& modules) {
        showHeat();
        showProfile();
        if (modules.contains(m_desk.chosen())
            || std::any_of(m_held.begin(), m_held.end(), [&](const std::string& one) { return modules.contains(one); }))
            showCurves();
    });
    connect(m_measure, &QComboBox::currentIndexChanged, this, &ExplorerView::showHeat);
    connect(m_sight, &QComboBox::currentIndexChanged, this, &ExplorerView::showHeat);
    connect(m_profileTabs, &QTabBar::currentChanged, this, &ExplorerView::showProfile);
    connect(m_heat, &HeatmapPlot::currentChanged, this, [this](int row, int column) {
        if (const ModuleInfo* module = m_desk.grid().at(column, row))
            m_desk.choose(module->name);
    });
    connect(m_heat, &HeatmapPlot::activated, this, [this] { toggleHeld(m_desk.chosen()); });
    connect(m_hold, &QPushButton::clicked, this, [this] { toggleHeld(m_desk.chosen()); });
    connect(m_release, &QPushButton::clicked, this, [this] {
        m_held.clear();
        showMarks();
        showCurves();
    });
    connect(m_compare, &QPushButton::clicked, this, [this] {
        m_chooser->setModelFolders(m_desk.workbench().modelFolders());
        m_chooser->open(*m_compare, m_desk.model());
    });
    connect(m_chooser, &SourceChooser::chosen, this, &ExplorerView::addOverlay);
    connect(m_beside, &FactView::removeAsked, this, [this](const QString& key) {
        const std::string name = key.section('/', 0, -2).toStdString();
        if (std::find(m_held.begin(), m_held.end(), name) != m_held.end())
            toggleHeld(name);
    });
    connect(m_energy, &EnergyPlot::cutMoved, this, [this](qint64 rank) {
        Ranks ranks = m_desk.draft().ranks;
        ranks[m_desk.chosen()] = {.rank = rank, .alpha = double(rank)};
        m_desk.preview(ranks);
    });
    connect(m_energy, &EnergyPlot::cutChosen, this, [this](qint64 rank) { m_desk.commitRank(m_desk.chosen(), rank); });
}

}  // namespace rankwright
