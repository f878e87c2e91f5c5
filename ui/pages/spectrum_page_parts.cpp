// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// How the Spectrum page is laid out and wired; what it does is in spectrum_page.cpp.
#include "ui/format.h"
#include "ui/models/rank_draft.h"
#include "ui/pages/spectrum_page.h"
#include "ui/plots/energy_plot.h"
#include "ui/plots/heatmap_plot.h"
#include "ui/plots/spectrum_plot.h"
#include "ui/widgets/headings.h"
#include "ui/widgets/message_bar.h"
#include "ui/widgets/rank_controls.h"
#include "ui/widgets/rank_view.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QProgressBar>
#include <QPushButton>
#include <QVBoxLayout>

namespace rankwright {

QWidget* SpectrumPage::buildTop()
{
    auto* top = new QWidget;
    auto* column = new QVBoxLayout(top);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(4);
    auto* head = new QHBoxLayout;
    head->setSpacing(12);
    head->addWidget(makeTitle(tr("Spectrum")));
    head->addStretch(1);
    m_progress = new QProgressBar;
    m_progress->setFixedWidth(200);
    m_progress->setTextVisible(false);
    m_progress->setFixedHeight(6);
    m_progress->setAccessibleName(tr("Matrices decomposed"));
    head->addWidget(m_progress);
    m_cancel = new QPushButton(tr("Cancel"));
    m_cancel->setToolTip(tr("Decomposes the matrices of the model; what is known already is kept"));
    head->addWidget(m_cancel);
    auto* label = new PlainLabel(tr("Colour shows"));
    head->addWidget(label);
    m_measure = new QComboBox;
    m_measure->addItems({tr("Energy captured at the chosen rank"), tr("Stable rank"), tr("Effective rank")});
    m_measure->setAccessibleName(tr("What the heat map's colours show"));
    label->setBuddy(m_measure);
    head->addWidget(m_measure);
    column->addLayout(head);
    column->addWidget(m_notice = new PlainLabel);
    m_notice->setForegroundRole(QPalette::PlaceholderText);
    m_notice->setWordWrap(true);
    return top;
}

QWidget* SpectrumPage::buildCurves()
{
    auto* curves = new QWidget;
    auto* column = new QVBoxLayout(curves);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(12);
    column->addWidget(m_heat = new HeatmapPlot, 5);
    column->addWidget(m_module = makeHeading(QString()));
    auto* pair = new QHBoxLayout;
    pair->setSpacing(12);
    pair->addWidget(m_sigma = new SpectrumPlot, 1);
    pair->addWidget(m_energy = new EnergyPlot, 1);
    column->addLayout(pair, 6);
    return curves;
}

QWidget* SpectrumPage::buildRanks()
{
    auto* ranks = new QWidget;
    ranks->setMinimumWidth(380);
    auto* column = new QVBoxLayout(ranks);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(12);
    column->addWidget(makeHeading(tr("Ranks")));
    column->addWidget(m_controls = new RankControls);
    column->addWidget(m_view = new RankView(m_table), 1);
    column->addWidget(makeNote(tr("Select cells, rows or columns and type a rank. Delete freezes them.")));
    column->addWidget(m_summary = new PlainLabel);
    m_summary->setWordWrap(true);
    m_use = new QPushButton(tr("Use these ranks"));
    m_use->setAccessibleName(tr("Use these ranks for training"));
    m_use->setMinimumHeight(32);
    m_use->setDefault(true);
    column->addWidget(m_use);
    return ranks;
}

void SpectrumPage::connectParts()
{
    connect(&m_workbench, &Workbench::modelChanged, this, &SpectrumPage::modelChanged);
    connect(&m_workbench, &Workbench::configChanged, this, [this] {
        if (!m_touched)
            setDraft(ranksOf(m_grid, m_workbench.config()));
        else
            showPlan();
    });
    connect(&m_store, &StoreReader::failed, this, [this](const QString& message) {
        m_messages->say(message, true);
        ask({});  // the cache only saves time
    });
    connect(m_cancel, &QPushButton::clicked, this, [this] {
        if (m_model.empty())
            return m_workbench.showPage(QStringLiteral("models"));
        if (!m_call)
            return start();
        m_call->cancel();
        m_call.clear();
        keepNew();
        showBusy(false);
    });
    connect(m_measure, &QComboBox::currentIndexChanged, this, &SpectrumPage::showHeat);
    connect(m_heat, &HeatmapPlot::currentChanged, this, [this](int row, int column) {
        if (const ModuleInfo* module = m_grid.at(column, row))
            choose(module->name);
    });
    connect(m_view->selectionModel(), &QItemSelectionModel::currentChanged, this, [this](const QModelIndex& index) {
        if (const ModuleInfo* module = m_table->module(index))
            choose(module->name);
    });
    connect(m_table, &RankTable::edited, this, &SpectrumPage::commit);
    connect(m_controls, &RankControls::wanted, this, &SpectrumPage::wantRanks);
    const auto withCut = [this](qint64 rank) {
        Ranks ranks = m_draft;
        ranks[m_chosen] = {.rank = rank, .alpha = double(rank)};
        return ranks;
    };
    connect(m_energy, &EnergyPlot::cutMoved, this, [this, withCut](qint64 rank) { preview(withCut(rank)); });
    connect(m_energy, &EnergyPlot::cutChosen, this, [this, withCut](qint64 rank) {
        commit(withCut(rank), tr("Rank of %1").arg(format::shown(m_chosen, 60)));
    });
    connect(m_use, &QPushButton::clicked, this, &SpectrumPage::useRanks);
}

}  // namespace rankwright
