// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The window: a rail of pages on the left, the bottom bar, and what happens when it is closed while a run trains.
#pragma once

#include "ui/settings.h"
#include "ui/workbench.h"

#include <QMainWindow>

class QStackedWidget;

namespace rankwright {

class CloseQuestion;
class MessageBar;
class Page;
class PageRail;
class StatusStrip;

class MainWindow : public QMainWindow
{
    Q_OBJECT
public:
    MainWindow(Workbench& workbench, Settings& settings, QWidget* parent = nullptr);
    ~MainWindow() override;
    void showPage(const QString& id);
    [[nodiscard]] Page* currentPage() const;
    [[nodiscard]] const std::vector<Page*>& pages() const { return m_pages; }
    void comeForward();            // a second start of the program: show, raise, ask nothing
    void stopAndQuit();            // SIGTERM and the like: stop with a checkpoint, then end

signals:
    void firstPainted();
    void wantsToQuit();            // nothing trains any more and the window is closed

protected:
    void closeEvent(QCloseEvent* event) override;
    void paintEvent(QPaintEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    void buildMenus();
    void addPage(Page* page);
    void restore();
    void askHowToClose();
    void setTheme(theme::Mode mode);

    Workbench& m_workbench;
    Settings& m_settings;
    std::vector<Page*> m_pages;
    QStackedWidget* m_stack;
    PageRail* m_rail = nullptr;
    MessageBar* m_messages;
    StatusStrip* m_strip;
    CloseQuestion* m_question = nullptr;
    bool m_painted = false;
    bool m_leaving = false;        // hidden; the program ends once nothing trains
};

}  // namespace rankwright
