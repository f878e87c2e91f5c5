// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A page of the main window. Its constructor takes the Workbench; it never waits for work.
#pragma once

#include <QWidget>

namespace rankwright {

class Page : public QWidget
{
    Q_OBJECT
public:
    using QWidget::QWidget;
    [[nodiscard]] virtual QString id() const = 0;        // "models"
    [[nodiscard]] virtual QString title() const = 0;     // "Models"
    [[nodiscard]] virtual QString iconName() const = 0;  // resources/icons/NAME.svg
    virtual void activated() {}                          // the page has become the visible one
};

}  // namespace rankwright
