// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The tables of recipes. Generation: Meng, Wang and Zhang 2024 (arXiv 2404.02948, version 4), section 5, and the scripts of its repository;
// understanding: table 10 of the same paper, and the scripts of LoRA's repository.
#include "training/api/presets.h"

#include "training/api/glue_tasks.h"
#include "training/api/words.h"

#include <algorithm>

namespace rankwright {

namespace {

using Changes = std::map<std::string, nlohmann::json>;

Preset usualLora()
{
    return {.id = "lora-usual", .title = "LoRA, as it is usually run",
        .what = "A rate ten times that of the papers on full fine-tuning, which most programs for LoRA start with.",
        .source = "Unsloth's notebooks: rank 16, alpha 16, rate 2e-4",
        .kind = Preset::Kind::general, .glueTask = {},
        .changes = {{"method", "lora"}, {"rank", 16}, {"alpha", 16}, {"dropout", 0}, {"learningRate", 2e-4}, {"schedule", "linear"}}};
}

// What all runs of section 5 share. A batch of 128 rows is 4 rows 32 times here; the scripts spread it over their devices.
Changes paperTraining()
{
    return {{"optimizer", "auto"}, {"learningRate", 2e-5}, {"schedule", "cosine"}, {"warmup", 0.03}, {"weightDecay", 0}, {"clip", 1},
        {"beta1", 0.9}, {"beta2", 0.999}, {"epsilon", 1e-8}, {"batch", 4}, {"accumulate", 32}, {"epochs", 1}, {"steps", 0},
        {"rows", ":100000"}, {"maxLength", 512}, {"loss", "answer"}, {"packing", "off"}, {"dtype", "bfloat16"}};
}

Changes paperAdapter(const std::string& method)
{
    Changes changes = paperTraining();
    for (const auto& [key, value] : Changes{{"method", method}, {"modules", "*"}, {"rank", 128}, {"alpha", 128}, {"dropout", 0}})
        changes[key] = value;
    return changes;
}

Preset paperPreset(std::string id, std::string title, std::string what, std::string source, Changes changes, const Changes& more = {})
{
    for (const auto& [key, value] : more)
        changes[key] = value;
    return {.id = std::move(id), .title = std::move(title), .what = std::move(what), .source = std::move(source),
        .kind = Preset::Kind::generation, .glueTask = {}, .changes = std::move(changes)};
}

std::vector<Preset> generationPresets()
{
    const std::string paper = "PiSSA (arXiv 2404.02948v4), section 5", scripts = "; scripts/ of the paper's repository";
    const std::string math = "LLaMA-2-7B, Mistral-7B, Gemma-7B on the first 100,000 rows of MetaMathQA, one epoch: 781 steps.";
    const Changes metric{{"metrics", "math-string"}}, fast{{"svd", "16"}, {"metrics", "math-string"}};
    Changes full = paperTraining();
    full["method"] = "full";
    full["metrics"] = "math-string";
    return {
        paperPreset("pissa-math", "PiSSA on mathematics", math, paper + scripts, paperAdapter("pissa"), fast),
        paperPreset("pissa-code", "PiSSA on code", "The same models on the first 100,000 Python rows of CodeFeedback, one epoch.",
            paper + scripts, paperAdapter("pissa"), {{"svd", "16"}}),
        paperPreset("pissa-chat", "PiSSA on conversations", "The same models on the first 100,000 rows of WizardLM's Evol-Instruct, one epoch.",
            paper + scripts, paperAdapter("pissa"), {{"svd", "16"}}),
        paperPreset("pissa-math-float32", "PiSSA on mathematics, float32",
            math + " With base and adapter in float32, as the paper's tables were made; the scripts say bfloat16.", paper,
            paperAdapter("pissa"), {{"dtype", "float32"}, {"metrics", "math-string"}}),
        paperPreset("pissa-math-long", "PiSSA on mathematics, all rows",
            "LLaMA-3-8B and others on all 395,000 rows of MetaMathQA, three epochs.", "PiSSA (arXiv 2404.02948v4), sections 5.2 and 5.3",
            paperAdapter("pissa"), {{"svd", "16"}, {"rows", ""}, {"epochs", 3}, {"metrics", "math-string"}}),
        paperPreset("lora-math", "LoRA as PiSSA's paper ran it", math + " LoRA at PiSSA's rate: the paper's comparison.", paper + scripts,
            paperAdapter("lora"), metric),
        paperPreset("full-math", "Full fine-tuning as PiSSA's paper ran it", math, paper + scripts, full),
        paperPreset("qpissa-math", "QPiSSA on mathematics", math + " The frozen base in NF4, five rounds.",
            "PiSSA (arXiv 2404.02948v4), sections 5.3 and 5.4" + scripts, paperAdapter("qpissa"), {{"rounds", 5}, {"metrics", "math-string"}}),
        paperPreset("qlora-math", "QLoRA as PiSSA's paper ran it", math + " The frozen base in NF4.", paper + scripts, paperAdapter("qlora"),
            metric),
        paperPreset("loftq-math", "LoftQ as PiSSA's paper ran it", math + " The frozen base in NF4, five rounds.",
            "PiSSA (arXiv 2404.02948v4), section 5.3" + scripts, paperAdapter("loftq"), {{"rounds", 5}, {"metrics", "math-string"}}),
    };
}

struct GlueRun
{
    const char* task;
    int64_t epochs, batch;
    double learningRate, alpha;
};

Preset gluePreset(const GlueRun& run, const std::string& method, const std::string& title, const std::string& model)
{
    const GlueTask& task = *findGlueTask(run.task);
    Preset preset{.id = {}, .title = title + " on " + task.title, .what = {}, .source = {}, .kind = Preset::Kind::understanding,
        .glueTask = task.id,
        .changes = {{"task", task.regression() ? "regress" : "classify"}, {"method", method}, {"rank", 8}, {"alpha", run.alpha},
            {"dropout", 0}, {"learningRate", run.learningRate}, {"schedule", "linear"}, {"batch", run.batch}, {"accumulate", 1},
            {"epochs", run.epochs}, {"steps", 0}, {"rows", ""}, {"evalRows", ""}, {"metrics", joined(task.metrics, ",")}}};
    preset.what = model + ". " + task.what;
    return preset;
}

// Table 10; the order of its rows. Rank 8 and the linear schedule are its caption's. Its adapters are on all six linear layers of a block:
// only that gives the 1.33 M parameters of table 3. Warm-up and weight decay are not in the table: they stay as they are.
std::vector<Preset> debertaPresets()
{
    struct Method { const char *id, *title; std::vector<GlueRun> runs; };
    const std::vector<Method> methods{
        {"pissa", "PiSSA",
            {{"mnli", 5, 16, 5e-4, 8}, {"sst2", 20, 16, 3e-5, 8}, {"mrpc", 20, 32, 2e-4, 8}, {"cola", 20, 16, 1e-4, 8},
                {"qnli", 10, 32, 1e-4, 16}, {"qqp", 10, 16, 1e-4, 8}, {"rte", 50, 16, 1e-4, 8}, {"stsb", 20, 8, 3e-4, 8}}},
        {"dora", "DoRA",
            {{"mnli", 10, 32, 2e-4, 16}, {"sst2", 10, 16, 4e-4, 16}, {"mrpc", 10, 32, 4e-4, 16}, {"cola", 20, 8, 1e-4, 6},
                {"qnli", 10, 16, 2e-4, 16}, {"qqp", 10, 16, 1e-4, 6}, {"rte", 50, 8, 2e-4, 6}, {"stsb", 20, 16, 3e-4, 6}}},
        {"lora", "LoRA",
            {{"mnli", 10, 32, 3e-4, 8}, {"sst2", 10, 32, 1e-4, 8}, {"mrpc", 10, 32, 4e-4, 8}, {"cola", 30, 32, 4e-4, 8},
                {"qnli", 25, 32, 3e-4, 8}, {"qqp", 10, 16, 3e-4, 8}, {"rte", 50, 32, 4e-4, 8}, {"stsb", 30, 16, 4e-4, 8}}},
    };
    std::vector<Preset> list;
    for (const Method& method : methods) {
        for (const GlueRun& run : method.runs) {
            Preset preset = gluePreset(run, method.id, std::string(method.title) + " for DeBERTa-v3-base", "DeBERTa-v3-base");
            preset.id = std::string("deberta-") + run.task + "-" + method.id;
            preset.source = "PiSSA (arXiv 2404.02948v4), table 10";
            preset.changes["modules"] = "*";
            list.push_back(std::move(preset));
        }
    }
    return list;
}

// The three scripts for RoBERTa-large that LoRA's repository has: rank 8 on query and value, eight devices with 8, 4 and 4 rows each.
std::vector<Preset> robertaPresets()
{
    struct Script { GlueRun run; int64_t maxLength; const char* note; };
    const std::vector<Script> scripts{
        {{"sst2", 10, 64, 4e-4, 16}, 512, ""},
        {{"qqp", 20, 32, 3e-4, 16}, 512, ""},
        {{"stsb", 10, 32, 3e-4, 16}, 128, " The script starts from the adapter that was trained on MNLI (--init-adapter)."},
    };
    std::vector<Preset> list;
    for (const auto& [run, maxLength, note] : scripts) {
        Preset preset = gluePreset(run, "lora", "LoRA for RoBERTa-large", "RoBERTa-large");
        preset.id = std::string("roberta-") + run.task + "-lora";
        preset.what += note;
        preset.source = std::string("LoRA's repository, examples/NLU/roberta_large_") + run.task + ".sh";
        preset.changes["modules"] = "*query,*value";
        preset.changes["warmup"] = 0.06;
        preset.changes["weightDecay"] = 0.1;
        preset.changes["maxLength"] = maxLength;
        list.push_back(std::move(preset));
    }
    return list;
}

}  // namespace

const std::vector<Preset>& presets()
{
    static const std::vector<Preset> list = [] {
        std::vector<Preset> all{usualLora()};
        for (const auto& more : {generationPresets(), debertaPresets(), robertaPresets()})
            all.insert(all.end(), more.begin(), more.end());
        return all;
    }();
    return list;
}

const Preset* findPreset(std::string_view id)
{
    const auto found = std::ranges::find(presets(), id, &Preset::id);
    return found == presets().end() ? nullptr : &*found;
}

RunConfig withPreset(RunConfig config, const Preset& preset)
{
    if (preset.changes.contains("method"))
        config.options.clear();
    for (const auto& [key, value] : preset.changes)
        setField(config, *findConfigField(key), value);
    return config;
}

}  // namespace rankwright
