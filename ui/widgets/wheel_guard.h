// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// In a page that scrolls, the wheel scrolls the page; it changes a value only where a person has put the focus.
#pragma once

#include <QEvent>
#include <QWidget>

namespace rankwright {

class WheelGuard : public QObject
{
public:
    // Watches `editor`, which owns it.
    explicit WheelGuard(QWidget* editor) : QObject(editor) { editor->installEventFilter(this); }

protected:
    bool eventFilter(QObject* watched, QEvent* event) override
    {
        auto* widget = qobject_cast<QWidget*>(watched);
        if (event->type() == QEvent::Wheel && widget != nullptr && !widget->hasFocus()) {
            event->ignore();
            return true;
        }
        return QObject::eventFilter(watched, event);
    }
};

}  // namespace rankwright
