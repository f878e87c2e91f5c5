// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The data sets that the fake engine knows, by words in the file's name: rows with labels ("labels"), ratings ("ratings"), packed rows; a
// file that is there and holds one row with a text is cut into words. Everything else is 500 rows of prompt and response.
#pragma once

#include "training/api/jobs.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

namespace rankwright::fake {

inline uint64_t hashOf(const std::string& text, uint64_t salt)
{
    uint64_t hash = 14695981039346656037ull ^ salt;
    for (const char letter : text)
        hash = (hash ^ uint64_t(static_cast<unsigned char>(letter))) * 1099511628211ull;
    hash ^= hash >> 31;
    return hash * 0x9e3779b97f4a7c15ull;
}
inline double shareOf(const std::string& text, uint64_t salt) { return double(hashOf(text, salt) >> 11) / double(1ull << 53); }

class Pieces
{
public:
    explicit Pieces(PreviewRow& row, bool all = false) : m_row(row), m_all(all) {}
    void add(const std::string& text, bool trained, bool special = false)
    {
        PreviewPiece piece{.text = text, .id = int32_t(hashOf(text, 5) % 1000), .trained = trained || m_all, .special = special};
        if (!special) {
            piece.begin = m_at;
            piece.end = m_at += int64_t(text.size());
        }
        m_row.pieces.push_back(std::move(piece));
    }

private:
    PreviewRow& m_row;
    bool m_all;
    int64_t m_at = 0;
};

inline PreviewRow chatRow(int64_t row, int64_t tokens, const RunConfig& config)
{
    PreviewRow sample{.row = row, .pieces = {}, .tokens = tokens, .truncated = tokens > config.maxLength};
    Pieces pieces(sample, config.loss == "all");
    pieces.add("<|im_start|>", false, true);
    for (const char* piece : {"user", "\n", "Tom", " has", " "})
        pieces.add(piece, false);
    pieces.add(std::to_string(3 + row % 17), false);
    for (const char* piece : {" apples", " and", " buys", " as", " many", "."})
        pieces.add(piece, false);
    pieces.add("<|im_end|>", false, true);
    pieces.add("\n", false);
    pieces.add("<|im_start|>", false, true);
    for (const char* piece : {"assistant", "\n"})
        pieces.add(piece, false);
    for (const char* piece : {"Twice", " as", " many", ":", " "})
        pieces.add(piece, true);
    pieces.add(std::to_string(2 * (3 + row % 17)), true);
    pieces.add("<|im_end|>", true, true);
    return sample;
}

inline PreviewRow labelRow(int64_t row, int64_t tokens, const RunConfig& config, bool ratings)
{
    PreviewRow sample{.row = row, .pieces = {}, .tokens = tokens, .truncated = tokens > config.maxLength};
    Pieces pieces(sample);
    pieces.add("[CLS]", false, true);
    for (const char* piece : {"a", " film", " worth", " seeing", " twice"})
        pieces.add(piece, false);
    pieces.add("[SEP]", false, true);
    sample.label = ratings ? std::to_string(double(row % 50) / 10).substr(0, 3) : row % 5 < 2 ? "negative" : "positive";
    return sample;
}

// {"text": "..."} cut at its spaces, which stay with the word behind them.
inline DataPreview typedText(const std::string& text)
{
    DataPreview preview;
    preview.format = "text";
    preview.rows = 1;
    PreviewRow row;
    Pieces pieces(row);
    pieces.add("<s>", true, true);
    std::string word;
    for (const char letter : text) {
        if (letter == ' ' && !word.empty())
            pieces.add(std::exchange(word, {}), true);
        word += letter;
    }
    if (!word.empty())
        pieces.add(word, true);
    row.tokens = int64_t(row.pieces.size());
    preview.samples.push_back(std::move(row));
    return preview;
}

inline void describe(DataPreview& preview, const std::string& data)
{
    const bool ratings = data.find("ratings") != std::string::npos;
    if (ratings || data.find("labels") != std::string::npos) {
        preview.format = "labels";
        preview.task = ratings ? "regress" : "classify";
        preview.available = {"sentence", "label", "idx"};
        preview.columns = {{"text", "sentence"}, {"label", "label"}};
        if (!ratings)
            preview.labels = {{"negative", 200}, {"positive", 300}};
        for (int row = 0; row < 3; ++row)
            preview.head.push_back({"a film worth seeing twice", ratings ? "3.5" : std::to_string(row % 2), std::to_string(row)});
        return;
    }
    preview.format = "prompt/response";
    preview.available = {"prompt", "response", "source"};
    preview.columns = {{"prompt", "prompt"}, {"response", "response"}};
    preview.head = {{"Tom has 3 apples and buys as many.", "Twice as many: 6", "made up"},
        {"Tom has 4 apples and buys as many.", "Twice as many: 8", "made <b>up</b>"},
        {"Tom has 5 apples and buys as many, which he carries home in a bag that would hold twenty of them.", "Twice as many: 10", ""}};
}

inline DataPreview previewOf(const PreviewJob& job)
{
    if (std::ifstream file(job.config.data); file) {
        std::stringstream text;
        text << file.rdbuf();
        const auto row = nlohmann::json::parse(text.str().substr(0, text.str().find('\n')), nullptr, false);
        if (row.is_object() && row.contains("text") && row["text"].is_string())
            return typedText(row["text"].get<std::string>());
    }
    DataPreview preview;
    describe(preview, job.config.data);
    preview.rows = 500;
    for (int64_t row = 0; row < preview.rows; ++row) {
        const auto length = 12 + int64_t(180 * std::pow(shareOf("row" + std::to_string(row), 4), 2));
        preview.lengths.push_back(length);
        preview.truncatedRows += length > job.config.maxLength ? 1 : 0;
        preview.tokens += std::min(length, job.config.maxLength);
        preview.targetTokens += preview.task == "lm" ? std::min(length, job.config.maxLength) / 3 : 1;
    }
    for (int64_t row = job.first; row < std::min(preview.rows, job.first + job.samples); ++row)
        preview.samples.push_back(preview.task == "lm" ? chatRow(row, preview.lengths[size_t(row)], job.config)
                                                       : labelRow(row, preview.lengths[size_t(row)], job.config, preview.task == "regress"));
    if (preview.truncatedRows > 0)
        preview.warnings.push_back(std::to_string(preview.truncatedRows) + " rows are longer than "
            + std::to_string(job.config.maxLength) + " tokens and are cut.");
    return preview;
}

}  // namespace rankwright::fake
