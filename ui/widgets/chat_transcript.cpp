// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/widgets/chat_transcript.h"

#include "ui/format.h"
#include "ui/theme.h"

#include <QEvent>
#include <QFontDatabase>
#include <QScrollBar>
#include <QTextBlock>

#include <algorithm>

namespace rankwright {

namespace {

QTextCharFormat plainFormat(const QWidget& view, bool person)
{
    QTextCharFormat plain;
    plain.setFont(view.font());
    plain.setForeground(person ? theme::secondary() : view.palette().color(QPalette::Text));
    return plain;
}

QTextCharFormat codeFormat(const QWidget& view)
{
    QFont fixed = QFontDatabase::systemFont(QFontDatabase::FixedFont);
    fixed.setPixelSize(std::max(11, theme::smallFont().pixelSize()));
    QTextCharFormat code;
    code.setFont(fixed);
    code.setForeground(view.palette().color(QPalette::Text));
    code.setBackground(view.palette().color(QPalette::AlternateBase));
    return code;
}

bool isFence(const QString& line)
{
    return line.trimmed().startsWith(QLatin1String("```"));
}

}  // namespace

ChatTranscript::ChatTranscript(const QString& accessibleName, QWidget* parent) : QPlainTextEdit(parent)
{
    setReadOnly(true);
    setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    setTabChangesFocus(true);
    setUndoRedoEnabled(false);
    setWordWrapMode(QTextOption::WrapAtWordBoundaryOrAnywhere);
    setAccessibleName(accessibleName);
    setPlaceholderText(tr("Nothing said yet."));
    document()->setDocumentMargin(12);
}

void ChatTranscript::setTurns(const std::vector<ChatTurn>& turns)
{
    size_t same = 0;
    while (same < turns.size() && same < m_turns.size() && turns[same].role == m_turns[same].role
        && turns[same].content == m_turns[same].content)
        ++same;
    if (same == turns.size() && same == m_turns.size())
        return;
    const bool atEnd = verticalScrollBar()->value() >= verticalScrollBar()->maximum() - 2;
    const int before = verticalScrollBar()->value();
    const bool grows = turns.size() == m_turns.size() && same + 1 == turns.size() && turns[same].role == m_turns[same].role
        && turns[same].content.starts_with(m_turns[same].content);
    m_turns = turns;
    if (grows)
        grow();
    else
        render(same);
    verticalScrollBar()->setValue(atEnd ? verticalScrollBar()->maximum() : before);
}

void ChatTranscript::render(size_t from)
{
    QTextCursor cursor(document());
    cursor.beginEditBlock();
    cursor.setPosition(from < m_starts.size() ? m_starts[from] : document()->characterCount() - 1);
    cursor.movePosition(QTextCursor::End, QTextCursor::KeepAnchor);
    cursor.removeSelectedText();
    m_starts.resize(std::min(m_starts.size(), from));
    for (size_t i = from; i < m_turns.size(); ++i) {
        m_starts.push_back(cursor.position());
        write(cursor, m_turns[i], i == 0);
    }
    cursor.endEditBlock();
}

// Who speaks in small bold letters; a line of its own for what is said.
void ChatTranscript::write(QTextCursor& cursor, const ChatTurn& turn, bool first)
{
    const bool person = turn.role == "user";
    QFont bold = theme::smallFont();
    bold.setBold(true);
    QTextCharFormat head;
    head.setFont(bold);
    head.setForeground(person ? theme::secondary() : theme::accent());
    cursor.insertText(first ? QString() : QStringLiteral("\n\n"), plainFormat(*this, person));
    cursor.insertText(person ? tr("You") : tr("Answer"), head);
    m_line = 0;
    m_fenced = false;
    writeLines(cursor, turn);
}

// From m_line on, in a new line; remembers where the last one begins, the break before it included: it has the line's format.
void ChatTranscript::writeLines(QTextCursor& cursor, const ChatTurn& turn)
{
    const auto plain = plainFormat(*this, turn.role == "user"), code = codeFormat(*this);
    while (true) {
        const size_t end = std::min(turn.content.find('\n', m_line), turn.content.size());
        m_lineShown = format::lines(turn.content.substr(m_line, end - m_line));
        const bool fence = isFence(m_lineShown);
        const auto& format = m_fenced || fence ? code : plain;
        m_lineStart = cursor.position();
        cursor.insertText(QStringLiteral("\n") + m_lineShown, format);
        if (end == turn.content.size())
            return;
        m_fenced = m_fenced != fence;
        m_line = end + 1;
    }
}

// The last turn has more to say: what is shown of it stays as it is, and with it what a person has selected there.
void ChatTranscript::grow()
{
    const ChatTurn& turn = m_turns.back();
    const size_t end = std::min(turn.content.find('\n', m_line), turn.content.size());
    const auto shown = format::lines(turn.content.substr(m_line, end - m_line));
    QTextCursor cursor(document());
    cursor.beginEditBlock();
    cursor.movePosition(QTextCursor::End);
    // Half a letter, or half a fence, looks otherwise once it is whole.
    if (!shown.startsWith(m_lineShown) || isFence(shown) != isFence(m_lineShown)) {
        cursor.setPosition(m_lineStart, QTextCursor::KeepAnchor);
        cursor.removeSelectedText();
        writeLines(cursor, turn);
    } else {
        const auto format = m_fenced || isFence(shown) ? codeFormat(*this) : plainFormat(*this, turn.role == "user");
        cursor.insertText(shown.mid(m_lineShown.size()), format);
        m_lineShown = shown;
        if (end < turn.content.size()) {
            m_fenced = m_fenced != isFence(shown);
            m_line = end + 1;
            writeLines(cursor, turn);
        }
    }
    cursor.endEditBlock();
}

void ChatTranscript::changeEvent(QEvent* event)
{
    QPlainTextEdit::changeEvent(event);
    if (event->type() == QEvent::PaletteChange && !m_turns.empty())
        render(0);
}

}  // namespace rankwright
