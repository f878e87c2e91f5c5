// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// rankwright-cli: reads the command line, runs one command, and is the last place that catches.
#include "app/commands.h"
#include "app/signals.h"
#include "training/api/engine.h"
#include "training/api/paths.h"

#include <CLI/CLI.hpp>
#include <sqlite3.h>

#include <algorithm>
#include <new>

namespace rankwright {

namespace {

#ifdef RANKWRIGHT_VERSION
constexpr const char* kVersion = RANKWRIGHT_VERSION;
#else
constexpr const char* kVersion = "0.1.0";
#endif

// The same three options on the program and on every command, so that they may stand before and after its name.
void addGlobalOptions(CLI::App& app, Context& context, std::string& dataDirectory)
{
    app.add_option("--data-dir", dataDirectory, "Where runs are kept (default: $XDG_DATA_HOME/rankwright)")
        ->type_name("DIR")
        ->group("Global options");
    app.add_flag("--quiet", context.quiet, "No progress and no notes on standard error")->group("Global options");
    app.add_flag("--json", context.json, "The result as JSON on standard output")->group("Global options");
}

std::vector<std::string> optionNames(const CLI::App& app)
{
    std::vector<std::string> names;
    for (const CLI::Option* option : app.get_options()) {
        for (const std::string& name : option->get_lnames())
            names.push_back("--" + name);
    }
    return names;
}

std::string advice(const std::string& word, const std::vector<std::string>& names, const std::string& helpOf)
{
    const std::string nearest = nearestName(word, names);
    return (nearest.empty() ? "" : "Did you mean " + nearest + "? ") + "See rankwright-cli" + helpOf + " --help.";
}

// CLI11's complaint in our form. A word that nobody took is the likeliest cause of any other complaint.
Error usageError(const CLI::App& program, const Commands& commands, const CLI::ParseError& complaint)
{
    const auto used
        = std::find_if(commands.begin(), commands.end(), [](const Command& command) { return command.app->parsed(); });
    const CLI::App& app = used == commands.end() ? program : *used->app;
    const std::string helpOf = used == commands.end() ? "" : " " + app.get_name();
    const std::vector<std::string> unknown = program.remaining(true);
    if (unknown.empty())
        return refusal(Code::usage, "command line", complaint.what(), {}, advice({}, {}, helpOf));
    const std::string& word = unknown.front();
    if (word.size() > 1 && word[0] == '-')
        return refusal(Code::usage, word.substr(0, word.find('=')), "unknown option", {},
            advice(word.substr(0, word.find('=')), optionNames(app), helpOf));
    if (used != commands.end())
        return refusal(Code::usage, word, "one argument too many", {}, advice({}, {}, helpOf));
    std::vector<std::string> names;
    for (const Command& command : commands)
        names.push_back(command.app->get_name());
    return refusal(Code::usage, word, "unknown command", {}, advice(word, names, helpOf));
}

void printVersions(Context& context)
{
    std::string text = std::string("rankwright-cli ") + kVersion + '\n';
    try {
        std::string engine = loadEngine()->versions();  // "LibTorch 2.11.0, CUDA none, ..."
        for (size_t at = engine.find(", "); at != std::string::npos; at = engine.find(", ", at))
            engine.replace(at, 2, "\n");
        text += engine + '\n';
    } catch (const Error& error) {
        context.say(error.what());
        text += "LibTorch none\nCUDA none\n";
    }
    context.out.write(text + "SQLite " + sqlite3_libversion() + '\n');
}

int runProgram(int argc, char** argv)
{
    CLI::App program("Fine-tunes language models with PiSSA, LoRA and their neighbours, offline.", "rankwright-cli");
    Context context;
    std::string dataDirectory;
    bool version = false;
    Commands commands;
    for (const auto add : {addModels, addMethods, addPresets, addInspect, addData, addSpectrum, addQuantError, addPlan, addTokenize, addTemplate, addLogits,
             addTrain, addCompare, addRuns, addDrift, addShrink, addReport, addQueue, addEval, addGenerate, addChat, addExport, addVerify})
        add(program, commands);
    program.add_flag("--version", version, "Versions of this program and of its libraries");
    addGlobalOptions(program, context, dataDirectory);
    for (const Command& command : commands)
        addGlobalOptions(*command.app, context, dataDirectory);
    program.require_subcommand(0, 1);  // the first command's name is the only one: later words are its arguments
    try {
        program.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        context.out.write(program.help());
        return 0;
    } catch (const CLI::ParseError& complaint) {
        throw usageError(program, commands, complaint);
    }
    if (!dataDirectory.empty())
        setDataDirectory(dataDirectory);
    if (version) {
        printVersions(context);
        return 0;
    }
    for (const Command& command : commands) {
        if (command.app->parsed())
            return command.run(context);
    }
    writeToPeople(program.help());
    return exitStatus(Code::usage);
}

int report(const Error& error)
{
    writeToPeople(std::string(error.what()) + '\n');
    return exitStatus(error.code());
}

}  // namespace

}  // namespace rankwright

int main(int argc, char** argv)
{
    using namespace rankwright;
    ignoreBrokenPipes();
    try {
        return runProgram(argc, argv);
    } catch (const Error& error) {
        return report(error);
    } catch (const std::bad_alloc&) {
        return report(refusal(Code::memory, "memory", "not enough of it", {}, "Close other programs or ask for less."));
    } catch (const std::exception& error) {
        return report(
            refusal(Code::internal, "rankwright-cli", error.what(), {}, "This is a defect; please report it."));
    } catch (...) {
        return report(
            refusal(Code::internal, "rankwright-cli", "an unknown failure", {}, "This is a defect; please report it."));
    }
}
