// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/flat_style.h"

#include "ui/theme.h"

#include <QPainter>
#include <QStyleFactory>
#include <QStyleOption>

#include <algorithm>

namespace rankwright::theme {

namespace {

constexpr double kRadius = 3;

QColor mixed(const QColor& a, const QColor& b, double share)
{
    return QColor::fromRgbF(float(a.redF() * (1 - share) + b.redF() * share),
        float(a.greenF() * (1 - share) + b.greenF() * share), float(a.blueF() * (1 - share) + b.blueF() * share));
}

bool isDefault(const QStyleOption& option)
{
    const auto* button = qstyleoption_cast<const QStyleOptionButton*>(&option);
    return button && button->features.testFlag(QStyleOptionButton::DefaultButton)
        && (option.state & QStyle::State_Enabled);
}

}  // namespace

FlatStyle::FlatStyle() : QProxyStyle(QStyleFactory::create(QStringLiteral("Fusion"))) {}

int FlatStyle::pixelMetric(PixelMetric metric, const QStyleOption* option, const QWidget* widget) const
{
    switch (metric) {
    case PM_HeaderMargin:
        return 6;
    case PM_FocusFrameHMargin:
        return 5;  // left and right of a table cell's text
    case PM_ButtonMargin:
        return 12;
    case PM_ScrollBarExtent:
        return 12;
    default:
        return QProxyStyle::pixelMetric(metric, option, widget);
    }
}

QSize FlatStyle::sizeFromContents(
    ContentsType type, const QStyleOption* option, const QSize& size, const QWidget* widget) const
{
    QSize room = QProxyStyle::sizeFromContents(type, option, size, widget);
    if (type == CT_PushButton || type == CT_LineEdit || type == CT_SpinBox || type == CT_ComboBox)
        room.setHeight(std::max(room.height(), 28));
    if (type == CT_PushButton)
        room.rwidth() += 12;
    return room;
}

QRect FlatStyle::subElementRect(SubElement element, const QStyleOption* option, const QWidget* widget) const
{
    const QRect place = QProxyStyle::subElementRect(element, option, widget);
    const auto* frame = qstyleoption_cast<const QStyleOptionFrame*>(option);
    // Not for the fields inside spin boxes and combo boxes, which have no frame of their own.
    return element == SE_LineEditContents && frame && frame->lineWidth > 0 ? place.adjusted(4, 0, -4, 0) : place;
}

void FlatStyle::drawButton(const QStyleOption& option, QPainter& painter)
{
    const bool enabled = option.state & State_Enabled;
    const QPalette& colours = option.palette;
    QColor ground = colours.color(QPalette::Button), edge = colours.color(QPalette::Mid);
    if (isDefault(option))
        ground = edge = colours.color(QPalette::Highlight);
    const QColor ink
        = isDefault(option) ? colours.color(QPalette::HighlightedText) : colours.color(QPalette::ButtonText);
    if (!enabled)
        ground = colours.color(QPalette::Window);
    else if (option.state & (State_Sunken | State_On))
        ground = mixed(ground, ink, 0.16);
    else if (option.state & State_MouseOver)
        ground = mixed(ground, ink, 0.07);
    if (enabled && !isDefault(option))
        edge = mixed(edge, colours.color(QPalette::ButtonText), 0.18);
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(edge, 1));
    painter.setBrush(ground);
    const QRectF shape = QRectF(option.rect).adjusted(0.5, 0.5, -0.5, -0.5);
    painter.drawRoundedRect(shape, kRadius, kRadius);
    if (enabled && (option.state & State_HasFocus) && (option.state & State_KeyboardFocusChange)) {
        painter.setPen(QPen(isDefault(option) ? ink : colours.color(QPalette::Highlight), 1));
        painter.setBrush(Qt::NoBrush);
        painter.drawRoundedRect(shape.adjusted(2, 2, -2, -2), kRadius - 1, kRadius - 1);
    }
    painter.restore();
}

void FlatStyle::drawHeader(const QStyleOption& option, QPainter& painter)
{
    const QPalette& colours = option.palette;
    painter.fillRect(option.rect, colours.color(QPalette::AlternateBase));
    painter.setPen(colours.color(QPalette::Mid));
    if (option.state & State_Horizontal)
        painter.drawLine(option.rect.bottomLeft(), option.rect.bottomRight());
    else
        painter.drawLine(option.rect.topRight(), option.rect.bottomRight());
}

void FlatStyle::drawProgress(const QStyleOption& option, QPainter& painter)
{
    const auto* bar = qstyleoption_cast<const QStyleOptionProgressBar*>(&option);
    if (!bar)
        return;
    QRectF done(option.rect);
    if (bar->maximum > bar->minimum) {
        const double share = double(bar->progress - bar->minimum) / double(bar->maximum - bar->minimum);
        done.setWidth(done.width() * std::clamp(share, 0.0, 1.0));
    } else {
        // How long it takes is not known: a part in the middle, still, since moving it would cost repaints for nothing.
        done.adjust(done.width() * 0.35, 0, -done.width() * 0.35, 0);
    }
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    const double radius = std::min(kRadius, option.rect.height() / 2.0);
    painter.setBrush(option.palette.color(QPalette::Mid));
    painter.drawRoundedRect(QRectF(option.rect), radius, radius);
    painter.setBrush(option.palette.color(QPalette::Highlight));
    if (done.width() >= 1)
        painter.drawRoundedRect(done, radius, radius);
    painter.restore();
}

void FlatStyle::drawPrimitive(
    PrimitiveElement element, const QStyleOption* option, QPainter* painter, const QWidget* widget) const
{
    if (element == PE_PanelButtonCommand)
        return drawButton(*option, *painter);
    if (element == PE_FrameDefaultButton)
        return;
    if (element == PE_IndicatorProgressChunk)
        return;
    QProxyStyle::drawPrimitive(element, option, painter, widget);
}

void FlatStyle::drawButtonLabel(const QStyleOption& option, QPainter* painter, const QWidget* widget) const
{
    const auto* button = qstyleoption_cast<const QStyleOptionButton*>(&option);
    if (!button || !isDefault(option)) {
        QProxyStyle::drawControl(CE_PushButtonLabel, &option, painter, widget);
        return;
    }
    QStyleOptionButton filled(*button);
    filled.palette.setColor(QPalette::ButtonText, option.palette.color(QPalette::HighlightedText));
    filled.state &= ~QStyle::State(State_HasFocus);
    if (!filled.icon.isNull()) {
        // On the accent, icons take the selected colour.
        const qreal ratio = painter->device()->devicePixelRatioF();
        filled.icon = QIcon(filled.icon.pixmap(filled.iconSize, ratio, QIcon::Selected));
    }
    QProxyStyle::drawControl(CE_PushButtonLabel, &filled, painter, widget);
}

void FlatStyle::drawControl(
    ControlElement element, const QStyleOption* option, QPainter* painter, const QWidget* widget) const
{
    switch (element) {
    case CE_HeaderSection:
        return drawHeader(*option, *painter);
    case CE_HeaderEmptyArea:
        painter->fillRect(option->rect, option->palette.color(QPalette::AlternateBase));
        return;
    case CE_ProgressBarGroove:
        return;
    case CE_ProgressBarContents:
        return drawProgress(*option, *painter);
    case CE_PushButtonLabel:
        return drawButtonLabel(*option, painter, widget);
    default:
        QProxyStyle::drawControl(element, option, painter, widget);
    }
}

}  // namespace rankwright::theme
