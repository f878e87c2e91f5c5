// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// An empty rate means the shared one. Whether settings fit together is decided where the run's own check decides it: by
// armConfig(), for the configuration that the arm would train with.
#include "ui/widgets/arm_card.h"

#include "training/api/error.h"
#include "ui/format.h"
#include "ui/theme.h"
#include "ui/widgets/arm_options.h"
#include "ui/widgets/headings.h"
#include "ui/widgets/method_picture.h"

#include <QCheckBox>
#include <QEvent>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QPainter>
#include <QToolButton>

namespace rankwright {

namespace {

constexpr int kStrip = 4;   // the arm's colour along the left edge, as on every chart

}  // namespace

QString shortMessage(const std::exception& error)
{
    const auto* ours = dynamic_cast<const Error*>(&error);
    if (ours == nullptr)
        return QString::fromUtf8(error.what());
    const ErrorParts& parts = ours->parts();
    std::string key = parts.place.starts_with('/') ? parts.place.substr(1) : parts.place;
    if (const Field* field = findConfigField(key))
        key = field->label;
    QString text = format::shown(key.empty() ? parts.found : key + ": " + parts.found, 300) + '.';
    if (!parts.allowed.empty())
        text += ' ' + ArmCard::tr("Allowed: %1.").arg(format::shown(parts.allowed, 300));
    if (!parts.advice.empty())
        text += ' ' + format::shown(parts.advice, 400);
    return text;
}

ArmCard::ArmCard(Workbench& workbench, const QString& arm, QWidget* parent)
    : QFrame(parent), m_workbench(workbench), m_arm(arm), m_card(methodCard(armMethod(arm)))
{
    setObjectName("armCard_" + arm);
    setFrameShape(QFrame::StyledPanel);
    setBackgroundRole(QPalette::Base);
    setAutoFillBackground(true);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(12 + kStrip, 8, 8, 8);
    column->setSpacing(4);
    column->addLayout(makeTop());
    column->addLayout(makeMiddle());
    column->addLayout(makeRate());
    m_changes = makeNote({}, this);
    m_changes->setObjectName("armChanges_" + arm);
    m_problem = makeNote({}, this);
    m_problem->setObjectName("armProblem_" + arm);
    m_problem->hide();
    column->addWidget(m_changes);
    m_details = makeDetails();
    column->addWidget(m_details);
    column->addWidget(m_problem);
    column->addStretch();
    connect(m_tick, &QCheckBox::clicked, this, &ArmCard::ticked);
    connect(m_rate, &QLineEdit::editingFinished, this, &ArmCard::commitRate);
    connect(m_options, &ArmOptions::problemsChanged, this, &ArmCard::judge);
    tint();
    refresh();
}

// Hiding takes the focus away, which ends an edit: now, while everything that the edit needs is still there.
ArmCard::~ArmCard()
{
    hide();
}

QLayout* ArmCard::makeTop()
{
    const auto title = armTitle(m_arm);
    m_tick = new QCheckBox(title, this);
    m_tick->setObjectName("arm_" + m_arm);
    m_tick->setAccessibleName(tr("Train with %1").arg(title));
    m_tick->setAccessibleDescription(format::text(m_card.explanation));
    m_tick->setFont(theme::headingFont());
    m_more = new QToolButton(this);
    m_more->setObjectName("armMore_" + m_arm);
    m_more->setText(tr("Options"));
    m_more->setAccessibleName(tr("Options of %1").arg(title));
    m_more->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    m_more->setIcon(theme::icon("right"));
    m_more->setCheckable(true);
    m_more->setAutoRaise(true);
    m_more->setFocusPolicy(Qt::StrongFocus);
    setPlainToolTip(m_more, tr("The method's options, this arm's base and optimiser, and its paper"));
    auto* remove = new QToolButton(this);
    remove->setObjectName("armRemove_" + m_arm);
    remove->setIcon(theme::icon("close"));
    remove->setAutoRaise(true);
    remove->setFocusPolicy(Qt::StrongFocus);
    remove->setAccessibleName(tr("Remove %1").arg(title));
    setPlainToolTip(remove, tr("Take this arm out of the comparison"));
    connect(m_more, &QToolButton::toggled, this, [this](bool open) {
        m_more->setIcon(theme::icon(open ? "down" : "right"));
        m_details->setVisible(open);
        emit unfolded();
    });
    connect(remove, &QToolButton::clicked, this, &ArmCard::removed);
    auto* row = new QHBoxLayout;
    row->setSpacing(0);
    row->addWidget(m_tick, 1);
    row->addWidget(m_more);
    row->addWidget(remove);
    return row;
}

QLayout* ArmCard::makeMiddle()
{
    m_picture = new MethodPictureView(m_card, this);
    m_picture->setObjectName("armPicture_" + m_arm);
    auto* row = new QHBoxLayout;
    row->setSpacing(12);
    row->addWidget(m_picture, 0, Qt::AlignTop);
    row->addWidget(makeNote(format::text(m_card.explanation), this), 1, Qt::AlignVCenter);
    return row;
}

QLayout* ArmCard::makeRate()
{
    const auto title = armTitle(m_arm);
    m_rate = new QLineEdit(this);
    m_rate->setObjectName("armRate_" + m_arm);
    m_rate->setAccessibleName(tr("Learning rate of %1").arg(title));
    m_rate->setAlignment(Qt::AlignRight);
    m_rate->setFixedWidth(120);
    setPlainToolTip(m_rate, tr("Learning rate of this arm only. Empty: the shared one."));
    auto* label = new PlainLabel(tr("Learning rate"), this);
    label->setBuddy(m_rate);
    m_paperRate = new QToolButton(this);
    m_paperRate->setObjectName("armPaperRate_" + m_arm);
    m_paperRate->setAutoRaise(true);
    m_paperRate->setFocusPolicy(Qt::StrongFocus);
    const auto rate = valueText(nlohmann::json(m_card.learningRate));
    m_paperRate->setText(tr("Paper: %1").arg(rate));
    m_paperRate->setAccessibleName(tr("Use the paper's learning rate %1 for %2").arg(rate, title));
    const auto source = format::text(m_card.learningRateSource);
    setPlainToolTip(m_paperRate, (source.isEmpty() ? QString() : source + '\n') + tr("Click to use it for this arm."));
    connect(m_paperRate, &QToolButton::clicked, this, &ArmCard::takePaperRate);
    auto* row = new QHBoxLayout;
    row->setSpacing(8);
    row->addWidget(label);
    row->addWidget(m_rate);
    row->addWidget(m_paperRate);
    row->addStretch();
    return row;
}

QWidget* ArmCard::makeDetails()
{
    auto* box = new QWidget(this);
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(4);
    m_options = new ArmOptions(m_workbench, m_arm, box);
    column->addWidget(m_options);
    m_options->setVisible(!m_options->isEmpty());
    if (!m_card.note.empty())
        column->addWidget(makeNote(format::text(m_card.note), box));
    if (!m_card.stepZero.empty())
        column->addWidget(makeNote(tr("Before the first step: %1").arg(format::text(m_card.stepZero)), box));
    column->addWidget(makeNote(format::text(m_card.paper), box));
    box->hide();
    return box;
}

bool ArmCard::isUnfolded() const
{
    return m_more->isChecked();
}

bool ArmCard::isTicked() const
{
    return m_tick->isChecked();
}

void ArmCard::commitRate()
{
    const auto text = format::plain(m_rate->text());
    const auto& changes = changesOf(m_arm, m_workbench.armOverrides());
    try {
        nlohmann::json value;
        if (!text.empty()) {
            RunConfig probe;   // only the range of this one value is in question
            probe.learningRate = parseNumber(text, "learning rate");
            validate(probe);
            value = probe.learningRate;
        }
        m_rateProblem.clear();
        if (!value.is_null() || changes.contains("learningRate"))
            m_workbench.setArmOverride(format::plain(m_arm), "learningRate", value);
    } catch (const std::exception& error) {
        m_rateProblem = shortMessage(error);
    }
    judge();
}

void ArmCard::takePaperRate()
{
    m_rateProblem.clear();
    m_workbench.setArmOverride(format::plain(m_arm), "learningRate", m_card.learningRate);
    refresh();
}

void ArmCard::refresh()
{
    const bool on = m_workbench.arms().contains(m_arm);
    m_tick->setChecked(on);
    m_rate->setEnabled(on);
    m_options->setEnabled(on);
    m_options->refresh();
    showRate(m_workbench.config());
    showChanges();
    judge();
}

void ArmCard::showRate(const RunConfig& shared)
{
    m_rate->setPlaceholderText(tr("%1 (shared)").arg(valueText(nlohmann::json(shared.learningRate))));
    const auto own = changesOf(m_arm, m_workbench.armOverrides()).value("learningRate", nlohmann::json());
    m_paperRate->setVisible((own.is_null() ? shared.learningRate : own.get<double>()) != m_card.learningRate);
    m_paperRate->setEnabled(m_workbench.arms().contains(m_arm));
    if (!m_rateProblem.isEmpty())
        return;   // what was refused stays to be corrected
    const auto text = own.is_null() ? QString() : valueText(own);
    if (m_rate->text() != text)
        m_rate->setText(text);
}

// What tells this arm from another one of its method, also while the options are folded away.
void ArmCard::showChanges()
{
    QStringList changed;
    for (const auto& [key, value] : changesOf(m_arm, m_workbench.armOverrides()).items()) {
        if (key == "learningRate")
            continue;
        const Field* field = findConfigField(key);
        changed << tr("%1: %2").arg(format::text(field == nullptr ? key : field->label), valueText(value));
    }
    m_changes->setText(changed.join(QStringLiteral(" · ")));
    m_changes->setVisible(!changed.isEmpty());
}

void ArmCard::judge()
{
    m_combination.clear();
    if (m_workbench.arms().contains(m_arm)) {
        try {
            const RunConfig config = armDraft(m_workbench.config(), m_arm, m_workbench.armOverrides());
            m_picture->show(effectivePicture(config), bitsOf(effectiveBase(config)));
            validate(config);
            checkStartAdapter(config);
        } catch (const std::exception& error) {
            m_combination = shortMessage(error);
        }
    }
    sayReason(m_rateProblem.isEmpty() ? m_combination : m_rateProblem);
    const auto now = reason();
    if (std::exchange(m_saidReason, now) != now)
        emit reasonChanged();
}

QString ArmCard::reason() const
{
    if (!m_rateProblem.isEmpty())
        return m_rateProblem;
    if (const auto option = m_options->problem(); !option.isEmpty())
        return option;
    return m_combination;
}

void ArmCard::sayReason(const QString& text)
{
    m_problem->setText(text);
    m_problem->setVisible(!text.isEmpty());
}

void ArmCard::tint()
{
    auto colors = m_problem->palette();
    colors.setColor(QPalette::PlaceholderText, theme::bad());
    m_problem->setPalette(colors);
    colors = palette();
    colors.setColor(QPalette::Active, QPalette::ButtonText, theme::accent());   // reads as something to click
    colors.setColor(QPalette::Inactive, QPalette::ButtonText, theme::accent());
    m_paperRate->setPalette(colors);
}

void ArmCard::changeEvent(QEvent* event)
{
    QFrame::changeEvent(event);
    if (event->type() == QEvent::PaletteChange && m_problem != nullptr)
        tint();
}

void ArmCard::paintEvent(QPaintEvent* event)
{
    QFrame::paintEvent(event);
    QPainter(this).fillRect(QRect(1, 1, kStrip, height() - 2), theme::methodColor(format::text(m_card.id)));
}

}  // namespace rankwright
