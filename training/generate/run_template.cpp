// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/generate/run_template.h"

#include "training/api/events.h"

#include <fstream>

namespace rankwright {

namespace {

constexpr int kLines = 64;                      // the start stands at the top
constexpr std::streamsize kLongest = 1 << 20;   // of a line: one with more is not looked at

// What RunStarted says of the rows: "none", "the model's", a name; empty where it says nothing.
std::string templateInUse(const std::filesystem::path& runFolder)
{
    std::ifstream file(runFolder / "metrics.jsonl");
    std::string line;
    for (int i = 0; i < kLines && std::getline(file, line); ++i) {
        if (std::streamsize(line.size()) > kLongest)
            return {};
        const auto json = nlohmann::json::parse(line, nullptr, false);
        if (!json.is_object() || !json.contains("event") || json["event"] != "start")
            continue;
        const auto data = json.find("data");
        return data != json.end() ? readingFromJson(*data).chatTemplate : std::string();
    }
    return {};
}

}  // namespace

std::string templateOfRun(const std::filesystem::path& runFolder, const RunConfig& config, const ModelText& text)
{
    if (config.chatTemplate == "none")
        return {};
    if (config.chatTemplate == "auto")
        return templateInUse(runFolder) == "none" ? std::string() : text.templateSource();
    return text.sampleOptions(config).templateSource;
}

}  // namespace rankwright
