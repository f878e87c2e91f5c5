// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// How the Run page is put together.
#include "ui/pages/run_page.h"

#include "ui/plots/curve_plot.h"
#include "ui/theme.h"
#include "ui/widgets/curve_controls.h"
#include "ui/widgets/drift_view.h"
#include "ui/widgets/headings.h"
#include "ui/widgets/message_bar.h"
#include "ui/widgets/postmortem_view.h"

#include <QComboBox>
#include <QPlainTextEdit>
#include <QProgressBar>
#include <QPushButton>
#include <QScrollArea>
#include <QTabBar>
#include <QTabWidget>
#include <QVBoxLayout>

#include <algorithm>

namespace rankwright {

namespace {

constexpr int kArmListHeight = 190;   // pixels at most

}  // namespace

QWidget* RunPage::makeEmpty()
{
    auto* box = new QWidget(this);
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(24, 16, 24, 16);
    column->addWidget(makeTitle(title(), box));
    column->addStretch();
    auto* text
        = new PlainLabel(tr("Nothing has been trained yet. A comparison shows its curves here while it runs."), box);
    text->setAlignment(Qt::AlignHCenter);
    auto* go = new QPushButton(tr("Set up a comparison"), box);
    go->setObjectName("goConfigureButton");
    connect(go, &QPushButton::clicked, this, [this] { m_workbench.showPage(QStringLiteral("configure")); });
    column->addWidget(text);
    column->addSpacing(8);
    column->addWidget(go, 0, Qt::AlignHCenter);
    column->addStretch();
    return box;
}

QWidget* RunPage::makeBody()
{
    auto* box = new QWidget(this);
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(24, 16, 24, 16);
    column->setSpacing(8);
    m_controls = new CurveControls(box);
    auto policy = m_controls->sizePolicy();
    policy.setRetainSizeWhenHidden(true);   // the page must not jump between its tabs
    m_controls->setSizePolicy(policy);
    auto* header = new QHBoxLayout;
    header->addWidget(makeTitle(title(), box));
    header->addStretch();
    m_series = new QComboBox(box);
    m_series->setObjectName("curveSeriesBox");
    m_series->setAccessibleName(tr("What the large chart shows"));
    setPlainToolTip(m_series, tr("The loss, or a metric that was measured at the evaluations"));
    m_series->addItem(tr("Loss"), "loss");
    m_series->hide();   // until there is a metric to choose
    header->addWidget(m_series);
    header->addSpacing(8);
    header->addWidget(m_controls);
    connect(m_series, &QComboBox::activated, this, &RunPage::showCurves);
    m_messages = new MessageBar(box);
    m_messages->setObjectName("runMessages");
    m_notes = new QPlainTextEdit(box);
    m_notes->setObjectName("runNotes");
    m_notes->setReadOnly(true);
    m_notes->setTabChangesFocus(true);
    m_notes->setMaximumBlockCount(5000);
    m_notes->setFixedHeight(72);
    m_notes->setFont(theme::smallFont());
    m_notes->setAccessibleName(tr("Notes of the runs"));
    m_notes->setPlaceholderText(tr("Checkpoints, evaluations and warnings appear here."));
    column->addLayout(header);
    column->addWidget(m_messages);
    column->addWidget(makeArmList());
    m_tabs = new QTabWidget(box);
    m_tabs->setObjectName("runTabs");
    m_tabs->setDocumentMode(true);
    m_tabs->addTab(makeCharts(), tr("Curves"));
    m_tabs->addTab(m_drift = new DriftView(m_workbench, box), tr("Drift"));
    m_tabs->addTab(m_postmortem = new PostmortemView(m_workbench, box), tr("Rank post-mortem"));
    m_tabs->tabBar()->setAccessibleName(tr("Curves, drift or post-mortem"));
    connect(m_tabs, &QTabWidget::currentChanged, this, [this](int tab) {
        m_controls->setVisible(tab == 0);
        m_series->setVisible(tab == 0 && m_series->count() > 1);
    });
    column->addWidget(m_tabs, 1);
    column->addWidget(m_notes);
    column->addWidget(makeButtons());
    return box;
}

QWidget* RunPage::makeArmList()
{
    auto* inner = new QWidget(this);
    m_armColumn = new QVBoxLayout(inner);
    m_armColumn->setContentsMargins(0, 0, 8, 0);
    m_armColumn->setSpacing(4);
    m_armList = new QScrollArea(this);
    m_armList->setWidget(inner);
    m_armList->setWidgetResizable(true);
    m_armList->setFrameShape(QFrame::NoFrame);
    m_armList->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_armList->setFocusPolicy(Qt::TabFocus);
    m_armList->setAccessibleName(tr("Runs of this comparison"));
    return m_armList;
}

// As high as its lines, up to a limit.
void RunPage::fitArmList()
{
    m_armColumn->activate();
    m_armList->setFixedHeight(std::min(kArmListHeight, m_armColumn->sizeHint().height()));
}

QWidget* RunPage::makeCharts()
{
    auto* box = new QWidget(this);
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    m_loss = new CurvePlot(box);
    m_loss->setObjectName("lossPlot");
    m_loss->setAccessibleName(tr("Training and evaluation loss"));
    m_loss->setLegendVisible(true);
    m_rate = new CurvePlot(box);
    m_rate->setObjectName("ratePlot");
    m_rate->setAccessibleName(tr("Learning rate"));
    m_norm = new CurvePlot(box);
    m_norm->setObjectName("normPlot");
    m_norm->setAccessibleName(tr("Gradient norm"));
    for (CurvePlot* plot : {m_rate, m_norm})
        plot->setLegendVisible(false);
    m_controls->drive(m_loss);
    m_controls->drive(m_norm);
    auto* small = new QHBoxLayout;
    small->setSpacing(8);
    small->addWidget(m_rate, 1);
    small->addWidget(m_norm, 1);
    column->addWidget(m_loss, 3);
    column->addLayout(small, 2);
    return box;
}

QWidget* RunPage::makeButtons()
{
    auto* box = new QWidget(this);
    auto* row = new QHBoxLayout(box);
    row->setContentsMargins(0, 0, 0, 0);
    m_overall = new PlainLabel({}, box);
    m_overall->setObjectName("overallText");
    m_overallBar = new QProgressBar(box);
    m_overallBar->setObjectName("overallBar");
    m_overallBar->setRange(0, kBarSteps);
    m_overallBar->setTextVisible(false);
    m_overallBar->setFixedHeight(8);
    m_overallBar->setAccessibleName(tr("Progress of all arms"));
    row->addWidget(m_overallBar, 1);
    row->addWidget(m_overall);
    row->addSpacing(16);
    const auto add = [&](const QString& text, const QString& name, const QString& help) {
        auto* button = new QPushButton(text, box);
        button->setObjectName(name);
        setPlainToolTip(button, help);
        row->addWidget(button);
        return button;
    };
    m_pause = add(tr("Pause"), "pauseButton", tr("Waits between two steps; the model stays in memory"));
    m_checkpoint = add(tr("Checkpoint now"), "checkpointButton", tr("Writes a checkpoint after this step and goes on"));
    m_chat = add(tr("Chat"), "runChatButton",
        tr("The base model and these runs answer the same prompt side by side, from their newest checkpoints; a run in training writes one first"));
    m_chat->setIcon(theme::icon("chat"));
    m_skip = add(tr("Next arm"), "skipButton", tr("Stops this arm with a checkpoint and goes on with the next"));
    m_stop = add(
        tr("Stop and save"), "stopButton", tr("Stops all arms; the running one writes a checkpoint to resume from"));
    m_pause->setIcon(theme::icon("pause"));
    m_checkpoint->setIcon(theme::icon("save"));
    m_skip->setIcon(theme::icon("next"));
    m_stop->setIcon(theme::icon("stop"));
    auto& session = m_workbench.session();
    connect(m_pause, &QPushButton::clicked, this, [&session] { session.setPaused(!session.isPaused()); });
    connect(m_chat, &QPushButton::clicked, this, &RunPage::toChat);
    connect(m_checkpoint, &QPushButton::clicked, this, [&session] { session.checkpointNow(); });
    const auto stopping = [this] {
        m_stopping = true;
        refreshButtons();
    };
    connect(m_skip, &QPushButton::clicked, this, [&session, stopping] {
        session.stopCurrent();
        stopping();
    });
    connect(m_stop, &QPushButton::clicked, this, [&session, stopping] {
        session.stopAll();
        stopping();
    });
    return box;
}

}  // namespace rankwright
