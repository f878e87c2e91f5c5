// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What a CurvePlot keeps beside its curves. Only for curve_plot.cpp and curve_plot_input.cpp.
#pragma once

#include "ui/plots/curve_overlay.h"
#include "ui/plots/curve_plot.h"
#include "ui/plots/thinning.h"

#include <qcustomplot.h>

#include <QElapsedTimer>
#include <QTimer>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

namespace rankwright {

// Bounds of what a curve holds, kept as it grows; the positive ones are for logarithmic axes.
struct CurveBounds
{
    double least = std::numeric_limits<double>::infinity(), most = -std::numeric_limits<double>::infinity(),
           leastPositive = std::numeric_limits<double>::infinity();

    static constexpr double kLeastRoom = 1e-4;   // beside the values

    void add(double value)
    {
        if (!std::isfinite(value))
            return;
        least = std::min(least, value);
        most = std::max(most, value);
        if (value > 0)
            leastPositive = std::min(leastPositive, value);
    }
    void add(const CurveBounds& other)
    {
        least = std::min(least, other.least);
        most = std::max(most, other.most);
        leastPositive = std::min(leastPositive, other.leastPositive);
    }
    // With room around it, so that no point lies on the frame, and values that are nearly equal are not told apart by their last digits.
    [[nodiscard]] QCPRange range(bool log, double room) const
    {
        const double low = log ? leastPositive : least;
        if (!(most >= low))
            return log ? QCPRange(0.1, 10) : QCPRange(0, 1);
        if (log) {
            const double factor = most > low ? std::max(std::pow(most / low, room), 1 + kLeastRoom) : 2;
            return {low / factor, most * factor};
        }
        const double nearly = kLeastRoom * std::max(std::abs(low), std::abs(most));
        const double margin = most > low ? std::max((most - low) * room, nearly) : (most != 0 ? std::abs(most) * 0.5 : 0.5);
        return {low - margin, most + margin};
    }
};

struct CurvePlot::State : QObject
{
    // Beside each of m_curves.
    struct Drawn
    {
        std::vector<double> smooth;      // empty where the line is the values as they are
        plots::Levels levels, rawLevels;   // of the line; of the values behind it where the line is smoothed
        plots::MovingAverage average{0};
        CurveBounds x, y;
        std::vector<double> low, high;   // the band, smoothed
        QCPGraph* line = nullptr;
        QCPGraph* raw = nullptr;
        QCPGraph *bandLow = nullptr, *bandHigh = nullptr;
        [[nodiscard]] const std::vector<double>& lineOf(const Curve& curve) const { return smooth.empty() ? curve.y : smooth; }
    };

    explicit State(QCustomPlot* plot) : QObject(plot)
    {
        plot->addLayer(QStringLiteral("crosshair"), plot->layer(QStringLiteral("overlay")));
        plot->layer(QStringLiteral("crosshair"))->setMode(QCPLayer::lmBuffered);
        crosshair = new plots::Crosshair(plot, QStringLiteral("crosshair"));
        ticks = new plots::AxisTicks(plot, QStringLiteral("axes"));
        vertical = new QCPItemStraightLine(plot);
        vertical->setVisible(false);
        verticalText = new QCPItemText(plot);
        verticalText->position->setTypeX(QCPItemPosition::ptPlotCoords);
        verticalText->position->setTypeY(QCPItemPosition::ptAxisRectRatio);
        verticalText->setPositionAlignment(Qt::AlignLeft | Qt::AlignTop);
        verticalText->setPadding(QMargins(6, 3, 6, 3));
        verticalText->setText(QString());
        verticalText->setVisible(false);
        title = new QCPTextElement(plot);
        timer.setSingleShot(true);
    }

    std::vector<Drawn> drawn;
    QTimer timer;
    QElapsedTimer lastPaint;
    bool following = true;     // the whole curve stays in view as it grows, until a person zooms
    bool legendWanted = true, zeroLine = false;
    bool dataChanged = true;
    QCPRange filled;
    int filledColumns = 0, pictureColumns = 0;
    double verticalX = std::numeric_limits<double>::quiet_NaN();
    QString titleText, xLabel;
    std::optional<QPoint> panFrom;
    plots::Crosshair* crosshair = nullptr;
    plots::AxisTicks* ticks = nullptr;
    QCPItemStraightLine* vertical = nullptr;
    QCPItemText* verticalText = nullptr;
    bool verticalDraggable = false, draggingLine = false;
    QCPTextElement* title = nullptr;

    static bool smooths(const Curve& curve, double smoothing) { return smoothing > 0 && !curve.markers; }
    static void extend(const Curve& curve, Drawn& drawn, double smoothing)
    {
        const size_t from = drawn.levels.size();
        for (size_t i = from; i < curve.y.size(); ++i) {
            drawn.x.add(curve.x[i]);
            drawn.y.add(curve.y[i]);
        }
        if (smooths(curve, smoothing)) {
            for (size_t i = from; i < curve.y.size(); ++i)
                drawn.smooth.push_back(drawn.average.next(curve.y[i]));
            drawn.rawLevels.extend(curve.y);
        }
        drawn.levels.extend(drawn.lineOf(curve));
    }
    static void recompute(const Curve& curve, Drawn& drawn, double smoothing)
    {
        drawn.smooth.clear();
        drawn.levels = drawn.rawLevels = plots::Levels();
        if (smooths(curve, smoothing))
            drawn.smooth.reserve(curve.y.capacity());
        drawn.average = plots::MovingAverage(smoothing);
        drawn.x = drawn.y = CurveBounds();
        extend(curve, drawn, smoothing);
        drawn.low = smoothed(curve, curve.low, smoothing);
        drawn.high = smoothed(curve, curve.high, smoothing);
        for (const auto* edge : {&drawn.low, &drawn.high})
            for (const double value : *edge)
                drawn.y.add(value);
    }
    static std::vector<double> smoothed(const Curve& curve, std::vector<double> edge, double smoothing)
    {
        if (edge.size() != curve.x.size())
            return {};
        plots::MovingAverage average(smoothing);
        if (smooths(curve, smoothing))
            for (double& value : edge)
                value = average.next(value);
        return edge;
    }
};

}  // namespace rankwright
