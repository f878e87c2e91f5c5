// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/widgets/rank_controls.h"

#include "ui/format.h"
#include "ui/widgets/labels.h"

#include <QDoubleSpinBox>
#include <QGridLayout>
#include <QSignalBlocker>
#include <QSlider>
#include <QSpinBox>

#include <algorithm>
#include <cmath>
#include <limits>

namespace rankwright {

namespace {

constexpr int kEnergySteps = 1000;  // tenths of a percent
constexpr double kMebi = 1024 * 1024;

PlanRequest energyRequest(int steps)
{
    return {.rank = 0, .energy = std::max(1, steps) / double(kEnergySteps), .budget = 0};
}

}  // namespace

RankControls::RankControls(QWidget* parent)
    : QWidget(parent), m_rank(new QSpinBox), m_energy(new QSlider(Qt::Horizontal)), m_share(new PlainLabel),
      m_budget(new QSpinBox), m_memory(new QDoubleSpinBox)
{
    auto* grid = new QGridLayout(this);
    grid->setContentsMargins(0, 0, 0, 0);
    grid->setHorizontalSpacing(12);
    grid->setVerticalSpacing(8);
    grid->setColumnStretch(1, 1);
    setUp();
    addRow(0, tr("Same rank everywhere"), m_rank, nullptr);
    addRow(1, tr("Energy captured"), m_energy, m_share);
    addRow(2, tr("Trainable parameters"), m_budget, nullptr);
    addRow(3, tr("Training memory"), m_memory, nullptr);

    connect(m_energy, &QSlider::valueChanged, this, [this](int steps) {
        m_share->setText(tr("%1 %").arg(format::number(100.0 * steps / kEnergySteps, 1)));
        emit wanted(energyRequest(steps), !m_energy->isSliderDown(), tr("Ranks by energy"));
    });
    connect(m_energy, &QSlider::sliderReleased, this,
        [this] { emit wanted(energyRequest(m_energy->value()), true, tr("Ranks by energy")); });
    connect(m_budget, &QSpinBox::valueChanged, this, [this](int parameters) {
        emit wanted({.rank = 0, .energy = 0, .budget = parameters}, true, tr("Ranks by parameters"));
    });
    connect(m_memory, &QDoubleSpinBox::valueChanged, this, [this](double mebibytes) {
        emit wanted({.memory = std::llround(mebibytes * kMebi)}, true, tr("Ranks by memory"));
    });
    connect(m_rank, &QSpinBox::valueChanged, this, [this](int rank) {
        if (rank > 0)
            emit wanted({.rank = rank, .energy = 0, .budget = 0}, true, tr("Same rank everywhere"));
    });
}

void RankControls::setUp()
{
    const QLocale english(QLocale::English, QLocale::UnitedStates);   // '.' is the decimal point everywhere
    m_rank->setRange(0, 1 << 16);
    m_rank->setSpecialValueText(tr("differs"));
    m_rank->setKeyboardTracking(false);
    m_rank->setToolTip(tr("The same rank for every matrix, cut where a matrix is smaller"));
    m_energy->setRange(1, kEnergySteps);
    m_energy->setPageStep(50);
    m_energy->setToolTip(
        tr("Each matrix gets the smallest rank whose singular values hold this share of its squared norm"));
    m_share->setMinimumWidth(52);
    m_share->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    m_budget->setRange(1, std::numeric_limits<int>::max());
    m_budget->setLocale(english);
    m_budget->setGroupSeparatorShown(true);
    m_budget->setSingleStep(100'000);
    m_budget->setKeyboardTracking(false);
    m_budget->setToolTip(tr("The ranks that capture most energy together with at most this many parameters"));
    m_memory->setRange(0.001, 1 << 20);
    m_memory->setLocale(english);
    m_memory->setDecimals(3);
    m_memory->setSingleStep(1);
    m_memory->setSuffix(tr(" MiB"));
    m_memory->setKeyboardTracking(false);
    m_memory->setToolTip(tr("The same for the memory of the adapters: parameters, gradients and two moments in float32"));
}

void RankControls::addRow(int row, const QString& what, QWidget* field, QWidget* after)
{
    auto* label = new PlainLabel(what);
    label->setBuddy(field);
    field->setAccessibleName(what);
    auto* grid = static_cast<QGridLayout*>(layout());
    grid->addWidget(label, row, 0);
    grid->addWidget(field, row, 1, 1, after ? 1 : 2);
    if (after)
        grid->addWidget(after, row, 2);
}

void RankControls::showPlan(const RankPlan& plan, int64_t uniform)
{
    // A field a person is in keeps what they asked for: the plan's own figure may lie a little beside it.
    const QSignalBlocker energy(m_energy), budget(m_budget), memory(m_memory), rank(m_rank);
    if (!m_energy->isSliderDown() && !m_energy->hasFocus()) {
        m_energy->setValue(int(std::lround(plan.energy * kEnergySteps)));
        m_share->setText(tr("%1 %").arg(format::number(100 * plan.energy, 1)));
    }
    if (!m_budget->hasFocus())
        m_budget->setValue(int(std::min<int64_t>(plan.parameters, m_budget->maximum())));
    if (!m_memory->hasFocus())
        m_memory->setValue(double(plan.adapterBytes) / kMebi);
    m_rank->setValue(int(uniform));
}

}  // namespace rankwright
