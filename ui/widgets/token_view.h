// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// One rendered sample: trained tokens tinted, masked ones grey, every second token a shade darker so that their borders
// show; tokens that the template or the tokenizer adds are bold and underlined.
#pragma once

#include "training/api/reports.h"

#include <QPlainTextEdit>

namespace rankwright {

class TokenView : public QPlainTextEdit
{
    Q_OBJECT
public:
    explicit TokenView(QWidget* parent = nullptr);
    enum class Colours { training, pieces };            // pieces: one after the other in turn, whatever is trained
    void setColours(Colours colours);
    void setRow(const PreviewRow& row);
    void clearRow();
    [[nodiscard]] int pieceAt(int position) const;      // index of the piece at a text position, -1 where none
    [[nodiscard]] QColor trainedColor() const;          // for a legend

protected:
    void changeEvent(QEvent* event) override;
    bool viewportEvent(QEvent* event) override;

private:
    void render();
    [[nodiscard]] QTextCharFormat shapeOf(const PreviewPiece& piece, size_t index) const;
    [[nodiscard]] QString tip(int piece) const;
    Colours m_colours = Colours::training;
    PreviewRow m_row;
    std::vector<int> m_ends;                            // text position after each piece
};

// A piece as shown: line breaks as "↵" and a break, tabs as "⇥", other control characters and broken UTF-8 escaped.
[[nodiscard]] QString pieceText(const std::string& piece);

}  // namespace rankwright
