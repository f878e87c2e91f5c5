// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What one run is: everything that decides its numbers. A plain aggregate; JSON only at the edges. The same keys
// are used in a config file, by `show RUN`, by the window's forms and (as options) on the command line.
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace rankwright {

struct ModuleRank
{
    int64_t rank = 0;
    double alpha = 0;  // scaling is alpha / rank
    bool operator==(const ModuleRank&) const = default;
};

// A method option's value: a number, or a word ("principal", "exact").
using OptionValue = std::variant<double, std::string>;

struct RunConfig
{
    std::string name;                 // shown to people; free text, at most 255 bytes
    std::string model = "default";    // folder, .gguf file, org/name of the local cache, or "default"
    // data
    std::string data = "default";     // file, or "default"
    std::string evalData;             // file, "default" (its test split) or empty: no evaluation
    double validation = 0;            // share of the training rows set aside for evaluation where evalData is empty, 0..0.5
    std::map<std::string, std::string> columns;  // role (columnRoles()) -> column
    std::string task = "auto";        // lm | classify | regress; auto: what the data's columns are for
    std::string labels;               // classify: names in the order of their classes, separated by commas; empty: the data's
    std::string chatTemplate = "auto"; // auto: the model's where rows are `messages`, none otherwise; none; NAME
    std::string loss = "answer";      // answer | all
    std::string rows;                 // "A:B", first inclusive, last exclusive, either may be left out; empty: all
    std::string evalRows = ":64";     // the same for evalData
    int64_t maxLength = 512;          // tokens a row is cut at
    std::string order = "shuffled";   // shuffled | sequential
    std::string packing = "off";      // on: a row of the batch holds as many examples as fit into maxLength, each its own segment
    // method
    std::string method = "lora";
    std::string modules = "*";        // glob over module names; several separated by commas
    int64_t rank = 16;
    double alpha = 0;                 // 0: equal to the rank (scaling 1)
    std::map<std::string, ModuleRank> plan;  // module name -> rank and alpha; overrides rank and alpha; rank 0: frozen
    std::string base = "auto";        // how frozen weights are stored: a BaseFormat's id; auto: as the method wants
    std::map<std::string, OptionValue> options;  // of the method (MethodCard::options); what is left out has its default
    double dropout = 0;
    std::string initAdapter;          // folder of a PEFT adapter to start from
    // optimisation
    std::string optimizer = "auto";   // an OptimiserCard's id; auto: as the method wants
    double learningRate = 2e-4;
    std::string schedule = "constant";  // constant | linear | cosine
    double warmup = 0;                // share of all steps
    double weightDecay = 0;
    double clip = 1.0;                // gradient norm; 0: none
    double routerLoss = -1;           // weight of the routers' balancing loss (models with experts); -1: the model's own
    double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
    int64_t steps = 0;                // 0: from epochs
    double epochs = 1;
    int64_t batch = 4;
    int64_t accumulate = 1;
    std::string dtype = "float32";    // float32 | bfloat16 (frozen weights and activations; adapters stay float32)
    int64_t seed = 0;
    // bookkeeping
    std::string metrics;              // beside the loss, separated by commas: ids of metricCards()
    int64_t answerTokens = 256;       // most tokens of an answer that a generation metric judges
    int64_t evalEvery = 0;            // steps; 0: only before the first and after the last step
    int64_t saveEvery = 0;            // steps; 0: only at the end, at a stop and on request
    int64_t patience = 0;             // evaluations in a row without a lower loss after which the run ends; 0: never
    double leastGain = 0;             // how much lower a loss must be to count for patience
    std::string keep = "last";        // last | best: whose parameters the trained adapter has, by evaluation loss
    int64_t driftEvery = 0;           // steps between two DriftEvents; 0: none. Less often where measuring costs over 2 % of the time
    int64_t threads = 0;              // 0: all cores
    std::string device = "cpu";
    bool operator==(const RunConfig&) const = default;

    // alpha where it is set, the rank otherwise.
    [[nodiscard]] double effectiveAlpha() const { return alpha > 0 ? alpha : double(rank); }
};

// One row a key of RunConfig: the command line's options, the JSON check, the window's forms and docs/config.md all
// follow from this table.
struct Field
{
    enum class Kind { text, choice, integer, number, map };
    std::string key = {};                   // JSON key: "learningRate"
    std::string option = {};                // command-line option: "--lr"; empty: an argument by position
    std::string group = {};                 // data | method | optimisation | run
    std::string label = {};                 // "Learning rate"
    std::string unit = {};                  // "tokens", "steps" or empty
    Kind kind = Kind::text;
    double least = 0, most = 0;             // allowed range of numbers, ends included
    std::vector<std::string> choices = {};  // allowed words of a choice
    std::string help = {};                  // one sentence
    bool advanced = false;                  // hidden by the window's simple view
    std::vector<std::string> methods = {};  // empty: every run has it; else the methods whose option it is
};
const std::vector<Field>& configFields();

// Throws Error{config} naming the key (as a JSON pointer), the value, what is allowed and, for an unknown key, the
// nearest one. `file` only appears in messages.
RunConfig configFromJson(const nlohmann::json& json, const std::filesystem::path& file = {});
nlohmann::json toJson(const RunConfig& config);
// The field with this JSON key or option ("learningRate", "--lr", "lr"); nullptr where there is none.
const Field* findConfigField(std::string_view keyOrOption);
// Sets one field from JSON, or from text as in an option ("none" for clip; maps as prompt=K,response=K or as a JSON
// object). Types are checked here, ranges by validate(). Throw Error{config}, Error{usage}.
void setField(RunConfig& config, const Field& field, const nlohmann::json& value,
    const std::filesystem::path& file = {});
void setFieldText(RunConfig& config, const Field& field, std::string_view text);
// A rank plan: {"NAME": {"rank": 8, "alpha": 8}}, or what `plan --json` and `plan --out` write. Throws Error{config}.
std::map<std::string, ModuleRank> planFromJson(const nlohmann::json& document, const std::filesystem::path& file = {});
// Checks ranges and combinations; the same verdict for window, command line and --dry-run.
void validate(const RunConfig& config, const std::filesystem::path& file = {});
// A number as a person may write it in an option: decimal, finite, no spaces, no thousands separator, no comma.
// Throws Error{usage} with the rule. `option` is named in the message.
double parseNumber(std::string_view text, const std::string& option);
int64_t parseInteger(std::string_view text, const std::string& option);
// "A:B" -> [first, last); B is clamped to count. Throws Error{usage}.
std::pair<int64_t, int64_t> parseRows(const std::string& rows, int64_t count, const std::string& option);
// The command line that repeats this run: "rankwright-cli train MODEL DATA --rank 16 ...", only what differs from the
// defaults, quoted for a shell.
std::string commandLine(const RunConfig& config);
// True where `name` matches one of the comma-separated globs (* and ?; "*" matches all). A glob without a dot is
// matched against the last part of the name as well ("q_proj").
bool matchesModules(std::string_view globs, std::string_view name);

}  // namespace rankwright
