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

// Of fields and buttons; visible on both palettes.
QColor edgeOf(const QPalette& colours)
{
    return mixed(colours.color(QPalette::Mid), colours.color(QPalette::WindowText), 0.18);
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
    const auto* frame = qstyleoption_cast<const QStyleOptionFrame*>(option);
    const bool framed = type == CT_LineEdit && frame && frame->lineWidth > 0;
    if (type == CT_PushButton || framed || type == CT_SpinBox || type == CT_ComboBox)
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

void FlatStyle::drawField(const QStyleOption& option, QPainter& painter)
{
    const QPalette& colours = option.palette;
    const bool enabled = option.state & State_Enabled;
    const bool focused = enabled && (option.state & State_HasFocus);
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(focused ? colours.color(QPalette::Highlight) : edgeOf(colours), 1));
    painter.setBrush(colours.color(enabled ? QPalette::Base : QPalette::Window));
    painter.drawRoundedRect(QRectF(option.rect).adjusted(0.5, 0.5, -0.5, -0.5), kRadius, kRadius);
    painter.restore();
}

void FlatStyle::drawCheck(const QStyleOption& option, QPainter& painter)
{
    const QPalette& colours = option.palette;
    const bool on = option.state & State_On, some = option.state & State_NoChange, enabled = option.state & State_Enabled;
    const int side = std::min({option.rect.width(), option.rect.height(), 14});
    QRectF box(0, 0, side - 1, side - 1);
    box.moveCenter(QRectF(option.rect).center());
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    const QColor edge = mixed(colours.color(QPalette::Base), colours.color(QPalette::Text), enabled ? 0.6 : 0.3);
    const QColor accent = enabled ? colours.color(QPalette::Highlight) : edge;
    // In a selected row the accent is the ground: the box keeps its own.
    const bool filled = (on || some) && !(option.state & State_Selected);
    painter.setPen(QPen(filled ? accent : edge, 1));
    painter.setBrush(filled ? accent : colours.color(QPalette::Base));
    painter.drawRoundedRect(box, 2, 2);
    painter.setPen(QPen(filled ? colours.color(QPalette::HighlightedText) : colours.color(QPalette::Text), 1.8,
        Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    const auto at = [&box](double x, double y) { return box.topLeft() + QPointF(x * box.width(), y * box.height()); };
    if (on)
        painter.drawPolyline(QPolygonF{at(0.22, 0.52), at(0.43, 0.73), at(0.79, 0.28)});
    else if (some)
        painter.drawLine(at(0.25, 0.5), at(0.75, 0.5));
    painter.restore();
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
        edge = edgeOf(colours);
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

// The current tab has the accent below its name; only tabs above their page are used.
void FlatStyle::drawTab(const QStyleOption& option, QPainter& painter)
{
    const bool current = option.state & State_Selected;
    if (!current && (option.state & State_MouseOver))
        painter.fillRect(option.rect, option.palette.color(QPalette::Button));
    const QRect line(option.rect.left(), option.rect.bottom() - 1, option.rect.width(), 2);
    painter.fillRect(current ? line : line.adjusted(0, 1, 0, 0),
        option.palette.color(current ? QPalette::Highlight : QPalette::Mid));
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
    if (element == PE_IndicatorCheckBox || element == PE_IndicatorItemViewItemCheck)
        return drawCheck(*option, *painter);
    if (element == PE_PanelLineEdit) {
        const auto* frame = qstyleoption_cast<const QStyleOptionFrame*>(option);
        if (frame && frame->lineWidth > 0)
            return drawField(*option, *painter);
    }
    if (element == PE_FrameDefaultButton || element == PE_FrameTabWidget)
        return;
    if (element == PE_FrameTabBarBase) {
        painter->fillRect(option->rect.left(), option->rect.bottom(), option->rect.width(), 1,
            option->palette.color(QPalette::Mid));
        return;
    }
    if (element == PE_IndicatorProgressChunk)
        return;
    QProxyStyle::drawPrimitive(element, option, painter, widget);
}

// Fusion takes the edge of these from the window's colour, 1.4 times darker, which is hardly seen on a dark window.
void FlatStyle::drawComplexControl(
    ComplexControl control, const QStyleOptionComplex* option, QPainter* painter, const QWidget* widget) const
{
    const auto* combo = qstyleoption_cast<const QStyleOptionComboBox*>(option);
    const auto* spin = qstyleoption_cast<const QStyleOptionSpinBox*>(option);
    const auto withEdge = [option](auto copy) {
        copy.palette.setColor(QPalette::Window, edgeOf(option->palette).lighter(140));
        return copy;
    };
    if (spin) {
        const auto shown = withEdge(*spin);
        return QProxyStyle::drawComplexControl(control, &shown, painter, widget);
    }
    if (combo && combo->editable) {
        const auto shown = withEdge(*combo);
        return QProxyStyle::drawComplexControl(control, &shown, painter, widget);
    }
    QProxyStyle::drawComplexControl(control, option, painter, widget);
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
    case CE_TabBarTabShape:
        return drawTab(*option, *painter);
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
