// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Where the blocks of a report stand on pages. Pieces are laid out first and drawn later, so that what stands on which page can be
// tested: a line of text, a row of a table and a chart are never cut, and a heading stands with what follows it.
#pragma once

#include "storage/report/report_page.h"

#include <QPaintDevice>
#include <QPainter>
#include <QRectF>

namespace rankwright {

struct ReportPiece
{
    enum class Kind { heading, line, row, chart, caption };
    Kind kind = Kind::line;
    int page = 0;
    QRectF rect;                        // within the page's content, device pixels
    bool tableHead = false;             // a row that repeats the head
    std::vector<QRectF> cells;          // of a row
    std::vector<QStringList> texts;     // lines of each cell; of others one
    std::vector<bool> right;            // cells aligned to the right
    int level = 0;                      // of a heading
    bool warning = false;
    size_t block = 0;                   // which of the blocks it is of
};

struct ReportFonts { QFont text, bold, small, heading1, heading2, heading3; };
[[nodiscard]] ReportFonts reportFonts(double pixelsPerPoint);

// `content`: of one page, in device pixels; `point`: device pixels of a typographic point.
[[nodiscard]] std::vector<ReportPiece> layOutReport(const std::vector<ReportBlock>& blocks, QSizeF content, double point);

}  // namespace rankwright
