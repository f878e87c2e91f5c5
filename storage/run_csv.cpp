// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A run's curves side by side as CSV.
#include "storage/run_csv.h"

#include "training/api/config_fields.h"

#include <charconv>
#include <cmath>
#include <map>

namespace rankwright {

namespace {

// "-1.5", "12", "1e-4": digits after an optional minus, read to the end. "-inf" and "+1" are not.
bool isPlainNumber(std::string_view text)
{
    const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
    if (digits.empty() || digits.front() < '0' || digits.front() > '9')
        return false;
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::string csvCell(std::string_view text)
{
    constexpr std::string_view kFormulaStarts("=+-@\t\r\0", 7);
    std::string cell;
    if (!text.empty() && kFormulaStarts.find(text.front()) != std::string_view::npos && !isPlainNumber(text))
        cell = '\'';
    cell += text;
    if (cell.find_first_of("\",\r\n") == std::string::npos)
        return cell;
    std::string quoted = "\"";
    for (const char character : cell) {
        if (character == '"')
            quoted += '"';
        quoted += character;
    }
    return quoted + '"';
}

std::string csvNumber(double value) { return std::isfinite(value) ? shortNumber(value) : "NaN"; }

std::string runCsv(const std::string& run, const std::vector<std::pair<std::string, std::vector<CurvePoint>>>& curves)
{
    struct Row
    {
        int64_t tokens = 0;
        double seconds = 0;
        std::vector<std::string> cells;
    };
    std::map<int64_t, Row> rows;
    for (size_t column = 0; column < curves.size(); ++column) {
        for (const CurvePoint& point : curves[column].second) {
            Row& row = rows[point.step];
            row.cells.resize(curves.size());
            row.cells[column] = csvNumber(point.value);
            row.tokens = point.tokens;
            row.seconds = point.seconds;
        }
    }
    std::string csv = "step,tokens,seconds";
    for (const auto& [name, points] : curves)
        csv += "," + csvCell(name);
    csv += ",run\r\n";
    const std::string lastCell = "," + csvCell(run) + "\r\n";
    for (const auto& [step, row] : rows) {
        csv += std::to_string(step) + "," + std::to_string(row.tokens) + "," + csvNumber(row.seconds);
        for (const std::string& cell : row.cells)
            csv += "," + cell;
        csv += lastCell;
    }
    return csv;
}

}  // namespace rankwright
