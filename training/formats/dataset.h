// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Data sets: JSONL and JSON as prompt/response, messages, Alpaca or plain text; .txt as plain text. Columns are found
// by their names and can be changed. A row's position (file:line) stays with it for messages.
#pragma once

#include "training/formats/chat_template.h"

#include <functional>
#include <map>
#include <optional>

namespace rankwright {

struct Example
{
    // Either messages (roles system, user, assistant) or prompt and response (prompt empty: plain text).
    std::vector<ChatMessage> messages;
    std::string prompt, response;
    int64_t line = 0;             // 1-based line in the file (0 for generated data)
};

struct Dataset
{
    std::string name;             // "default (train)" or the file's name
    std::filesystem::path file;   // empty for the default data set
    std::string format;           // "prompt/response" | "messages" | "Alpaca" | "text"
    std::vector<std::string> available;
    std::map<std::string, std::string> columns;
    std::vector<Example> examples;
    std::string hash;             // SHA-256 of the file, or of the generated rows' JSONL
    std::vector<std::string> warnings;
};

enum class Split { train, test };
struct DatasetOptions
{
    std::map<std::string, std::string> columns;     // overrides by role
    std::function<bool()> cancelled;
};
// "default" or a path. .jsonl and .ndjson: an object a line; .json: an array of objects; .txt: one example with the
// whole text (samples.h cuts it into windows). Throws Error{data} with line:column as its place, Error{format} for
// UTF-16, gzip, zip ..., Error{unsupported} for other extensions, Error{limit}, Error{missing}.
Dataset openDataset(const std::string& spec, Split split, const DatasetOptions& options = {});

}  // namespace rankwright
