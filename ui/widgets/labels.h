// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Labels and tool tips that show text literally. A bare QLabel guesses rich text from its content and would open files that a
// file name or a run name mentions; a lint test refuses bare `new QLabel(` and setToolTip with other than literals.
#pragma once

#include <QLabel>
#include <QString>
#include <QWidget>

namespace rankwright {

class PlainLabel : public QLabel
{
    Q_OBJECT
public:
    explicit PlainLabel(const QString& text = {}, QWidget* parent = nullptr) : QLabel(parent)
    {
        setTextFormat(Qt::PlainText);
        setText(text);
    }
};

// Escapes text so that a tool tip or message box shows it literally.
[[nodiscard]] inline QString plainMessage(const QString& text) { return text.toHtmlEscaped().replace('\n', "<br>"); }
inline void setPlainToolTip(QWidget* widget, const QString& text)
{
    widget->setToolTip(QStringLiteral("<qt>%1</qt>").arg(plainMessage(text)));
}

}  // namespace rankwright
