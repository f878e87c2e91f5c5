// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// `methods`: the methods and their options, from their cards. docs/methods.md is what `methods --markdown` prints.
#include "app/commands.h"
#include "app/event_stream.h"
#include "app/text_table.h"
#include "training/api/catalog.h"
#include "training/api/config_fields.h"
#include "training/api/words.h"
#include "training/api/json_text.h"

#include <CLI/CLI.hpp>

#include <memory>

namespace rankwright {

namespace {

using nlohmann::json;

struct MethodsAsk
{
    std::string name;
    bool markdown = false;
};

std::string coreName(const MethodPicture& picture)
{
    return picture.A == Part::trained ? "d (r numbers)" : "R (r x r)";
}

// What takes part in one way, by the letters of the formulas.
std::string partsText(const MethodPicture& picture, Part how)
{
    std::vector<std::string> parts;
    const auto add = [&](Part part, std::string name) {
        if (part == how)
            parts.push_back(std::move(name));
    };
    add(picture.A, "A");
    add(picture.B, "B");
    add(picture.core, coreName(picture));
    add(picture.magnitude, "m (a number a row)");
    add(picture.weight, picture.residual ? "what the start leaves of W" : picture.drifts ? "W, which drifts" : "W");
    return parts.empty() ? "nothing" : joined(parts);
}

std::string exportText(const MethodCard& card)
{
    if (card.needsQuantisedBase && card.plainExport == PlainExport::doubled)
        return "with its own base (peft), or as merged weights";
    switch (card.plainExport) {
    case PlainExport::asIs:
        return "as a LoRA of the same rank";
    case PlainExport::doubled:
        return "as a LoRA of twice the rank, for the original base in full precision";
    case PlainExport::dora:
        return "as PEFT's DoRA";
    case PlainExport::none:
        break;
    }
    return "merged weights only";
}

std::string baseText(const MethodCard& card)
{
    if (card.needsQuantisedBase)
        return "any quantised format, " + card.base + " unless told";
    return card.allowsQuantisedBase ? "full precision unless told, any format" : "full precision only";
}

std::string optimiserText(const MethodCard& card)
{
    for (const OptimiserCard& optimiser : optimiserCards()) {
        if (optimiser.id == card.optimiser)
            return optimiser.title;
    }
    return card.optimiser;
}

std::string rateText(const MethodCard& card)
{
    return shortNumber(card.learningRate) + " (" + card.learningRateSource + "); a run's own default is "
        + shortNumber(RunConfig().learningRate) + " for every method";
}

std::string alsoText(const MethodCard& card)
{
    return std::string(card.allowsDropout ? "dropout" : "no dropout")
        + (card.allowsStartAdapter ? ", start from an adapter" : ", no start from an adapter");
}

// Title and text of each line about a method, in the order of both the page and the terminal.
std::vector<std::pair<std::string, std::string>> facts(const MethodCard& card)
{
    std::vector<std::pair<std::string, std::string>> lines{{"Formula", card.formula}, {"Paper", card.paper},
        {"Before the first step", card.stepZero}, {"Trained", partsText(card.picture, Part::trained)},
        {"Frozen", partsText(card.picture, Part::frozen)}, {"Base", baseText(card)}, {"Optimiser", optimiserText(card)},
        {"Paper's learning rate", rateText(card)}, {"Takes", alsoText(card)}, {"Export", exportText(card)}};
    if (!card.note.empty())
        lines.emplace_back("Note", card.note);
    return lines;
}

const char* partText(Part part)
{
    return part == Part::trained ? "trained" : part == Part::frozen ? "frozen" : "absent";
}

json valueJson(const MethodOption& option)
{
    if (const double* number = std::get_if<double>(&option.otherwise))
        return option.kind == Field::Kind::integer ? json(int64_t(*number)) : jsonNumber(*number);
    return std::get<std::string>(option.otherwise);
}

json toJson(const MethodCard& card)
{
    json options = json::array();
    for (const MethodOption& option : card.options) {
        options.push_back({{"key", option.key}, {"option", option.option}, {"label", option.label},
            {"default", valueJson(option)}, {"allowed", allowedValues(option)}, {"help", option.help}});
    }
    const MethodPicture& picture = card.picture;
    return {{"id", card.id}, {"title", card.title}, {"explanation", card.explanation}, {"formula", card.formula},
        {"paper", card.paper}, {"stepZero", card.stepZero}, {"note", card.note},
        {"parts",
            {{"A", partText(picture.A)}, {"B", partText(picture.B)}, {"core", partText(picture.core)},
                {"magnitude", partText(picture.magnitude)}, {"weight", partText(picture.weight)}}},
        {"options", std::move(options)}, {"base", card.base}, {"needsQuantisedBase", card.needsQuantisedBase},
        {"allowsQuantisedBase", card.allowsQuantisedBase}, {"optimizer", card.optimiser},
        {"learningRate", card.learningRate}, {"learningRateSource", card.learningRateSource},
        {"allowsDropout", card.allowsDropout}, {"allowsStartAdapter", card.allowsStartAdapter},
        {"export", exportText(card)}};
}

std::string tableOfMethods()
{
    using Align = TextTable::Align;
    TextTable table({{"METHOD"}, {"TRAINS"}, {"BASE"}, {"PAPER'S LR", Align::right}, {"WHAT IT DOES"}});
    for (const MethodCard* card : methodCards())
        table.add({card->id, partsText(card->picture, Part::trained), card->base, shortNumber(card->learningRate),
            card->explanation});
    return table.text();
}

std::string pageOf(const MethodCard& card)
{
    std::string text = card.title + " (--method " + card.id + ")\n" + card.explanation + "\n\n";
    TextTable lines({{""}, {""}});
    for (const auto& [title, fact] : facts(card))
        lines.add({title, fact});
    const std::string shown = lines.text();
    text += shown.substr(shown.find('\n') + 1);   // without the line of titles
    if (card.options.empty())
        return text;
    TextTable options({{"OPTION"}, {"DEFAULT"}, {"ALLOWED"}, {"WHAT IT DOES"}});
    for (const MethodOption& option : card.options)
        options.add({option.option, optionValueText(option.otherwise), allowedValues(option), option.help});
    return text + '\n' + options.text();
}

// A table's cell: a bar would end it, and what stands between angle brackets would be markup.
std::string cell(const std::string& text)
{
    std::string safe;
    for (const char c : text)
        safe += c == '|' ? std::string("\\|") : c == '<' ? "&lt;" : std::string(1, c);
    return safe;
}

std::string markdownOf(const MethodCard& card)
{
    std::string text = "## " + card.title + "\n\n`--method " + card.id + "`. " + card.explanation + "\n\n";
    for (const auto& [title, fact] : facts(card))
        text += "- **" + title + ":** " + (title == "Formula" ? "`" + fact + "`" : fact) + "\n";
    if (card.options.empty())
        return text;
    text += "\n| option | default | allowed | what it does |\n|---|---|---|---|\n";
    for (const MethodOption& option : card.options) {
        text += "| `" + option.option + "` | " + cell(optionValueText(option.otherwise)) + " | "
            + cell(allowedValues(option)) + " | " + cell(option.help) + " |\n";
    }
    return text;
}

std::string markdown()
{
    std::string text
        = "# Methods\n\n"
          "This page is `rankwright-cli methods --markdown`; the words stand in `training/methods/`.\n\n"
          "W is (m, n), A is (r, n), B is (m, r), r the rank; W = U S V^T is its singular value decomposition, U_r its first r\n"
          "columns. Q(W) is W in few bits. An option of a method is an option of `train` and `compare`, a key of `CONFIG.json`\n"
          "and a setting of an arm (`--arm pissa:slice=minor`).\n\n| method | trains | base | what it does |\n|---|---|---|---|\n";
    for (const MethodCard* card : methodCards()) {
        text += "| `" + card->id + "` | " + cell(partsText(card->picture, Part::trained)) + " | " + card->base + " | "
            + cell(card->explanation) + " |\n";
    }
    for (const MethodCard* card : methodCards())
        text += "\n" + markdownOf(*card);
    text += "\n## Formats of the base\n\nAn option of every run: `--base`.\n\n"
            "| format | name | bits a parameter | |\n|---|---|---|---|\n";
    for (const BaseFormat& format : baseFormats()) {
        text += "| `" + format.id + "` | " + cell(format.title) + " | "
            + (format.id == "none" ? "16 or 32" : shortNumber(format.bits)) + " | " + cell(format.explanation) + " |\n";
    }
    text += "\n## Optimisers\n\nAn option of every run: `--optimizer`.\n\n| optimiser | name | | paper |\n|---|---|---|---|\n";
    for (const OptimiserCard& card : optimiserCards()) {
        text += "| `" + card.id + "` | " + cell(card.title) + " | " + cell(card.explanation) + " | " + cell(card.paper)
            + " |\n";
    }
    return text;
}

int methods(Context& context, const MethodsAsk& ask)
{
    if (ask.markdown) {
        context.out.write(markdown());
        return 0;
    }
    if (!ask.name.empty()) {
        const MethodCard& card = methodCard(ask.name);
        context.out.write(context.json ? jsonText(toJson(card)) + '\n' : pageOf(card));
        return 0;
    }
    if (context.json) {
        json list = json::array();
        for (const MethodCard* card : methodCards())
            list.push_back(toJson(*card));
        context.out.write(jsonText(list) + '\n');
        return 0;
    }
    context.out.write(tableOfMethods());
    context.say("rankwright-cli methods NAME shows one with its options.");
    return 0;
}

}  // namespace

void addMethods(CLI::App& program, Commands& commands)
{
    auto ask = std::make_shared<MethodsAsk>();
    CLI::App* app = program.add_subcommand("methods", "What can be trained how: the methods and their options");
    app->add_option("NAME", ask->name, "One method, with its options")->type_name("");
    app->add_flag("--markdown", ask->markdown, "All of it as a page (docs/methods.md)");
    commands.push_back({app, [ask](Context& context) { return methods(context, *ask); }});
}

}  // namespace rankwright
