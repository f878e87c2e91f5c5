// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// U-curves: a value against the learning rate on a logarithmic axis. A point a rate with its interval, every seed's value beside it,
// the best rate ringed, diverged runs as red ticks on the axis; the line ends where a rate has lost seeds to them.
#pragma once

#include <QColor>
#include <QString>
#include <QWidget>

#include <optional>
#include <vector>

class QCustomPlot;

namespace rankwright {

struct RateDot { double rate = 0, value = 0, low = 0, high = 0; std::vector<double> values; int diverged = 0; };   // value NaN: none ended
struct RateLine
{
    QString label;
    QColor color;
    Qt::PenStyle style = Qt::SolidLine;
    std::vector<RateDot> dots;            // ascending rate
    std::optional<size_t> best;
};

class RatePlot : public QWidget
{
    Q_OBJECT
public:
    explicit RatePlot(QWidget* parent = nullptr);
    void setLines(std::vector<RateLine> lines, const QString& valueTitle);
    bool savePng(const QString& file, int width, int height);
    [[nodiscard]] QString csv() const;    // label,rate,value,low,high,seeds,diverged
    [[nodiscard]] QString readOut(const QPoint& position) const;   // of the nearest point; empty where none is near
    [[nodiscard]] QPoint positionOf(size_t line, size_t dot) const;

protected:
    void changeEvent(QEvent* event) override;   // palette: light <-> dark
    bool event(QEvent* event) override;         // tool tips
    void contextMenuEvent(QContextMenuEvent* event) override;

private:
    struct State;
    void rebuild();
    void addLine(const RateLine& line, double shift);
    void rescale();
    QCustomPlot* m_plot;
    State* m_state;                             // owned by m_plot
    std::vector<RateLine> m_lines;
    QString m_valueTitle;
};

}  // namespace rankwright
