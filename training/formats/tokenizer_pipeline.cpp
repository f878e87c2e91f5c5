// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Normalisers and pre-tokenizers.
#include "training/formats/tokenizer_pipeline.h"

#include "training/formats/character_map.h"
#include "training/formats/token_model.h"
#include "training/formats/tokenizer_part.h"
#include "training/formats/unicode.h"

#include <map>

namespace rankwright {

std::pair<std::string, bool> patternOf(const TokenizerPart& part)
{
    const nlohmann::json* pattern = part.find("pattern");
    if (pattern != nullptr && pattern->is_object() && pattern->size() == 1 && pattern->front().is_string()) {
        const std::string kind = pattern->begin().key(), text = pattern->front().get<std::string>();
        if (!text.empty() && (kind == "String" || kind == "Regex"))
            return {text, kind == "Regex"};
    }
    part.fail("pattern", pattern == nullptr ? "nothing" : shownJson(*pattern), "a String or Regex that is not empty");
}

std::string characterOf(const TokenizerPart& part, const char* key, std::optional<std::string> fallback)
{
    std::string text = part.text(key, std::move(fallback));
    if (text.empty() || utf8At(text, 0).length != text.size())
        part.fail(key, "\"" + text.substr(0, 40) + "\"", "one character");
    return text;
}

std::vector<NormalizerStep> bertNormalizer(bool cleanText, bool spaceChinese, bool stripAccents, bool lowercase)
{
    using Kind = NormalizerStep::Kind;
    std::vector<NormalizerStep> steps;
    if (cleanText)
        steps.push_back({.kind = Kind::cleanText});
    if (spaceChinese)
        steps.push_back({.kind = Kind::spaceChinese});
    if (stripAccents)
        steps.push_back({.kind = Kind::stripMarks});
    if (lowercase)
        steps.push_back({.kind = Kind::lowercase});
    return steps;
}

PreTokenizer bertPreTokenizer()
{
    using Kind = SplitStep::Kind;
    return {.rewrite = {},
        .steps = {{.kind = Kind::characters, .behaviour = SplitBehaviour::removed, .has = isWhitespace},
            {.kind = Kind::characters, .behaviour = SplitBehaviour::isolated, .has = isBertPunctuation}}};
}

namespace {

using Part = TokenizerPart;
using Kind = NormalizerStep::Kind;

constexpr const char* kNormalizers = "Sequence, NFC, NFD, NFKC, NFKD, Lowercase, Strip, StripAccents, Replace, "
                                     "Prepend, Precompiled, BertNormalizer, Nmt, ByteLevel";
constexpr const char* kPreTokenizers = "Sequence, ByteLevel, Split, Digits, Metaspace, Punctuation, Whitespace, "
                                       "WhitespaceSplit, BertPreTokenizer, CharDelimiterSplit, UnicodeScripts, "
                                       "FixedLength";

NormalizerStep replaceStep(const Part& part)
{
    const auto [pattern, regex] = patternOf(part);
    NormalizerStep step{.kind = Kind::replace, .from = pattern, .to = part.text("content")};
    if (regex)
        step.regex = std::make_shared<RegexSplitter>(pattern, part.file());
    return step;
}

NormalizerStep precompiledStep(const Part& part)
{
    const auto bytes = bytesFromBase64(part.text("precompiled_charsmap"));
    if (!bytes)
        part.fail("precompiled_charsmap", "a text that is not base64", "base64");
    return {.kind = Kind::characterMap,
        .map = std::make_shared<CharacterMap>(*bytes, part.place() + "/precompiled_charsmap", part.file())};
}

// Types without settings.
std::optional<Kind> plainNormalizer(const std::string& type)
{
    static const std::map<std::string, Kind> kPlain{{"NFC", Kind::nfc}, {"NFD", Kind::nfd}, {"NFKC", Kind::nfkc},
        {"NFKD", Kind::nfkd}, {"Lowercase", Kind::lowercase}, {"StripAccents", Kind::stripAccents}, {"Nmt", Kind::nmt},
        {"ByteLevel", Kind::byteLevel}};
    const auto found = kPlain.find(type);
    return found == kPlain.end() ? std::nullopt : std::optional(found->second);
}

void addNormalizer(const Part& part, std::vector<NormalizerStep>& steps)
{
    const std::string type = part.type();
    if (const auto plain = plainNormalizer(type)) {
        steps.push_back({.kind = *plain});
    } else if (type == "Sequence") {
        for (const Part& inner : part.list("normalizers"))
            addNormalizer(inner, steps);
    } else if (type == "Prepend") {
        steps.push_back({.kind = Kind::prepend, .to = part.text("prepend")});
    } else if (type == "Replace") {
        steps.push_back(replaceStep(part));
    } else if (type == "Precompiled") {
        steps.push_back(precompiledStep(part));
    } else if (type == "Strip") {
        if (part.flag("strip_left", true))
            steps.push_back({.kind = Kind::stripLeft});
        if (part.flag("strip_right", true))
            steps.push_back({.kind = Kind::stripRight});
    } else if (type == "BertNormalizer") {
        const bool lower = part.flag("lowercase", true);
        for (auto& step : bertNormalizer(part.flag("clean_text", true), part.flag("handle_chinese_chars", true),
                 part.flag("strip_accents", lower), lower))
            steps.push_back(std::move(step));
    } else {
        part.refuse("normalizer " + type, kNormalizers);
    }
}

SplitBehaviour behaviourOf(const Part& part, const std::string& fallback)
{
    const std::string name = part.text("behavior", fallback);
    if (name == "Isolated")
        return SplitBehaviour::isolated;
    if (name == "Removed")
        return SplitBehaviour::removed;
    if (name == "MergedWithPrevious")
        return SplitBehaviour::mergedWithPrevious;
    if (name == "MergedWithNext")
        return SplitBehaviour::mergedWithNext;
    if (name == "Contiguous")
        return SplitBehaviour::contiguous;
    part.fail("behavior", name, "Isolated, Removed, MergedWithPrevious, MergedWithNext or Contiguous");
}

// Pre-tokenizers in a row. One that changes the text begins a new stage.
class Stages
{
public:
    explicit Stages(PreTokenizerPart& part)
        : m_part(part)
    {
    }
    void add(const Part& part);

private:
    void rewrite(std::vector<NormalizerStep> steps)
    {
        m_part.stages.push_back({.rewrite = std::move(steps), .steps = {}});
    }
    void split(SplitStep step)
    {
        if (m_part.stages.empty())
            m_part.stages.emplace_back();
        m_part.stages.back().steps.push_back(std::move(step));
    }
    void characters(bool (*has)(char32_t), SplitBehaviour behaviour)
    {
        split({.kind = SplitStep::Kind::characters, .behaviour = behaviour, .has = has});
    }
    void addByteLevel(const Part& part);
    void addMetaspace(const Part& part);
    void addSplit(const Part& part);
    PreTokenizerPart& m_part;
};

void Stages::addByteLevel(const Part& part)
{
    if (part.flag("add_prefix_space", true))
        rewrite({{.kind = Kind::prepend, .to = " ", .unlessThere = true}});
    if (part.flag("use_regex", true))
        split({.kind = SplitStep::Kind::gpt2});
    m_part.byteLevel = true;
}

void Stages::addMetaspace(const Part& part)
{
    const std::string mark = characterOf(part, "replacement", std::string(kSpaceMark));
    const std::string scheme
        = part.text("prepend_scheme", part.flag("add_prefix_space", true) ? "always" : "never");
    if (scheme != "always" && scheme != "first" && scheme != "never")
        part.fail("prepend_scheme", scheme, "always, first or never");
    std::vector<NormalizerStep> steps{{.kind = Kind::replace, .from = " ", .to = mark}};
    if (scheme != "never")
        steps.push_back({.kind = Kind::prepend, .to = mark, .onlyAtStart = scheme == "first", .unlessThere = true});
    rewrite(std::move(steps));
    if (part.flag("split", true))
        split({.kind = SplitStep::Kind::literal, .pattern = mark, .behaviour = SplitBehaviour::mergedWithNext});
}

void Stages::addSplit(const Part& part)
{
    const auto [pattern, regex] = patternOf(part);
    const SplitBehaviour behaviour = behaviourOf(part, "");
    const bool invert = part.flag("invert", false);
    if (regex)
        split(splitStepFor(pattern, behaviour, invert, part.file()));
    else
        split({.kind = SplitStep::Kind::literal, .pattern = pattern, .behaviour = behaviour, .invert = invert});
}

void Stages::add(const Part& part)
{
    const std::string type = part.type();
    if (type != "Sequence" && m_part.byteLevel) {  // whoever comes after it sees the byte alphabet
        rewrite({{.kind = Kind::byteLevel}});
        m_part.byteLevel = false;
    }
    if (type == "Sequence") {
        for (const Part& inner : part.list("pretokenizers"))
            add(inner);
    } else if (type == "ByteLevel") {
        addByteLevel(part);
    } else if (type == "Metaspace") {
        addMetaspace(part);
    } else if (type == "Split") {
        addSplit(part);
    } else if (type == "Digits") {
        const bool each = part.flag("individual_digits", false);
        characters(isNumeric, each ? SplitBehaviour::isolated : SplitBehaviour::contiguous);
    } else if (type == "Punctuation") {
        characters(isBertPunctuation, behaviourOf(part, "Isolated"));
    } else if (type == "Whitespace") {
        split({.kind = SplitStep::Kind::wordRuns});
    } else if (type == "WhitespaceSplit") {
        characters(isWhitespace, SplitBehaviour::removed);
    } else if (type == "BertPreTokenizer") {
        for (auto& step : bertPreTokenizer().steps)
            split(std::move(step));
    } else if (type == "CharDelimiterSplit") {
        split({.kind = SplitStep::Kind::literal,
            .pattern = characterOf(part, "delimiter"),
            .behaviour = SplitBehaviour::removed});
    } else if (type == "UnicodeScripts") {
        split({.kind = SplitStep::Kind::scripts});
    } else if (type == "FixedLength") {
        const int64_t length = part.number("length", 5);
        if (length == 0)
            part.fail("length", "0", "1 or more");
        split({.kind = SplitStep::Kind::length, .digits = static_cast<int>(length)});
    } else {
        part.refuse("pre-tokenizer " + type, kPreTokenizers);
    }
}

}  // namespace

std::vector<NormalizerStep> normalizerFromJson(const nlohmann::json& value, const std::filesystem::path& file)
{
    std::vector<NormalizerStep> steps;
    if (!value.is_null())
        addNormalizer(Part(value, "/normalizer", file), steps);
    return steps;
}

PreTokenizerPart preTokenizerFromJson(const nlohmann::json& value, const std::filesystem::path& file)
{
    PreTokenizerPart part;
    if (!value.is_null())
        Stages(part).add(Part(value, "/pre_tokenizer", file));
    return part;
}

}  // namespace rankwright
