// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Post-processors and decoders of a tokenizer.json.
#include "training/formats/tokenizer_part.h"
#include "training/formats/tokenizer_pipeline.h"

#include <algorithm>

namespace rankwright {
namespace {

using nlohmann::json;
using Part = TokenizerPart;
using Item = TemplateItem;

// The ids that a template's special token stands for.
std::vector<int32_t> idsOfSpecial(const Part& part, const std::string& name)
{
    const json* tokens = part.find("special_tokens");
    if (tokens == nullptr || !tokens->is_object() || !tokens->contains(name) || !tokens->at(name).is_object()
        || !tokens->at(name).contains("ids") || !tokens->at(name).at("ids").is_array())
        part.fail("special_tokens", "nothing for \"" + name.substr(0, 80) + "\"", "the token's ids");
    std::vector<int32_t> ids;
    for (const json& id : tokens->at(name).at("ids"))
        ids.push_back(part.id(id, "special_tokens"));
    return ids;
}

std::vector<Item> templateOf(const Part& part, const char* key)
{
    std::vector<Item> items;
    for (const Part& item : part.list(key)) {
        const bool sequence = item.find("Sequence") != nullptr;
        if (!sequence && item.find("SpecialToken") == nullptr)
            item.fail("", "neither Sequence nor SpecialToken", "one of them");
        const Part inner = item.inner(sequence ? "Sequence" : "SpecialToken");
        const std::string id = inner.text("id");
        const auto type = static_cast<int32_t>(inner.number("type_id", 0));
        if (!sequence) {
            for (const int32_t token : idsOfSpecial(part, id))
                items.push_back({.kind = Item::Kind::token, .id = token, .type = type});
        } else if (id == "A" || id == "B") {
            items.push_back({.kind = id == "A" ? Item::Kind::first : Item::Kind::second, .type = type});
        } else {
            inner.fail("id", "\"" + id.substr(0, 40) + "\"", "A or B");
        }
    }
    return items;
}

// Each sequence once, B only in pairs.
void needSequences(const Part& part, const char* key, const std::vector<Item>& items, bool pair)
{
    const auto first = std::ranges::count(items, Item::Kind::first, &Item::kind);
    const auto second = std::ranges::count(items, Item::Kind::second, &Item::kind);
    if (first != 1 || second != (pair ? 1 : 0))
        part.fail(key, std::to_string(first) + " times A, " + std::to_string(second) + " times B",
            pair ? "A and B once" : "A once");
    if (pair && std::ranges::find(items, Item::Kind::second, &Item::kind)
            < std::ranges::find(items, Item::Kind::first, &Item::kind))
        part.refuse("a template with B before A", "A before B");
}

void addTemplate(const Part& part, PostProcessor& to)
{
    to.single = templateOf(part, "single");
    needSequences(part, "single", to.single, false);
    if (part.find("pair") == nullptr)
        return;
    auto pair = templateOf(part, "pair");
    // A template that was never meant for pairs may lack B: then pairs stay without added tokens.
    if (std::ranges::count(pair, Item::Kind::second, &Item::kind) == 0)
        return;
    needSequences(part, "pair", pair, true);
    to.pair = std::move(pair);
}

int32_t pairedId(const Part& part, const char* key)
{
    const json* pair = part.find(key);
    if (pair == nullptr || !pair->is_array() || pair->size() != 2)
        part.fail(key, pair == nullptr ? "nothing" : shownJson(*pair), "[content, id]");
    return part.id((*pair)[1], key);
}

void setTrimming(const Part& part, PostProcessor& to)
{
    to.trimsOffsets = part.flag("trim_offsets", true);
    to.keepsPrefixSpace = part.flag("add_prefix_space", true);
}

void addPostProcessor(const Part& part, PostProcessor& to)
{
    const std::string type = part.type();
    const bool addsTokens = type == "TemplateProcessing" || type == "RobertaProcessing" || type == "BertProcessing";
    if (addsTokens && (to.addsTokens() || to.pair != PostProcessor().pair))
        part.refuse("a second post-processor that adds tokens", "one of them");
    if (type == "Sequence") {
        for (const Part& inner : part.list("processors"))
            addPostProcessor(inner, to);
    } else if (type == "TemplateProcessing") {
        addTemplate(part, to);
    } else if (addsTokens) {
        const int32_t cls = pairedId(part, "cls"), sep = pairedId(part, "sep");
        const auto made
            = type == "BertProcessing" ? PostProcessor::bert(cls, sep) : PostProcessor::roberta(cls, sep);
        to.single = made.single;
        to.pair = made.pair;
        if (type == "RobertaProcessing")
            setTrimming(part, to);
    } else if (type == "ByteLevel") {
        setTrimming(part, to);
    } else {
        part.refuse("post-processor " + type,
            "Sequence, TemplateProcessing, RobertaProcessing, BertProcessing, ByteLevel");
    }
}

DecoderStep replaceStep(const Part& part)
{
    const auto [pattern, regex] = patternOf(part);
    DecoderStep step{.kind = DecoderStep::Kind::replace, .from = pattern, .to = part.text("content")};
    if (regex)
        step.regex = std::make_shared<RegexSplitter>(pattern, part.file());
    return step;
}

void addDecoder(const Part& part, std::vector<DecoderStep>& to)
{
    using Kind = DecoderStep::Kind;
    const std::string type = part.type();
    if (type == "Sequence") {
        for (const Part& inner : part.list("decoders"))
            addDecoder(inner, to);
    } else if (type == "ByteLevel") {
        to.push_back({.kind = Kind::byteLevel});
    } else if (type == "ByteFallback") {
        to.push_back({.kind = Kind::byteFallback});
    } else if (type == "Fuse") {
        to.push_back({.kind = Kind::fuse});
    } else if (type == "Replace") {
        to.push_back(replaceStep(part));
    } else if (type == "Metaspace") {
        const bool never
            = part.text("prepend_scheme", part.flag("add_prefix_space", true) ? "always" : "never") == "never";
        to.push_back({.kind = Kind::metaspace,
            .from = characterOf(part, "replacement", std::string(kSpaceMark)),
            .flag = !never});
    } else if (type == "Strip") {
        to.push_back({.kind = Kind::strip,
            .from = characterOf(part, "content"),
            .start = part.number("start", 0),
            .stop = part.number("stop", 0)});
    } else if (type == "WordPiece") {
        to.push_back({.kind = Kind::wordPiece, .from = part.text("prefix", "##"), .flag = part.flag("cleanup", true)});
    } else if (type == "BPEDecoder") {
        to.push_back({.kind = Kind::suffix, .from = part.text("suffix", "</w>")});
    } else {
        part.refuse("decoder " + type,
            "Sequence, ByteLevel, ByteFallback, Metaspace, Replace, Strip, Fuse, WordPiece, BPEDecoder");
    }
}

}  // namespace

PostProcessor postProcessorFromJson(const json& value, const std::filesystem::path& file)
{
    PostProcessor part;
    if (!value.is_null())
        addPostProcessor(Part(value, "/post_processor", file), part);
    return part;
}

std::vector<DecoderStep> decoderFromJson(const json& value, const std::filesystem::path& file)
{
    std::vector<DecoderStep> steps;
    if (!value.is_null())
        addDecoder(Part(value, "/decoder", file), steps);
    return steps;
}

}  // namespace rankwright
