// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// One matrix' singular values as a line beside others: its colour tells the matrix, its dashes whose weights they are.
#pragma once

#include "training/api/events.h"

#include <QColor>
#include <QString>

namespace rankwright {

struct SpectrumLine
{
    QString label;
    ModuleSpectrum spectrum;
    QColor color;
    Qt::PenStyle style = Qt::SolidLine;
};

}  // namespace rankwright
