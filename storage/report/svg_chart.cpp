// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "storage/report/svg_chart.h"

#include "training/api/number_text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace rankwright {

namespace {

constexpr double kLeft = 66, kRight = 14, kTop = 30, kBottom = 44, kLegendLine = 18;
constexpr double kFont = 12;

struct Range
{
    double least = std::numeric_limits<double>::infinity(), most = -std::numeric_limits<double>::infinity();
    void take(double value)
    {
        if (!std::isfinite(value))
            return;
        least = std::min(least, value);
        most = std::max(most, value);
    }
    [[nodiscard]] bool empty() const { return least > most; }
};

std::string px(double value)
{
    std::string text = numberText(value, 2);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.'))
        text.pop_back();
    return text;
}

std::string colour(uint32_t hue)
{
    static constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text = "#";
    for (int shift = 20; shift >= 0; shift -= 4)
        text += kDigits[(hue >> unsigned(shift)) & 15u];
    return text;
}

std::string dashes(int dash)
{
    static constexpr std::array<const char*, 4> patterns{"", "7 4", "2 3", "7 3 2 3"};
    const std::string pattern = patterns[size_t(std::abs(dash)) % patterns.size()];
    return pattern.empty() ? "" : " stroke-dasharray=\"" + pattern + "\"";
}

// Whole series on one chart: where values lie on it, and its marks.
class Drawing
{
public:
    explicit Drawing(const Chart& chart) : m_chart(chart)
    {
        for (const ChartSeries& series : chart.series) {
            for (const ChartPoint& point : series.points) {
                if (!isDrawn(point))
                    continue;
                m_x.take(along(point.x));
                m_y.take(point.y);
                m_y.take(point.low);
                m_y.take(point.high);
            }
        }
        for (const auto* places : {&chart.xTicks, &chart.xMarks}) {
            for (const double x : *places) {
                if (!chart.logX || x > 0)
                    m_x.take(along(x));
            }
        }
        if (chart.zeroLine && !m_y.empty())
            m_y.take(0);
        widen(m_x, chart.logX ? 0.03 : 0);
        widen(m_y, 0.06);
        layOutLegend();
    }

    [[nodiscard]] std::string svg()
    {
        const std::string size = "width=\"" + px(m_chart.width) + "\" height=\"" + px(m_chart.height) + "\"";
        std::string out = "<svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.2\" baseProfile=\"tiny\" " + size + " viewBox=\"0 0 "
            + px(m_chart.width) + " " + px(m_chart.height) + "\" font-family=\"sans-serif\" font-size=\"" + px(kFont) + "\">\n";
        out += "<title>" + markupText(m_chart.title) + "</title>\n";
        out += text(kLeft, 16, m_chart.title, "start", "title", " font-weight=\"bold\"");
        if (m_y.empty()) {
            out += text(m_chart.width / 2, m_chart.height / 2, "No finished measurement yet.", "middle", "text");
            return out + "</svg>\n";
        }
        drawAxes(out);
        for (const ChartSeries& series : m_chart.series)
            drawBand(out, series);
        for (const ChartSeries& series : m_chart.series)
            drawSeries(out, series);
        out += m_legend;
        return out + "</svg>\n";
    }

private:
    [[nodiscard]] bool isDrawn(const ChartPoint& point) const
    {
        return std::isfinite(point.x) && std::isfinite(point.y) && (!m_chart.logX || point.x > 0);
    }
    [[nodiscard]] double along(double x) const { return m_chart.logX ? std::log10(x) : x; }
    [[nodiscard]] double bottom() const { return m_chart.height - kBottom - m_legendHeight; }
    [[nodiscard]] double atX(double x) const
    {
        return kLeft + (along(x) - m_x.least) / (m_x.most - m_x.least) * (m_chart.width - kLeft - kRight);
    }
    [[nodiscard]] double atY(double y) const { return bottom() - (y - m_y.least) / (m_y.most - m_y.least) * (bottom() - kTop); }

    static void widen(Range& range, double share)
    {
        if (range.empty())
            return;
        double by = share * (range.most - range.least);
        if (range.most - range.least <= 1e-12 * std::max(1.0, std::abs(range.most)))
            by = std::max(0.5 * std::abs(range.most), 0.5);   // one value alone is in the middle
        range.least -= by;
        range.most += by;
    }

    static std::string text(double x, double y, const std::string& words, const char* anchor, const char* kind, const std::string& more = {})
    {
        return "<text x=\"" + px(x) + "\" y=\"" + px(y) + "\" text-anchor=\"" + anchor + "\" class=\"" + kind + "\" fill=\"#333333\""
            + more + ">" + markupText(words) + "</text>\n";
    }

    static std::string rule(double x1, double y1, double x2, double y2, const char* kind, const char* stroke)
    {
        return "<line x1=\"" + px(x1) + "\" y1=\"" + px(y1) + "\" x2=\"" + px(x2) + "\" y2=\"" + px(y2) + "\" class=\"" + kind
            + "\" stroke=\"" + stroke + "\" stroke-width=\"1\"/>\n";
    }

    void drawAxes(std::string& out) const
    {
        const double right = m_chart.width - kRight;
        for (const double y : roundTicks(m_y.least, m_y.most, 5)) {
            out += rule(kLeft, atY(y), right, atY(y), "grid", "#e3e3e3");
            out += text(kLeft - 6, atY(y) + 4, significantText(std::abs(y) < 1e-12 * (m_y.most - m_y.least) ? 0 : y, 4), "end", "text");
        }
        const auto ticks = !m_chart.xTicks.empty() ? m_chart.xTicks
            : m_chart.logX ? logarithmicTicks(std::pow(10, m_x.least), std::pow(10, m_x.most)) : roundTicks(m_x.least, m_x.most, 7);
        for (const double x : ticks) {
            out += rule(atX(x), bottom(), atX(x), bottom() + 4, "axis", "#888888");
            out += text(atX(x), bottom() + 17, significantText(x, 3), "middle", "text");
        }
        out += rule(kLeft, bottom(), right, bottom(), "axis", "#888888");
        for (const double x : m_chart.xMarks)
            out += "<line x1=\"" + px(atX(x)) + "\" y1=\"" + px(bottom() - 9) + "\" x2=\"" + px(atX(x)) + "\" y2=\"" + px(bottom())
                + "\" class=\"lost\" stroke=\"#d62728\" stroke-width=\"3\"/>\n";
        if (m_chart.zeroLine)
            out += rule(kLeft, atY(0), right, atY(0), "axis", "#666666");
        out += text((kLeft + right) / 2, bottom() + 34, m_chart.xTitle, "middle", "text");
        const double middle = (kTop + bottom()) / 2;
        out += text(14, middle, m_chart.yTitle, "middle", "text", " transform=\"rotate(-90 14 " + px(middle) + ")\"");
    }

    void drawBand(std::string& out, const ChartSeries& series) const
    {
        if (series.bars)
            return;
        std::string upper, lower;
        for (const ChartPoint& point : series.points) {
            if (!isDrawn(point) || !std::isfinite(point.low) || !std::isfinite(point.high))
                continue;
            upper += px(atX(point.x)) + "," + px(atY(point.high)) + " ";
            lower = px(atX(point.x)) + "," + px(atY(point.low)) + " " + lower;
        }
        if (!upper.empty())
            out += "<polygon points=\"" + upper + lower + "\" fill=\"" + colour(series.hue) + "\" fill-opacity=\"0.16\" stroke=\"none\"/>\n";
    }

    void drawSeries(std::string& out, const ChartSeries& series) const
    {
        const std::string stroke = "stroke=\"" + colour(series.hue) + "\" stroke-opacity=\"" + px(series.opacity) + "\"";
        std::string stretch;
        const auto end = [&] {
            if (!stretch.empty() && series.line)
                out += "<polyline points=\"" + stretch + "\" fill=\"none\" " + stroke + " stroke-width=\"1.8\"" + dashes(series.dash) + "/>\n";
            stretch.clear();
        };
        for (const ChartPoint& point : series.points) {
            if (!isDrawn(point)) {
                end();
                continue;
            }
            const double x = atX(point.x);
            stretch += px(x) + "," + px(atY(point.y)) + " ";
            if (series.bars && std::isfinite(point.low) && std::isfinite(point.high))
                out += "<line x1=\"" + px(x) + "\" y1=\"" + px(atY(point.low)) + "\" x2=\"" + px(x) + "\" y2=\"" + px(atY(point.high)) + "\" "
                    + stroke + " stroke-width=\"1.4\"/>\n";
            if (series.markers)
                out += "<circle cx=\"" + px(x) + "\" cy=\"" + px(atY(point.y)) + "\" r=\"3.4\" "
                    + (series.hollow ? "fill=\"none\" stroke-width=\"1.6\" " + stroke
                                     : "fill=\"" + colour(series.hue) + "\" fill-opacity=\"" + px(series.opacity) + "\"")
                    + "/>\n";
        }
        end();
    }

    // Rows of swatches and labels below the chart; widths are guessed from the number of letters.
    void layOutLegend()
    {
        double x = kLeft, y = m_chart.height - 8;
        std::vector<std::vector<const ChartSeries*>> rows(1);
        const auto widthOf = [](const ChartSeries& series) { return 46 + 0.56 * kFont * double(series.label.size()); };
        for (const ChartSeries& series : m_chart.series) {
            if (series.label.empty())
                continue;
            if (x + widthOf(series) > m_chart.width - kRight && !rows.back().empty()) {
                rows.emplace_back();
                x = kLeft;
            }
            rows.back().push_back(&series);
            x += widthOf(series);
        }
        m_legendHeight = rows.front().empty() ? 0 : kLegendLine * double(rows.size());
        for (size_t row = 0; row < rows.size(); ++row) {
            const double at = y - kLegendLine * double(rows.size() - 1 - row);
            x = kLeft;
            for (const ChartSeries* series : rows[row]) {
                m_legend += "<line x1=\"" + px(x) + "\" y1=\"" + px(at - 4) + "\" x2=\"" + px(x + 24) + "\" y2=\"" + px(at - 4) + "\" stroke=\""
                    + colour(series->hue) + "\" stroke-width=\"2.4\"" + dashes(series->dash) + "/>\n";
                m_legend += text(x + 30, at, series->label, "start", "text");
                x += widthOf(*series);
            }
        }
    }

    const Chart& m_chart;
    Range m_x, m_y;
    std::string m_legend;
    double m_legendHeight = 0;
};

}  // namespace

std::vector<double> roundTicks(double least, double most, int wanted)
{
    if (!(most > least) || wanted < 1)
        return {};
    const double rough = (most - least) / wanted;
    const double power = std::pow(10, std::floor(std::log10(rough)));
    double step = 10 * power;
    for (const double round : {1.0, 2.0, 5.0}) {
        if (round * power >= rough) {
            step = round * power;
            break;
        }
    }
    std::vector<double> ticks;
    for (double index = std::ceil(least / step); index * step <= most + 1e-9 * step; ++index)
        ticks.push_back(index * step);
    return ticks;
}

std::vector<double> logarithmicTicks(double least, double most)
{
    if (!(least > 0 && most > least))
        return {};
    std::vector<double> ticks;
    for (double power = std::floor(std::log10(least)); power <= std::log10(most); ++power) {
        for (const double round : {1.0, 2.0, 5.0}) {
            const double tick = round * std::pow(10, power);
            if (tick >= least * (1 - 1e-9) && tick <= most * (1 + 1e-9))
                ticks.push_back(tick);
        }
    }
    return ticks.size() >= 2 ? ticks : roundTicks(least, most, 5);
}

std::string markupText(std::string_view text)
{
    std::string safe;
    for (const char letter : text) {
        switch (letter) {
        case '&': safe += "&amp;"; break;
        case '<': safe += "&lt;"; break;
        case '>': safe += "&gt;"; break;
        case '"': safe += "&quot;"; break;
        case '\'': safe += "&#39;"; break;
        default: safe += static_cast<unsigned char>(letter) < 0x20 && letter != '\n' && letter != '\t' ? ' ' : letter;
        }
    }
    return safe;
}

std::string chartSvg(const Chart& chart) { return Drawing(chart).svg(); }

}  // namespace rankwright
