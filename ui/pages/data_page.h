// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Which rows are trained on: file, columns, template, and what becomes of them: rendered samples, lengths, what is cut
// off.
#pragma once

#include "ui/pages/page.h"
#include "ui/workbench.h"

#include <QPointer>
#include <QTimer>

class QLineEdit;
class QProgressBar;
class QPushButton;
class QSpinBox;
class QTabWidget;
class QTableWidget;

namespace rankwright {

class ColumnMapping;
class LabelBars;
class LengthHistogram;
class MessageBar;
class PlainLabel;
class Settings;
class TokenView;

class DataPage : public Page
{
    Q_OBJECT
public:
    explicit DataPage(Workbench& workbench, QWidget* parent = nullptr);
    ~DataPage() override;
    [[nodiscard]] QString id() const override { return QStringLiteral("data"); }
    [[nodiscard]] QString title() const override { return tr("Data"); }
    [[nodiscard]] QString iconName() const override { return QStringLiteral("data"); }
    void activated() override;
    void openFile(const QString& file);              // as if it had been chosen or dropped
    void setSettings(Settings& settings) { m_settings = &settings; }   // where the columns of each file are remembered

protected:
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;
    void hideEvent(QHideEvent* event) override;

private:
    QWidget* makeSettings();
    QWidget* makeFileRow();
    QTableWidget* makeHeadTable();
    QWidget* makeResults();
    QWidget* makeSampleRow();
    void chooseFile();
    void setColumn(const std::string& role, const QString& column);
    void configChanged();
    void refreshFields();
    void ask();
    void forget();                                   // the question asked, and the preview
    void clearPreview();
    void showPreview(const DataPreview& preview);
    void showRow(int64_t row);
    void showHead();
    void showTask();
    void showSplit();

    Workbench& m_workbench;
    Settings* m_settings = nullptr;
    QTimer m_delay;
    QPointer<JobCall> m_job;
    RunConfig m_asked;                               // the settings the preview is for
    DataPreview m_preview;
    int64_t m_row = 0, m_first = 0;                  // the sample wanted; the first one of those asked for
    bool m_stale = true, m_visible = false;
    QLineEdit* m_file;
    QPushButton* m_builtIn;
    ColumnMapping* m_columns = nullptr;
    LabelBars* m_labels;
    QTabWidget* m_tabs;                              // "dataTabs"
    QTableWidget* m_head;                            // "headTable"
    PlainLabel *m_format, *m_figures, *m_legend, *m_task, *m_split = nullptr, *m_label;
    LengthHistogram* m_histogram;
    QProgressBar* m_progress;
    QSpinBox* m_rowBox;
    QPushButton *m_previous, *m_next;
    TokenView* m_tokens;
    MessageBar* m_messages;
};

}  // namespace rankwright
