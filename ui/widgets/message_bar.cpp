// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/widgets/message_bar.h"

#include "ui/theme.h"
#include "ui/widgets/labels.h"

#include <QAccessible>
#include <QEvent>
#include <QHBoxLayout>
#include <QPainter>
#include <QToolButton>

namespace rankwright {

MessageBar::MessageBar(QWidget* parent) : QFrame(parent), m_label(new PlainLabel), m_close(new QToolButton)
{
    m_label->setWordWrap(true);
    m_label->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    m_label->setAccessibleName(tr("Message"));
    m_label->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
    m_close->setIcon(theme::icon(QStringLiteral("close")));
    m_close->setAutoRaise(true);
    m_close->setAccessibleName(tr("Close message"));
    m_close->setToolTip(tr("Close this message"));
    connect(m_close, &QToolButton::clicked, this, &MessageBar::clear);
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(16, 6, 8, 6);
    row->setSpacing(8);
    row->addWidget(m_label, 1);
    row->addWidget(m_close, 0, Qt::AlignTop);
    setFrameShape(QFrame::NoFrame);
    setAutoFillBackground(true);
    setVisible(false);
}

void MessageBar::say(const QString& text, bool problem)
{
    setProperty("problem", problem);
    m_label->setText(text);
    QPalette colours = palette();
    colours.setColor(QPalette::Window, theme::messageGround(problem));
    setPalette(colours);
    setVisible(!text.isEmpty());
    if (!text.isEmpty())
        QAccessible::updateAccessibility(std::make_unique<QAccessibleEvent>(m_label, QAccessible::Alert).get());
}

void MessageBar::clear()
{
    m_label->clear();
    setVisible(false);
}

QString MessageBar::text() const
{
    return m_label->text();
}

void MessageBar::changeEvent(QEvent* event)
{
    QFrame::changeEvent(event);
    if (event->type() == QEvent::ApplicationPaletteChange && isVisibleTo(parentWidget()))
        say(m_label->text(), property("problem").toBool());
}

void MessageBar::paintEvent(QPaintEvent* event)
{
    QFrame::paintEvent(event);
    QPainter painter(this);
    painter.fillRect(0, 0, 4, height(), property("problem").toBool() ? theme::bad() : theme::accent());
}

}  // namespace rankwright
