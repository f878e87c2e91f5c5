// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Paper is white whatever the window's theme is: the colours here are the report's own.
#include "ui/report_pdf.h"

#include "training/api/error.h"
#include "ui/report_layout.h"

#include <QFontMetricsF>
#include <QPainter>
#include <QPdfWriter>
#include <QSaveFile>
#include <QSvgRenderer>

#include <algorithm>

namespace rankwright {

namespace {

constexpr int kResolution = 300;              // dots an inch
constexpr double kPoint = kResolution / 72.0;
constexpr double kMargin = 42, kFooter = 24;  // points

const QColor kInk(0x1b, 0x1f, 0x24), kQuiet(0x56, 0x5e, 0x69), kRule(0xc9, 0xce, 0xd4), kWarning(0xb3, 0x26, 0x1e);

QString titleOf(const std::vector<ReportBlock>& blocks)
{
    for (const ReportBlock& block : blocks)
        if (const auto* heading = std::get_if<ReportHeading>(&block))
            return QString::fromStdString(heading->text);
    return QStringLiteral("Report");
}

void drawLines(QPainter& painter, const QRectF& rect, const QStringList& lines, bool right)
{
    const QFontMetricsF metrics(painter.font());
    double y = rect.top() + metrics.ascent();
    for (const QString& line : lines) {
        const double x = right ? rect.right() - metrics.horizontalAdvance(line) : rect.left();
        painter.drawText(QPointF(x, y), line);
        y += metrics.lineSpacing();
    }
}

void drawRow(QPainter& painter, const ReportPiece& piece, const ReportFonts& fonts)
{
    painter.setFont(piece.tableHead ? fonts.bold : fonts.small);
    painter.setPen(piece.tableHead ? kQuiet : kInk);
    for (size_t column = 0; column < piece.cells.size(); ++column)
        drawLines(painter, piece.cells[column].translated(piece.rect.topLeft()), piece.texts[column], piece.right[column]);
    painter.setPen(QPen(kRule, (piece.tableHead ? 0.8 : 0.4) * kPoint));
    painter.drawLine(piece.rect.bottomLeft(), piece.rect.bottomRight());
}

void drawPiece(QPainter& painter, const ReportPiece& piece, const std::vector<ReportBlock>& blocks, const ReportFonts& fonts)
{
    switch (piece.kind) {
    case ReportPiece::Kind::heading:
        painter.setFont(piece.level == 1 ? fonts.heading1 : piece.level == 2 ? fonts.heading2 : fonts.heading3);
        painter.setPen(kInk);
        drawLines(painter, piece.rect, piece.texts.front(), false);
        break;
    case ReportPiece::Kind::line:
        painter.setFont(fonts.text);
        painter.setPen(kInk);
        if (piece.warning)
            painter.fillRect(QRectF(0, piece.rect.top(), 3 * kPoint, piece.rect.height()), kWarning);
        drawLines(painter, piece.rect, piece.texts.front(), false);
        break;
    case ReportPiece::Kind::caption:
        painter.setFont(fonts.small);
        painter.setPen(kQuiet);
        drawLines(painter, piece.rect, piece.texts.front(), false);
        break;
    case ReportPiece::Kind::row:
        drawRow(painter, piece, fonts);
        break;
    case ReportPiece::Kind::chart:
        const auto& chart = std::get<ReportChart>(blocks[piece.block]);
        QSvgRenderer svg(QByteArray::fromStdString(chart.svg));
        painter.setFont(fonts.text);   // words in a chart take from the painter what the chart does not say, such as the weight
        if (svg.isValid())
            svg.render(&painter, piece.rect);
        break;
    }
}

[[noreturn]] void refuse(const std::filesystem::path& file, const QString& found)
{
    throw Error(ErrorParts{.code = Code::io, .file = file, .place = "report as PDF", .found = found.toStdString(),
        .allowed = "a file that can be written", .advice = "Is the disk full, or the folder read-only? Name another folder."});
}

}  // namespace

int writeReportPdf(const std::vector<ReportBlock>& blocks, const std::filesystem::path& file)
{
    QSaveFile out(QString::fromStdString(file.string()));
    if (!out.open(QIODevice::WriteOnly))
        refuse(file, out.errorString());
    int pages = 1;
    {
        QPdfWriter writer(&out);
        writer.setResolution(kResolution);
        writer.setPageSize(QPageSize(QPageSize::A4));
        writer.setPageMargins(QMarginsF(), QPageLayout::Point);
        writer.setTitle(titleOf(blocks));
        writer.setCreator(QStringLiteral("Rankwright"));
        const QSizeF paper(writer.width(), writer.height());
        const QSizeF content(paper.width() - 2 * kMargin * kPoint, paper.height() - (2 * kMargin + kFooter) * kPoint);
        const auto pieces = layOutReport(blocks, content, kPoint);
        const ReportFonts fonts = reportFonts(kPoint);
        for (const ReportPiece& piece : pieces)
            pages = std::max(pages, piece.page + 1);
        QPainter painter(&writer);
        if (!painter.isActive())
            refuse(file, QStringLiteral("the page cannot be drawn on"));
        auto piece = pieces.begin();
        for (int page = 0; page < pages; ++page) {
            if (page > 0)
                writer.newPage();
            painter.resetTransform();
            painter.translate(kMargin * kPoint, kMargin * kPoint);
            for (; piece != pieces.end() && piece->page == page; ++piece)
                drawPiece(painter, *piece, blocks, fonts);
            painter.setFont(fonts.small);
            painter.setPen(kQuiet);
            const QRectF footer(0, content.height() + 0.4 * kFooter * kPoint, content.width(), kFooter * kPoint);
            drawLines(painter, footer, {QObject::tr("%1 / %2").arg(page + 1).arg(pages)}, true);
        }
    }
    if (!out.commit())
        refuse(file, out.errorString());
    return pages;
}

}  // namespace rankwright
