// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// `inspect`: what a model is, from its headers.
#include "app/commands.h"
#include "app/event_stream.h"
#include "app/text_table.h"
#include "training/api/error.h"
#include "training/models/model_source.h"

#include <CLI/CLI.hpp>

#include <memory>

namespace rankwright {

namespace {

std::string yesNo(bool value) { return value ? "yes" : "no"; }

std::string factsOf(const ModelInfo& model)
{
    std::string dtypes;
    for (const auto& [name, tensors] : model.dtypes)
        dtypes += (dtypes.empty() ? "" : ", ") + name + " (" + std::to_string(tensors) + ")";
    TextTable table({{"model"}, {model.name}});
    table.add({"path", model.path});
    table.add({"found in", model.source});
    table.add({"format", model.format});
    table.add({"architecture", model.architecture + (model.family.empty() ? "" : " (" + model.family + ")")});
    table.add({"parameters", countText(model.parameters)});
    table.add({"size", bytesText(model.bytes)});
    table.add({"types", dtypes});
    table.add({"layers", std::to_string(model.layers)});
    table.add({"hidden size", std::to_string(model.hiddenSize)});
    table.add({"intermediate size", std::to_string(model.intermediateSize)});
    table.add({"heads",
        std::to_string(model.heads) + " of " + std::to_string(model.headDim) + ", " + std::to_string(model.kvHeads)
            + " for keys and values"});
    table.add({"vocabulary", countText(model.vocabSize)});
    table.add({"context", countText(model.contextLength)});
    table.add({"tied embeddings", yesNo(model.tiedEmbeddings)});
    table.add({"tokenizer", model.tokenizer.empty() ? "none" : model.tokenizer});
    table.add({"chat template", yesNo(model.chatTemplate)});
    table.add({"licence", model.license.empty() ? "not stated" : model.license});
    table.add({"adaptable",
        countText(model.adaptable) + " parameters in " + std::to_string(model.modules.size()) + " modules"});
    for (const auto& [name, text] : model.facts)
        table.add({name, text});
    for (const auto& [role, content] : model.specialTokens)
        table.add({role + " token", escaped(content)});
    for (const std::string& note : model.notes)
        table.add({"note", escaped(note)});
    table.add({"usable", !model.usable ? "no: " + model.problem : model.problem.empty() ? "yes" : "its weights alone: " + model.problem});
    return table.text();
}

int inspect(Context& context, const std::string& spec)
{
    require(spec, "MODEL", "inspect");
    const ModelInfo model = inspectModel(spec);
    if (context.json) {
        context.out.write(jsonText(toJson(model)) + '\n');
        return 0;
    }
    TextTable modules({{"MODULE"}, {"ROWS", TextTable::Align::right}, {"COLUMNS", TextTable::Align::right}, {"TYPE"}});
    for (const ModuleInfo& module : model.modules)
        modules.add({module.name, std::to_string(module.rows), std::to_string(module.cols), module.dtype});
    context.out.write(factsOf(model) + '\n' + modules.text());
    return 0;
}

}  // namespace

void addInspect(CLI::App& program, Commands& commands)
{
    auto model = std::make_shared<std::string>();
    CLI::App* app
        = program.add_subcommand("inspect", "A model's architecture, sizes, types, tokenizer, licence and modules");
    app->add_option("MODEL", *model, "Folder, .gguf file, org/name of the local cache, or default")->type_name("");
    commands.push_back({app, [model](Context& context) { return inspect(context, *model); }});
}

}  // namespace rankwright
