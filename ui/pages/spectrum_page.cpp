// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/pages/spectrum_page.h"

#include "ui/pages/spectrum/explorer_view.h"
#include "ui/pages/spectrum/lab_view.h"
#include "ui/pages/spectrum/planner_view.h"
#include "ui/widgets/headings.h"
#include "ui/widgets/message_bar.h"

#include <QHBoxLayout>
#include <QProgressBar>
#include <QPushButton>
#include <QStackedWidget>
#include <QTabBar>
#include <QVBoxLayout>

namespace rankwright {

SpectrumPage::SpectrumPage(Workbench& workbench, QWidget* parent)
    : Page(parent), m_workbench(workbench), m_desk(new SpectrumDesk(workbench, this))
{
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(m_messages = new MessageBar);
    auto* inner = new QVBoxLayout;
    inner->setContentsMargins(24, 16, 24, 16);
    inner->setSpacing(8);
    inner->addWidget(buildTop());
    m_views = new QStackedWidget;
    m_views->addWidget(m_explorer = new ExplorerView(*m_desk));
    m_views->addWidget(m_planner = new PlannerView(*m_desk));
    m_views->addWidget(m_lab = new LabView(*m_desk));
    inner->addWidget(m_views, 1);
    column->addLayout(inner, 1);
    connectParts();
    followModel();
}

// The views look at the desk: they go first.
SpectrumPage::~SpectrumPage()
{
    disconnect(m_desk, nullptr, this, nullptr);
    disconnect(&m_desk->own(), nullptr, this, nullptr);
    delete m_views;
}

QWidget* SpectrumPage::buildTop()
{
    auto* top = new QWidget;
    auto* column = new QVBoxLayout(top);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(4);
    auto* head = new QHBoxLayout;
    head->setSpacing(12);
    head->addWidget(makeTitle(tr("Spectrum")));
    head->addSpacing(12);
    m_tabs = new QTabBar;
    m_tabs->addTab(tr("Explorer"));
    m_tabs->addTab(tr("Rank planner"));
    m_tabs->addTab(tr("Quantisation laboratory"));
    m_tabs->setDrawBase(false);
    m_tabs->setExpanding(false);
    m_tabs->setAccessibleName(tr("Views of the spectrum"));
    m_tabs->setObjectName(QStringLiteral("spectrumViews"));
    head->addWidget(m_tabs);
    head->addStretch(1);
    head->addWidget(m_pace = new PlainLabel);
    m_pace->setForegroundRole(QPalette::PlaceholderText);
    m_progress = new QProgressBar;
    m_progress->setFixedSize(160, 6);
    m_progress->setTextVisible(false);
    m_progress->setAccessibleName(tr("Matrices decomposed"));
    head->addWidget(m_progress);
    m_cancel = new QPushButton(tr("Cancel"));
    m_cancel->setToolTip(tr("Decomposes the matrices of the model; what is known already is kept"));
    head->addWidget(m_cancel);
    column->addLayout(head);
    column->addWidget(m_notice = new PlainLabel);
    m_notice->setForegroundRole(QPalette::PlaceholderText);
    m_notice->setWordWrap(true);
    return top;
}

void SpectrumPage::connectParts()
{
    connect(m_desk, &SpectrumDesk::modelChanged, this, &SpectrumPage::followModel);
    connect(&m_desk->own(), &SpectrumStream::stateChanged, this, &SpectrumPage::showState);
    connect(m_desk, &SpectrumDesk::said, this, [this](const QString& text, bool problem) {
        if (text.isEmpty())
            m_messages->clear();
        else
            m_messages->say(text, problem);
    });
    connect(m_tabs, &QTabBar::currentChanged, m_views, &QStackedWidget::setCurrentIndex);
    connect(m_cancel, &QPushButton::clicked, this, [this] {
        if (m_desk->model().empty())
            return m_workbench.showPage(QStringLiteral("models"));
        if (m_desk->own().isBusy())
            return m_desk->own().cancel();
        m_desk->own().start();
    });
}

void SpectrumPage::activated()
{
    if (m_workbench.model())
        m_desk->own().start();
}

void SpectrumPage::followModel()
{
    const auto& model = m_workbench.model();
    m_notice->setText(model ? storedNotice(*model) : tr("Choose a model on the Models page first."));
    m_notice->setVisible(!m_notice->text().isEmpty());
    showState();
    if (isVisible())
        activated();
}

void SpectrumPage::showState()
{
    const SpectrumStream& own = m_desk->own();
    m_pace->setText(own.progressText());
    m_pace->setVisible(own.isBusy());
    m_progress->setVisible(own.isBusy());
    m_progress->setRange(0, int(own.total()));
    m_progress->setValue(int(own.done()));
    m_cancel->setVisible(own.isBusy() || !own.isComplete());
    m_cancel->setText(own.isBusy() ? tr("Cancel") : m_desk->model().empty() ? tr("Choose a model") : tr("Compute"));
}

void SpectrumPage::showView(View view)
{
    m_tabs->setCurrentIndex(view);
}

}  // namespace rankwright
