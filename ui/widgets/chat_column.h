// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A voice of the chat: who it is, what was said, how fast it speaks.
#pragma once

#include "ui/models/chat.h"

#include <QFrame>

class QToolButton;

namespace rankwright {

class ChatTranscript;
class PlainLabel;

class ChatColumn : public QFrame
{
    Q_OBJECT
public:
    explicit ChatColumn(const ChatChoice& who, QWidget* parent = nullptr);
    void setVoice(const ChatVoiceState& voice, bool busy);
    [[nodiscard]] QString transcriptText() const;

signals:
    void removeAsked();

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    void elide();
    void copyAnswer();
    QString m_title, m_detail;
    std::string m_answer;            // the last one, as it is
    PlainLabel *m_name, *m_who, *m_figures;
    QToolButton *m_copy, *m_remove;
    ChatTranscript* m_text;          // "chatTranscript"
};

}  // namespace rankwright
