// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/plots/curve_plot_state.h"

#include "ui/format.h"
#include "ui/plots/fast_graph.h"
#include "ui/plots/plot_style.h"
#include "ui/theme.h"

namespace rankwright {

namespace {

constexpr int kRepaintMilliseconds = 33;
constexpr int kLegendMost = 12;
constexpr int kBandAlpha = 48;   // of 255: the curves behind stay readable

// Evaluations are the points themselves, the line only leads the eye from one to the next; a mean with its band is a curve of its own.
bool isLineFaint(const Curve& curve)
{
    return curve.faint || (curve.markers && curve.low.empty());
}

QVector<double> toVector(const std::vector<double>& values)
{
    return {values.begin(), values.end()};
}

}  // namespace

CurvePlot::CurvePlot(QWidget* parent) : QWidget(parent), m_plot(new QCustomPlot(this))
{
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_plot);
    m_state = new State(m_plot);
    setFocusPolicy(Qt::StrongFocus);
    m_plot->setFocusPolicy(Qt::NoFocus);
    setMinimumSize(200, 120);
    setAccessibleName(tr("Chart"));
    m_plot->setAutoAddPlottableToLegend(false);
    m_plot->legend->setVisible(false);
    m_plot->axisRect()->insetLayout()->setInsetAlignment(0, Qt::AlignTop | Qt::AlignRight);
    m_plot->axisRect()->setupFullAxesBox(false);
    m_plot->xAxis2->setVisible(false);
    m_plot->yAxis2->setVisible(false);
    plots::setLog(*m_plot->xAxis, false);
    plots::setLog(*m_plot->yAxis, false);
    m_plot->setInteractions(QCP::iRangeZoom);
    m_plot->setSelectionRectMode(QCP::srmCustom);
    m_plot->setNoAntialiasingOnDrag(true);
    connectPlot();
    applyStyle();
    rescale();
}

void CurvePlot::applyStyle()
{
    plots::style(*m_plot);
    m_state->title->setFont(theme::headingFont());
    m_state->title->setTextColor(palette().color(QPalette::Text));
    m_state->title->setTextFlags(Qt::AlignLeft | Qt::AlignVCenter);
    m_state->title->setMargins(QMargins(8, 4, 8, 0));
    for (size_t i = 0; i < m_state->drawn.size(); ++i) {
        if (isLineFaint(m_curves[i]))
            m_state->drawn[i].line->setPen(plots::faintPen(m_curves[i].color));
        if (m_state->drawn[i].raw)
            m_state->drawn[i].raw->setPen(plots::faintPen(m_curves[i].color));
    }
    if (m_state->zeroLine)
        m_plot->yAxis->grid()->setZeroLinePen(QPen(theme::secondary(), 1.5));
    m_state->vertical->setPen(QPen(theme::accent(), 2));
    m_state->verticalText->setFont(theme::smallFont());
    m_state->verticalText->setColor(theme::accent());
    QColor ground = palette().color(QPalette::Base);
    ground.setAlpha(225);
    m_state->verticalText->setBrush(ground);
}

void CurvePlot::setTitles(const QString& title, const QString& xLabel, const QString& yLabel)
{
    m_state->titleText = title;
    m_state->xLabel = xLabel;
    m_state->title->setText(title);
    QCPLayoutGrid* grid = m_plot->plotLayout();
    const bool inside = m_state->title->layout() == grid;
    if (!title.isEmpty() && !inside) {
        grid->insertRow(0);
        grid->addElement(0, 0, m_state->title);
    } else if (title.isEmpty() && inside) {
        grid->take(m_state->title);
        grid->simplify();
    }
    m_plot->xAxis->setLabel(xLabel);
    m_plot->yAxis->setLabel(yLabel);
    setAccessibleName(title.isEmpty() ? tr("Chart of %1").arg(yLabel) : title);
    m_plot->replot(QCustomPlot::rpQueuedReplot);
}

void CurvePlot::setCurves(std::vector<Curve> curves)
{
    m_curves = std::move(curves);
    rebuild();
}

void CurvePlot::append(const QString& id, double x, double y)
{
    const auto found
        = std::find_if(m_curves.begin(), m_curves.end(), [&id](const Curve& curve) { return curve.id == id; });
    if (found == m_curves.end())
        return;
    State::Drawn& drawn = m_state->drawn[size_t(found - m_curves.begin())];
    if (!found->x.empty() && x < found->x.back()) {
        // A run resumed from a checkpoint goes over some steps again: the later values hold.
        const auto from = size_t(std::lower_bound(found->x.begin(), found->x.end(), x) - found->x.begin());
        found->x.resize(from);
        found->y.resize(from);
        State::recompute(*found, drawn, m_smoothing);
    }
    found->x.push_back(x);
    found->y.push_back(y);
    State::extend(*found, drawn, m_smoothing);
    m_state->dataChanged = true;
    repaintSoon();
}

void CurvePlot::clear()
{
    setCurves({});
}

void CurvePlot::setSmoothing(double factor)
{
    m_smoothing = std::clamp(factor, 0.0, 0.999);
    rebuild();
}

void CurvePlot::setLogX(bool on)
{
    m_logX = on;
    plots::setLog(*m_plot->xAxis, on);
    m_state->dataChanged = true;
    fit();
}

void CurvePlot::setLogY(bool on)
{
    m_logY = on;
    plots::setLog(*m_plot->yAxis, on);
    m_state->dataChanged = true;
    fit();
}

void CurvePlot::setWholeX(bool on)
{
    plots::setWhole(*m_plot->xAxis, on);
    repaintSoon();
}

void CurvePlot::setLegendVisible(bool on)
{
    m_state->legendWanted = on;
    rebuild();
}

void CurvePlot::setZeroLine(bool on)
{
    m_state->zeroLine = on;
    applyStyle();
    repaintSoon();
}

void CurvePlot::setLegendLow()
{
    m_plot->axisRect()->insetLayout()->setInsetAlignment(0, Qt::AlignBottom | Qt::AlignRight);
}

void CurvePlot::setVerticalLine(double x)
{
    m_state->verticalX = x;
    m_state->vertical->setVisible(!std::isnan(x));
    if (!std::isnan(x)) {
        m_state->vertical->point1->setCoords(x, 1);
        m_state->vertical->point2->setCoords(x, 2);
        const bool right = m_plot->xAxis->coordToPixel(x) > m_plot->axisRect()->center().x();
        m_state->verticalText->setPositionAlignment((right ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignBottom);
        m_state->verticalText->position->setCoords(x, 0.97);
    }
    m_state->verticalText->setVisible(!std::isnan(x) && !m_state->verticalText->text().isEmpty());
    m_plot->replot(QCustomPlot::rpQueuedReplot);
}

void CurvePlot::setVerticalLineText(const QString& text)
{
    m_state->verticalText->setText(text);
    setVerticalLine(m_state->verticalX);
}

void CurvePlot::setVerticalLineDraggable(bool on)
{
    m_state->verticalDraggable = on;
}

void CurvePlot::fit()
{
    m_state->following = true;
    rescale();
    m_plot->replot(QCustomPlot::rpQueuedReplot);
}

std::pair<double, double> CurvePlot::visibleX() const
{
    return {m_plot->xAxis->range().lower, m_plot->xAxis->range().upper};
}

std::pair<double, double> CurvePlot::visibleY() const
{
    return {m_plot->yAxis->range().lower, m_plot->yAxis->range().upper};
}

void CurvePlot::rescale()
{
    CurveBounds x, y;
    for (const State::Drawn& drawn : m_state->drawn) {
        x.add(drawn.x);
        y.add(drawn.y);
    }
    if (m_state->zeroLine && !m_logY)
        y.add(0);
    m_plot->xAxis->setRange(x.range(m_logX, 0.01));
    m_plot->yAxis->setRange(y.range(m_logY, 0.06));
}

void CurvePlot::repaintSoon()
{
    if (m_state->timer.isActive())
        return;
    const qint64 since = m_state->lastPaint.isValid() ? m_state->lastPaint.elapsed() : kRepaintMilliseconds;
    m_state->timer.start(int(std::clamp<qint64>(kRepaintMilliseconds - since, 0, kRepaintMilliseconds)));
}

void CurvePlot::rebuild()
{
    m_plot->clearGraphs();
    m_plot->legend->clearItems();
    m_state->drawn.assign(m_curves.size(), {});
    for (size_t i = 0; i < m_curves.size(); ++i) {
        Curve& curve = m_curves[i];
        const size_t points = std::min(curve.x.size(), curve.y.size());
        curve.x.resize(points);
        curve.y.resize(points);
        State::recompute(curve, m_state->drawn[i], m_smoothing);
        addBand(i);
    }
    for (const bool faint : {true, false})   // what was added later lies above
        for (size_t i = 0; i < m_curves.size(); ++i)
            if (m_curves[i].faint == faint)
                addLine(i);
    QStringList summary;
    for (const Curve& curve : m_curves)
        if (!curve.y.empty() && !curve.faint && summary.size() < kLegendMost)
            summary.append(tr("%1: last %2").arg(curve.label, format::number(curve.y.back())));
    m_plot->legend->setVisible(m_state->legendWanted && m_plot->legend->itemCount() > 1);
    setAccessibleDescription(summary.join(QLatin1String("; ")));
    m_state->dataChanged = true;
    repaintSoon();
}

void CurvePlot::addBand(size_t index)
{
    State::Drawn& drawn = m_state->drawn[index];
    if (drawn.low.empty() || drawn.high.empty())
        return;
    QColor tint = m_curves[index].color;
    tint.setAlpha(kBandAlpha);
    drawn.bandLow = new plots::FastGraph(m_plot->xAxis, m_plot->yAxis);
    drawn.bandHigh = new plots::FastGraph(m_plot->xAxis, m_plot->yAxis);
    drawn.bandLow->setPen(Qt::NoPen);
    drawn.bandHigh->setPen(Qt::NoPen);
    drawn.bandHigh->setBrush(tint);
    drawn.bandHigh->setChannelFillGraph(drawn.bandLow);
}

void CurvePlot::addLine(size_t index)
{
    const Curve& curve = m_curves[index];
    State::Drawn& drawn = m_state->drawn[index];
    if (m_smoothing > 0 && !curve.markers && !curve.faint && drawn.bandLow == nullptr) {
        drawn.raw = new plots::FastGraph(m_plot->xAxis, m_plot->yAxis);
        drawn.raw->setPen(plots::faintPen(curve.color));
    }
    drawn.line = new plots::FastGraph(m_plot->xAxis, m_plot->yAxis);
    drawn.line->setPen(isLineFaint(curve) ? plots::faintPen(curve.color) : plots::curvePen(curve.color, curve.style));
    drawn.line->setName(curve.label);
    if (curve.ring)
        drawn.line->setScatterStyle(QCPScatterStyle(QCPScatterStyle::ssCircle, QPen(curve.color, 2), Qt::NoBrush, 13));
    else if (curve.markers) {
        const QColor tint = curve.faint ? plots::faintPen(curve.color).color() : curve.color;
        drawn.line->setScatterStyle(QCPScatterStyle(QCPScatterStyle::ssDisc, tint, tint, curve.faint ? 3 : 6));
    }
    if (!curve.faint && !curve.ring && m_plot->legend->itemCount() < kLegendMost)
        drawn.line->addToLegend();
}

// Edges are cut at the same columns as the line; a logarithmic axis shows what of the band lies above 0.
void CurvePlot::fillBand(size_t index)
{
    State::Drawn& drawn = m_state->drawn[index];
    if (drawn.bandLow == nullptr)
        return;
    const QCPRange range = m_plot->xAxis->range();
    const plots::View view{.from = range.lower, .to = range.upper, .columns = columns(), .logX = m_logX, .positiveOnly = false};
    for (const auto& [graph, edge] : {std::pair(drawn.bandLow, &drawn.low), std::pair(drawn.bandHigh, &drawn.high)}) {
        plots::Thinned thinned = plots::thin(m_curves[index].x, *edge, view);
        if (m_logY)
            for (double& value : thinned.y)
                value = std::max(value, m_plot->yAxis->range().lower / 10);
        graph->setData(toVector(thinned.x), toVector(thinned.y), true);
    }
}

// Of the screen or of the picture that is made: a column less than the pixels would leave gaps in a band.
int CurvePlot::columns() const
{
    return std::max({int(std::ceil(m_plot->axisRect()->width() * devicePixelRatioF())), m_state->pictureColumns, 50});
}

void CurvePlot::fillVisible()
{
    const QCPRange range = m_plot->xAxis->range();
    const int wide = columns();
    if (!m_state->dataChanged && range == m_state->filled && wide == m_state->filledColumns)
        return;
    const plots::View view{
        .from = range.lower, .to = range.upper, .columns = wide, .logX = m_logX, .positiveOnly = m_logY};
    m_state->ticks->positions.clear();
    bool any = false;
    for (size_t i = 0; i < m_curves.size(); ++i) {
        const Curve& curve = m_curves[i];
        const State::Drawn& drawn = m_state->drawn[i];
        any = any || !curve.x.empty();
        const auto fill = [&view, &curve](QCPGraph* graph, const std::vector<double>& values, const plots::Levels& levels) {
            const plots::Thinned thinned = plots::thin(curve.x, values, levels, view);
            graph->setData(toVector(thinned.x), toVector(thinned.y), true);
        };
        fill(drawn.line, drawn.lineOf(curve), drawn.levels);
        if (drawn.raw)
            fill(drawn.raw, curve.y, drawn.rawLevels);
        fillBand(i);
        const std::vector<double> gaps = plots::gapsIn(curve.x, drawn.levels.gaps(), view);
        m_state->ticks->positions.insert(m_state->ticks->positions.end(), gaps.begin(), gaps.end());
    }
    m_state->ticks->emptyText = any ? QString() : tr("No points yet");
    m_state->dataChanged = false;
    m_state->filled = range;
    m_state->filledColumns = wide;
}

size_t CurvePlot::pointsDrawn() const
{
    size_t points = 0;
    for (int i = 0; i < m_plot->graphCount(); ++i)
        points += size_t(m_plot->graph(i)->data()->size());
    return points;
}

QPixmap CurvePlot::picture(double scale)
{
    m_state->pictureColumns = int(std::ceil(m_plot->axisRect()->width() * scale));
    const QPixmap made = m_plot->toPixmap(m_plot->width(), m_plot->height(), scale);
    m_state->pictureColumns = 0;
    return made;
}

bool CurvePlot::savePng(const QString& file, int width, int height)
{
    m_state->pictureColumns = width;
    if (m_state->following)
        rescale();
    m_plot->replot(QCustomPlot::rpImmediateRefresh);
    const bool saved = m_plot->savePng(file, width, height, 1);
    m_state->pictureColumns = 0;
    return saved;
}

QString CurvePlot::csv() const
{
    const bool bands = std::any_of(m_curves.begin(), m_curves.end(), [](const Curve& curve) { return !curve.low.empty(); });
    const auto cell = [](double value) {
        return std::isnan(value) ? QString() : QString::number(value, 'g', QLocale::FloatingPointShortest);
    };
    QString out = bands ? QStringLiteral("label,x,y,low,high\n") : QStringLiteral("label,x,y\n");
    for (const Curve& curve : m_curves) {
        const QString label = plots::csvField(curve.label.toStdString());
        const bool band = curve.low.size() == curve.x.size() && curve.high.size() == curve.x.size();
        for (size_t i = 0; i < curve.x.size(); ++i) {
            QStringList cells{label, cell(curve.x[i]), cell(curve.y[i])};
            if (bands)
                cells << (band ? cell(curve.low[i]) : QString()) << (band ? cell(curve.high[i]) : QString());
            out += cells.join(QLatin1Char(',')) + QLatin1Char('\n');
        }
    }
    return out;
}

void CurvePlot::changeEvent(QEvent* event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange && m_state) {
        applyStyle();
        m_plot->replot(QCustomPlot::rpQueuedReplot);
    }
}

}  // namespace rankwright
