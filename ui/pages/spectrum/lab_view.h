// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The quantisation laboratory: what a quantised base loses of each matrix, and what LoftQ and QPiSSA win back of it at several ranks
// and rounds, before any training. Where a setting is no better than plain quantisation is said as plainly as where it is.
#pragma once

#include "ui/pages/spectrum/spectrum_desk.h"

#include <QElapsedTimer>
#include <QPointer>
#include <QWidget>

class QCheckBox;
class QComboBox;
class QLineEdit;
class QProgressBar;
class QPushButton;

namespace rankwright {

class CurvePlot;
class FactView;
class HeatmapPlot;
class PlainLabel;

class LabView : public QWidget
{
    Q_OBJECT
public:
    explicit LabView(SpectrumDesk& desk, QWidget* parent = nullptr);
    ~LabView() override;
    void start();
    void stop();
    [[nodiscard]] bool isBusy() const { return !m_call.isNull(); }

protected:
    void changeEvent(QEvent* event) override;

private:
    QWidget* buildForm();
    QWidget* buildResults();
    void connectParts();
    void followModel();
    [[nodiscard]] QuantErrorJob job() const;         // throws Error{usage} for what the fields cannot mean
    void take(const std::vector<Event>& batch);
    void finish(const QuantErrorReport& report);
    void showAll();
    void showState();
    void showHeat();
    void showTotals();
    void showVerdict();
    void showCurves();
    void fillCurves(CurvePlot& plot, bool overRank);
    [[nodiscard]] ErrorNorm norm() const;
    [[nodiscard]] QString settingText(const QuantSetting& setting) const;
    [[nodiscard]] QString formatTitle() const;

    SpectrumDesk& m_desk;
    QPointer<JobCall> m_call;
    QElapsedTimer m_since;
    int64_t m_done = 0, m_total = 0;
    std::string m_base;                              // of the results that are shown
    QComboBox* m_format = nullptr;
    QCheckBox* m_loftq = nullptr;
    QCheckBox* m_qpissa = nullptr;
    QLineEdit* m_ranks = nullptr;
    QLineEdit* m_rounds = nullptr;
    QLineEdit* m_modules = nullptr;
    QCheckBox* m_calibrate = nullptr;
    QPushButton* m_run = nullptr;
    QProgressBar* m_progress = nullptr;
    PlainLabel* m_pace = nullptr;
    QComboBox* m_norm = nullptr;
    HeatmapPlot* m_heat = nullptr;
    PlainLabel* m_verdict = nullptr;
    FactView* m_totals = nullptr;
    CurvePlot* m_overRank = nullptr;
    CurvePlot* m_overRounds = nullptr;
};

}  // namespace rankwright
