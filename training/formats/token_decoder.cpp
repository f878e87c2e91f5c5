// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/formats/token_decoder.h"

#include "training/api/error.h"
#include "training/formats/byte_alphabet.h"
#include "training/formats/limits.h"
#include "training/formats/unicode.h"

#include <algorithm>
#include <array>

namespace rankwright {
namespace {

using Kind = DecoderStep::Kind;
using Texts = std::vector<std::string>;

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

size_t mostBytes(size_t source) { return limits::kGrowthBytes + limits::kGrowth * source; }

void requireRoom(size_t bytes, size_t most)
{
    if (bytes > most)
        throw Error(ErrorParts{.code = Code::limit,
            .place = "the tokenizer's decoder",
            .found = "steps that make the text more than 64 times as long as its tokens",
            .allowed = "at most 64 times",
            .advice = "Get the tokenizer's original file."});
}

// Throws where the result has more than `most` bytes.
std::string replaced(
    std::string_view text, std::string_view from, std::string_view to, size_t most = std::string_view::npos)
{
    if (from.empty())
        return std::string(text);
    std::string out;
    size_t done = 0;
    for (size_t hit = text.find(from); hit != std::string_view::npos; hit = text.find(from, done)) {
        requireRoom(out.size() + hit - done + to.size(), most);
        out.append(text.substr(done, hit - done)).append(to);
        done = hit + from.size();
    }
    return out.append(text.substr(done));
}

std::string replacedMatches(const RegexSplitter& regex, std::string_view text, std::string_view to, size_t most)
{
    const TextRange all{0, text.size()};
    std::string out;
    size_t done = 0;
    for (const TextRange match : regex.matches(text, std::span(&all, 1))) {
        requireRoom(out.size() + match.begin - done + to.size(), most);
        out.append(text.substr(done, match.begin - done)).append(to);
        done = match.end;
    }
    return out.append(text.substr(done));
}

std::string byteLevelText(std::string_view token)
{
    return bytesFromAlphabet(token).value_or(std::string(token));
}

std::string stripped(const DecoderStep& step, std::string_view token)
{
    for (int64_t i = 0; i < step.start && token.starts_with(step.from); ++i)
        token.remove_prefix(step.from.size());
    for (int64_t i = 0; i < step.stop && token.ends_with(step.from); ++i)
        token.remove_suffix(step.from.size());
    return std::string(token);
}

// Spaces that English does not have before punctuation and in contractions, as BERT's decoder takes them away.
std::string withoutArtifacts(std::string text)
{
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 11> kRules{{{" .", "."}, {" ?", "?"},
        {" !", "!"}, {" ,", ","}, {" ' ", "'"}, {" n't", "n't"}, {" 'm", "'m"}, {" do not", " don't"}, {" 's", "'s"},
        {" 've", "'ve"}, {" 're", "'re"}}};
    for (const auto& [from, to] : kRules)
        text = replaced(text, from, to);
    return text;
}

std::string wordPieceText(const DecoderStep& step, std::string_view token, bool first)
{
    std::string text;
    if (first)
        text = token;
    else if (token.starts_with(step.from))
        text = token.substr(step.from.size());
    else
        text = " " + std::string(token);
    return step.flag ? withoutArtifacts(std::move(text)) : text;
}

// One token's text of at most `most` bytes; `first` and `last` say where it stands.
std::string stepText(const DecoderStep& step, std::string_view token, bool first, bool last, size_t most)
{
    switch (step.kind) {
    case Kind::metaspace:
        return replaced(token, step.from, first && step.flag ? "" : " ");
    case Kind::replace:
        return step.regex ? replacedMatches(*step.regex, token, step.to, most)
                          : replaced(token, step.from, step.to, most);
    case Kind::strip:
        return stripped(step, token);
    case Kind::wordPiece:
        return wordPieceText(step, token, first);
    case Kind::suffix:
        return replaced(token, step.from, last ? "" : " ");
    case Kind::byteLevel:
        return byteLevelText(token);
    default:
        return std::string(token);
    }
}

std::string joined(const Texts& texts)
{
    size_t size = 0;
    for (const std::string& text : texts)
        size += text.size();
    std::string all;
    all.reserve(size);
    for (const std::string& text : texts)
        all += text;
    return all;
}

// A run of bytes that is not UTF-8 becomes one U+FFFD for each byte.
Texts withBytes(Texts texts)
{
    Texts out;
    std::string bytes;
    const auto flush = [&] {
        if (bytes.empty())
            return;
        if (firstIllFormedUtf8(bytes) == std::string_view::npos)
            out.push_back(bytes);
        else
            out.insert(out.end(), bytes.size(), std::string(kReplacement));
        bytes.clear();
    };
    for (std::string& text : texts) {
        if (const int byte = byteOfPiece(text); byte >= 0) {
            bytes += static_cast<char>(static_cast<unsigned char>(byte));
            continue;
        }
        flush();
        out.push_back(std::move(text));
    }
    flush();
    return out;
}

class ChainDecoder final : public TokenDecoder
{
public:
    explicit ChainDecoder(std::vector<DecoderStep> steps)
        : m_steps(std::move(steps))
    {
    }
    [[nodiscard]] std::string decode(const std::vector<NamedToken>& tokens) const override
    {
        Texts texts;
        texts.reserve(tokens.size());
        size_t source = 0;
        for (const NamedToken& token : tokens)
            source += texts.emplace_back(token.content).size();
        if (m_steps.empty())
            for (size_t i = 1; i < texts.size(); ++i)
                texts[i].insert(0, " ");
        for (const DecoderStep& step : m_steps)
            texts = applied(step, std::move(texts), mostBytes(source));
        return wellFormedUtf8(joined(texts));
    }
    [[nodiscard]] std::string piece(const NamedToken& token) const override
    {
        if (token.added)
            return std::string(token.content);
        std::string text((m_steps.empty() ? " " : "") + std::string(token.content));
        for (const DecoderStep& step : m_steps) {
            const int byte = step.kind == Kind::byteFallback ? byteOfPiece(text) : -1;
            if (byte >= 0)
                return {static_cast<char>(static_cast<unsigned char>(byte))};
            if (step.kind == Kind::fuse)
                break;  // what comes after it sees the whole text
            if (step.kind != Kind::strip)
                text = stepText(step, text, false, false, mostBytes(token.content.size()));
        }
        return text;
    }

private:
    static Texts applied(const DecoderStep& step, Texts texts, size_t most)
    {
        if (step.kind == Kind::byteFallback)
            return withBytes(std::move(texts));
        if (step.kind == Kind::fuse)
            return {joined(texts)};
        size_t total = 0;
        for (size_t i = 0; i < texts.size(); ++i) {
            texts[i] = stepText(step, texts[i], i == 0, i + 1 == texts.size(), most);
            total += texts[i].size();
            requireRoom(total, most);
        }
        if (step.kind == Kind::byteLevel)
            return {wellFormedUtf8(joined(texts))};
        return texts;
    }
    std::vector<DecoderStep> m_steps;
};

class SentencePieceDecoder final : public TokenDecoder
{
public:
    explicit SentencePieceDecoder(SentencePieceDecoding settings)
        : m_settings(std::move(settings))
    {
        for (size_t byte = 0; byte < 256; ++byte)
            if (m_settings.bytes.ids[byte] >= 0)
                m_bytes.emplace(m_settings.bytes.ids[byte], static_cast<int>(byte));
    }
    [[nodiscard]] std::string decode(const std::vector<NamedToken>& tokens) const override;
    [[nodiscard]] std::string piece(const NamedToken& token) const override
    {
        if (const int byte = byteOf(token.id); byte >= 0)
            return {static_cast<char>(static_cast<unsigned char>(byte))};
        return token.added ? std::string(token.content) : replaced(token.content, kSpaceMark, " ");
    }

private:
    [[nodiscard]] int byteOf(int32_t id) const
    {
        const auto found = m_bytes.find(id);
        return found == m_bytes.end() ? -1 : found->second;
    }
    SentencePieceDecoding m_settings;
    std::unordered_map<int32_t, int> m_bytes;
};

std::string SentencePieceDecoder::decode(const std::vector<NamedToken>& tokens) const
{
    std::string text, bytes;
    bool strip = m_settings.stripFirstSpace;
    const auto flush = [&text, &bytes] {
        // Each byte that is not part of a character becomes one U+FFFD, as in SentencePiece.
        for (size_t at = 0; at < bytes.size();) {
            const auto character = utf8At(bytes, at);
            appendUtf8(text, character.code);
            at += character.valid ? character.length : 1;
        }
        bytes.clear();
    };
    for (const NamedToken& token : tokens) {
        if (const int byte = byteOf(token.id); byte >= 0) {
            bytes += static_cast<char>(static_cast<unsigned char>(byte));
            continue;
        }
        flush();
        const bool unknown = token.id == m_settings.unknown && !m_settings.unknownText.empty();
        const std::string part = unknown ? m_settings.unknownText : piece(token);
        const bool firstSpace = strip && text.empty() && token.content.starts_with(kSpaceMark);
        strip = strip && text.empty() && (!firstSpace || m_settings.stripAllFirstSpaces);
        text += firstSpace ? part.substr(1) : part;
    }
    flush();
    return wellFormedUtf8(text);
}

}  // namespace

std::unique_ptr<TokenDecoder> chainDecoder(std::vector<DecoderStep> steps)
{
    return std::make_unique<ChainDecoder>(std::move(steps));
}

std::unique_ptr<TokenDecoder> sentencePieceDecoder(SentencePieceDecoding settings)
{
    return std::make_unique<SentencePieceDecoder>(std::move(settings));
}

}  // namespace rankwright
