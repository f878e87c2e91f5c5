// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Mouse, wheel and keys of a CurvePlot: zoom, pan, the line that can be dragged, the crosshair, the menu.
#include "ui/format.h"
#include "ui/plots/curve_plot_state.h"

#include <QClipboard>
#include <QFileDialog>
#include <QMenu>

namespace rankwright {

namespace {

constexpr size_t kReadOutMost = 12;

}  // namespace

void CurvePlot::connectPlot()
{
    connect(&m_state->timer, &QTimer::timeout, this, [this] {
        m_state->lastPaint.start();
        if (m_state->following)
            rescale();
        m_plot->replot(QCustomPlot::rpQueuedReplot);
    });
    connect(m_plot, &QCustomPlot::beforeReplot, this, &CurvePlot::fillVisible);
    connect(m_plot, &QCustomPlot::mouseWheel, this, [this](QWheelEvent* event) {
        m_state->following = false;
        m_plot->axisRect()->setRangeZoom(event->modifiers() & Qt::ControlModifier ? Qt::Vertical : Qt::Horizontal);
    });
    connect(m_plot, &QCustomPlot::mousePress, this, [this](QMouseEvent* event) {
        setFocus(Qt::MouseFocusReason);
        if (event->button() == Qt::MiddleButton)
            m_state->panFrom = event->pos();
        m_state->draggingLine = event->button() == Qt::LeftButton && overLine(event->pos());
        // Only the left button draws a rectangle.
        m_plot->setSelectionRectMode(event->button() == Qt::LeftButton && !m_state->draggingLine ? QCP::srmCustom : QCP::srmNone);
    });
    connect(m_plot, &QCustomPlot::mouseRelease, this, [this](QMouseEvent* event) {
        if (event->button() == Qt::MiddleButton)
            m_state->panFrom.reset();
        else if (event->button() == Qt::RightButton)
            showMenu(event->globalPosition().toPoint());
        else if (std::exchange(m_state->draggingLine, false))
            emit lineReleased(m_state->verticalX);
    });
    connect(m_plot, &QCustomPlot::mouseMove, this, [this](QMouseEvent* event) {
        if (m_state->panFrom)
            pan(event->pos());
        else if (m_state->draggingLine)
            dragLine(event->pos());
        else if (event->buttons() == Qt::NoButton)
            hover(event->pos());
    });
    connect(m_plot, &QCustomPlot::mouseDoubleClick, this, &CurvePlot::fit);
    connect(m_plot->selectionRect(), &QCPSelectionRect::accepted, this, [this](const QRect& rect) {
        // A click is not a rectangle: zooming to it would show nothing.
        if (rect.width() < 4 || rect.height() < 4)
            return;
        m_state->following = false;
        m_plot->axisRect()->zoom(QRectF(rect));
        m_plot->replot(QCustomPlot::rpQueuedReplot);
    });
    m_plot->installEventFilter(this);
}

bool CurvePlot::eventFilter(QObject* watched, QEvent* event)
{
    if (watched == m_plot && event->type() == QEvent::Leave && m_state->crosshair->isShown()) {
        m_state->crosshair->hide();
        m_state->crosshair->layer()->replot();
    }
    return QWidget::eventFilter(watched, event);
}

bool CurvePlot::overLine(const QPoint& position) const
{
    return m_state->verticalDraggable && !std::isnan(m_state->verticalX)
        && m_plot->axisRect()->rect().contains(position)
        && std::abs(m_plot->xAxis->coordToPixel(m_state->verticalX) - position.x()) <= 6;
}

void CurvePlot::dragLine(const QPoint& position)
{
    const QRect rect = m_plot->axisRect()->rect();
    const double x = m_plot->xAxis->pixelToCoord(std::clamp(position.x(), rect.left(), rect.right()));
    setVerticalLine(x);
    emit lineMoved(x);
}

void CurvePlot::hover(const QPoint& position)
{
    m_plot->setCursor(overLine(position) ? Qt::SizeHorCursor : Qt::ArrowCursor);
    const bool inside = m_plot->axisRect()->rect().contains(position) && !m_curves.empty();
    if (!inside) {
        if (m_state->crosshair->isShown()) {
            m_state->crosshair->hide();
            m_state->crosshair->layer()->replot();
        }
        return;
    }
    const double at = m_plot->xAxis->pixelToCoord(position.x());
    std::vector<plots::ReadOut> values;
    double nearestX = at, nearestDistance = std::numeric_limits<double>::infinity();
    for (size_t i = 0; i < m_curves.size() && values.size() < kReadOutMost; ++i) {
        const Curve& curve = m_curves[i];
        if (curve.x.empty() || curve.faint)
            continue;
        auto index = size_t(std::lower_bound(curve.x.begin(), curve.x.end(), at) - curve.x.begin());
        if (index == curve.x.size() || (index > 0 && at - curve.x[index - 1] < curve.x[index] - at))
            --index;
        values.push_back({.label = curve.label, .color = curve.color, .x = curve.x[index],
            .y = m_state->drawn[i].lineOf(curve)[index]});
        if (std::abs(curve.x[index] - at) < nearestDistance) {
            nearestDistance = std::abs(curve.x[index] - at);
            nearestX = curve.x[index];
        }
    }
    const bool whole = nearestX == std::round(nearestX);
    const QString heading = QStringLiteral("%1 %2").arg(m_state->xLabel,
        whole ? format::count(std::llround(nearestX)) : format::number(nearestX));
    m_state->crosshair->show(nearestX, heading, std::move(values));
    m_state->crosshair->layer()->replot();
    emit pointHovered(nearestX);
}

void CurvePlot::pan(const QPoint& position)
{
    const auto move = [](QCPAxis* axis, double from, double to) {
        const double before = axis->pixelToCoord(from), after = axis->pixelToCoord(to);
        if (axis->scaleType() == QCPAxis::stLogarithmic)
            axis->setRange(axis->range() * (before / after));
        else
            axis->moveRange(before - after);
    };
    move(m_plot->xAxis, m_state->panFrom->x(), position.x());
    move(m_plot->yAxis, m_state->panFrom->y(), position.y());
    m_state->panFrom = position;
    m_state->following = false;
    m_plot->replot(QCustomPlot::rpQueuedReplot);
}

void CurvePlot::showMenu(const QPoint& position)
{
    auto* menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    menu->addAction(tr("Copy picture"), this, [this] {
        QGuiApplication::clipboard()->setPixmap(picture(2));
    });
    menu->addAction(tr("Copy data (CSV)"), this, [this] { QGuiApplication::clipboard()->setText(csv()); });
    menu->addAction(tr("Save picture…"), this, [this] {
        auto* dialog = new QFileDialog(this, tr("Save picture"), {}, tr("PNG picture (*.png)"));
        dialog->setAttribute(Qt::WA_DeleteOnClose);
        dialog->setAcceptMode(QFileDialog::AcceptSave);
        dialog->setDefaultSuffix(QStringLiteral("png"));
        connect(dialog, &QFileDialog::fileSelected, this,
            [this](const QString& file) { savePng(file, m_plot->width() * 2, m_plot->height() * 2); });
        dialog->open();
    });
    menu->addSeparator();
    QAction* log = menu->addAction(tr("Logarithmic y axis"), this, &CurvePlot::setLogY);
    log->setCheckable(true);
    log->setChecked(m_logY);
    menu->addAction(tr("Fit"), this, &CurvePlot::fit);
    menu->popup(position);
}

void CurvePlot::keyPressEvent(QKeyEvent* event)
{
    QCPAxis* x = m_plot->xAxis;
    const auto slide = [this, x](int pixels) {
        m_state->panFrom = m_plot->axisRect()->center();
        pan(*m_state->panFrom + QPoint(pixels, 0));
        m_state->panFrom.reset();
    };
    const auto zoom = [this, x](double factor) {
        m_state->following = false;
        x->scaleRange(factor);
        m_plot->replot(QCustomPlot::rpQueuedReplot);
    };
    switch (event->key()) {
    case Qt::Key_L:
        return setLogY(!m_logY);
    case Qt::Key_F:
        return fit();
    case Qt::Key_Left:
        return slide(40);
    case Qt::Key_Right:
        return slide(-40);
    case Qt::Key_Plus:
        return zoom(0.8);
    case Qt::Key_Minus:
        return zoom(1.25);
    default:
        QWidget::keyPressEvent(event);
    }
}

}  // namespace rankwright
