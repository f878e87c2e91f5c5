// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Fusion without its gradients: flat buttons, headers and progress bars in the palette's colours, more room in
// tables, and the default button filled with the accent.
#pragma once

#include <QProxyStyle>

namespace rankwright::theme {

class FlatStyle : public QProxyStyle
{
    Q_OBJECT
public:
    FlatStyle();
    int pixelMetric(PixelMetric metric, const QStyleOption* option, const QWidget* widget) const override;
    QSize sizeFromContents(
        ContentsType type, const QStyleOption* option, const QSize& size, const QWidget* widget) const override;
    QRect subElementRect(SubElement element, const QStyleOption* option, const QWidget* widget) const override;
    void drawPrimitive(
        PrimitiveElement element, const QStyleOption* option, QPainter* painter, const QWidget* widget) const override;
    void drawControl(
        ControlElement element, const QStyleOption* option, QPainter* painter, const QWidget* widget) const override;
    void drawComplexControl(ComplexControl control, const QStyleOptionComplex* option, QPainter* painter,
        const QWidget* widget) const override;

private:
    static void drawCheck(const QStyleOption& option, QPainter& painter);
    static void drawField(const QStyleOption& option, QPainter& painter);
    static void drawButton(const QStyleOption& option, QPainter& painter);
    static void drawHeader(const QStyleOption& option, QPainter& painter);
    static void drawTab(const QStyleOption& option, QPainter& painter);
    static void drawProgress(const QStyleOption& option, QPainter& painter);
    void drawButtonLabel(const QStyleOption& option, QPainter* painter, const QWidget* widget) const;
};

}  // namespace rankwright::theme
