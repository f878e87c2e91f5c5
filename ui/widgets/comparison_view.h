// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// One comparison with everything its report says: curves with bands, differences, learning rates, verdict, configurations, runs; and the
// report as files.
#pragma once

#include "ui/models/report_reader.h"

#include <QWidget>

class QPushButton;
class QTabWidget;

namespace rankwright {

class CompareCells;
class CompareCurves;
class CompareRates;
class CompareVerdict;
class ConfigTable;
class PlainLabel;

class ComparisonView : public QWidget
{
    Q_OBJECT
public:
    explicit ComparisonView(std::filesystem::path dataDirectory, QWidget* parent = nullptr);
    void setComparison(const QString& comparison);     // id; empty: none
    void refresh() { m_reader.refresh(); }             // its runs have gone on
    [[nodiscard]] const ComparisonData* data() const { return m_reader.data(); }
    [[nodiscard]] QString comparison() const { return m_reader.comparison(); }
    void exportTo(const QString& folder);              // saved() or problem() follows

signals:
    void saved(const QString& folder);
    void problem(const QString& text);

protected:
    void changeEvent(QEvent* event) override;          // palette: colours of the arms

private:
    QWidget* makeHeader();
    void makeTabs();
    void receive();
    void chooseFolder();
    void exported(const QString& folder);

    ReportReader m_reader;
    StoreReader m_exporter;
    QString m_folder;                                  // of the last report
    PlainLabel *m_name, *m_progress;
    QPushButton *m_export, *m_open;                    // "exportReportButton", "openReportButton"
    QTabWidget* m_tabs;                                // "comparisonTabs"
    CompareCurves *m_curves, *m_difference;
    CompareRates* m_rates;
    CompareVerdict* m_verdict;
    ConfigTable* m_configurations;
    CompareCells* m_cells = nullptr;
};

}  // namespace rankwright
