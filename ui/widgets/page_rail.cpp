// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/widgets/page_rail.h"

#include "ui/pages/page.h"
#include "ui/theme.h"
#include "ui/widgets/labels.h"

#include <QButtonGroup>
#include <QFocusEvent>
#include <QPainter>
#include <QToolButton>
#include <QVBoxLayout>

namespace rankwright {

namespace {

constexpr int kWidth = 88, kButtonHeight = 60;

// The current page has the accent at its left edge and a lighter ground; Fusion's sunken look would be a grey box.
class RailButton : public QToolButton
{
public:
    explicit RailButton(const Page& page)
    {
        setIcon(theme::icon(page.iconName()));
        setIconSize({24, 24});
        setText(page.title());
        setCheckable(true);
        setFixedSize(kWidth, kButtonHeight);
        setFocusPolicy(Qt::TabFocus);
    }

protected:
    // The frame is for people who move by keyboard; a click needs none.
    void focusInEvent(QFocusEvent* event) override
    {
        m_byKeyboard = event->reason() == Qt::TabFocusReason || event->reason() == Qt::BacktabFocusReason;
        QToolButton::focusInEvent(event);
    }

    void paintEvent(QPaintEvent*) override
    {
        QPainter painter(this);
        const bool lit = isChecked() || underMouse();
        if (lit)
            painter.fillRect(rect(), isChecked() ? palette().color(QPalette::Base) : palette().color(QPalette::Button));
        if (isChecked())
            painter.fillRect(0, 0, 3, height(), theme::accent());
        if (hasFocus() && m_byKeyboard) {
            painter.setPen(QPen(theme::accent(), 1));
            painter.drawRect(rect().adjusted(5, 2, -3, -3));
        }
        const QRect place((width() - 24) / 2, 8, 24, 24);
        icon().paint(&painter, place, Qt::AlignCenter, isEnabled() ? QIcon::Normal : QIcon::Disabled,
            isChecked() ? QIcon::On : QIcon::Off);
        painter.setFont(theme::smallFont());
        painter.setPen(isChecked() ? palette().color(QPalette::WindowText) : theme::secondary());
        painter.drawText(QRect(0, 36, width(), 18), Qt::AlignCenter, text());
    }

private:
    bool m_byKeyboard = false;
};

}  // namespace

PageRail::PageRail(const std::vector<Page*>& pages, QWidget* parent)
    : QWidget(parent)
    , m_buttons(new QButtonGroup(this))
{
    setFixedWidth(kWidth);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 8, 0, 8);
    column->setSpacing(2);
    for (size_t i = 0; i < pages.size(); ++i) {
        auto* button = new RailButton(*pages[i]);
        button->setAccessibleName(tr("Page %1").arg(pages[i]->title()));
        setPlainToolTip(button, tr("%1 (Ctrl+%2)").arg(pages[i]->title()).arg(i + 1));
        m_buttons->addButton(button, int(i));
        column->addWidget(button);
    }
    column->addStretch(1);
    connect(m_buttons, &QButtonGroup::idClicked, this, &PageRail::chosen);
}

void PageRail::setCurrent(int index)
{
    if (auto* button = m_buttons->button(index))
        button->setChecked(true);
}

}  // namespace rankwright
