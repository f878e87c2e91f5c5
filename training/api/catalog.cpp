// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The tables of methods, base formats and optimisers, and what a method's card allows in a configuration.
#include "training/api/catalog.h"

#include "training/api/config_fields.h"
#include "training/api/error.h"
#include "training/api/words.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace rankwright {

#define METHOD(x) extern const MethodCard x##Card;
#include "training/methods/methods.inc"
#undef METHOD

namespace {

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& key, std::string found,
    std::string allowed, std::string advice)
{
    throw Error{ErrorParts{.code = Code::config,
        .file = file,
        .place = "/" + key,
        .found = std::move(found),
        .allowed = std::move(allowed),
        .advice = std::move(advice)}};
}

const MethodOption* findOption(const MethodCard& card, std::string_view key)
{
    const auto found = std::ranges::find(card.options, key, &MethodOption::key);
    return found == card.options.end() ? nullptr : &*found;
}

const OptionValue& valueOf(const RunConfig& config, std::string_view key)
{
    const MethodOption* option = findOption(methodCard(config.method), key);
    if (option == nullptr) {
        throw Error{ErrorParts{.code = Code::internal,
            .place = "/" + std::string(key),
            .found = "not an option of " + config.method,
            .advice = "Please report this defect."}};
    }
    const auto given = config.options.find(option->key);
    return given == config.options.end() ? option->otherwise : given->second;
}

// A whole number from option.least to option.most in decimal digits.
bool isCount(const MethodOption& option, const std::string& text)
{
    int64_t value = 0;
    const char* end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, value);
    return result.ec == std::errc() && result.ptr == end && double(value) >= option.least
        && double(value) <= option.most;
}

bool isAllowed(const MethodOption& option, const OptionValue& value)
{
    using Kind = Field::Kind;
    if (const double* number = std::get_if<double>(&value)) {
        // Written so that NaN is refused.
        return (option.kind == Kind::number || option.kind == Kind::integer) && *number >= option.least
            && *number <= option.most && (option.kind == Kind::number || std::trunc(*number) == *number);
    }
    const std::string& text = std::get<std::string>(value);
    const bool isWord = std::ranges::find(option.choices, text) != option.choices.end();
    return (option.kind == Kind::choice && isWord) || (option.kind == Kind::text && (isWord || isCount(option, text)));
}

void checkOption(const MethodCard& card, const std::string& key, const OptionValue& value,
    const std::filesystem::path& file)
{
    if (const MethodOption* option = findOption(card, key)) {
        if (isAllowed(*option, value))
            return;
        const std::string near = std::holds_alternative<std::string>(value)
            ? nearestName(std::get<std::string>(value), option->choices)
            : std::string();
        const bool isWord = std::holds_alternative<std::string>(value);
        const std::string shown = optionValueText(value);
        refuse(file, key, isWord ? '"' + shown + '"' : shown, allowedValues(*option),
            near.empty() ? "Change " + key + " (" + option->option + ")." : "Did you mean " + near + "?");
    }
    std::vector<std::string> owners, keys;
    for (const MethodCard* other : methodCards()) {
        for (const MethodOption& option : other->options)
            keys.push_back(option.key);
        const MethodOption* option = findOption(*other, key);
        if (option != nullptr && option->otherwise == value)
            return;   // says nothing that would be lost: files of earlier versions name every option
        if (option != nullptr)
            owners.push_back(other->id);
    }
    if (owners.empty()) {
        const std::string near = nearestName(key, keys);
        refuse(file, key, "the unknown key \"" + key + "\"", "options of a method",
            near.empty() ? "Remove it." : "Did you mean " + near + "?");
    }
    refuse(file, key, "an option that " + card.id + " does not have",
        (owners.size() == 1 ? "only with the method " : "only with the methods ") + joined(owners),
        "Remove " + key + ", or choose such a method.");
}

void checkBase(const RunConfig& config, const MethodCard& card, const std::filesystem::path& file)
{
    const std::string base = effectiveBase(config);
    std::vector<std::string> quantised;
    for (const BaseFormat& format : baseFormats()) {
        if (format.id != "none")
            quantised.push_back(format.id);
    }
    if (base == "none" && card.needsQuantisedBase) {
        refuse(file, "base", "a base in full precision with " + card.title, joined(quantised),
            card.title + " is about a quantised base: leave --base at auto, or choose a method for full precision.");
    }
    if (base != "none" && !card.allowsQuantisedBase) {
        refuse(file, "base", "the base format " + base + " with " + card.title, "none",
            card.title + " needs the weights in full precision: set --base none, or choose another method.");
    }
}

void checkParts(const RunConfig& config, const MethodCard& card, const std::filesystem::path& file)
{
    if (config.dropout > 0 && !card.allowsDropout) {
        refuse(file, "dropout", "a dropout above 0 with " + card.title, "0",
            "Dropout would hide a part of the weight that " + card.title
                + " moved into the adapter, or break its arithmetic: set it to 0, or use LoRA.");
    }
    if (!config.initAdapter.empty() && !card.allowsStartAdapter) {
        std::vector<std::string> others;
        for (const MethodCard* other : methodCards()) {
            if (other->allowsStartAdapter)
                others.push_back(other->id);
        }
        refuse(file, "initAdapter", "a start adapter with " + card.title,
            "nothing: the start of " + card.title + " is its own",
            "Go on from an adapter with one of " + joined(others) + ".");
    }
    const MethodPicture picture = effectivePicture(config);
    if (effectiveOptimiser(config) == "rite" && (picture.A != Part::trained || picture.B != Part::trained)) {
        refuse(file, "optimizer", "LoRA-RITE with " + card.title, "adamw",
            "LoRA-RITE preconditions A and B by one another, and " + card.title
                + " does not train both of them as configured.");
    }
}

}  // namespace

const std::vector<const MethodCard*>& methodCards()
{
    static const std::vector<const MethodCard*> cards{
#define METHOD(x) &x##Card,
#include "training/methods/methods.inc"
#undef METHOD
    };
    return cards;
}

const MethodCard* findMethodCard(std::string_view id)
{
    for (const MethodCard* card : methodCards()) {
        if (card->id == id)
            return card;
    }
    return nullptr;
}

const MethodCard& methodCard(std::string_view id)
{
    if (const MethodCard* card = findMethodCard(id))
        return *card;
    std::vector<std::string> ids;
    for (const MethodCard* card : methodCards())
        ids.push_back(card->id);
    const std::string near = nearestName(id, ids);
    refuse({}, "method", "\"" + std::string(id) + "\"", joined(ids),
        near.empty() ? "Choose one of these methods." : "Did you mean " + near + "?");
}

const std::vector<BaseFormat>& baseFormats()
{
    static const std::vector<BaseFormat> formats{
#define BASE_FORMAT(id, title, bits, explanation, ...) BaseFormat{id, title, explanation, bits},
#include "training/quant/formats.inc"
#undef BASE_FORMAT
    };
    return formats;
}

const std::vector<OptimiserCard>& optimiserCards()
{
    static const std::vector<OptimiserCard> cards{
#define OPTIMISER(x, id, title, explanation, paper) OptimiserCard{id, title, explanation, paper},
#include "training/optimisers/optimisers.inc"
#undef OPTIMISER
    };
    return cards;
}

std::string effectiveBase(const RunConfig& config)
{
    return config.base == "auto" ? methodCard(config.method).base : config.base;
}

std::string effectiveOptimiser(const RunConfig& config)
{
    return config.optimizer == "auto" ? methodCard(config.method).optimiser : config.optimizer;
}

MethodPicture effectivePicture(const RunConfig& config)
{
    const MethodCard& card = methodCard(config.method);
    return card.pictureOf == nullptr ? card.picture : card.pictureOf(config);
}

double optionNumber(const RunConfig& config, std::string_view key)
{
    const OptionValue& value = valueOf(config, key);
    if (const double* number = std::get_if<double>(&value))
        return *number;
    throw Error{ErrorParts{.code = Code::internal,
        .place = "/" + std::string(key),
        .found = "a word where a number is asked for",
        .advice = "Please report this defect."}};
}

std::string optionText(const RunConfig& config, std::string_view key)
{
    return optionValueText(valueOf(config, key));
}

const MethodOption* findMethodOption(const MethodCard& card, std::string_view key) { return findOption(card, key); }

std::string optionValueText(const OptionValue& value)
{
    const double* number = std::get_if<double>(&value);
    return number != nullptr ? shortNumber(*number) : std::get<std::string>(value);
}

std::string allowedValues(const MethodOption& option)
{
    const std::string range = shortNumber(option.least) + " to " + shortNumber(option.most);
    switch (option.kind) {
    case Field::Kind::number:
        return "a number from " + range;
    case Field::Kind::integer:
        return "a whole number from " + range;
    case Field::Kind::choice:
        return "one of " + joined(option.choices);
    case Field::Kind::text:
    case Field::Kind::map:
        break;
    }
    return joined(option.choices) + ", or a whole number from " + range;
}

void keepOwnOptions(RunConfig& config)
{
    const MethodCard* card = findMethodCard(config.method);
    std::erase_if(config.options, [&](const auto& entry) {
        const MethodOption* option = card == nullptr ? nullptr : findOption(*card, entry.first);
        return option == nullptr || option->otherwise == entry.second;
    });
}

void checkMethod(const RunConfig& config, const std::filesystem::path& file)
{
    const MethodCard& card = methodCard(config.method);
    for (const auto& [key, value] : config.options)
        checkOption(card, key, value, file);
    checkBase(config, card, file);
    checkParts(config, card, file);
    if (card.check == nullptr)
        return;
    try {
        card.check(config);
    } catch (const Error& error) {
        ErrorParts parts = error.parts();
        parts.file = file;
        throw Error(parts);
    }
}

void checkStartAdapter(const RunConfig& config, const std::filesystem::path& file)
{
    if (config.initAdapter.empty())
        return;
    const RunConfig plain;
    const auto check = [&](bool differs, const std::string& key, const std::string& option) {
        if (differs) {
            refuse(file, key, key + " beside a start adapter", "no " + key + ": the adapter says it",
                "Leave out " + option + ", or --init-adapter.");
        }
    };
    check(config.rank != plain.rank, "rank", "--rank");
    check(config.alpha != plain.alpha, "alpha", "--alpha");
    check(config.plan != plain.plan, "plan", "--plan");
    check(config.modules != plain.modules, "modules", "--modules");
}

std::string exportRefusal(const RunConfig& config, std::string_view format)
{
    const MethodCard* card = findMethodCard(config.method);
    if (card == nullptr || format == "merged" || format == "gguf")
        return {};
    if (card->plainExport == PlainExport::none)
        return card->title + " has no adapter: export merged weights.";
    if (format == "gguf-lora" && card->picture.magnitude != Part::absent)
        return card->title + " has norms of rows, which a LoRA adapter for llama.cpp cannot hold: export the model as GGUF, or lora for PEFT.";
    if ((format == "lora" || format == "gguf-lora") && card->plainExport == PlainExport::doubled && isQuantised(config)) {
        return card->title + " trains beside its own quantised base, and an adapter for the original weights would leave the error of "
               "their few bits out: export the trained A and B with their base (peft), or merged weights.";
    }
    return {};
}

}  // namespace rankwright
