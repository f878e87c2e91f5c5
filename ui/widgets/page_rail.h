// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The rail of pages on the window's left: an icon and a name each; the arrow keys move within it.
#pragma once

#include <QWidget>

class QButtonGroup;

namespace rankwright {

class Page;

class PageRail : public QWidget
{
    Q_OBJECT
public:
    explicit PageRail(const std::vector<Page*>& pages, QWidget* parent = nullptr);
    void setCurrent(int index);

signals:
    void chosen(int index);

private:
    QButtonGroup* m_buttons;
};

}  // namespace rankwright
