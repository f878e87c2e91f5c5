// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/plots/plot_style.h"

#include "ui/theme.h"

#include <qcustomplot.h>

#include <cmath>

namespace rankwright::plots {

namespace {

QString tickText(double value)
{
    if (value == 0)
        return QStringLiteral("0");
    const double size = std::abs(value);
    if (size >= 1e6)
        return QString::number(value / 1e6, 'g', 4) + QLatin1String(" M");
    if (size >= 1e4)
        return QString::number(value / 1e3, 'g', 4) + QLatin1String(" k");
    if (size < 1e-4)
        return QString::number(value, 'g', 3).replace(QLatin1String("e-0"), QLatin1String("e-"));
    return QString::number(value, 'g', 6);
}

// QCPAxisTicker turns 1e-17 at a linear axis' origin into "1e-17": it is nothing beside the step.
class LinearTicker : public QCPAxisTicker
{
protected:
    QString getTickLabel(double tick, const QLocale&, QChar, int) override
    {
        const double size = std::abs(tick);
        // Where tickText() has too few digits to tell two ticks apart: as many as that takes, and no exponent of a large number.
        const double told = size >= 1e4 ? 1e3 : size >= 1e-4 ? 1e5 : 1e2;
        if (size > told * m_step) {
            const int needed = int(std::ceil(std::log10(size / m_step))) + 1, whole = int(std::floor(std::log10(size))) + 1;
            return QString::number(tick, 'g', std::min(15, std::max(needed, whole)));
        }
        return tickText(size < m_step * 1e-6 ? 0 : tick);
    }
    double getTickStep(const QCPRange& range) override { return m_step = QCPAxisTicker::getTickStep(range); }

private:
    double m_step = 0;
};

class WholeTicker : public LinearTicker
{
protected:
    double getTickStep(const QCPRange& range) override { return std::max(1.0, std::ceil(LinearTicker::getTickStep(range))); }
};

// A log axis over less than about a decade and a half has too few powers of ten to read: 1-2-5 steps then.
class LogTicker : public QCPAxisTickerLog
{
protected:
    QVector<double> createTickVector(double step, const QCPRange& range) override
    {
        if (range.lower <= 0 || range.upper / range.lower > 60)
            return QCPAxisTickerLog::createTickVector(step, range);
        QVector<double> ticks;
        for (double decade = std::pow(10, std::floor(std::log10(range.lower))); decade <= range.upper; decade *= 10) {
            for (const double part : {1.0, 2.0, 5.0})
                ticks.append(decade * part);
        }
        if (ticks.size() < 2 || range.upper / range.lower < 3)
            return QCPAxisTicker::createTickVector(linearStep(range), range);
        return ticks;
    }
    QVector<double> createSubTickVector(int count, const QVector<double>& ticks) override
    {
        return ticks.size() > 1 && ticks[1] / ticks[0] > 9 ? QCPAxisTickerLog::createSubTickVector(count, ticks)
                                                             : QVector<double>();
    }
    QString getTickLabel(double tick, const QLocale&, QChar, int) override { return tickText(tick); }

private:
    static double linearStep(const QCPRange& range)
    {
        const double rough = range.size() / 5;
        const double decade = std::pow(10, std::floor(std::log10(rough)));
        const double part = rough / decade;
        return decade * (part < 1.5 ? 1 : part < 3.5 ? 2 : part < 7.5 ? 5 : 10);
    }
};

void styleAxis(QCPAxis& axis)
{
    const QColor line = theme::grid();
    axis.setBasePen(QPen(theme::secondary(), 1));
    axis.setTickPen(QPen(theme::secondary(), 1));
    axis.setSubTickPen(QPen(line, 1));
    axis.setTickLabelColor(theme::secondary());
    axis.setTickLabelFont(theme::smallFont());
    axis.setLabelColor(theme::secondary());
    axis.setLabelFont(theme::smallFont());
    axis.setLabelPadding(4);
    axis.setTickLengthIn(0);
    axis.setTickLengthOut(4);
    axis.setSubTickLengthIn(0);
    axis.setSubTickLengthOut(2);
    axis.grid()->setPen(QPen(line, 1));
    axis.grid()->setZeroLinePen(QPen(line, 1));
    axis.grid()->setSubGridVisible(false);
}

}  // namespace

void style(QCustomPlot& plot)
{
    const QColor ground = QApplication::palette().color(QPalette::Base);
    plot.setLocale(QLocale::c());
    plot.setBackground(QBrush(ground));
    plot.plotLayout()->setRowSpacing(0);
    for (QCPAxisRect* rect : plot.axisRects()) {
        rect->setMinimumMargins({8, 8, 14, 8});
        for (QCPAxis* axis : rect->axes())
            styleAxis(*axis);
    }
    if (plot.legend) {
        QColor glass = ground;
        glass.setAlpha(225);
        plot.legend->setBrush(glass);
        plot.legend->setBorderPen(QPen(theme::grid()));
        plot.legend->setTextColor(QApplication::palette().color(QPalette::Text));
        plot.legend->setFont(theme::smallFont());
        plot.legend->setIconSize(22, 10);
        plot.legend->setRowSpacing(1);
    }
    if (QCPSelectionRect* rect = plot.selectionRect()) {
        QColor tint = theme::accent();
        rect->setPen(QPen(tint));
        tint.setAlpha(40);
        rect->setBrush(tint);
    }
}

void setLog(QCPAxis& axis, bool on)
{
    axis.setScaleType(on ? QCPAxis::stLogarithmic : QCPAxis::stLinear);
    axis.setSubTicks(on);
    if (on)
        axis.setTicker(QSharedPointer<QCPAxisTicker>(new LogTicker));
    else
        axis.setTicker(QSharedPointer<QCPAxisTicker>(new LinearTicker));
}

void setWhole(QCPAxis& axis, bool on)
{
    axis.setSubTicks(false);
    axis.setTicker(QSharedPointer<QCPAxisTicker>(on ? new WholeTicker : new LinearTicker));
}

QPen curvePen(const QColor& color, Qt::PenStyle dash, double width)
{
    QPen pen(color, width, dash);
    pen.setCapStyle(dash == Qt::SolidLine ? Qt::RoundCap : Qt::FlatCap);
    pen.setJoinStyle(Qt::RoundJoin);
    return pen;
}

QPen faintPen(const QColor& color)
{
    // Mixed with the ground here instead of drawn half transparent, which would cost eight times as much.
    const QColor ground = QApplication::palette().color(QPalette::Base);
    const auto mixed = [](int front, int back) { return int(std::lround(0.35 * front + 0.65 * back)); };
    return {QColor(mixed(color.red(), ground.red()), mixed(color.green(), ground.green()),
                mixed(color.blue(), ground.blue())), 1};
}

QString csvField(const std::string& text)
{
    QString field = QString::fromStdString(text);
    if (!field.isEmpty() && QStringLiteral("=+-@\t\r").contains(field.front())) {
        bool number = false;
        field.toDouble(&number);
        if (!number)
            field.prepend(QLatin1Char('\''));
    }
    if (field.contains(QLatin1Char(',')) || field.contains(QLatin1Char('"')) || field.contains(QLatin1Char('\n')))
        field = QLatin1Char('"') + field.replace(QLatin1Char('"'), QLatin1String("\"\"")) + QLatin1Char('"');
    return field;
}

}  // namespace rankwright::plots
