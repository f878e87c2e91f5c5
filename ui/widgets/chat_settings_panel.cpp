// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/widgets/chat_settings_panel.h"

#include "ui/widgets/headings.h"
#include "ui/widgets/wheel_guard.h"

#include <QComboBox>
#include <QDoubleSpinBox>
#include <QFormLayout>
#include <QPlainTextEdit>
#include <QSpinBox>
#include <QVBoxLayout>

#include <limits>

namespace rankwright {

namespace {

void addRow(QFormLayout& form, const QString& title, QWidget* editor, const QString& name, const QString& help)
{
    auto* label = new PlainLabel(title, form.parentWidget());
    label->setBuddy(editor);
    editor->setObjectName(name);
    editor->setAccessibleName(title);
    editor->setAccessibleDescription(help);
    setPlainToolTip(label, help);
    setPlainToolTip(editor, help);
    form.addRow(label, editor);
}

}  // namespace

ChatSettingsPanel::ChatSettingsPanel(Chat& chat, QWidget* parent) : QWidget(parent), m_chat(chat)
{
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    auto* heading = makeHeading(tr("System prompt"), this);
    m_system = new QPlainTextEdit(this);
    m_system->setObjectName("chatSystem");
    m_system->setAccessibleName(tr("System prompt"));
    m_system->setPlaceholderText(tr("None"));
    m_system->setTabChangesFocus(true);
    m_system->setFixedHeight(96);
    heading->setBuddy(m_system);
    column->addWidget(heading);
    column->addWidget(m_system);
    column->addSpacing(8);
    column->addWidget(makeHeading(tr("Answers"), this));
    auto* box = new QWidget(this);
    auto* form = new QFormLayout(box);
    form->setContentsMargins(0, 0, 0, 0);
    form->setVerticalSpacing(4);
    form->setHorizontalSpacing(12);
    form->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
    m_temperature = addShare(*form, "chatTemperature", tr("Temperature"), tr("0: the most probable token each time. Higher: more varied."), 0, 2);
    m_topP = addShare(*form, "chatTopP", tr("Top-p"), tr("Of the tokens that are drawn from, the most probable that hold this share; 1: all"), 0.05, 1);
    m_maxTokens = addCount(*form, "chatMaxTokens", tr("Longest answer"), tr("Tokens after which an answer is cut off"), 1, 32'768);
    m_seed = addCount(*form, "chatSeed", tr("Seed"), tr("Every voice draws with the same numbers; counts at temperatures above 0"), 0,
        std::numeric_limits<int>::max());
    m_template = new QComboBox(box);
    m_template->addItem(tr("each voice's own"), "auto");
    m_template->addItem(tr("none: plain text"), "none");
    m_template->setFocusPolicy(Qt::StrongFocus);
    new WheelGuard(m_template);
    addRow(*form, tr("Template"), m_template, "chatTemplateBox", tr("How the turns become one text. Each voice's own: a run as its rows were trained, the base model and adapters by the model's chat "
                   "template. None: as they are"));
    connect(m_template, &QComboBox::activated, this, &ChatSettingsPanel::take);
    column->addWidget(box);
    column->addWidget(makeNote(tr("All voices answer with the same settings and the same seed."), this));
    column->addStretch();
    connect(m_system, &QPlainTextEdit::textChanged, this, &ChatSettingsPanel::take);
    connect(&m_chat, &Chat::settingsChanged, this, &ChatSettingsPanel::refresh);
    refresh();
}

QDoubleSpinBox* ChatSettingsPanel::addShare(
    QFormLayout& form, const QString& name, const QString& title, const QString& help, double least, double most)
{
    auto* box = new QDoubleSpinBox(form.parentWidget());
    box->setLocale(QLocale::c());
    box->setRange(least, most);
    box->setDecimals(2);
    box->setSingleStep(0.05);
    box->setKeyboardTracking(false);
    box->setAlignment(Qt::AlignRight);
    box->setFocusPolicy(Qt::StrongFocus);
    new WheelGuard(box);
    addRow(form, title, box, name, help);
    connect(box, &QDoubleSpinBox::valueChanged, this, &ChatSettingsPanel::take);
    return box;
}

QSpinBox* ChatSettingsPanel::addCount(
    QFormLayout& form, const QString& name, const QString& title, const QString& help, int least, int most)
{
    auto* box = new QSpinBox(form.parentWidget());
    box->setLocale(QLocale::c());
    box->setRange(least, most);
    box->setKeyboardTracking(false);
    box->setAlignment(Qt::AlignRight);
    box->setFocusPolicy(Qt::StrongFocus);
    new WheelGuard(box);
    addRow(form, title, box, name, help);
    connect(box, &QSpinBox::valueChanged, this, &ChatSettingsPanel::take);
    return box;
}

void ChatSettingsPanel::take()
{
    m_chat.setSettings({.system = m_system->toPlainText(), .temperature = m_temperature->value(), .topP = m_topP->value(),
        .maxTokens = m_maxTokens->value(), .seed = m_seed->value(), .chatTemplate = m_template->currentData().toString()});
}

void ChatSettingsPanel::refresh()
{
    const ChatSettings& settings = m_chat.settings();
    const QSignalBlocker system(m_system), temperature(m_temperature), topP(m_topP), maxTokens(m_maxTokens), seed(m_seed);
    if (m_system->toPlainText() != settings.system)
        m_system->setPlainText(settings.system);
    m_temperature->setValue(settings.temperature);
    m_topP->setValue(settings.topP);
    m_maxTokens->setValue(int(settings.maxTokens));
    m_seed->setValue(int(settings.seed));
    m_template->setCurrentIndex(std::max(0, m_template->findData(settings.chatTemplate)));
    m_topP->setEnabled(settings.temperature > 0);   // greedy: nothing is drawn
    m_seed->setEnabled(settings.temperature > 0);
}

}  // namespace rankwright
