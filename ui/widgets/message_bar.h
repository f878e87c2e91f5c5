// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// An error or a note beside what caused it, with a close button; no modal box.
#pragma once

#include <QFrame>

class QToolButton;

namespace rankwright {

class PlainLabel;

class MessageBar : public QFrame
{
    Q_OBJECT
public:
    explicit MessageBar(QWidget* parent = nullptr);   // hidden until something is said
    void say(const QString& text, bool problem);      // plain text, selectable
    void clear();
    [[nodiscard]] QString text() const;

protected:
    void changeEvent(QEvent* event) override;
    void paintEvent(QPaintEvent* event) override;

private:
    PlainLabel* m_label;
    QToolButton* m_close;
};

}  // namespace rankwright
