// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Arms tried at the same rates would hide each other's intervals: each is drawn a few hundredths of a factor to the side.
#include "ui/plots/rate_plot.h"

#include "ui/format.h"
#include "ui/plots/curve_overlay.h"
#include "ui/plots/plot_style.h"
#include "ui/theme.h"

#include <QClipboard>
#include <QContextMenuEvent>
#include <QHelpEvent>
#include <QMenu>
#include <QToolTip>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>
#include <limits>

namespace rankwright {

namespace {

constexpr double kShift = 0.015;   // of a factor e, between neighbouring arms
constexpr int kNear = 14;          // px, of the mouse to a point

// The rates that were tried, and no others, stand under the axis: "2e-4".
class RateTicker : public QCPAxisTickerText
{
public:
    void setRates(const std::vector<RateLine>& lines)
    {
        clear();
        for (const RateLine& line : lines)
            for (const RateDot& dot : line.dots) {
                auto text = QString::number(dot.rate, 'g', 3);
                addTick(dot.rate, text.replace(QLatin1String("e-0"), QLatin1String("e-")));
            }
    }
};

}  // namespace

struct RatePlot::State : QObject
{
    explicit State(QCustomPlot* plot) : QObject(plot), ticks(new plots::AxisTicks(plot, QStringLiteral("axes"))) { }
    plots::AxisTicks* ticks;
    QSharedPointer<RateTicker> ticker{new RateTicker};
};

RatePlot::RatePlot(QWidget* parent) : QWidget(parent), m_plot(new QCustomPlot(this)), m_state(new State(m_plot))
{
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_plot);
    setFocusPolicy(Qt::StrongFocus);
    setMinimumSize(200, 140);
    setAccessibleName(tr("Loss against the learning rate"));
    m_plot->setFocusPolicy(Qt::NoFocus);
    m_plot->setAttribute(Qt::WA_TransparentForMouseEvents);
    m_plot->setAutoAddPlottableToLegend(false);
    m_plot->axisRect()->insetLayout()->setInsetAlignment(0, Qt::AlignTop | Qt::AlignRight);
    plots::setLog(*m_plot->xAxis, true);
    plots::setLog(*m_plot->yAxis, false);
    m_plot->xAxis->setTicker(m_state->ticker);
    m_plot->xAxis->setSubTicks(false);
    m_plot->xAxis->setLabel(tr("Learning rate"));
    rebuild();
}

void RatePlot::setLines(std::vector<RateLine> lines, const QString& valueTitle)
{
    m_lines = std::move(lines);
    m_valueTitle = valueTitle;
    rebuild();
}

void RatePlot::rebuild()
{
    plots::style(*m_plot);
    m_plot->clearPlottables();
    m_plot->legend->clearItems();
    m_state->ticks->positions.clear();
    m_state->ticker->setRates(m_lines);
    QStringList summary;
    bool any = false;
    for (size_t i = 0; i < m_lines.size(); ++i) {
        const RateLine& line = m_lines[i];
        addLine(line, std::exp(kShift * (double(i) - 0.5 * double(m_lines.size() - 1))));
        for (const RateDot& dot : line.dots) {
            any = any || !std::isnan(dot.value);
            if (dot.diverged > 0)
                m_state->ticks->positions.push_back(dot.rate * std::exp(kShift * (double(i) - 0.5 * double(m_lines.size() - 1))));
        }
        if (line.best)
            summary << tr("%1: best at %2 with %3").arg(line.label).arg(line.dots[*line.best].rate)
                           .arg(format::number(line.dots[*line.best].value));
    }
    m_state->ticks->emptyText = any ? QString() : tr("No run has ended yet");
    m_plot->yAxis->setLabel(m_valueTitle);
    m_plot->legend->setVisible(m_plot->legend->itemCount() > 1);
    setAccessibleDescription(summary.join(QLatin1String("; ")));
    rescale();
    m_plot->replot(QCustomPlot::rpQueuedReplot);
}

void RatePlot::addLine(const RateLine& line, double shift)
{
    const auto graph = [this](const QPen& pen, const QCPScatterStyle& scatter, bool connected) {
        auto* made = new QCPGraph(m_plot->xAxis, m_plot->yAxis);
        made->setPen(pen);
        made->setScatterStyle(scatter);
        made->setLineStyle(connected ? QCPGraph::lsLine : QCPGraph::lsNone);
        return made;
    };
    auto* seeds = graph(Qt::NoPen, {QCPScatterStyle::ssCircle, line.color, 5}, false);
    auto* means = graph(plots::curvePen(line.color, line.style), {QCPScatterStyle::ssDisc, line.color, line.color, 7}, true);
    // The mean of the seeds that a rate has left is no mean like the others: it ends the line.
    auto* survivors = graph(Qt::NoPen, {QCPScatterStyle::ssDiamond, QPen(line.color, 1.6), Qt::NoBrush, 9}, false);
    auto* best = graph(Qt::NoPen, {QCPScatterStyle::ssCircle, QPen(line.color, 2), Qt::NoBrush, 15}, false);
    means->setName(line.label);
    means->addToLegend();
    auto* bars = new QCPErrorBars(m_plot->xAxis, m_plot->yAxis);
    bars->setDataPlottable(means);
    bars->setPen(QPen(line.color, 1.2));
    bars->setWhiskerWidth(7);
    bars->setSymbolGap(8);
    for (size_t i = 0; i < line.dots.size(); ++i) {
        const RateDot& dot = line.dots[i];
        for (const double value : dot.values)
            if (!std::isnan(value))
                seeds->addData(dot.rate * shift, value);
        if (std::isnan(dot.value) || dot.diverged > 0) {
            if (!std::isnan(dot.value))
                survivors->addData(dot.rate * shift, dot.value);
            means->addData(dot.rate * shift, std::numeric_limits<double>::quiet_NaN());
            bars->addData(0, 0);
            continue;
        }
        means->addData(dot.rate * shift, dot.value);
        bars->addData(dot.value - dot.low, dot.high - dot.value);
        if (line.best == i)
            best->addData(dot.rate * shift, dot.value);
    }
}

void RatePlot::rescale()
{
    double left = std::numeric_limits<double>::infinity(), right = 0, low = left, high = -left;
    for (const RateLine& line : m_lines)
        for (const RateDot& dot : line.dots) {
            left = std::min(left, dot.rate);
            right = std::max(right, dot.rate);
            for (const double value : {dot.value, dot.low, dot.high}) {
                low = std::isfinite(value) ? std::min(low, value) : low;
                high = std::isfinite(value) ? std::max(high, value) : high;
            }
            for (const double value : dot.values) {
                low = std::isfinite(value) ? std::min(low, value) : low;
                high = std::isfinite(value) ? std::max(high, value) : high;
            }
        }
    if (!(right > 0))
        left = 1e-5, right = 1e-3;
    if (!(high >= low))
        low = 0, high = 1;
    const double margin = high > low ? 0.12 * (high - low) : std::max(0.1 * std::abs(high), 1e-3);
    m_plot->xAxis->setRange(left / 1.35, right * 1.35);
    m_plot->yAxis->setRange(low - margin, high + margin);
}

QPoint RatePlot::positionOf(size_t line, size_t dot) const
{
    const double shift = std::exp(kShift * (double(line) - 0.5 * double(m_lines.size() - 1)));
    const RateDot& at = m_lines[line].dots[dot];
    return {int(m_plot->xAxis->coordToPixel(at.rate * shift)), int(m_plot->yAxis->coordToPixel(at.value))};
}

QString RatePlot::readOut(const QPoint& position) const
{
    QString text;
    int nearest = kNear + 1;
    for (size_t i = 0; i < m_lines.size(); ++i)
        for (size_t j = 0; j < m_lines[i].dots.size(); ++j) {
            const RateDot& dot = m_lines[i].dots[j];
            const int away = std::isnan(dot.value) ? nearest : (positionOf(i, j) - position).manhattanLength();
            if (away >= nearest)
                continue;
            nearest = away;
            QStringList seeds;
            for (const double value : dot.values)
                seeds << format::number(value);
            text = tr("%1 at %2: %3").arg(m_lines[i].label).arg(dot.rate).arg(format::number(dot.value));
            if (!std::isnan(dot.low))
                text += tr(" (%1 to %2)").arg(format::number(dot.low), format::number(dot.high));
            text += tr("\nSeeds: %1").arg(seeds.join(QLatin1String(", ")));
            if (dot.diverged > 0)
                text += tr("\nDiverged: %1").arg(dot.diverged);
        }
    return text;
}

bool RatePlot::event(QEvent* event)
{
    if (event->type() == QEvent::ToolTip) {
        auto* help = static_cast<QHelpEvent*>(event);
        const auto text = readOut(help->pos());
        if (text.isEmpty())
            QToolTip::hideText();
        else   // escaped: a tool tip is shown as rich text where it looks like it
            QToolTip::showText(help->globalPos(), QStringLiteral("<qt>%1</qt>").arg(text.toHtmlEscaped().replace('\n', "<br>")), this);
        return true;
    }
    return QWidget::event(event);
}

void RatePlot::contextMenuEvent(QContextMenuEvent* event)
{
    auto* menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    menu->addAction(tr("Copy picture"), this, [this] {
        QGuiApplication::clipboard()->setPixmap(m_plot->toPixmap(m_plot->width(), m_plot->height(), 2));
    });
    menu->addAction(tr("Copy data (CSV)"), this, [this] { QGuiApplication::clipboard()->setText(csv()); });
    menu->popup(event->globalPos());
}

bool RatePlot::savePng(const QString& file, int width, int height)
{
    return m_plot->savePng(file, width, height, 1);
}

QString RatePlot::csv() const
{
    const auto cell = [](double value) {
        return std::isnan(value) ? QString() : QString::number(value, 'g', QLocale::FloatingPointShortest);
    };
    QString out = QStringLiteral("label,rate,value,low,high,seeds,diverged\n");
    for (const RateLine& line : m_lines)
        for (const RateDot& dot : line.dots) {
            QStringList seeds;
            for (const double value : dot.values)
                seeds << cell(value);
            out += QStringList{plots::csvField(line.label.toStdString()), cell(dot.rate), cell(dot.value), cell(dot.low), cell(dot.high),
                       seeds.join(QLatin1Char(' ')), QString::number(dot.diverged)}
                       .join(QLatin1Char(','))
                + QLatin1Char('\n');
        }
    return out;
}

void RatePlot::changeEvent(QEvent* event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange && m_state != nullptr)
        rebuild();
}

}  // namespace rankwright
