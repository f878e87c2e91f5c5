// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/widgets/close_question.h"

#include <QPushButton>

namespace rankwright {

CloseQuestion::CloseQuestion(QWidget* parent) : QMessageBox(parent)
{
    setAttribute(Qt::WA_DeleteOnClose);
    setTextFormat(Qt::PlainText);
    setIcon(QMessageBox::NoIcon);
    setWindowTitle(tr("A run is training"));
    setText(tr("A run is training. What should happen to it?"));
    setInformativeText(tr("Stopping writes a checkpoint first, so the run can go on later from the step it is at."));
    auto* stop = addButton(tr("Stop and save"), QMessageBox::AcceptRole);
    auto* keep = addButton(tr("Keep running without a window"), QMessageBox::AcceptRole);
    auto* cancel = addButton(tr("Cancel"), QMessageBox::RejectRole);
    stop->setObjectName(QStringLiteral("stop"));
    keep->setObjectName(QStringLiteral("keep"));
    cancel->setObjectName(QStringLiteral("cancel"));
    for (QPushButton* button : {stop, keep, cancel})
        button->setAccessibleName(button->text());
    setDefaultButton(stop);
    setEscapeButton(cancel);
    connect(this, &QMessageBox::buttonClicked, this, [this, stop, keep](QAbstractButton* chosen) {
        if (chosen == stop)
            emit stopChosen();
        else if (chosen == keep)
            emit keepChosen();
    });
}

}  // namespace rankwright
