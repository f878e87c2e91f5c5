// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A run of the comparison on screen as the views of the Run page choose among them.
#pragma once

#include <QColor>
#include <QString>

#include <string>

namespace rankwright {

struct RunChoice
{
    QString id, name;
    QColor color;
    Qt::PenStyle style = Qt::SolidLine;
    std::string folder;
    bool hasEnded = false;        // there is a checkpoint to measure
};

}  // namespace rankwright
