// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Gives QCustomPlot the pens, brushes and fonts of the palette; called again after every change of the palette.
#pragma once

#include <QColor>
#include <QPen>
#include <QString>

class QCPAxis;
class QCustomPlot;

namespace rankwright::plots {

void style(QCustomPlot& plot);
// Log or linear, with tickers that write plain numbers ("0.01", "10k" never "1e+01").
void setLog(QCPAxis& axis, bool on);
void setWhole(QCPAxis& axis, bool on);                 // of a linear axis: ticks at whole numbers only
[[nodiscard]] QPen curvePen(const QColor& color, Qt::PenStyle dash = Qt::SolidLine, double width = 1.6);
[[nodiscard]] QPen faintPen(const QColor& color);       // raw values behind a smoothed curve: 35 %
[[nodiscard]] QString csvField(const std::string& text); // quoted where needed, formula cells defused

}  // namespace rankwright::plots
