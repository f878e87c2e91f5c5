// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The models of this machine. Choosing one enables the other pages; the bundled default is chosen at start. A model
// that cannot be used stays in the list, grey, with the reason.
#pragma once

#include "ui/async/mailbox.h"
#include "ui/models/model_table.h"
#include "ui/pages/page.h"
#include "ui/workbench.h"

#include <QPointer>

#include <deque>

class QLineEdit;
class QPushButton;
class QSortFilterProxyModel;
class QTableView;

namespace rankwright {

class MessageBar;
class ModelSheet;
class PlainLabel;

class ModelsPage : public Page
{
    Q_OBJECT
public:
    explicit ModelsPage(Workbench& workbench, QWidget* parent = nullptr);
    ~ModelsPage() override;
    [[nodiscard]] QString id() const override { return QStringLiteral("models"); }
    [[nodiscard]] QString title() const override { return tr("Models"); }
    [[nodiscard]] QString iconName() const override { return QStringLiteral("models"); }
    void activated() override;

    [[nodiscard]] const QStringList& folders() const { return m_folders; }
    void setFolders(const QStringList& folders);   // scans them where a scan has been made
    void addFolder(const QString& folder);
    [[nodiscard]] const ModelTable& table() const { return *m_table; }
    [[nodiscard]] ModelSheet& sheet() const { return *m_sheet; }

signals:
    void foldersChanged(const QStringList& folders);

private:
    QWidget* buildList();
    void scan();
    void want(const std::string& spec);
    void inspectNext();
    void inspected(const ModelInfo& model);
    void showCurrent();
    void chooseFolder();
    [[nodiscard]] const ModelInfo* current() const;

    Workbench& m_workbench;
    ModelTable* m_table;
    QSortFilterProxyModel* m_shown;
    QTableView* m_view = nullptr;
    QLineEdit* m_search = nullptr;
    MessageBar* m_messages = nullptr;
    PlainLabel* m_progress = nullptr;
    ModelSheet* m_sheet = nullptr;
    QPushButton* m_rescan = nullptr;

    QStringList m_folders;
    std::deque<std::string> m_waiting;   // specs still to be inspected
    std::string m_inspecting;
    QPointer<JobCall> m_call;
    bool m_scanned = false;
    Mailbox<std::vector<std::string>> m_found;
    std::vector<std::jthread> m_walks;
};

}  // namespace rankwright
