// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// How the voices of a chat answer: system prompt, temperature, top-p, longest answer, seed, template. The same for all of them.
#pragma once

#include "ui/models/chat.h"

#include <QWidget>

class QComboBox;
class QDoubleSpinBox;
class QFormLayout;
class QPlainTextEdit;
class QSpinBox;

namespace rankwright {

class ChatSettingsPanel : public QWidget
{
    Q_OBJECT
public:
    explicit ChatSettingsPanel(Chat& chat, QWidget* parent = nullptr);

private:
    QDoubleSpinBox* addShare(QFormLayout& form, const QString& name, const QString& title, const QString& help, double least, double most);
    QSpinBox* addCount(QFormLayout& form, const QString& name, const QString& title, const QString& help, int least, int most);
    void take();
    void refresh();
    Chat& m_chat;
    QPlainTextEdit* m_system;        // "chatSystem"
    QDoubleSpinBox *m_temperature, *m_topP;
    QSpinBox *m_maxTokens, *m_seed;
    QComboBox* m_template;           // "chatTemplateBox"
};

}  // namespace rankwright
