// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// How the quantisation laboratory is laid out and wired; what it does is in lab_view.cpp.
#include "training/api/catalog.h"
#include "ui/format.h"
#include "ui/models/run_table.h"
#include "ui/pages/spectrum/lab_view.h"
#include "ui/plots/curve_plot.h"
#include "ui/plots/heatmap_plot.h"
#include "ui/widgets/fact_view.h"
#include "ui/widgets/headings.h"

#include <QCheckBox>
#include <QComboBox>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QProgressBar>
#include <QPushButton>
#include <QVBoxLayout>

namespace rankwright {

namespace {

PlainLabel* addLabelled(QHBoxLayout& row, const QString& title, QWidget* field, const char* name)
{
    auto* label = new PlainLabel(title);
    label->setBuddy(field);
    field->setAccessibleName(title);
    field->setObjectName(QString::fromLatin1(name));
    row.addWidget(label);
    row.addWidget(field);
    row.addSpacing(8);
    return label;
}

}  // namespace

QWidget* LabView::buildForm()
{
    auto* form = new QWidget;
    auto* column = new QVBoxLayout(form);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    auto* what = new QHBoxLayout;
    what->setSpacing(8);
    m_format = new QComboBox;
    for (const BaseFormat& one : baseFormats()) {
        if (one.id == "none")
            continue;
        m_format->addItem(format::text(one.title), format::text(one.id));
        m_format->setItemData(m_format->count() - 1, format::text(one.explanation), Qt::ToolTipRole);
        if (one.id == "nf4")
            m_format->setCurrentIndex(m_format->count() - 1);
    }
    addLabelled(*what, tr("Base"), m_format, "labFormat");
    m_loftq = new QCheckBox(methodTitle("loftq"));
    m_qpissa = new QCheckBox(methodTitle("qpissa"));
    m_loftq->setObjectName(QStringLiteral("labLoftq"));
    m_qpissa->setObjectName(QStringLiteral("labQpissa"));
    for (QCheckBox* box : {m_loftq, m_qpissa}) {
        box->setChecked(true);
        what->addWidget(box);
    }
    what->addSpacing(8);
    m_ranks = new QLineEdit(QStringLiteral("4, 16, 64"));
    m_ranks->setMaximumWidth(120);
    m_ranks->setToolTip(tr("Whole numbers from 1, separated by commas"));
    addLabelled(*what, tr("Ranks"), m_ranks, "labRanks");
    m_rounds = new QLineEdit(QStringLiteral("1, 5"));
    m_rounds->setMaximumWidth(80);
    m_rounds->setToolTip(tr("How often quantising and decomposing take turns; whole numbers from 1, separated by commas"));
    addLabelled(*what, tr("Rounds"), m_rounds, "labRounds");
    m_modules = new QLineEdit(QStringLiteral("*"));
    m_modules->setMaximumWidth(140);
    m_modules->setToolTip(tr("Which matrices: patterns with * and ?, separated by commas, for example q_proj,v_proj"));
    addLabelled(*what, tr("Matrices"), m_modules, "labModules");
    what->addStretch(1);
    auto* how = new QHBoxLayout;
    how->setSpacing(8);
    m_calibrate = new QCheckBox(tr("With a calibration batch (output error)"));
    m_calibrate->setObjectName(QStringLiteral("labCalibrate"));
    m_calibrate->setToolTip(tr("Also ||(W - W') X||, X the inputs that a batch of the configured data gives each matrix"));
    how->addWidget(m_calibrate);
    how->addStretch(1);
    m_pace = new PlainLabel;
    m_pace->setForegroundRole(QPalette::PlaceholderText);
    m_progress = new QProgressBar;
    m_progress->setFixedSize(200, 6);
    m_progress->setTextVisible(false);
    m_progress->setAccessibleName(tr("Errors measured"));
    how->addWidget(m_pace);
    how->addWidget(m_progress);
    m_run = new QPushButton(tr("Measure"));
    m_run->setObjectName(QStringLiteral("labRun"));
    m_run->setAccessibleName(tr("Measure or stop"));
    m_run->setDefault(true);
    m_run->setMinimumWidth(96);
    how->addWidget(m_run);
    column->addLayout(what);
    column->addLayout(how);
    return form;
}

QWidget* LabView::buildResults()
{
    auto* results = new QWidget;
    auto* column = new QVBoxLayout(results);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    auto* head = new QHBoxLayout;
    head->setSpacing(8);
    head->addWidget(m_verdict = new PlainLabel, 1);
    m_verdict->setObjectName(QStringLiteral("labVerdict"));
    m_verdict->setWordWrap(true);
    m_verdict->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_norm = new QComboBox;
    // In the order of ErrorNorm; the first is that of PiSSA's tables 4 and 8.
    m_norm->addItems({tr("Nuclear norm"), tr("Frobenius norm"), tr("Spectral norm"), tr("Output error")});
    m_norm->setObjectName(QStringLiteral("labNorm"));
    m_norm->setAccessibleName(tr("The norm that reductions are of"));
    head->addWidget(m_norm, 0, Qt::AlignTop);
    column->addWidget(m_heat = new HeatmapPlot, 5);
    column->addLayout(head);
    auto* below = new QHBoxLayout;
    below->setSpacing(12);
    below->addWidget(m_totals = new FactView(tr("Errors of the whole model")));
    m_totals->setFixedWidth(548);
    below->addWidget(m_overRank = new CurvePlot, 1);
    below->addWidget(m_overRounds = new CurvePlot, 1);
    m_overRank->setTitles(tr("Won back over the rank"), tr("Rank"), tr("%"));
    m_overRounds->setTitles(tr("Won back over the rounds"), tr("Rounds"), tr("%"));
    m_overRank->setLogX(true);
    for (CurvePlot* plot : {m_overRank, m_overRounds}) {
        plot->setZeroLine(true);
        plot->setLegendLow();
    }
    m_overRank->setLegendVisible(false);   // the same curves as beside it
    column->addLayout(below, 6);
    return results;
}

void LabView::connectParts()
{
    connect(&m_desk, &SpectrumDesk::modelChanged, this, &LabView::followModel);
    connect(&m_desk, &SpectrumDesk::labChanged, this, &LabView::showAll);
    connect(&m_desk, &SpectrumDesk::chosenChanged, this, [this] {
        if (const auto cell = m_desk.grid().cells.find(m_desk.chosen()); cell != m_desk.grid().cells.end())
            m_heat->setCurrent(cell->second.kind, cell->second.layer);
        showCurves();
    });
    connect(m_run, &QPushButton::clicked, this, [this] { m_call ? stop() : start(); });
    for (QLineEdit* field : {m_ranks, m_rounds, m_modules})
        connect(field, &QLineEdit::returnPressed, this, &LabView::start);
    connect(m_norm, &QComboBox::currentIndexChanged, this, &LabView::showAll);
    connect(m_heat, &HeatmapPlot::currentChanged, this, [this](int row, int column) {
        if (const ModuleInfo* module = m_desk.grid().at(column, row))
            m_desk.choose(module->name);
    });
    connect(m_totals, &FactView::rowChosen, this, [this](const QString& key) {
        for (const QuantSetting& setting : m_desk.lab().settings()) {
            if (key == QStringLiteral("%1/%2/%3").arg(format::text(setting.method)).arg(setting.rank).arg(setting.rounds))
                m_desk.setLabSetting(setting);
        }
    });
}

}  // namespace rankwright
