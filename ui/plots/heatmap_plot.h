// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A grid of coloured cells with a scale beside it; one cell is current, by mouse or arrow keys. Cells that have no
// value yet are hatched; what the colours mean is said in words, and the whole table can be copied as CSV.
#pragma once

#include <QStringList>
#include <QWidget>

#include <vector>

namespace rankwright {

class HeatmapPlot : public QWidget
{
    Q_OBJECT
public:
    explicit HeatmapPlot(QWidget* parent = nullptr);
    void setGrid(const QStringList& rows, const QStringList& columns, const QString& columnTitle);
    // Row by row; NaN: not known. Colours run from `least` to `most`; `digits` and `unit` are for the scale and
    // read-outs.
    void setValues(std::vector<double> values, double least, double most, const QString& meaning, int digits = 2,
        const QString& unit = {});
    void setCurrent(int row, int column);
    [[nodiscard]] int currentRow() const { return m_row; }
    [[nodiscard]] int currentColumn() const { return m_column; }
    [[nodiscard]] double value(int row, int column) const;
    [[nodiscard]] QString csv() const;
    [[nodiscard]] QSize sizeHint() const override { return {720, 220}; }
    [[nodiscard]] QSize minimumSizeHint() const override { return {320, 120}; }

signals:
    void currentChanged(int row, int column);

protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    [[nodiscard]] QRect gridRect() const;
    [[nodiscard]] QRect cellRect(int row, int column) const;
    [[nodiscard]] QPoint cellAt(const QPoint& position) const;  // (column, row), or (-1, -1)
    [[nodiscard]] QString valueText(double value) const;
    [[nodiscard]] QString cellText(int row, int column) const;
    void paintScale(QPainter& painter) const;
    void paintLabels(QPainter& painter) const;
    void paintCells(QPainter& painter) const;

    QStringList m_rows, m_columns;
    QString m_columnTitle, m_meaning, m_unit;
    std::vector<double> m_values;
    double m_least = 0, m_most = 1;
    int m_digits = 2, m_row = -1, m_column = -1;
    QPoint m_hovered{-1, -1};
};

}  // namespace rankwright
