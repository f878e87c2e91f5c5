// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/formats/tokenizer_pipeline.h"

#include "training/api/error.h"
#include "training/formats/sentencepiece_bpe.h"
#include "training/formats/tokenizer_config.h"

#include <optional>

namespace rankwright {
namespace {

using nlohmann::json;

constexpr std::string_view kPunctuation = R"([\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e\p{P}])";

// A JSON object with its place in the file, for messages.
class Part
{
public:
    Part(const json& value, std::string place, const std::filesystem::path& file)
        : m_value(value), m_place(std::move(place)), m_file(file)
    {
        if (!value.is_object())
            fail("", shownJson(value), "an object with a type");
    }
    [[nodiscard]] const std::filesystem::path& file() const { return m_file; }
    [[nodiscard]] std::string type() const { return text("type"); }
    [[nodiscard]] const json* find(const char* key) const
    {
        const auto found = m_value.find(key);
        return found == m_value.end() || found->is_null() ? nullptr : &*found;
    }
    [[nodiscard]] std::string text(const char* key, std::optional<std::string> fallback = {}) const
    {
        const json* value = find(key);
        if (value == nullptr && fallback)
            return *fallback;
        if (value == nullptr || !value->is_string())
            fail(key, value == nullptr ? "nothing" : shownJson(*value), "a string");
        return value->get<std::string>();
    }
    [[nodiscard]] bool flag(const char* key, bool fallback) const
    {
        const json* value = find(key);
        if (value != nullptr && !value->is_boolean())
            fail(key, shownJson(*value), "true or false");
        return value == nullptr ? fallback : value->get<bool>();
    }
    // The parts in an array, each an object.
    [[nodiscard]] std::vector<Part> list(const char* key) const
    {
        const json* value = find(key);
        if (value == nullptr || !value->is_array())
            fail(key, value == nullptr ? "nothing" : shownJson(*value), "an array");
        std::vector<Part> parts;
        for (size_t i = 0; i < value->size(); ++i)
            parts.emplace_back((*value)[i], m_place + "/" + key + "/" + std::to_string(i), m_file);
        return parts;
    }
    [[nodiscard]] int32_t id(const json& value, const std::string& key) const
    {
        return tokenIdFromJson(value, m_place + "/" + key, m_file);
    }
    [[noreturn]] void fail(const std::string& key, std::string found, std::string allowed) const
    {
        throw Error(ErrorParts{.code = Code::format,
            .file = m_file,
            .place = key.empty() ? m_place : m_place + "/" + key,
            .found = std::move(found),
            .allowed = std::move(allowed),
            .advice = "Get the model's tokenizer.json again."});
    }
    [[noreturn]] void refuse(std::string found, std::string allowed) const
    {
        throw Error(ErrorParts{.code = Code::unsupported,
            .file = m_file,
            .place = m_place,
            .found = std::move(found),
            .allowed = std::move(allowed),
            .advice = "Choose a model whose tokenizer does without it, or report this one."});
    }

private:
    const json& m_value;
    std::string m_place;
    const std::filesystem::path& m_file;
};

// A pattern is {"String": "..."} or {"Regex": "..."}; returns the text and whether it is a regular expression.
std::pair<std::string, bool> patternOf(const Part& part)
{
    const json* pattern = part.find("pattern");
    if (pattern != nullptr && pattern->is_object() && pattern->size() == 1 && pattern->front().is_string()) {
        const std::string kind = pattern->begin().key(), text = pattern->front().get<std::string>();
        if (!text.empty() && (kind == "String" || kind == "Regex"))
            return {text, kind == "Regex"};
    }
    part.fail("pattern", pattern == nullptr ? "nothing" : shownJson(*pattern), "a String or Regex that is not empty");
}

void addNormalizer(const Part& part, std::vector<NormalizerStep>& steps)
{
    using Kind = NormalizerStep::Kind;
    const std::string type = part.type();
    if (type == "Sequence") {
        for (const Part& inner : part.list("normalizers"))
            addNormalizer(inner, steps);
    } else if (type == "NFC") {
        steps.push_back({.kind = Kind::nfc});
    } else if (type == "NFD") {
        steps.push_back({.kind = Kind::nfd});
    } else if (type == "NFKC") {
        steps.push_back({.kind = Kind::nfkc});
    } else if (type == "NFKD") {
        steps.push_back({.kind = Kind::nfkd});
    } else if (type == "Prepend") {
        steps.push_back({.kind = Kind::prepend, .to = part.text("prepend")});
    } else if (type == "Replace") {
        const auto [pattern, regex] = patternOf(part);
        if (regex)
            part.refuse("Replace with a Regex", "Replace with a String");
        steps.push_back({.kind = Kind::replace, .from = pattern, .to = part.text("content")});
    } else if (type == "Strip") {
        if (part.flag("strip_left", true))
            steps.push_back({.kind = Kind::stripLeft});
        if (part.flag("strip_right", true))
            steps.push_back({.kind = Kind::stripRight});
    } else {
        part.refuse("normalizer " + type, "Sequence, NFC, NFD, NFKC, NFKD, Prepend, Replace, Strip");
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

void addByteLevel(const Part& part, PreTokenizerPart& to)
{
    if (part.flag("add_prefix_space", true)) {
        if (!to.preTokenizer.steps.empty())
            part.refuse("add_prefix_space after another pre-tokenizer", "add_prefix_space in the first one");
        to.preTokenizer.rewrite.push_back(
            {.kind = NormalizerStep::Kind::prepend, .to = " ", .unlessThere = true});
    }
    if (part.flag("use_regex", true))
        to.preTokenizer.steps.push_back({.kind = SplitStep::Kind::gpt2});
    to.byteLevel = true;
}

void addMetaspace(const Part& part, PreTokenizerPart& to)
{
    if (!to.preTokenizer.steps.empty())
        part.refuse("Metaspace after another pre-tokenizer", "Metaspace first");
    const std::string mark = part.text("replacement", std::string(kSpaceMark));
    if (mark != kSpaceMark)
        part.refuse("replacement \"" + mark + "\"", "U+2581");
    const std::string scheme
        = part.text("prepend_scheme", part.flag("add_prefix_space", true) ? "always" : "never");
    if (scheme != "always" && scheme != "first" && scheme != "never")
        part.fail("prepend_scheme", scheme, "always, first or never");
    to.preTokenizer.rewrite.push_back({.kind = NormalizerStep::Kind::replace, .from = " ", .to = mark});
    if (scheme != "never")
        to.preTokenizer.rewrite.push_back({.kind = NormalizerStep::Kind::prepend,
            .to = mark,
            .onlyAtStart = scheme == "first",
            .unlessThere = true});
    if (part.flag("split", true))
        to.preTokenizer.steps.push_back(
            {.kind = SplitStep::Kind::literal, .pattern = mark, .behaviour = SplitBehaviour::mergedWithNext});
}

void addPreTokenizer(const Part& part, PreTokenizerPart& to)
{
    const std::string type = part.type();
    auto& steps = to.preTokenizer.steps;
    const auto& file = part.file();
    if (to.byteLevel)
        part.refuse(type + " after ByteLevel", "ByteLevel last");
    if (type == "Sequence") {
        for (const Part& inner : part.list("pretokenizers"))
            addPreTokenizer(inner, to);
    } else if (type == "ByteLevel") {
        addByteLevel(part, to);
    } else if (type == "Metaspace") {
        addMetaspace(part, to);
    } else if (type == "Digits") {
        steps.push_back(
            {.kind = SplitStep::Kind::numbers, .digits = part.flag("individual_digits", false) ? 1 : 0});
    } else if (type == "Split") {
        const auto [pattern, regex] = patternOf(part);
        const SplitBehaviour behaviour = behaviourOf(part, "");
        const bool invert = part.flag("invert", false);
        if (regex)
            steps.push_back(splitStepFor(pattern, behaviour, invert, file));
        else
            steps.push_back({.kind = SplitStep::Kind::literal,
                .pattern = pattern,
                .behaviour = behaviour,
                .invert = invert});
    } else if (type == "Punctuation") {
        steps.push_back(
            splitStepFor(std::string(kPunctuation), behaviourOf(part, "Isolated"), false, file));
    } else if (type == "Whitespace") {
        steps.push_back(splitStepFor(R"(\w+|[^\w\s]+)", SplitBehaviour::removed, true, file));
    } else if (type == "WhitespaceSplit") {
        steps.push_back(splitStepFor(R"(\s)", SplitBehaviour::removed, false, file));
    } else {
        part.refuse("pre-tokenizer " + type,
            "Sequence, ByteLevel, Split, Digits, Metaspace, Punctuation, Whitespace, WhitespaceSplit");
    }
}

// TemplateProcessing: special tokens before and after the one sequence A.
void addTemplate(const Part& part, PostProcessorPart& to)
{
    const json* tokens = part.find("special_tokens");
    bool seen = false;
    for (const Part& item : part.list("single")) {
        if (item.find("Sequence") != nullptr) {
            if (std::exchange(seen, true))
                part.fail("single", "two sequences", "one sequence");
            continue;
        }
        const json* special = item.find("SpecialToken");
        const json* name = special != nullptr && special->is_object() && special->contains("id") ? &special->at("id")
                                                                                                 : nullptr;
        if (name == nullptr || !name->is_string())
            item.fail("", "neither Sequence nor SpecialToken", "one of them");
        const std::string key = name->get<std::string>();
        if (tokens == nullptr || !tokens->is_object() || !tokens->contains(key) || !tokens->at(key).is_object()
            || !tokens->at(key).contains("ids") || !tokens->at(key).at("ids").is_array())
            part.fail("special_tokens", "nothing for \"" + key.substr(0, 80) + "\"", "the token's ids");
        for (const json& id : tokens->at(key).at("ids"))
            (seen ? to.after : to.before).push_back(part.id(id, "special_tokens"));
    }
    if (!seen)
        part.fail("single", "no sequence", "one sequence");
}

int32_t pairedId(const Part& part, const char* key)
{
    const json* pair = part.find(key);
    if (pair == nullptr || !pair->is_array() || pair->size() != 2)
        part.fail(key, pair == nullptr ? "nothing" : shownJson(*pair), "[content, id]");
    return part.id((*pair)[1], key);
}

void addPostProcessor(const Part& part, PostProcessorPart& to)
{
    const std::string type = part.type();
    if (type == "Sequence") {
        for (const Part& inner : part.list("processors"))
            addPostProcessor(inner, to);
    } else if (type == "TemplateProcessing") {
        addTemplate(part, to);
    } else if (type == "RobertaProcessing" || type == "BertProcessing") {
        to.before.push_back(pairedId(part, "cls"));
        to.after.push_back(pairedId(part, "sep"));
    } else if (type != "ByteLevel") {  // which moves offsets only
        part.refuse("post-processor " + type,
            "Sequence, TemplateProcessing, RobertaProcessing, BertProcessing, ByteLevel");
    }
}

void addDecoder(const Part& part, DecoderPart& to)
{
    const std::string type = part.type();
    if (type == "Sequence") {
        for (const Part& inner : part.list("decoders"))
            addDecoder(inner, to);
    } else if (type == "ByteLevel") {
        to.byteLevel = true;
    } else if (type == "ByteFallback") {
        to.byteFallback = true;
    } else if (type == "Metaspace") {
        to.spaceMark = true;
        to.stripFirstSpace = part.text("prepend_scheme", "always") != "never" && part.flag("add_prefix_space", true);
    } else if (type == "Replace") {
        const auto [pattern, regex] = patternOf(part);
        if (regex || pattern != kSpaceMark || part.text("content") != " ")
            part.refuse("Replace of \"" + pattern.substr(0, 40) + "\"", "U+2581 by a space");
        to.spaceMark = true;
    } else if (type == "Strip") {
        const json *start = part.find("start"), *stop = part.find("stop");
        const bool one = start != nullptr && *start == 1, none = stop == nullptr || *stop == 0;
        if (!one || !none || part.text("content") != " ")
            part.refuse("Strip of something else", "one space at the start");
        to.stripFirstSpace = true;
    } else if (type != "Fuse") {  // which joins the tokens, as is done anyway
        part.refuse("decoder " + type, "Sequence, ByteLevel, ByteFallback, Metaspace, Replace, Strip, Fuse");
    }
}

}  // namespace

std::vector<NormalizerStep> normalizerFromJson(const json& value, const std::filesystem::path& file)
{
    std::vector<NormalizerStep> steps;
    if (!value.is_null())
        addNormalizer(Part(value, "/normalizer", file), steps);
    return steps;
}

PreTokenizerPart preTokenizerFromJson(const json& value, const std::filesystem::path& file)
{
    PreTokenizerPart part;
    if (!value.is_null())
        addPreTokenizer(Part(value, "/pre_tokenizer", file), part);
    return part;
}

PostProcessorPart postProcessorFromJson(const json& value, const std::filesystem::path& file)
{
    PostProcessorPart part;
    if (!value.is_null())
        addPostProcessor(Part(value, "/post_processor", file), part);
    return part;
}

DecoderPart decoderFromJson(const json& value, const std::filesystem::path& file)
{
    DecoderPart part;
    if (!value.is_null())
        addDecoder(Part(value, "/decoder", file), part);
    return part;
}

}  // namespace rankwright
