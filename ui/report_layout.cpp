// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Pieces are made block by block as if on an endless page, then cut into pages between pieces.
#include "ui/report_layout.h"

#include <QFontDatabase>
#include <QFontMetricsF>
#include <QGuiApplication>
#include <QTextLayout>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

namespace rankwright {

namespace {

constexpr double kGap = 6, kCellGap = 6, kRowPadding = 2.5;   // points
constexpr double kLeastColumn = 28;                           // points: a column that wraps is no narrower

// A piece on the endless page: how far below the piece before it, and whether it must stand with the next.
struct Strip { ReportPiece piece; double above = 0; bool withNext = false; };

class Layout
{
public:
    Layout(QSizeF content, double point) : m_content(content), m_point(point), m_fonts(reportFonts(point)) { }

    std::vector<Strip> strips;

    void add(const ReportHeading& heading)
    {
        const QFont& font = heading.level == 1 ? m_fonts.heading1 : heading.level == 2 ? m_fonts.heading2 : m_fonts.heading3;
        const auto lines = wrapped(QString::fromStdString(heading.text), font, m_content.width());
        Strip strip{.piece = {.kind = ReportPiece::Kind::heading, .texts = {lines}, .level = heading.level},
            .above = (heading.level == 1 ? 0 : heading.level == 2 ? 14 : 8) * m_point, .withNext = true};
        strip.piece.rect = {0, 0, m_content.width(), double(lines.size()) * QFontMetricsF(font).lineSpacing()};
        put(std::move(strip));
    }

    void add(const ReportText& text)
    {
        const double inset = text.warning ? 8 * m_point : 0;
        const auto lines = wrapped(QString::fromStdString(text.text), m_fonts.text, m_content.width() - inset);
        for (qsizetype i = 0; i < lines.size(); ++i) {
            Strip strip{.piece = {.kind = ReportPiece::Kind::line, .texts = {{lines[i]}}, .warning = text.warning},
                .above = i == 0 ? kGap * m_point : 0,
                .withNext = lines.size() > 1 && (i == 0 || i == lines.size() - 2)};   // no lonely first or last line
            strip.piece.rect = {inset, 0, m_content.width() - inset, QFontMetricsF(m_fonts.text).lineSpacing()};
            put(std::move(strip));
        }
    }

    void add(const ReportTable& table)
    {
        const size_t columns = table.head.size();
        if (columns == 0)
            return;
        const auto widths = columnWidths(table);
        for (size_t row = 0; row <= table.rows.size(); ++row) {
            const auto& cells = row == 0 ? table.head : table.rows[row - 1];
            Strip strip{.piece = {.kind = ReportPiece::Kind::row, .tableHead = row == 0},
                .above = row == 0 ? kGap * m_point : 0,
                .withNext = row == 0 || row + 1 == table.rows.size()};   // the head and the last row do not stand alone
            const QFont& font = row == 0 ? m_fonts.bold : m_fonts.small;
            const double line = QFontMetricsF(font).lineSpacing();
            double x = 0, height = 0;
            for (size_t column = 0; column < columns; ++column) {
                const auto text = column < cells.size() ? QString::fromStdString(cells[column]) : QString();
                strip.piece.texts.push_back(wrapped(text, font, widths[column]));
                strip.piece.right.push_back(column < table.numeric.size() && table.numeric[column]);
                const double own = double(strip.piece.texts.back().size()) * line;
                strip.piece.cells.emplace_back(x, kRowPadding * m_point, widths[column], own);
                x += widths[column] + kCellGap * m_point;
                height = std::max(height, own);
            }
            strip.piece.rect = {0, 0, x - kCellGap * m_point, height + 2 * kRowPadding * m_point};
            put(std::move(strip));
        }
    }

    void add(const ReportChart& chart)
    {
        const QSizeF natural(chart.width > 0 ? chart.width : 720, chart.height > 0 ? chart.height : 300);
        const auto lines = wrapped(QString::fromStdString(chart.caption), m_fonts.small, m_content.width());
        const double captionHeight = double(lines.size()) * QFontMetricsF(m_fonts.small).lineSpacing();
        const double room = m_content.height() - captionHeight - 2 * kGap * m_point;
        const double scale = std::min(m_content.width() / natural.width(), room / natural.height());
        Strip strip{.piece = {.kind = ReportPiece::Kind::chart}, .above = kGap * m_point, .withNext = !chart.caption.empty()};
        strip.piece.rect = {0, 0, natural.width() * scale, natural.height() * scale};
        put(std::move(strip));
        if (chart.caption.empty())
            return;
        Strip caption{.piece = {.kind = ReportPiece::Kind::caption, .texts = {lines}}};
        caption.piece.rect = {0, 0, m_content.width(), captionHeight};
        put(std::move(caption));
    }

    void nextBlock() { ++m_block; }

private:
    void put(Strip strip)
    {
        strip.piece.block = m_block;
        strips.push_back(std::move(strip));
    }

    static QStringList wrapped(const QString& text, const QFont& font, double width)
    {
        QStringList lines;
        for (const QString& paragraph : text.split(QLatin1Char('\n'))) {
            QTextLayout layout(paragraph, font);
            QTextOption option;
            option.setWrapMode(QTextOption::WrapAtWordBoundaryOrAnywhere);
            layout.setTextOption(option);
            layout.beginLayout();
            for (QTextLine line = layout.createLine(); line.isValid(); line = layout.createLine()) {
                line.setLineWidth(std::max(1.0, width));
                lines << paragraph.mid(line.textStart(), line.textLength()).trimmed();
            }
            layout.endLayout();   // an empty paragraph is one empty line
        }
        return lines;
    }

    // Natural widths where they fit; else the widest columns give way first, as far as their longest word allows.
    [[nodiscard]] std::vector<double> columnWidths(const ReportTable& table) const
    {
        const QFontMetricsF plain(m_fonts.small), bold(m_fonts.bold);
        std::vector<double> widths(table.head.size(), 0);
        for (size_t column = 0; column < widths.size(); ++column) {
            widths[column] = bold.horizontalAdvance(QString::fromStdString(table.head[column]));
            for (const auto& row : table.rows)
                if (column < row.size())
                    widths[column] = std::max(widths[column], plain.horizontalAdvance(QString::fromStdString(row[column])));
            widths[column] += m_point;   // rounding
        }
        const double room = m_content.width() - kCellGap * m_point * double(widths.size() - 1);
        const double least = std::min(kLeastColumn * m_point, room / double(widths.size()));
        for (double over = sum(widths) - room; over > 0.01 * m_point; over = sum(widths) - room) {
            const double widest = *std::ranges::max_element(widths);
            if (widest <= least * 1.001)
                break;
            double next = least;   // the widest ones come down together to the next narrower
            double many = 0;
            for (const double width : widths) {
                many += width >= widest * 0.999 ? 1 : 0;
                next = width < widest * 0.999 ? std::max(next, width) : next;
            }
            const double to = std::max(next, widest - over / many);
            for (double& width : widths)
                width = width >= widest * 0.999 ? to : width;
        }
        return widths;
    }

    static double sum(const std::vector<double>& values) { return std::accumulate(values.begin(), values.end(), 0.0); }

    QSizeF m_content;
    double m_point;
    ReportFonts m_fonts;
    size_t m_block = 0;
};

}  // namespace

ReportFonts reportFonts(double pixelsPerPoint)
{
    const auto sized = [&](double points, QFont::Weight weight) {
        QFont font(QGuiApplication::font().family());
        font.setPixelSize(std::max(1, int(std::lround(points * pixelsPerPoint))));
        font.setWeight(weight);
        return font;
    };
    return {.text = sized(9.5, QFont::Normal), .bold = sized(8, QFont::DemiBold), .small = sized(8, QFont::Normal),
        .heading1 = sized(18, QFont::DemiBold), .heading2 = sized(12.5, QFont::DemiBold), .heading3 = sized(10.5, QFont::DemiBold)};
}

std::vector<ReportPiece> layOutReport(const std::vector<ReportBlock>& blocks, QSizeF content, double point)
{
    Layout layout(content, point);
    for (const ReportBlock& block : blocks) {
        std::visit([&](const auto& part) { layout.add(part); }, block);
        layout.nextBlock();
    }
    std::vector<ReportPiece> pieces;
    const auto& strips = layout.strips;
    double y = 0;
    int page = 0;
    std::optional<Strip> head;   // of the table that is going on
    for (size_t i = 0; i < strips.size();) {
        // What must stand together, as far as a page can hold it.
        size_t end = i + 1;
        double needed = strips[i].piece.rect.height() + (y > 0 ? strips[i].above : 0);
        while (end < strips.size() && strips[end - 1].withNext) {
            const double more = strips[end].above + strips[end].piece.rect.height();
            if (needed + more > content.height())
                break;
            needed += more;
            ++end;
        }
        if (y > 0 && y + needed > content.height()) {
            ++page;
            y = 0;
            const bool goesOn = head && strips[i].piece.kind == ReportPiece::Kind::row && !strips[i].piece.tableHead
                && strips[i].piece.block == head->piece.block;
            if (goesOn) {
                ReportPiece again = head->piece;
                again.page = page;
                y += again.rect.height();
                pieces.push_back(std::move(again));
            }
        }
        for (; i < end; ++i) {
            ReportPiece piece = strips[i].piece;
            if (piece.tableHead)
                head = strips[i];
            y += y > 0 ? strips[i].above : 0;
            piece.page = page;
            piece.rect.translate(0, y);
            y += piece.rect.height();
            pieces.push_back(std::move(piece));
        }
    }
    return pieces;
}

}  // namespace rankwright
