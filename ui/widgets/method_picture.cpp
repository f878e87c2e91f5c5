// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/widgets/method_picture.h"

#include "ui/format.h"
#include "ui/theme.h"
#include "ui/widgets/labels.h"

#include <QPainter>
#include <QPainterPath>

namespace rankwright {

namespace {

// All lengths in pixels of a 120 x 56 space.
constexpr double kTop = 8, kSide = 40;                // of the weight
constexpr double kWeight = 12, kMagnitude = 2, kPlus = 59, kB = 68, kCore = 80, kA = 92;
constexpr double kThin = 8, kWide = 26;

struct Inks
{
    QColor trained, frozen, edge, line, ground;
};

Inks inksOf(const QColor& trained, const QPalette& palette)
{
    const QColor text = palette.color(QPalette::Text), ground = palette.color(QPalette::Base);
    const auto between = [&](double share) {
        return QColor::fromRgbF(float(text.redF() * share + ground.redF() * (1 - share)),
            float(text.greenF() * share + ground.greenF() * (1 - share)),
            float(text.blueF() * share + ground.blueF() * (1 - share)));
    };
    return {trained, between(0.16), between(0.45), between(0.7), ground};
}

void block(QPainter& painter, const QRectF& place, Part part, const Inks& inks)
{
    if (part == Part::absent)
        return;
    const bool trained = part == Part::trained;
    painter.setPen(QPen(trained ? inks.trained.darker(theme::isDark() ? 80 : 130) : inks.edge, 1));
    painter.setBrush(trained ? inks.trained : inks.frozen);
    painter.drawRect(place);
    if (trained)
        return;
    // Frozen also reads without colour: a light hatch.
    painter.save();
    painter.setClipRect(place);
    painter.setPen(QPen(inks.edge, 0.6));
    for (double x = place.left() - place.height(); x < place.right(); x += 6)
        painter.drawLine(QPointF(x, place.bottom()), QPointF(x + place.height(), place.top()));
    painter.restore();
}

// Few bits: the weight in coarse cells instead of the hatch.
void grid(QPainter& painter, const QRectF& place, const Inks& inks)
{
    painter.setPen(QPen(inks.edge, 1));
    painter.setBrush(inks.frozen);
    painter.drawRect(place);
    for (int i = 1; i < 5; ++i) {
        const double at = i * kSide / 5;
        painter.drawLine(QPointF(place.left() + at, place.top()), QPointF(place.left() + at, place.bottom()));
        painter.drawLine(QPointF(place.left(), place.top() + at), QPointF(place.right(), place.top() + at));
    }
    for (int i = 0; i < 25; i += 2) {
        const QRectF cell(place.left() + (i % 5) * kSide / 5, place.top() + double(i / 5) * kSide / 5, kSide / 5, kSide / 5);
        painter.fillRect(cell.adjusted(1.5, 1.5, -1.5, -1.5), inks.edge);
    }
}

// What the adapter took with it at the start is missing from the weight: an open strip of the adapter's thickness.
void cutOut(QPainter& painter, const QRectF& weight, const Inks& inks)
{
    const QRectF strip(weight.left() - 1, weight.top() + 9, weight.width() + 2, kThin + 2);
    painter.fillRect(strip, inks.ground);
    painter.setPen(QPen(inks.line, 1, Qt::DotLine));
    painter.drawLine(strip.topLeft(), strip.topRight());
    painter.drawLine(strip.bottomLeft(), strip.bottomRight());
}

// From the adapter back to the weight: it moves along.
void drift(QPainter& painter, const QRectF& weight, const Inks& inks)
{
    const double y = weight.bottom() - 5;
    const QPointF tip(weight.right() - 6, y);
    painter.setPen(QPen(inks.trained, 2, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    painter.drawLine(QPointF(kPlus + 5, y), tip);
    painter.drawPolyline(QPolygonF{tip + QPointF(5, -4), tip, tip + QPointF(5, 4)});
}

bool hasAdapter(const MethodPicture& picture)
{
    return picture.A != Part::absent || picture.B != Part::absent || picture.core != Part::absent;
}

QString numberOf(double bits)
{
    auto text = QString::number(bits, 'f', 2);
    while (text.endsWith('0'))
        text.chop(1);
    return text.endsWith('.') ? text.chopped(1) : text;
}

}  // namespace

double bitsOf(const std::string& base)
{
    for (const BaseFormat& format : baseFormats())
        if (format.id == base && base != "none")
            return format.bits;
    return 0;
}

QString pictureSentence(const MethodPicture& picture, double bits)
{
    QString weight = picture.residual ? MethodPictureView::tr("the residual of W") : QStringLiteral("W");
    if (bits > 0)
        weight = MethodPictureView::tr("%1 (%2 bits)").arg(weight, numberOf(bits));
    if (picture.drifts)
        weight = MethodPictureView::tr("%1, which moves along with the adapter").arg(weight);
    struct Named { Part part; QString name; };
    const Named parts[] = {{picture.A, QStringLiteral("A")}, {picture.B, QStringLiteral("B")},
        {picture.core, MethodPictureView::tr("the core between them")},
        {picture.magnitude, MethodPictureView::tr("a magnitude for each row")}};
    QStringList frozen, trained;
    (picture.weight == Part::trained ? trained : frozen) << weight;
    for (const auto& [part, name] : parts)
        if (part != Part::absent)
            (part == Part::trained ? trained : frozen) << name;
    QStringList sentences;
    if (!frozen.isEmpty())
        sentences << MethodPictureView::tr("Frozen: %1.").arg(frozen.join(QStringLiteral(", ")));
    if (!trained.isEmpty())
        sentences << MethodPictureView::tr("Trained: %1.").arg(trained.join(QStringLiteral(", ")));
    return sentences.join(' ');
}

void paintMethodPicture(QPainter& painter, const MethodPicture& picture, bool quantised, const QColor& trained,
    const QPalette& palette)
{
    const Inks inks = inksOf(trained, palette);
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.translate(0.5, 0.5);
    const QRectF weight(kWeight, kTop, kSide, kSide);
    if (quantised && picture.weight == Part::frozen)
        grid(painter, weight, inks);
    else
        block(painter, weight, picture.weight, inks);
    if (picture.residual)
        cutOut(painter, weight, inks);
    block(painter, QRectF(kMagnitude, kTop, 5, kSide), picture.magnitude, inks);
    if (hasAdapter(picture)) {
        painter.setPen(QPen(inks.line, 1.5));
        const double middle = kTop + (picture.drifts ? kSide / 2 - 6 : kSide / 2);
        painter.drawLine(QPointF(kPlus - 3.5, middle), QPointF(kPlus + 3.5, middle));
        painter.drawLine(QPointF(kPlus, middle - 3.5), QPointF(kPlus, middle + 3.5));
    }
    // Without a core A moves next to B.
    const double shift = picture.core == Part::absent ? kCore - kA : 0;
    block(painter, QRectF(kB, kTop, kThin, kSide), picture.B, inks);
    block(painter, QRectF(kCore, kTop, kThin, kThin), picture.core, inks);
    block(painter, QRectF(kA + shift, kTop, kWide, kThin), picture.A, inks);
    if (picture.drifts)
        drift(painter, weight, inks);
    painter.restore();
}

MethodPictureView::MethodPictureView(const MethodCard& card, QWidget* parent)
    : QWidget(parent), m_method(format::text(card.id))
{
    setFixedSize(kPictureSize);
    setAccessibleName(tr("What %1 trains").arg(format::text(card.title)));
    show(card.picture, bitsOf(card.base));
}

void MethodPictureView::show(const MethodPicture& picture, double bits)
{
    const auto sentence = pictureSentence(picture, bits);
    if (sentence == accessibleDescription())   // it names everything that is drawn
        return;
    m_picture = picture;
    m_bits = bits;
    setAccessibleDescription(sentence);
    setPlainToolTip(this, sentence + '\n' + tr("Colour: trained. Grey: frozen.")
            + (bits > 0 ? '\n' + tr("Squares: stored in few bits.") : QString())
            + (picture.residual ? '\n' + tr("Open strip: what the adapter takes over at the start.") : QString())
            + (picture.drifts ? '\n' + tr("Arrow: the weight follows the adapter.") : QString()));
    update();
}

void MethodPictureView::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    paintMethodPicture(painter, m_picture, m_bits > 0, theme::methodColor(m_method), palette());
}

}  // namespace rankwright
