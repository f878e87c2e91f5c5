// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Any metric against step, tokens or time: several curves, smoothing with the raw line faint behind, log axes, zoom,
// pan, crosshair, copy as PNG or CSV. Thins to min/max per pixel column; data repaints at most 30 times a second.
#pragma once

#include <QColor>
#include <QPixmap>
#include <QString>
#include <QWidget>

#include <utility>
#include <vector>

class QCustomPlot;

namespace rankwright {

struct Curve
{
    QString id;                       // stable: run id, or run id + series
    QString label;                    // legend; shown as plain text
    QColor color;
    Qt::PenStyle style = Qt::SolidLine;
    bool markers = false;             // evaluation points: markers, never smoothed
    std::vector<double> x, y;         // y NaN: a red tick on the axis
    std::vector<double> low = {}, high = {};   // of x's length: a band behind the line, smoothed as the line is
    bool ring = false;                // with markers: points that stand out from another curve, circled
    bool faint = false;               // one of many behind the others: thin, neither in the legend nor in the read-out
};

class CurvePlot : public QWidget
{
    Q_OBJECT
public:
    explicit CurvePlot(QWidget* parent = nullptr);
    void setTitles(const QString& title, const QString& xLabel, const QString& yLabel);
    void setCurves(std::vector<Curve> curves);                      // replaces all
    void append(const QString& id, double x, double y);             // live
    void clear();
    void setSmoothing(double factor);                               // 0 none ... 0.99; debiased moving average
    void setLogX(bool on);
    void setLogY(bool on);
    void setWholeX(bool on);                                        // ticks at whole numbers only: ranks, layers; not with a log axis
    void setLegendVisible(bool on);
    void setLegendLow();                                            // in the corner below, for curves that rise
    void setZeroLine(bool on);                                      // y = 0 is drawn and always in view: for differences
    void setVerticalLine(double x);                                 // NaN: none
    void setVerticalLineText(const QString& text);                  // beside the line's lower end
    void setVerticalLineDraggable(bool on);                         // then lineMoved follows the mouse
    void fit();                                                     // rescale to all data
    [[nodiscard]] double smoothing() const { return m_smoothing; }
    [[nodiscard]] bool logY() const { return m_logY; }
    [[nodiscard]] std::pair<double, double> visibleX() const;
    [[nodiscard]] std::pair<double, double> visibleY() const;
    [[nodiscard]] size_t pointsDrawn() const;                       // handed to the painter at the last repaint; for tests
    [[nodiscard]] QPixmap picture(double scale);                    // as it stands, so many pixels a pixel of the screen
    bool savePng(const QString& file, int width, int height);
    [[nodiscard]] QString csv() const;                              // label,x,y rows, with bands label,x,y,low,high; '.' decimal

signals:
    void pointHovered(double x);
    void lineMoved(double x);                                       // while it is dragged
    void lineReleased(double x);

protected:
    void changeEvent(QEvent* event) override;                       // palette: light <-> dark
    bool eventFilter(QObject* watched, QEvent* event) override;     // the crosshair goes when the mouse leaves
    void keyPressEvent(QKeyEvent* event) override;                  // L log y, F fit, arrows pan, + - zoom

private:
    struct State;
    void rebuild();                                                 // graphs, legend and pens of m_curves
    void addBand(size_t index);
    void addLine(size_t index);
    void fillBand(size_t index);
    void repaintSoon();                                             // new data: at most 30 times a second
    void fillVisible();                                             // points of the visible range into the graphs
    [[nodiscard]] int columns() const;
    void rescale();
    void connectPlot();
    void applyStyle();
    void hover(const QPoint& position);
    void pan(const QPoint& position);
    [[nodiscard]] bool overLine(const QPoint& position) const;
    void dragLine(const QPoint& position);
    void showMenu(const QPoint& position);
    QCustomPlot* m_plot;
    std::vector<Curve> m_curves;
    double m_smoothing = 0;
    bool m_logX = false, m_logY = false;
    State* m_state = nullptr;                                       // owned by m_plot (curve_plot.cpp)
};

}  // namespace rankwright
