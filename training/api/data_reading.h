// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// How a run's training rows were read: what a person looks at before trusting its numbers. A column taken for another one is seen here
// before the first step, or not at all.
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace rankwright {

struct DataReading
{
    std::string format;                           // as DataPreview::format; empty: not known (a run of an earlier version)
    std::map<std::string, std::string> columns;   // role -> column in use
    std::string chatTemplate;                     // "none", "the model's", "chatml", a file
    std::string task = "lm";                      // lm | classify | regress, resolved
    std::vector<std::string> labels;              // classify: names of the classes in their order
    int64_t rows = 0, evalRows = 0;               // that are trained on; that judge
    // Over `counted` rows, the first ones where the file is large: tokens after cutting, and those of them with a loss.
    int64_t counted = 0, tokens = 0, targets = 0;
    bool operator==(const DataReading&) const = default;
};

// "prompt/response (prompt: question, response: answer), task lm: text, template: none; 7,473 rows, 1,021,300 tokens, 700,100 of them
// with a loss". Text from the file is not escaped. Empty where the format is not known.
std::string readingText(const DataReading& reading);
nlohmann::json toJson(const DataReading& reading);
// The reverse; what is missing or of another type keeps its default.
DataReading readingFromJson(const nlohmann::json& document);

}  // namespace rankwright
