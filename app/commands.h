// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The commands of rankwright-cli. Each is declared by one function, which adds its options to the program and leaves
// what runs it; nothing is opened before the whole command line has been read.
#pragma once

#include "app/command_output.h"
#include "training/api/error.h"

#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace rankwright {

// What every command gets: standard output and the global options.
struct Context
{
    Output out;
    bool json = false;
    bool quiet = false;

    // A line for people on standard error, none with --quiet. Text from outside must be escaped() before.
    void say(const std::string& line) const
    {
        if (!quiet)
            writeToPeople(line + '\n');
    }
};

struct Command
{
    CLI::App* app = nullptr;
    std::function<int(Context&)> run;  // the exit status
};
using Commands = std::vector<Command>;

void addModels(CLI::App& program, Commands& commands);
void addMethods(CLI::App& program, Commands& commands);
void addPresets(CLI::App& program, Commands& commands);
void addData(CLI::App& program, Commands& commands);
void addInspect(CLI::App& program, Commands& commands);
void addSpectrum(CLI::App& program, Commands& commands);
void addQuantError(CLI::App& program, Commands& commands);
void addPlan(CLI::App& program, Commands& commands);
void addTokenize(CLI::App& program, Commands& commands);  // and detokenize
void addTemplate(CLI::App& program, Commands& commands);
void addLogits(CLI::App& program, Commands& commands);
void addTrain(CLI::App& program, Commands& commands);  // and resume
void addCompare(CLI::App& program, Commands& commands);
void addRuns(CLI::App& program, Commands& commands);  // and show, sql
void addDrift(CLI::App& program, Commands& commands);
void addShrink(CLI::App& program, Commands& commands);
void addEval(CLI::App& program, Commands& commands);
void addGenerate(CLI::App& program, Commands& commands);
void addChat(CLI::App& program, Commands& commands);
void addReport(CLI::App& program, Commands& commands);
void addQueue(CLI::App& program, Commands& commands);
void addExport(CLI::App& program, Commands& commands);
void addVerify(CLI::App& program, Commands& commands);

// An Error without a file.
inline Error refusal(Code code, std::string place, std::string found, std::string allowed, std::string advice)
{
    return Error(ErrorParts{.code = code,
        .file = {},
        .place = std::move(place),
        .found = std::move(found),
        .allowed = std::move(allowed),
        .advice = std::move(advice)});
}

// Throws Error{usage} where a positional argument or an option that a command needs is not given.
inline void require(const std::string& value, const std::string& place, const std::string& command)
{
    if (value.empty())
        throw refusal(Code::usage, place, "not given", {}, "See rankwright-cli " + command + " --help.");
}

// "1,2,3" of --ids. Throws Error{usage}.
std::vector<int32_t> parseIds(const std::string& text);

}  // namespace rankwright
