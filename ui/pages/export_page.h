// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A trained run as files that other programs load: adapter, edited base with adapter, or merged model; read back and
// compared.
#pragma once

#include "ui/models/store_reader.h"
#include "ui/pages/page.h"
#include "ui/workbench.h"

#include <QPointer>

#include <set>

class QComboBox;
class QLineEdit;
class QListWidget;
class QProgressBar;
class QPushButton;

namespace rankwright {

class MessageBar;
class PlainLabel;

class ExportPage : public Page
{
    Q_OBJECT
public:
    explicit ExportPage(Workbench& workbench, QWidget* parent = nullptr);
    [[nodiscard]] QString id() const override { return QStringLiteral("export"); }
    [[nodiscard]] QString title() const override { return tr("Export"); }
    [[nodiscard]] QString iconName() const override { return QStringLiteral("export"); }
    void activated() override;

private:
    struct Choice { RunRow row; RunConfig config; std::vector<ExportProof> exports; std::string task = "lm"; };
    struct Choices { std::vector<Choice> runs = {}; bool older = false; };   // older: there are runs that are not among them
    QWidget* makeForm();
    QWidget* makeFolderRow(QWidget* parent);
    QWidget* makeResult();
    QWidget* makeEarlier();
    void showEarlier();
    void readRuns();
    void noteSeen();
    void showRuns(Choices& read);
    [[nodiscard]] const Choice* chosen() const;
    void offerFormats();
    void offerDtypes(const QString& format);
    [[nodiscard]] QString explanation(const Choice& choice) const;
    void refresh();
    void suggestFolder();
    void chooseFolder();
    void start();
    void showResult(const ExportResult& result);
    void finish();

    Workbench& m_workbench;
    StoreReader m_reader;
    std::vector<Choice> m_choices;
    QPointer<JobCall> m_job;
    QString m_exported;                              // run that is being exported
    std::set<std::string> m_seen;                    // runs that were listed when the page or a person last chose one
    bool m_opened = false;                           // the page has been opened since they were
    QString m_dtypesOf;                              // the format that the number formats are listed for
    QString m_suggested;                             // the folder put in by us
    QComboBox *m_runBox, *m_formatBox, *m_dtypeBox;
    QLineEdit* m_folder;
    QPushButton *m_export, *m_cancel, *m_copyPath;
    PlainLabel *m_explanation, *m_dtypeLabel, *m_step, *m_badge, *m_summary;
    QProgressBar* m_progress;
    QListWidget *m_files, *m_earlier;               // "exportFiles", "earlierExports"
    MessageBar* m_messages;
    QWidget *m_result, *m_earlierBox;
};

}  // namespace rankwright
