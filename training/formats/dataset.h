// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Data sets: JSONL, JSON, CSV, TSV and Parquet as prompt/response, messages, ShareGPT, Alpaca, plain text or texts with labels; .txt as
// plain text. Columns are found by their names and can be changed. A row's position (file:line) stays with it for messages.
#pragma once

#include "training/formats/chat_template.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>

namespace rankwright {

struct Example
{
    // Messages (roles system, user, assistant), or prompt and response (prompt empty: plain text), or one or two texts with a label
    // (prompt: the text, response: the second one, empty where there is none).
    std::vector<ChatMessage> messages;
    std::string prompt, response;
    std::optional<std::string> label;   // as the file has it: a class's name or number, or a number
    int64_t line = 0;             // 1-based line in the file (0 for generated data)
};

struct Dataset
{
    std::string name;             // "default (train)" or the file's name
    std::filesystem::path file;   // empty for the default data set
    std::string format;           // "prompt/response" | "messages" | "Alpaca" | "ShareGPT" | "text" | "labels" | "GLUE sst2"
    std::string task = "lm";      // what the rows are for: lm | classify | regress
    std::vector<std::string> labels;   // classify: the classes in their order (numbers ascending, names alphabetically, GLUE's own)
    std::vector<std::string> available;                 // columns, a table's in its order, others in that of their first row
    std::vector<std::vector<std::string>> head;         // the first rows' cells in that order, for people: cut to 200 bytes
    std::map<std::string, std::string> columns;
    std::vector<Example> examples;
    std::string hash;             // SHA-256 of the file, or of the generated rows' JSONL; empty where only a part was read
    bool part = false;            // DatasetOptions::mostBytes or mostRows ended the reading
    double share = 1;             // of the file's bytes that was read
    std::vector<std::string> warnings;
};

enum class Split { train, test };
struct DatasetOptions
{
    std::map<std::string, std::string> columns = {};     // overrides by role
    std::function<bool()> cancelled = {};
    uint64_t mostBytes = 0;       // of the file; 0: all. Previews and estimates look at the beginning of a large file
    int64_t mostRows = 0;         // 0: all
};
// "default" or a path. .jsonl and .ndjson: an object a line; .json: an array of objects; .csv, .tsv; .parquet (through the program
// rankwright-parquet); .txt: one example with the whole text (samples.h cuts it into windows). Throws Error{data} with line:column as its
// place, Error{format} for UTF-16, gzip, zip ..., Error{unsupported} for other extensions, Error{limit}, Error{missing}.
Dataset openDataset(const std::string& spec, Split split, const DatasetOptions& options = {});

// The same rows one at a time, and any of them again: what a run reads that does not keep its data in memory. Not for "default" and
// not for .txt files.
class DatasetRows
{
public:
    DatasetRows(const std::filesystem::path& file, DatasetOptions options);
    ~DatasetRows();
    // In file order; nothing after the last row. Throws as openDataset.
    std::optional<Example> next();
    // Where the example that next() gave begins in the file: what at() takes.
    [[nodiscard]] uint64_t position() const;
    // The example that begins there, after all rows were read once. next() goes on behind it.
    Example at(uint64_t position);
    // After next() has returned nothing: name, format, columns and hash; no examples.
    [[nodiscard]] Dataset description();

private:
    struct Source;
    std::unique_ptr<Source> m_source;
};

}  // namespace rankwright
