// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Asked when the window is closed while a run trains. A class of its own, so that Qt draws it itself: a desktop's
// message box would take the text for markup.
#pragma once

#include <QMessageBox>

namespace rankwright {

class CloseQuestion : public QMessageBox
{
    Q_OBJECT
public:
    explicit CloseQuestion(QWidget* parent);   // deletes itself when answered

signals:
    void stopChosen();
    void keepChosen();
};

}  // namespace rankwright
