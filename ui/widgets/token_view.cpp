// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A read-only text with one character format per token. Plain text all through: nothing in a sample is ever markup.
#include "ui/widgets/token_view.h"

#include "training/api/error.h"
#include "ui/format.h"
#include "ui/theme.h"
#include "ui/widgets/labels.h"

#include <QHelpEvent>
#include <QTextBlock>
#include <QToolTip>

#include <algorithm>
#include <cmath>

namespace rankwright {

namespace {

QColor mixed(const QColor& a, const QColor& b, double share)
{
    const auto channel = [share](int x, int y) { return int(std::lround(std::lerp(double(x), double(y), share))); };
    return QColor(channel(a.red(), b.red()), channel(a.green(), b.green()), channel(a.blue(), b.blue()));
}

}  // namespace

QString pieceText(const std::string& piece)
{
    QString text;
    std::string rest;
    const auto flush = [&] {
        text += format::text(escaped(rest));
        rest.clear();
    };
    for (const char c : piece) {
        if (c != '\n' && c != '\t') {
            rest += c;
            continue;
        }
        flush();
        text += c == '\n' ? QStringLiteral("↵\n") : QStringLiteral("⇥\t");
    }
    flush();
    return text;
}

TokenView::TokenView(QWidget* parent) : QPlainTextEdit(parent)
{
    setReadOnly(true);
    setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    setTabChangesFocus(true);
    setUndoRedoEnabled(false);
    setWordWrapMode(QTextOption::WrapAtWordBoundaryOrAnywhere);
    setAccessibleName(tr("Sample: trained tokens are tinted, masked tokens are grey"));
    document()->setDocumentMargin(12);
}

QColor TokenView::trainedColor() const
{
    return mixed(palette().color(QPalette::Base), theme::accent(), theme::isDark() ? 0.40 : 0.22);
}

void TokenView::setRow(const PreviewRow& row)
{
    m_row = row;
    render();
    moveCursor(QTextCursor::Start);
}

void TokenView::clearRow()
{
    m_row = {};
    render();
}

void TokenView::setColours(Colours colours)
{
    m_colours = colours;
    render();
}

QTextCharFormat TokenView::shapeOf(const PreviewPiece& piece, size_t index) const
{
    const auto base = palette().color(QPalette::Base), ink = palette().color(QPalette::Text);
    const bool dark = theme::isDark();
    QTextCharFormat shape;
    if (m_colours == Colours::pieces) {
        shape.setBackground(mixed(base, theme::seriesColor(int(index % 4)), dark ? 0.35 : 0.25));
        shape.setForeground(ink);
    } else if (piece.trained) {
        shape.setBackground(index % 2 == 0 ? trainedColor() : mixed(base, theme::accent(), dark ? 0.52 : 0.34));
        shape.setForeground(ink);
    } else {
        shape.setBackground(index % 2 == 0 ? base : mixed(base, ink, dark ? 0.10 : 0.06));
        shape.setForeground(mixed(ink, base, 0.36));   // grey, above 4.5:1 on the base colour
    }
    if (piece.special) {
        shape.setFontWeight(QFont::Bold);
        shape.setUnderlineStyle(QTextCharFormat::DotLine);
    }
    return shape;
}

void TokenView::render()
{
    clear();
    m_ends.clear();
    QTextCursor cursor(document());
    cursor.beginEditBlock();
    for (size_t i = 0; i < m_row.pieces.size(); ++i) {
        cursor.insertText(pieceText(m_row.pieces[i].text), shapeOf(m_row.pieces[i], i));
        m_ends.push_back(cursor.position());
    }
    if (m_row.truncated) {
        QTextCharFormat shape;
        shape.setForeground(mixed(palette().color(QPalette::Text), palette().color(QPalette::Base), 0.36));
        shape.setFontItalic(true);
        cursor.insertText(tr("\n… cut off: the row has %1 tokens").arg(format::count(m_row.tokens)), shape);
    }
    cursor.endEditBlock();
}

QString TokenView::tip(int index) const
{
    const PreviewPiece& piece = m_row.pieces[size_t(index)];
    auto text = tr("Token %1 of %2, id %3").arg(index + 1).arg(m_row.pieces.size()).arg(piece.id);
    if (m_colours == Colours::training)
        text = tr("%1 (%2)").arg(text, piece.trained ? tr("trained: counts for the loss") : tr("masked: read, but no loss"));
    if (piece.special)
        text += '\n' + tr("Added by the template or the tokenizer");
    if (piece.begin >= 0)
        text += '\n' + tr("Bytes %1 to %2 of the row's text").arg(piece.begin).arg(piece.end);
    return text;
}

int TokenView::pieceAt(int position) const
{
    const auto found = std::upper_bound(m_ends.begin(), m_ends.end(), position);
    return found == m_ends.end() ? -1 : int(found - m_ends.begin());
}

void TokenView::changeEvent(QEvent* event)
{
    QPlainTextEdit::changeEvent(event);
    if (event->type() == QEvent::PaletteChange)
        render();
}

bool TokenView::viewportEvent(QEvent* event)
{
    if (event->type() != QEvent::ToolTip)
        return QPlainTextEdit::viewportEvent(event);
    const auto* help = static_cast<QHelpEvent*>(event);
    const int index = pieceAt(cursorForPosition(help->pos()).position());
    if (index < 0) {
        QToolTip::hideText();
        return true;
    }
    const auto text = tip(index);
    QToolTip::showText(help->globalPos(), QStringLiteral("<qt>%1</qt>").arg(plainMessage(text)), viewport());
    return true;
}

}  // namespace rankwright
