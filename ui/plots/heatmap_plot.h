// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A grid of coloured cells with a scale beside it; one cell is current, by mouse or arrow keys. Cells that have no
// value yet are hatched; what the colours mean is said in words, and the whole table can be copied as CSV. Colours run from low to
// high, or from a zero in the middle: then cells below zero are warm and bear a corner, a second sign beside the colour.
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
    // From now on colours diverge from 0, which is in the middle of the scale; `least` is then -`most`.
    void setDiverging(bool on);
    // Cells that are held for comparison, each with the colour of its curve.
    struct Mark { int row = 0, column = 0; QColor color; };
    void setMarks(std::vector<Mark> marks);
    void setCurrent(int row, int column);
    [[nodiscard]] int currentRow() const { return m_row; }
    [[nodiscard]] int currentColumn() const { return m_column; }
    [[nodiscard]] double value(int row, int column) const;
    [[nodiscard]] QString csv() const;
    [[nodiscard]] QSize sizeHint() const override { return {720, 220}; }
    [[nodiscard]] QSize minimumSizeHint() const override { return {320, 120}; }

signals:
    void currentChanged(int row, int column);
    void activated(int row, int column);   // Return, Space or a double click on the current cell

protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
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
    void paintSigns(QPainter& painter) const;
    [[nodiscard]] QColor colourOf(double share) const;   // 0..1 of the scale

    QStringList m_rows, m_columns;
    QString m_columnTitle, m_meaning, m_unit;
    std::vector<double> m_values;
    double m_least = 0, m_most = 1;
    int m_digits = 2, m_row = -1, m_column = -1;
    QPoint m_hovered{-1, -1};
    bool m_diverging = false;
    std::vector<Mark> m_marks;
};

}  // namespace rankwright
