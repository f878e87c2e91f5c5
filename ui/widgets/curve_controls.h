// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The choices over charts: x axis, smoothing, logarithmic axes, fit. Shared by Run and Compare.
#pragma once

#include "ui/models/curve_store.h"

#include <QWidget>

class QCheckBox;
class QComboBox;
class QSlider;

namespace rankwright {

class CurvePlot;
class PlainLabel;

class CurveControls : public QWidget
{
    Q_OBJECT
public:
    explicit CurveControls(QWidget* parent = nullptr);
    enum class Values { positive, anySign };              // a logarithmic y axis suits only the first
    void drive(CurvePlot* plot, Values values = Values::positive);   // sets it up now and on every change
    [[nodiscard]] Axis axis() const;
    [[nodiscard]] double smoothing() const;

signals:
    void axisChanged();

private:
    struct Driven { CurvePlot* plot; Values values; };
    void apply();
    std::vector<Driven> m_driven;
    QComboBox* m_axis;        // "axisBox"
    QSlider* m_smoothing;     // "smoothing", hundredths
    PlainLabel* m_value;
    QCheckBox *m_logX, *m_logY;
};

}  // namespace rankwright
