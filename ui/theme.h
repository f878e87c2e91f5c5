// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Palette, fonts and series colours, light and dark. Everything drawn takes its colours from here or from the palette.
#pragma once

#include <QApplication>
#include <QColor>
#include <QFont>
#include <QIcon>
#include <QString>

namespace rankwright::theme {

enum class Mode { automatic, light, dark };
void apply(QApplication& application, Mode mode);       // Fusion style, palette, fonts
[[nodiscard]] bool isDark();                            // by the palette's lightness
[[nodiscard]] QColor accent();
[[nodiscard]] QColor secondary();                       // text of less weight, still 4.5:1 on both grounds
[[nodiscard]] QColor bad();                             // errors, NaN ticks
[[nodiscard]] QColor good();                            // text of a check that has passed
[[nodiscard]] QColor grid();                            // hairlines of charts, tables and panels
[[nodiscard]] QColor messageGround(bool problem);       // behind a MessageBar
[[nodiscard]] QFont titleFont();                        // 20 px, page titles
[[nodiscard]] QFont headingFont();                      // 13 px bold, parts of a page
[[nodiscard]] QFont smallFont();                        // 11 px, secondary text
// Ten hues that stay apart for people who see no red or no green. An arm keeps its colour on every page: lora orange, pissa
// blue, qlora vermillion, qpissa sky blue, loftq green, full grey; the others by their order in the registry.
[[nodiscard]] QColor methodColor(const QString& method);
// The dash pattern is the second channel: it tells methods of one hue apart, and the runs of one method (nth 0, 1, ...).
[[nodiscard]] Qt::PenStyle methodStyle(const QString& method, int nth = 0);
[[nodiscard]] Qt::PenStyle dashStyle(int index);
[[nodiscard]] QIcon icon(const QString& name);          // :/icons/NAME.svg tinted from the palette
[[nodiscard]] QColor heat(double share);                // 0..1, a perceptually even map (our own table)
// -1..1: warm below 0, the ground's grey at 0, blue above; also apart for people who see no red or no green.
[[nodiscard]] QColor diverging(double share);
// Series without a method: Okabe-Ito in turn.
[[nodiscard]] QColor seriesColor(int index);

}  // namespace rankwright::theme
