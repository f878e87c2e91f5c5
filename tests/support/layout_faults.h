// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What a person would see as broken in a laid-out page: text that does not fit into its label or button, parts that lie over each
// other or outside of what holds them, a horizontal scroll bar.
#pragma once

#include <QAbstractButton>
#include <QAbstractScrollArea>
#include <QComboBox>
#include <QLabel>
#include <QLayout>
#include <QScrollBar>

namespace rankwright {

inline QString widgetName(const QWidget& widget)
{
    const auto* label = qobject_cast<const QLabel*>(&widget);
    return QStringLiteral("%1 \"%2\"").arg(QString::fromLatin1(widget.metaObject()->className()),
        label ? label->text().left(60) : widget.accessibleName() + widget.objectName());
}

// Labels that wrap need their height, others their width; buttons and boxes their whole hint's width.
inline bool textFits(const QWidget& widget)
{
    if (const auto* label = qobject_cast<const QLabel*>(&widget)) {
        if (label->wordWrap())
            return label->heightForWidth(label->width()) <= label->height() + 1;
        return label->sizeHint().width() <= label->width() + 1;
    }
    if (qobject_cast<const QAbstractButton*>(&widget))
        return widget.sizeHint().width() <= widget.width() + 1;
    return true;
}

inline QStringList layoutFaults(QWidget& page)
{
    QStringList faults;
    for (QWidget* widget : page.findChildren<QWidget*>()) {
        if (!widget->isVisibleTo(&page) || widget->isWindow())
            continue;
        QWidget* parent = widget->parentWidget();
        const auto* area = qobject_cast<QAbstractScrollArea*>(widget);
        if (area && area->horizontalScrollBar()->isVisible())
            faults << widgetName(*widget) + QStringLiteral(" scrolls sideways");
        // Insides of tables, boxes and scroll areas arrange themselves.
        bool inner = false;
        for (const QWidget* above = parent; above && above != &page; above = above->parentWidget())
            inner = inner || qobject_cast<const QAbstractScrollArea*>(above) || qobject_cast<const QComboBox*>(above);
        if (inner || parent->layout() == nullptr)
            continue;
        if (!parent->rect().contains(widget->geometry()))
            faults << widgetName(*widget) + QStringLiteral(" reaches outside of ") + widgetName(*parent);
        if (!textFits(*widget))
            faults << widgetName(*widget) + QStringLiteral(" has no room: %1 of %2").arg(widget->width()).arg(widget->sizeHint().width());
        for (const QWidget* other : parent->findChildren<QWidget*>(Qt::FindDirectChildrenOnly)) {
            if (other < widget && other->isVisibleTo(&page) && !other->isWindow() && parent->layout()->indexOf(other) >= 0
                && other->geometry().intersects(widget->geometry()))
                faults << widgetName(*widget) + QStringLiteral(" lies over ") + widgetName(*other);
        }
    }
    return faults;
}

}  // namespace rankwright
