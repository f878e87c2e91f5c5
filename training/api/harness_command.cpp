// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// lm_eval --model hf --model_args pretrained=BASE,peft=ADAPTER --tasks A,B. Keys of model_args as in the harness's README: pretrained, peft,
// gguf_file, tokenizer.
#include "training/api/harness_command.h"

#include "training/api/words.h"

#include <nlohmann/json.hpp>

#include <filesystem>

namespace rankwright {

namespace {

// The list key=value,key=value knows no way to write a comma; a JSON object does, and the harness takes both.
std::string modelArguments(const std::vector<std::pair<std::string, std::string>>& parts)
{
    std::vector<std::string> words;
    nlohmann::json object = nlohmann::json::object();
    bool isPlain = true;
    for (const auto& [key, value] : parts) {
        words.push_back(key + "=" + value);
        object[key] = value;
        isPlain = isPlain && value.find_first_of(",={}\"") == std::string::npos;
    }
    return isPlain ? joined(words, ",") : object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string quoted(const std::string& word)
{
    constexpr std::string_view kSafe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./,=:@+%";
    if (!word.empty() && word.find_first_not_of(kSafe) == std::string::npos)
        return word;
    std::string text = "'";
    for (const char c : word)
        text += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return text + "'";
}

}  // namespace

std::string commandForHarness(const HarnessModel& model, const std::vector<std::string>& tasks)
{
    std::vector<std::pair<std::string, std::string>> parts;
    std::string first;
    const std::filesystem::path file(model.base);
    const bool gguf = file.extension() == ".gguf";
    if (!model.mergedRun.empty()) {
        const std::string folder = "merged-" + model.mergedRun;
        first = "rankwright-cli export " + quoted(model.mergedRun) + " --format merged --out " + quoted(folder) + " && ";
        parts.emplace_back("pretrained", folder);
    } else if (gguf) {
        parts.emplace_back("pretrained", file.has_parent_path() ? file.parent_path().string() : ".");
        parts.emplace_back("gguf_file", file.filename().string());
    } else {
        parts.emplace_back("pretrained", model.base);
    }
    if (gguf)
        parts.emplace_back("tokenizer", kTokenizerPlace);
    if (!model.adapter.empty() && model.mergedRun.empty())
        parts.emplace_back("peft", model.adapter);
    return first + "lm_eval --model hf --model_args " + quoted(modelArguments(parts)) + " --tasks " + quoted(joined(tasks, ","))
        + (model.chat ? " --apply_chat_template" : "");
}

}  // namespace rankwright
