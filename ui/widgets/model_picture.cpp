// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/widgets/model_picture.h"

#include "ui/format.h"
#include "ui/theme.h"
#include "ui/widgets/labels.h"

#include <QHelpEvent>
#include <QPainter>
#include <QPainterPath>
#include <QToolTip>

#include <algorithm>
#include <cmath>

namespace rankwright {

namespace {

constexpr int kLine = 16, kStrip = 16, kBlock = 96, kBar = 14;   // pixels
constexpr int64_t kMostDrawn = 64;                               // heads, experts: more are told in words alone

bool isAttention(const ModuleInfo& module)
{
    return module.name.find("attn") != std::string::npos || module.name.find("attention") != std::string::npos;
}

QString windowText(const ModelInfo& model)
{
    for (const auto& [name, text] : model.facts)
        if (name == "Sliding window")
            return format::shown(text.substr(0, text.find(" in ")), 40);   // "512 tokens in 5 of 6 layers"
    return {};
}

// Squares in rows, as large as fits; the first `filled` of them in the colour, the others in outline.
void paintCells(QPainter& painter, const QRect& area, int64_t count, int64_t filled, const QColor& color, const QColor& edge)
{
    if (count <= 0 || count > kMostDrawn)
        return;
    int columns = int(count);
    double side = 0;
    for (int across = 1; across <= int(count); ++across) {
        const int down = (int(count) + across - 1) / across;
        const double fits = std::min({double(area.width()) / across, double(area.height()) / down, 22.0});
        if (fits > side) {
            side = fits;
            columns = across;
        }
    }
    for (int i = 0; i < int(count); ++i) {
        const QRectF cell(area.left() + (i % columns) * side, area.top() + int(i / columns) * side, side - 3, side - 3);
        painter.setPen(QPen(i < filled ? color : edge, 1));
        painter.setBrush(i < filled ? QBrush(color) : QBrush(Qt::NoBrush));
        painter.drawRect(cell);
    }
}

QString describe(const ModelInfo& model, const std::vector<bool>& local, const std::vector<ModelPart>& parts)
{
    QStringList words{ModelPicture::tr("%1 layers").arg(model.layers)};
    if (!local.empty())
        words << ModelPicture::tr("%1 of them with a sliding window").arg(std::count(local.begin(), local.end(), true));
    words << ModelPicture::tr("%1 attention heads, %2 for keys and values").arg(model.heads).arg(model.kvHeads);
    if (model.experts > 0)
        words << ModelPicture::tr("%1 experts, %2 for a token").arg(model.experts).arg(model.expertsPerToken);
    for (const ModelPart& part : parts)
        words << ModelPicture::tr("%1: %2 parameters").arg(partTitle(part.kind), format::count(part.parameters));
    return words.join(QStringLiteral(", "));
}

}  // namespace

QString partTitle(ModelPart::Kind kind)
{
    switch (kind) {
    case ModelPart::Kind::embeddings:
        return ModelPicture::tr("Embeddings");
    case ModelPart::Kind::attention:
        return ModelPicture::tr("Attention");
    case ModelPart::Kind::mlp:
        return ModelPicture::tr("MLP");
    case ModelPart::Kind::experts:
        return ModelPicture::tr("Experts");
    case ModelPart::Kind::head:
        return ModelPicture::tr("Head");
    case ModelPart::Kind::rest:
        break;
    }
    return ModelPicture::tr("Norms and the rest");
}

std::vector<ModelPart> modelParts(const ModelInfo& model)
{
    int64_t attention = 0, experts = 0, mlp = 0;
    for (const ModuleInfo& module : model.modules) {
        const int64_t size = module.rows * module.cols;
        const bool expert = model.experts > 0 && module.name.find("experts.") != std::string::npos;
        (isAttention(module) ? attention : expert ? experts : mlp) += size;
    }
    int64_t left = std::max<int64_t>(0, model.parameters - attention - experts - mlp);
    const auto take = [&left](int64_t wanted) {
        const int64_t taken = std::clamp<int64_t>(wanted, 0, left);
        left -= taken;
        return taken;
    };
    const int64_t table = model.vocabSize * model.hiddenSize;
    const int64_t embeddings = take(table);
    const int64_t head = model.generates && !model.tiedEmbeddings ? take(table) : 0;
    std::vector<ModelPart> parts;
    const auto add = [&parts](ModelPart::Kind kind, int64_t parameters) {
        if (parameters > 0)
            parts.push_back({kind, parameters});
    };
    add(ModelPart::Kind::embeddings, embeddings);
    add(ModelPart::Kind::attention, attention);
    add(ModelPart::Kind::mlp, mlp);
    add(ModelPart::Kind::experts, experts);
    add(ModelPart::Kind::head, head);
    add(ModelPart::Kind::rest, left);
    return parts;
}

std::vector<bool> localLayers(const ModelInfo& model)
{
    for (const auto& [name, text] : model.facts) {
        if (name != "Layer pattern" || int64_t(text.size()) != model.layers || text.find_first_not_of("LG") != std::string::npos)
            continue;
        std::vector<bool> local;
        for (const char letter : text)
            local.push_back(letter == 'L');
        return local;
    }
    return {};
}

ModelPicture::ModelPicture(QWidget* parent) : QWidget(parent)
{
    setAccessibleName(tr("Picture of the model"));
    setFont(theme::smallFont());
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
}

void ModelPicture::setModel(const ModelInfo& model)
{
    m_model = model;
    m_parts = modelParts(model);
    m_local = localLayers(model);
    setAccessibleDescription(describe(m_model, m_local, m_parts));
    updateGeometry();
    update();
}

QColor ModelPicture::colorOf(ModelPart::Kind kind) const
{
    return kind == ModelPart::Kind::rest ? theme::secondary() : theme::seriesColor(int(kind));
}

QRect ModelPicture::partsBar() const
{
    const int top = 2 * kLine + kStrip + kBlock + 3 * kLine;
    return {0, top, width() - 1, kBar};
}

void ModelPicture::paintEvent(QPaintEvent*)
{
    if (m_model.layers <= 0)
        return;
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    paintStrip(painter, {0, 0, width() - 1, kLine + kStrip});
    const int top = kLine + kStrip + kLine;
    const int half = width() / 2 - 8;
    paintHeads(painter, {0, top, half, kBlock + kLine});
    if (m_model.experts > 0)
        paintExperts(painter, {half + 16, top, half, kBlock + kLine});
    else
        paintMlp(painter, {half + 16, top, half, kBlock + kLine});
    paintParts(painter, partsBar());
}

// A cell a layer; those with a window are outlined only, so that the pattern reads without colour.
void ModelPicture::paintStrip(QPainter& painter, const QRect& area) const
{
    auto text = tr("%1 layers of width %2").arg(format::count(m_model.layers), format::count(m_model.hiddenSize));
    if (!m_local.empty()) {
        const auto local = std::count(m_local.begin(), m_local.end(), true);
        text += tr(": %1 filled see everything, %2 see a window of %3").arg(m_model.layers - local).arg(local).arg(windowText(m_model));
    } else if (const auto window = windowText(m_model); !window.isEmpty()) {
        text += tr(", window of %1").arg(window);
    }
    painter.setPen(palette().color(QPalette::WindowText));
    painter.drawText(QRect(area.left(), area.top(), area.width(), kLine), Qt::AlignLeft | Qt::AlignTop, text);
    const double step = std::min(16.0, double(area.width()) / double(m_model.layers));
    const double gap = step > 5 ? 2 : 1;
    for (int64_t i = 0; i < m_model.layers; ++i) {
        const bool local = size_t(i) < m_local.size() && m_local[size_t(i)];
        const QRectF cell(area.left() + double(i) * step + 0.5, area.top() + kLine + 0.5, std::max(1.0, step - gap), kStrip - 2);
        painter.setPen(QPen(theme::accent(), 1));
        painter.setBrush(local ? QBrush(Qt::NoBrush) : QBrush(theme::accent()));
        painter.drawRect(cell);
    }
}

// A column for each head of keys and values, outlined below the heads of queries that share it.
void ModelPicture::paintHeads(QPainter& painter, const QRect& area) const
{
    painter.setPen(palette().color(QPalette::WindowText));
    const bool grouped = m_model.kvHeads > 0 && m_model.kvHeads != m_model.heads;
    const auto text = grouped ? tr("%1 heads, %2 of keys and values, %3 wide").arg(m_model.heads).arg(m_model.kvHeads).arg(m_model.headDim)
                              : tr("%1 heads, %2 wide").arg(m_model.heads).arg(m_model.headDim);
    painter.drawText(QRect(area.left(), area.top(), area.width(), kLine), Qt::AlignLeft | Qt::AlignTop, text);
    const QColor color = colorOf(ModelPart::Kind::attention);
    const QRect body = area.adjusted(0, kLine + 2, 0, 0);
    if (!grouped || m_model.heads % m_model.kvHeads != 0 || m_model.kvHeads > kMostDrawn || m_model.heads / m_model.kvHeads > kMostDrawn)
        return paintCells(painter, body, m_model.heads, m_model.heads, color, color);
    const auto columns = int(m_model.kvHeads), rows = int(m_model.heads / m_model.kvHeads);
    constexpr double kGap = 6;   // between the heads of queries and the one that they share
    const double side = std::min({22.0, double(body.width()) / columns, (body.height() - kGap) / (rows + 1)});
    const double size = std::max(1.0, side - 3);
    painter.setPen(QPen(color, 1));
    for (int column = 0; column < columns; ++column) {
        const double x = body.left() + column * side;
        painter.setBrush(color);
        for (int row = 0; row < rows; ++row)
            painter.drawRect(QRectF(x, body.top() + row * side, size, size));
        painter.setBrush(Qt::NoBrush);
        painter.drawRect(QRectF(x, body.top() + rows * side + kGap, size, size));
    }
}

// Wide in the middle: as far up as the inner width is more than the model's.
void ModelPicture::paintMlp(QPainter& painter, const QRect& area) const
{
    painter.setPen(palette().color(QPalette::WindowText));
    painter.drawText(QRect(area.left(), area.top(), area.width(), kLine), Qt::AlignLeft | Qt::AlignTop,
        tr("MLP: %1 → %2 → %1").arg(format::count(m_model.hiddenSize), format::count(m_model.intermediateSize)));
    const QRectF body = QRectF(area.adjusted(0, kLine + 2, 0, -4));
    const double ratio = m_model.hiddenSize > 0 ? double(m_model.intermediateSize) / double(m_model.hiddenSize) : 1;
    const double thin = std::clamp(body.height() / std::max(1.0, ratio), 8.0, body.height());
    const double wide = std::min(body.width(), 180.0);
    const double middle = body.center().y();
    QPainterPath shape(QPointF(body.left(), middle - thin / 2));
    shape.lineTo(body.left() + wide / 2, body.top());
    shape.lineTo(body.left() + wide, middle - thin / 2);
    shape.lineTo(body.left() + wide, middle + thin / 2);
    shape.lineTo(body.left() + wide / 2, body.bottom());
    shape.lineTo(body.left(), middle + thin / 2);
    shape.closeSubpath();
    painter.setPen(Qt::NoPen);
    painter.fillPath(shape, colorOf(ModelPart::Kind::mlp));
}

void ModelPicture::paintExperts(QPainter& painter, const QRect& area) const
{
    painter.setPen(palette().color(QPalette::WindowText));
    painter.drawText(QRect(area.left(), area.top(), area.width(), kLine), Qt::AlignLeft | Qt::AlignTop,
        tr("%1 experts, %2 for a token").arg(m_model.experts).arg(m_model.expertsPerToken));
    const QColor color = colorOf(ModelPart::Kind::experts);
    paintCells(painter, area.adjusted(0, kLine + 2, 0, 0), m_model.experts, m_model.expertsPerToken, color, color);
}

// The bar, and below it a square with name and share for each part.
void ModelPicture::paintParts(QPainter& painter, const QRect& area) const
{
    painter.setPen(palette().color(QPalette::WindowText));
    painter.drawText(QRect(area.left(), area.top() - kLine, area.width(), kLine), Qt::AlignLeft | Qt::AlignTop,
        tr("%1 parameters, of which %2 can carry an adapter").arg(format::shortCount(m_model.parameters), format::shortCount(m_model.adaptable)));
    double x = area.left();
    int legendX = area.left(), legendY = area.bottom() + 6;
    for (const ModelPart& part : m_parts) {
        const double share = m_model.parameters > 0 ? double(part.parameters) / double(m_model.parameters) : 0;
        painter.fillRect(QRectF(x, area.top(), std::max(1.0, share * area.width() - 1), area.height()), colorOf(part.kind));
        x += share * area.width();
        const auto text = tr("%1 %2 %").arg(partTitle(part.kind), format::number(100 * share, share < 0.01 ? 2 : 1));
        const int room = fontMetrics().horizontalAdvance(text) + 12;
        if (legendX > area.left() && legendX + room > area.right()) {
            legendX = area.left();
            legendY += kLine;
        }
        painter.fillRect(QRect(legendX, legendY + 3, 8, 8), colorOf(part.kind));
        painter.setPen(palette().color(QPalette::WindowText));
        painter.drawText(QRect(legendX + 12, legendY, room, kLine), Qt::AlignLeft | Qt::AlignVCenter, text);
        legendX += room + 16;
    }
}

bool ModelPicture::event(QEvent* event)
{
    if (event->type() != QEvent::ToolTip)
        return QWidget::event(event);
    const auto* help = static_cast<QHelpEvent*>(event);
    const QRect bar = partsBar();
    double x = bar.left();
    for (const ModelPart& part : m_parts) {
        const double room = m_model.parameters > 0 ? double(part.parameters) / double(m_model.parameters) * bar.width() : 0;
        if (bar.contains(help->pos()) && help->pos().x() < x + room) {
            const auto text = tr("%1: %2 parameters").arg(partTitle(part.kind), format::count(part.parameters));
            QToolTip::showText(help->globalPos(), QStringLiteral("<qt>%1</qt>").arg(plainMessage(text)), this);
            return true;
        }
        x += room;
    }
    QToolTip::hideText();
    return true;
}

}  // namespace rankwright
