// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A tiny model of tests/golden/families with a tokenizer of single bytes beside it, and rows to train it on.
#pragma once

#include "tests/support/engine_fixture.h"

namespace rankwright {

// Letters, digits and some marks; <s> and </s> around one text or two, as BERT has [CLS] and [SEP].
inline nlohmann::json byteTokenizer()
{
    using nlohmann::json;
    std::vector<std::string> tokens{"<pad>", "<s>", "</s>", "\xc4\xa0", "\xc4\x8a"};   // byte-level BPE writes space and line end so
    for (const char c : std::string_view("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,?!'-"))
        tokens.emplace_back(1, c);
    json vocabulary, added = json::array(), special;
    for (size_t i = 0; i < tokens.size(); ++i) {
        vocabulary[tokens[i]] = i;
        if (i > 2)
            continue;
        added.push_back({{"id", i}, {"content", tokens[i]}, {"single_word", false}, {"lstrip", false}, {"rstrip", false},
            {"normalized", false}, {"special", true}});
        special[tokens[i]] = {{"id", tokens[i]}, {"ids", {i}}, {"tokens", {tokens[i]}}};
    }
    const auto part = [](const char* kind, const char* id, int type) { return json{{kind, {{"id", id}, {"type_id", type}}}}; };
    const json one{part("SpecialToken", "<s>", 0), part("Sequence", "A", 0), part("SpecialToken", "</s>", 0)};
    json two = one;
    two.push_back(part("Sequence", "B", 1));
    two.push_back(part("SpecialToken", "</s>", 1));
    const json bytes{{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", true}};
    return {{"version", "1.0"}, {"truncation", nullptr}, {"padding", nullptr}, {"added_tokens", added}, {"normalizer", nullptr},
        {"pre_tokenizer", bytes}, {"decoder", bytes},
        {"post_processor", {{"type", "TemplateProcessing"}, {"single", one}, {"pair", two}, {"special_tokens", special}}},
        {"model", {{"type", "BPE"}, {"dropout", nullptr}, {"unk_token", nullptr}, {"continuing_subword_prefix", nullptr},
                      {"end_of_word_suffix", nullptr}, {"fuse_unk", false}, {"byte_fallback", false}, {"vocab", vocabulary},
                      {"merges", json::array()}}}};
}

// Copies the model of the family into the folder and writes its tokenizer.
inline std::filesystem::path familyModel(const std::string& family, const std::filesystem::path& folder)
{
    if (!std::filesystem::exists(folder)) {
        std::filesystem::create_directories(folder);
        for (const char* name : {"config.json", "model.safetensors"})
            std::filesystem::copy_file(golden("families") / family / name, folder / name);
        std::ofstream(folder / "tokenizer.json") << byteTokenizer().dump();
        std::ofstream(folder / "tokenizer_config.json") << R"({"bos_token": "<s>", "eos_token": "</s>"})";
    }
    return folder;
}

// {"text", "label"} a line: which of three words the text begins with, or how many of its letters are an "a", by tens.
inline std::filesystem::path labelledRows(const std::filesystem::path& file, bool numbers, int rows = 24)
{
    std::ofstream out(file);
    for (int i = 0; i < rows; ++i) {
        const char* words[] = {"alpha", "bravo", "delta"};
        const std::string text = std::string(words[i % 3]) + std::string(size_t(i % 5), 'a') + std::to_string(i);
        nlohmann::json row{{"text", text}};
        if (numbers)
            row["label"] = double(std::ranges::count(text, 'a')) / 10;
        else
            row["label"] = words[i % 3];
        out << row.dump() << '\n';
    }
    return file;
}

// A configuration that trains a head on these rows in a moment.
inline RunConfig labelConfig(const std::filesystem::path& model, const std::filesystem::path& rows, const std::string& task)
{
    RunConfig config;
    config.model = model.string();
    config.data = rows.string();
    config.task = task;
    config.columns = {{"text", "text"}, {"label", "label"}};
    config.rank = 4;
    config.learningRate = 5e-3;
    config.batch = 4;
    config.steps = 6;
    config.maxLength = 32;
    return config;
}

}  // namespace rankwright
