// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/main_window.h"

#include "ui/pages/chat_page.h"
#include "ui/pages/compare_page.h"
#include "ui/pages/configure_page.h"
#include "ui/pages/data_page.h"
#include "ui/pages/export_page.h"
#include "ui/pages/models_page.h"
#include "ui/pages/queue_page.h"
#include "ui/pages/run_page.h"
#include "ui/pages/spectrum_page.h"
#include "ui/widgets/close_question.h"
#include "ui/widgets/message_bar.h"
#include "ui/widgets/page_rail.h"
#include "ui/widgets/status_strip.h"

#include <QActionGroup>
#include <QCloseEvent>
#include <QMenuBar>
#include <QScreen>
#include <QStackedWidget>
#include <QTimer>
#include <QVBoxLayout>

namespace rankwright {

namespace {

constexpr QSize kFirstSize(1280, 800);

QFrame* hairline(QFrame::Shape shape)
{
    auto* line = new QFrame;
    line->setFrameShape(shape);
    line->setFrameShadow(QFrame::Plain);
    line->setForegroundRole(QPalette::Mid);
    return line;
}

}  // namespace

MainWindow::MainWindow(Workbench& workbench, Settings& settings, QWidget* parent)
    : QMainWindow(parent), m_workbench(workbench), m_settings(settings), m_stack(new QStackedWidget),
      m_messages(new MessageBar), m_strip(new StatusStrip(workbench.session()))
{
    setWindowTitle(QStringLiteral("Rankwright"));
    setWindowIcon(QIcon(QStringLiteral(":/icons/rankwright.svg")));
    addPage(new ModelsPage(workbench));
    addPage(new SpectrumPage(workbench));
    addPage(new DataPage(workbench));
    addPage(new ConfigurePage(workbench));
    addPage(new RunPage(workbench));
    addPage(new QueuePage(workbench));
    addPage(new ComparePage(workbench));
    addPage(new ChatPage(workbench));
    addPage(new ExportPage(workbench));
    auto* central = new QWidget;
    auto* rows = new QVBoxLayout(central);
    rows->setContentsMargins(0, 0, 0, 0);
    rows->setSpacing(0);
    auto* across = new QHBoxLayout;
    across->setSpacing(0);
    across->addWidget(m_rail = new PageRail(m_pages));
    connect(m_rail, &PageRail::chosen, this, [this](int index) { showPage(m_pages[size_t(index)]->id()); });
    across->addWidget(hairline(QFrame::VLine));
    auto* column = new QVBoxLayout;
    column->setSpacing(0);
    column->addWidget(m_messages);
    column->addWidget(m_stack, 1);
    across->addLayout(column, 1);
    rows->addLayout(across, 1);
    rows->addWidget(hairline(QFrame::HLine));
    rows->addWidget(m_strip);
    setCentralWidget(central);
    buildMenus();
    connect(&m_workbench, &Workbench::pageWanted, this, &MainWindow::showPage);
    connect(&m_workbench, &Workbench::noticed, this, [this](const QString& text, bool problem) {
        problem ? m_messages->say(text, true) : m_strip->say(text);
    });
    connect(&m_workbench.session(), &RunSession::idle, this, [this] {
        if (m_leaving)
            emit wantsToQuit();
    });
    restore();
}

MainWindow::~MainWindow() = default;

void MainWindow::addPage(Page* page)
{
    m_pages.push_back(page);
    m_stack->addWidget(page);
}

void MainWindow::buildMenus()
{
    QMenu* file = menuBar()->addMenu(tr("&File"));
    file->addAction(theme::icon("quit"), tr("&Quit"), QKeySequence(QStringLiteral("Ctrl+Q")), this, &QWidget::close);
    QMenu* edit = menuBar()->addMenu(tr("&Edit"));
    QAction* undo = m_workbench.undoStack().createUndoAction(this, tr("Undo"));
    undo->setShortcut(QKeySequence::Undo);
    undo->setIcon(theme::icon(QStringLiteral("undo")));
    QAction* redo = m_workbench.undoStack().createRedoAction(this, tr("Redo"));
    redo->setShortcuts({QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_Z), QKeySequence(Qt::CTRL | Qt::Key_Y)});
    redo->setIcon(theme::icon(QStringLiteral("redo")));
    edit->addActions({undo, redo});
    QMenu* view = menuBar()->addMenu(tr("&View"));
    for (size_t i = 0; i < m_pages.size(); ++i) {
        const QString id = m_pages[i]->id();
        view->addAction(theme::icon(m_pages[i]->iconName()), m_pages[i]->title(),
            QKeySequence(int(Qt::CTRL) | (Qt::Key_1 + int(i))), this, [this, id] { showPage(id); });
    }
    auto* modes = new QActionGroup(this);
    view->addSeparator();
    const std::pair<theme::Mode, QString> names[] = {{theme::Mode::automatic, tr("Colours of the desktop")},
        {theme::Mode::light, tr("Light")}, {theme::Mode::dark, tr("Dark")}};
    for (const auto& [mode, name] : names) {
        QAction* action = view->addAction(name, this, [this, chosen = mode] { setTheme(chosen); });
        action->setCheckable(true);
        action->setChecked(mode == m_settings.themeMode());
        modes->addAction(action);
    }
}

void MainWindow::setTheme(theme::Mode mode)
{
    m_settings.setThemeMode(mode);
    theme::apply(*qApp, mode);
}

void MainWindow::restore()
{
    resize(kFirstSize);
    const QSize least = minimumSizeHint().expandedTo({800, 560});
    restoreGeometry(m_settings.geometry());
    resize(size().expandedTo(least));
    // A screen that is gone, or a geometry that never was one: back to the middle of the screen there is.
    bool visible = false;
    for (const QScreen* screen : QGuiApplication::screens())
        visible = visible || screen->availableGeometry().intersects(QRect(pos() + QPoint(40, 40), QSize(200, 40)));
    if (!visible)
        move(QGuiApplication::primaryScreen()->availableGeometry().center() - rect().center());
    for (Page* page : m_pages) {
        if (auto* rows = qobject_cast<DataPage*>(page))
            rows->setSettings(m_settings);
        auto* models = qobject_cast<ModelsPage*>(page);
        if (!models)
            continue;
        models->setFolders(m_settings.modelFolders());
        connect(models, &ModelsPage::foldersChanged, this, [this](const QStringList& folders) { m_settings.setModelFolders(folders); });
        // After the first paint: it starts the engine, whatever page is shown.
        connect(this, &MainWindow::firstPainted, models, &ModelsPage::activated);
    }
    if (m_settings.wasDamaged())
        m_messages->say(
            tr("The window's settings could not be read; they were set aside as window.ini.bad and the defaults hold."),
            true);
    const QString last = m_settings.lastPage();
    showPage(m_pages.front()->id());
    showPage(last);
}

Page* MainWindow::currentPage() const
{
    return m_pages[size_t(m_stack->currentIndex())];
}

void MainWindow::showPage(const QString& id)
{
    for (size_t i = 0; i < m_pages.size(); ++i) {
        if (m_pages[i]->id() != id)
            continue;
        m_stack->setCurrentIndex(int(i));
        m_rail->setCurrent(int(i));
        m_settings.setLastPage(id);
        if (m_painted)
            m_pages[i]->activated();
    }
}

void MainWindow::paintEvent(QPaintEvent* event)
{
    QMainWindow::paintEvent(event);
    if (std::exchange(m_painted, true))
        return;
    QTimer::singleShot(0, this, [this] {
        emit firstPainted();
        currentPage()->activated();
    });
}

void MainWindow::changeEvent(QEvent* event)
{
    QMainWindow::changeEvent(event);
    if (event->type() == QEvent::ApplicationPaletteChange)
        update();
}

void MainWindow::closeEvent(QCloseEvent* event)
{
    m_settings.setGeometry(saveGeometry());
    if (!m_workbench.session().isBusy()) {
        event->accept();
        m_leaving = true;
        emit wantsToQuit();
        return;
    }
    event->ignore();
    if (!m_leaving)
        askHowToClose();
}

void MainWindow::askHowToClose()
{
    if (m_question)
        return m_question->raise();
    m_question = new CloseQuestion(this);
    connect(m_question, &CloseQuestion::stopChosen, this, &MainWindow::stopAndQuit);
    connect(m_question, &CloseQuestion::keepChosen, this, [this] {
        m_leaving = true;
        hide();
        if (!m_workbench.session().isBusy())
            emit wantsToQuit();
    });
    connect(m_question, &QObject::destroyed, this, [this] { m_question = nullptr; });
    m_question->open();
}

void MainWindow::comeForward()
{
    m_leaving = false;
    showNormal();
    raise();
    activateWindow();
}

void MainWindow::stopAndQuit()
{
    m_leaving = true;
    m_settings.setGeometry(saveGeometry());
    hide();
    m_workbench.session().stopAll();
    if (!m_workbench.session().isBusy())
        emit wantsToQuit();
}

}  // namespace rankwright
