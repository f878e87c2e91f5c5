// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Small tokenizer.json documents that the tokenizer tests start from.
#pragma once

#include "training/formats/tokenizer.h"
#include "training/formats/unicode.h"

#include <nlohmann/json.hpp>

#include <QByteArray>
#include <QTemporaryDir>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace rankwright::test {

// One character for each byte, as byte-level BPE spells them.
inline std::string spelledByte(int byte)
{
    static const std::vector<std::string> kSpelled = [] {
        std::vector<std::string> all;
        char32_t next = 0x100;
        for (char32_t code = 0; code < 256; ++code) {
            const bool itself = (code >= '!' && code <= '~') || (code >= 0xA1 && code != 0xAD);
            all.emplace_back();
            appendUtf8(all.back(), itself ? code : next++);
        }
        return all;
    }();
    return kSpelled[static_cast<size_t>(byte)];
}

inline std::string spelledBytes(std::string_view text)
{
    std::string spelled;
    for (const char c : text)
        spelled += spelledByte(static_cast<unsigned char>(c));
    return spelled;
}

// A byte-level tokenizer: ids 0 to 255 are the bytes, then the results of `merges` in order.
inline nlohmann::json byteLevelJson(const std::vector<std::pair<std::string, std::string>>& merges = {})
{
    nlohmann::json vocabulary, list = nlohmann::json::array();
    for (int byte = 0; byte < 256; ++byte)
        vocabulary[spelledByte(byte)] = byte;
    for (const auto& [left, right] : merges) {
        vocabulary[spelledBytes(left + right)] = vocabulary.size();
        list.push_back({spelledBytes(left), spelledBytes(right)});
    }
    return {{"version", "1.0"}, {"added_tokens", nlohmann::json::array()}, {"normalizer", nullptr},
        {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", true}}},
        {"post_processor", nullptr}, {"decoder", {{"type", "ByteLevel"}}},
        {"model", {{"type", "BPE"}, {"vocab", vocabulary}, {"merges", list}}}};
}

inline nlohmann::json addedToken(int64_t id, const std::string& content, bool special = true)
{
    return {{"id", id}, {"content", content}, {"special", special}, {"normalized", false}};
}

// A tokenizer of Llama 2's kind: <unk> <s> </s>, the 256 bytes, then `pieces`; merges as given.
inline nlohmann::json byteFallbackJson(
    const std::vector<std::string>& pieces, const std::vector<std::pair<std::string, std::string>>& merges)
{
    nlohmann::json vocabulary{{"<unk>", 0}, {"<s>", 1}, {"</s>", 2}};
    for (int byte = 0; byte < 256; ++byte)
        vocabulary[QByteArray("<0x%1>").replace("%1", QByteArray::number(byte + 256, 16).mid(1).toUpper())
                       .toStdString()] = byte + 3;
    for (const auto& piece : pieces)
        vocabulary[piece] = vocabulary.size();
    nlohmann::json list = nlohmann::json::array();
    for (const auto& [left, right] : merges)
        list.push_back(left + " " + right);
    const std::string mark = "\xE2\x96\x81";
    return {{"added_tokens", {addedToken(0, "<unk>"), addedToken(1, "<s>"), addedToken(2, "</s>")}},
        {"normalizer",
            {{"type", "Sequence"},
                {"normalizers", {{{"type", "Prepend"}, {"prepend", mark}},
                                    {{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", mark}}}}}},
        {"pre_tokenizer", nullptr},
        {"post_processor",
            {{"type", "TemplateProcessing"},
                {"single", {{{"SpecialToken", {{"id", "<s>"}, {"type_id", 0}}}},
                               {{"Sequence", {{"id", "A"}, {"type_id", 0}}}}}},
                {"special_tokens", {{"<s>", {{"id", "<s>"}, {"ids", {1}}, {"tokens", {"<s>"}}}}}}}},
        {"decoder",
            {{"type", "Sequence"},
                {"decoders",
                    {{{"type", "Replace"}, {"pattern", {{"String", mark}}}, {"content", " "}},
                        {{"type", "ByteFallback"}}, {{"type", "Fuse"}},
                        {{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}}}}}},
        {"model",
            {{"type", "BPE"}, {"vocab", vocabulary}, {"merges", list}, {"unk_token", "<unk>"}, {"fuse_unk", true},
                {"byte_fallback", true}}}};
}

// Arrays of two; a nest of braces would make an object of them.
inline nlohmann::json pairs(const std::vector<std::pair<std::string, double>>& list)
{
    nlohmann::json made = nlohmann::json::array();
    for (const auto& [first, second] : list)
        made.push_back(nlohmann::json::array({first, second}));
    return made;
}

inline nlohmann::json unigramJson()
{
    return {{"decoder", {{"type", "Metaspace"}}},
        {"model", {{"type", "Unigram"}, {"unk_id", 0}, {"vocab", pairs({{"<unk>", 0.0}, {"a", -1.5}, {"ab", -2}})}}}};
}

inline nlohmann::json wordPieceJson()
{
    return {{"pre_tokenizer", {{"type", "BertPreTokenizer"}}}, {"decoder", {{"type", "WordPiece"}}},
        {"model", {{"type", "WordPiece"}, {"unk_token", "[UNK]"}, {"vocab", {{"[UNK]", 0}, {"a", 1}, {"##b", 2}}}}}};
}

inline std::filesystem::path writeText(const std::filesystem::path& file, std::string_view text)
{
    std::ofstream(file, std::ios::binary) << text;
    return file;
}

inline std::string readText(const std::filesystem::path& file)
{
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

inline std::vector<std::string> splitText(const std::string& text, const std::string& separator)
{
    std::vector<std::string> parts;
    size_t begin = 0;
    for (size_t hit = text.find(separator); hit != std::string::npos; hit = text.find(separator, begin)) {
        parts.push_back(text.substr(begin, hit - begin));
        begin = hit + separator.size();
    }
    parts.push_back(text.substr(begin));
    return parts;
}

inline std::vector<nlohmann::json> readLines(const std::filesystem::path& file)
{
    std::vector<nlohmann::json> rows;
    for (const auto& line : splitText(readText(file), "\n"))
        if (!line.empty())
            rows.push_back(nlohmann::json::parse(line));
    return rows;
}

inline QByteArray shownIds(const std::vector<int32_t>& ids)
{
    QByteArray text;
    for (const int32_t id : ids)
        text += QByteArray::number(id) + ' ';
    return text;
}

// Byte ranges as ranges of characters, which Hugging Face counts in.
inline std::vector<std::pair<size_t, size_t>> inCharacters(
    const std::string& text, std::vector<std::pair<size_t, size_t>> ranges)
{
    std::vector<size_t> index(text.size() + 1);
    size_t count = 0;
    for (size_t at = 0; at < text.size(); at += utf8At(text, at).length)
        index[at] = count++;
    index[text.size()] = count;
    for (auto& [begin, end] : ranges) {
        begin = index[begin];
        end = index[end];
    }
    return ranges;
}

// A tokenizer from a document in memory.
class JsonTokenizer
{
public:
    explicit JsonTokenizer(const nlohmann::json& document, const nlohmann::json& config = nullptr)
    {
        writeText(std::filesystem::path(m_folder.path().toStdString()) / "tokenizer.json", document.dump());
        if (!config.is_null())
            writeText(std::filesystem::path(m_folder.path().toStdString()) / "tokenizer_config.json", config.dump());
        m_tokenizer = openTokenizer(m_folder.path().toStdString());
    }
    const Tokenizer* operator->() const { return m_tokenizer.get(); }
    const Tokenizer& operator*() const { return *m_tokenizer; }
    [[nodiscard]] std::vector<int32_t> ids(
        std::string_view text, SpecialText special = SpecialText::encodeAsText) const
    {
        return m_tokenizer->encode(text, false, special).ids;
    }

private:
    QTemporaryDir m_folder;
    std::unique_ptr<Tokenizer> m_tokenizer;
};

}  // namespace rankwright::test
