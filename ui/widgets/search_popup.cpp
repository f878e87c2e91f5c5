// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/widgets/search_popup.h"

#include <QKeyEvent>
#include <QLineEdit>
#include <QListWidget>
#include <QScreen>

#include <algorithm>

namespace rankwright {

SearchPopup::SearchPopup(QWidget* parent) : QFrame(parent, Qt::Popup), m_field(new QLineEdit(this)), m_list(new QListWidget(this))
{
    setFrameShape(QFrame::StyledPanel);
    m_field->installEventFilter(this);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    connect(m_field, &QLineEdit::textChanged, this, [this] { fill(); });
    connect(m_field, &QLineEdit::returnPressed, this, [this] { take(); });
    connect(m_list, &QListWidget::itemActivated, this, [this] { take(); });
}

QStringList SearchPopup::titles() const
{
    QStringList found;
    for (int row = 0; row < m_list->count(); ++row)
        found.append(m_list->item(row)->text());
    return found;
}

void SearchPopup::openAt(QWidget& anchor, const QSize& size)
{
    resize(size);
    QPoint at = anchor.mapToGlobal(QPoint(anchor.width() - size.width(), anchor.height() + 4));
    if (const QScreen* screen = anchor.screen()) {
        const QRect room = screen->availableGeometry();
        at.setX(std::clamp(at.x(), room.left(), std::max(room.left(), room.right() - size.width())));
        at.setY(std::clamp(at.y(), room.top(), std::max(room.top(), room.bottom() - size.height())));
    }
    move(at);
    show();
    m_field->setFocus();
}

bool SearchPopup::eventFilter(QObject* watched, QEvent* event)
{
    if (watched == m_field && event->type() == QEvent::KeyPress) {
        const int key = static_cast<QKeyEvent*>(event)->key();
        if (key == Qt::Key_Down || key == Qt::Key_Up) {
            const int step = key == Qt::Key_Down ? 1 : -1;
            m_list->setCurrentRow(std::clamp(m_list->currentRow() + step, 0, std::max(0, m_list->count() - 1)));
            return true;
        }
    }
    return QFrame::eventFilter(watched, event);
}

}  // namespace rankwright
