// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// `verify`: reads all of a model and changes nothing.
#include "app/commands.h"
#include "app/event_stream.h"
#include "app/progress_line.h"
#include "app/signals.h"
#include "app/text_table.h"
#include "training/api/engine.h"
#include "training/models/model_source.h"

#include <CLI/CLI.hpp>

#include <memory>

namespace rankwright {

namespace {

int verify(Context& context, const std::string& model)
{
    require(model, "MODEL", "verify");
    openModelSource(model);  // headers first: what is wrong there is said before LibTorch is loaded
    ProgressLine progress(ProgressLine::styleFor(context.quiet));
    Signals signals(context.quiet);
    const auto engine = loadEngine();
    const VerifyResult result = run(*engine, VerifyJob{.model = model}, progress, signals.token());
    if (context.json) {
        context.out.write(jsonText(toJson(result)) + '\n');
    } else {
        std::string text = countText(result.tensors) + " tensors, " + bytesText(result.bytes) + " read\n";
        for (const std::string& warning : result.warnings)
            text += "warning: " + escaped(warning) + '\n';
        context.out.write(text);
    }
    if (result.nonFinite > 0)
        throw refusal(Code::format, result.firstNonFinite, countText(result.nonFinite) + " values that are not finite",
            "finite weights", "Get the model again; training on it would fail.");
    return 0;
}

}  // namespace

void addVerify(CLI::App& program, Commands& commands)
{
    auto model = std::make_shared<std::string>();
    CLI::App* app = program.add_subcommand("verify", "Reads everything of a model, checks everything, changes nothing");
    app->add_option("MODEL", *model, "Folder, .gguf file, org/name of the local cache, or default")->type_name("");
    commands.push_back({app, [model](Context& context) { return verify(context, *model); }});
}

}  // namespace rankwright
