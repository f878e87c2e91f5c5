// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// One row of controls; every plot it drives follows at once.
#include "ui/widgets/curve_controls.h"

#include "ui/format.h"
#include "ui/plots/curve_plot.h"
#include "ui/theme.h"
#include "ui/widgets/labels.h"

#include <QCheckBox>
#include <QComboBox>
#include <QHBoxLayout>
#include <QSlider>
#include <QToolButton>

namespace rankwright {

CurveControls::CurveControls(QWidget* parent)
    : QWidget(parent)
    , m_axis(new QComboBox(this))
    , m_smoothing(new QSlider(Qt::Horizontal, this))
    , m_value(new PlainLabel({}, this))
    , m_logX(new QCheckBox(tr("Log x"), this))
    , m_logY(new QCheckBox(tr("Log y"), this))
{
    m_axis->setObjectName("axisBox");
    m_axis->addItems({tr("Step"), tr("Tokens"), tr("Time")});
    m_axis->setAccessibleName(tr("Horizontal axis"));
    setPlainToolTip(m_axis, tr("What the curves are drawn against"));
    m_smoothing->setObjectName("smoothing");
    m_smoothing->setRange(0, 99);
    m_smoothing->setValue(60);
    m_smoothing->setFixedWidth(96);
    m_smoothing->setAccessibleName(tr("Smoothing"));
    setPlainToolTip(m_smoothing,
        tr("Debiased moving average of the training curves. The raw values stay visible, faint; "
           "evaluation points are never smoothed."));
    m_value->setMinimumWidth(m_value->fontMetrics().horizontalAdvance("0.00"));
    m_logX->setObjectName("logX");
    m_logY->setObjectName("logY");
    auto* fit = new QToolButton(this);
    fit->setObjectName("fitButton");
    fit->setIcon(theme::icon("fit"));
    fit->setAccessibleName(tr("Fit"));
    fit->setFocusPolicy(Qt::TabFocus);
    setPlainToolTip(fit, tr("Show all data again"));
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(8);
    auto* axisLabel = new PlainLabel(tr("Along"), this);
    auto* smoothingLabel = new PlainLabel(tr("Smoothing"), this);
    row->addWidget(axisLabel);
    row->addWidget(m_axis);
    row->addSpacing(8);
    row->addWidget(smoothingLabel);
    row->addWidget(m_smoothing);
    row->addWidget(m_value);
    row->addSpacing(8);
    row->addWidget(m_logX);
    row->addWidget(m_logY);
    row->addWidget(fit);
    connect(m_axis, &QComboBox::activated, this, &CurveControls::apply);
    connect(m_axis, &QComboBox::activated, this, &CurveControls::axisChanged);
    connect(m_smoothing, &QSlider::valueChanged, this, &CurveControls::apply);
    connect(m_logX, &QCheckBox::toggled, this, &CurveControls::apply);
    connect(m_logY, &QCheckBox::toggled, this, &CurveControls::apply);
    connect(fit, &QToolButton::clicked, this, [this] {
        for (const Driven& driven : m_driven)
            driven.plot->fit();
    });
    apply();
}

void CurveControls::drive(CurvePlot* plot, Values values)
{
    m_driven.push_back({plot, values});
    apply();
}

Axis CurveControls::axis() const
{
    return Axis(m_axis->currentIndex());
}

double CurveControls::smoothing() const
{
    return m_smoothing->value() / 100.0;
}

void CurveControls::apply()
{
    m_value->setText(format::number(smoothing(), 2));
    for (const Driven& driven : m_driven) {
        driven.plot->setSmoothing(smoothing());
        driven.plot->setLogX(m_logX->isChecked());
        if (!m_logX->isChecked() && axis() == Axis::step)
            driven.plot->setWholeX(true);
        driven.plot->setLogY(m_logY->isChecked() && driven.values == Values::positive);
    }
}

}  // namespace rankwright
