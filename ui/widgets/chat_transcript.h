// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What was said to and by one voice: plain text all through, code between ``` in a fixed font, control characters escaped. While an answer
// grows, the end stays in sight where it was in sight.
#pragma once

#include "training/api/jobs.h"

#include <QPlainTextEdit>

namespace rankwright {

class ChatTranscript : public QPlainTextEdit
{
    Q_OBJECT
public:
    explicit ChatTranscript(const QString& accessibleName, QWidget* parent = nullptr);
    // Only what differs is written: of a last turn that has grown its last line, or just the rest of that.
    void setTurns(const std::vector<ChatTurn>& turns);

protected:
    void changeEvent(QEvent* event) override;

private:
    void render(size_t from);
    void grow();
    void write(QTextCursor& cursor, const ChatTurn& turn, bool first);
    void writeLines(QTextCursor& cursor, const ChatTurn& turn);
    std::vector<ChatTurn> m_turns;
    std::vector<int> m_starts;       // text position of each turn
    // Of the last turn's last line: where it begins in what was said (bytes) and, with the break before it, in the document; its text; if it is
    // in a block of code.
    size_t m_line = 0;
    int m_lineStart = 0;
    QString m_lineShown;
    bool m_fenced = false;
};

}  // namespace rankwright
