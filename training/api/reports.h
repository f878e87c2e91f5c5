// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What jobs answer with. Plain values with a JSON form (reports.cpp).
#pragma once

#include "training/api/config.h"
#include "training/api/events.h"

#include <optional>

namespace rankwright {

// A matrix that can carry an adapter.
struct ModuleInfo
{
    std::string name;                 // "model.layers.0.self_attn.q_proj"
    int64_t layer = 0;
    std::string kind;                 // "q_proj"
    int64_t rows = 0, cols = 0;       // out, in
    std::string dtype;                // as stored: "F32", "Q4_1"
};

struct ModelInfo
{
    std::string spec;                 // what opens it again: path, org/name or "default"
    std::string name;                 // shown to people
    std::string path;                 // resolved folder or file
    std::string source;               // "bundled default" | "Hugging Face cache" | "folder" | "GGUF file"
    std::string format;               // "safetensors" | "gguf"
    std::string family;               // "llama"
    std::string architecture;         // as the file says: "LlamaForCausalLM"
    std::string tokenizer;            // "byte-level BPE" | "SentencePiece BPE" | ""
    std::string license;
    bool chatTemplate = false;
    std::map<std::string, int64_t> dtypes;  // stored dtype -> number of tensors
    int64_t parameters = 0, bytes = 0, adaptable = 0;  // adaptable: parameters in adaptable matrices
    int64_t layers = 0, hiddenSize = 0, intermediateSize = 0, heads = 0, kvHeads = 0, headDim = 0, vocabSize = 0,
            contextLength = 0;
    bool tiedEmbeddings = false, quantised = false;
    bool generates = true;            // a decoder; encoders have no next token
    int64_t experts = 0, expertsPerToken = 0;
    std::vector<std::string> labels;  // of a head for classification that the file brings
    // What the sheet of a model says beyond the numbers above, in its order: {"Rotary scaling", "llama3, factor 8 from 8192"}.
    std::vector<std::pair<std::string, std::string>> facts;
    std::vector<std::pair<std::string, int64_t>> files;     // name below path -> bytes
    std::vector<std::string> notes;   // defaults that were assumed, keys and tensors that are not used
    std::string templateSource;       // the chat template, as it is; empty where there is none
    std::vector<std::pair<std::string, std::string>> specialTokens;   // role ("bos") -> content
    std::vector<ModuleInfo> modules;
    bool usable = true;
    std::string problem;              // why it is not usable
};

struct SpectrumReport { std::vector<ModuleSpectrum> modules; };

struct QuantErrorReport { std::string base, dtype; std::vector<QuantError> modules; };

// One module of a rank plan.
struct PlannedModule
{
    std::string name;
    int64_t rows = 0, cols = 0, rank = 0;
    double alpha = 0;
    double energy = 0;                // share of the squared Frobenius norm that `rank` values hold, 0..1
    int64_t parameters = 0;           // rank * (rows + cols)
};
struct RankPlan
{
    std::vector<PlannedModule> modules;
    int64_t parameters = 0;
    double energy = 0;                // share over all modules together, 0..1
    int64_t adapterBytes = 0;         // parameters, gradients and two moments in float32
    int64_t fileBytes = 0;            // of the exported adapter: float32, its header included
    double gap = 0;                   // of a budget: the most energy that any other ranks could hold more, as a share of all; 0: optimal
};

struct PreviewPiece
{
    std::string text;
    int32_t id = 0;
    bool trained = false;
    bool special = false;             // added by the template or the tokenizer
    int64_t begin = -1, end = -1;     // bytes of the row's text that the token covers; -1: not known
};
struct PreviewRow
{
    int64_t row = 0;                  // position in the file, from 0
    std::vector<PreviewPiece> pieces; // special tokens included
    int64_t tokens = 0;               // before cutting
    bool truncated = false;
    std::string label;                // of a row with a label
};
struct DataPreview
{
    std::string format;               // "prompt/response" | "messages" | "Alpaca" | "ShareGPT" | "text" | "labels" | "GLUE sst2"
    std::string task = "lm";          // what the rows are for: lm | classify | regress
    std::map<std::string, int64_t> labels;          // of classes: rows each
    std::vector<std::string> available;             // column names found
    std::vector<std::vector<std::string>> head;     // the first rows' cells, cut to 200 characters, in the order of `available`
    std::map<std::string, std::string> columns;     // role -> column in use
    std::string chatTemplate;         // as DataReading::chatTemplate
    int64_t rows = 0, truncatedRows = 0, emptyTargetRows = 0;
    int64_t tokens = 0, targetTokens = 0;           // over all rows, after cutting
    std::vector<int64_t> lengths;     // tokens of each row before cutting
    std::vector<PreviewRow> samples;
    std::vector<std::string> warnings;
};

// A part of a run's memory: "program", "weights", "adapters", "gradients", "optimiser", "activations", "head", "start".
struct MemoryPart { std::string id, title; int64_t bytes = 0; };
// A change that makes a run fit, or cheaper: one key of the configuration.
struct Suggestion
{
    std::string text;                 // "Batch 4 to 2, accumulated over 2: saves 1.9 GB"
    std::map<std::string, nlohmann::json> changes;   // configuration key -> value; applied by setField()
    int64_t saves = 0;                // bytes
};
// A run that has been on this machine: what was expected of it and what was measured.
struct PastRun
{
    std::string kind;                 // runKind() of its configuration: runs of one kind are off by the same factor
    int64_t estimatedBytes = 0, peakBytes = 0;     // 0: unknown
    double productsPerStep = 0, secondsPerStep = 0;
};
struct Estimate
{
    int64_t trainable = 0, parameters = 0, steps = 0, rows = 0;
    int64_t peakBytes = 0;            // the sum of parts, times what past runs say
    std::vector<MemoryPart> parts;    // uncalibrated; the sum is uncalibratedBytes
    int64_t uncalibratedBytes = 0;
    int64_t memoryBytes = 0;          // what the machine has free for it
    bool fits = true;
    double productsPerStep = 0;       // multiply-adds of a step
    double secondsPerStep = 0;        // from past runs, or from a timed matrix product
    double seconds = 0;
    double leastSeconds = 0, mostSeconds = 0;     // as fast as the fastest of the past runs, and as the slowest; 0: none
    int64_t pastRuns = 0;             // runs that calibrated memory or time; 0: none, the estimate is from first principles
    DataReading data;                 // of the training rows
    std::vector<Suggestion> suggestions;   // where it does not fit: two, the largest saving first
    std::vector<std::string> warnings;
    [[nodiscard]] bool spread() const { return mostSeconds > 1.2 * leastSeconds; }   // whether past runs were so unlike that it must be said
};
// Runs of one kind are calibrated together: dtype, base, what is trained, whether weights drift, device.
std::string runKind(const RunConfig& config);

// Drift of every adapted module at one state of a run, measured afterwards with all singular vectors of the original weights.
struct DriftReport { int64_t step = 0; double intruderCosine = 0.5; int64_t intruderTop = 10; std::vector<ModuleDrift> modules; };

// The singular values of a module's update dW = W_eff - W.
struct UpdateSpectrum { std::string name; std::vector<double> values; };
// The run's update cut to a smaller rank in every module.
struct ShrinkPoint
{
    int64_t rank = 0;                 // at most this in every module; 0: chosen by energy
    double energyAsked = 0;           // 0: chosen by rank
    double energy = 0;                // share of ||dW||_F^2 over all modules that is kept, 0..1
    int64_t parameters = 0, bytes = 0;// of the exported adapter
    double loss = 0;                  // on the run's evaluation data; NaN where none was measured
};
struct ShrinkReport
{
    int64_t step = 0;
    double lossBase = 0, lossFull = 0;    // without and with the whole update; NaN where none was measured
    std::vector<ShrinkPoint> points;
    std::vector<UpdateSpectrum> modules;
    std::string adapter;              // folder of the smaller adapter, where one was asked for
};

struct TrainResult
{
    RunState outcome = RunState::finished;
    int64_t step = 0;
    double finalLoss = 0;
    std::optional<double> evalBefore, evalAfter;
    std::map<std::string, double> metrics;   // of the last evaluation, by id
    int64_t answers = 0, cutAnswers = 0;     // as of EvalEvent, of the last evaluation
    std::string adapter;
    StepZero stepZero;
    std::string reason;               // as in RunEnded, with the next two
    int64_t bestStep = -1;
    bool keptBest = false;
    int64_t peakBytes = 0;                // of the process's memory
    int64_t peakDeviceBytes = 0;          // of the accelerator's; 0 on the CPU
};
struct EvalResult
{
    std::string metric;
    double value = 0;
    int64_t rows = 0, tokens = 0;
    std::map<std::string, double> metrics = {};   // all that were asked for, by id
    int64_t answers = 0, cutAnswers = 0;          // generated; those of them that the limit of their length ended
};
struct LogitsResult { std::string file; std::vector<int64_t> shape; };
struct GenerateResult
{
    std::string text;
    int64_t tokens = 0;
    std::string stop;                     // "end" | "length" | "cancelled"
    int64_t promptTokens = 0;
    // Until the first token was chosen, and for all that came after it. The model's loading is in neither.
    double promptSeconds = 0, seconds = 0;
    double tokensPerSecond = 0;           // those after the first one
};
// One answer a voice, in their order.
struct ChatResult { std::vector<GenerateResult> answers; double seconds = 0; };
struct ExportResult
{
    std::string folder;
    std::string format;
    double largestDifference = 0;     // of the logits of the export read back against the live model
    double largestLogit = 0;          // of the live model, by size: what the difference is to be seen against
    int64_t bytes = 0;
    std::vector<std::string> files;
};
struct VerifyResult
{
    int64_t tensors = 0, bytes = 0, nonFinite = 0;
    std::string firstNonFinite;
    std::vector<std::string> warnings;
};
// A device that runs can be trained on. `id` is what RunConfig::device says; the processor comes first.
struct DeviceInfo { std::string id, name; int64_t bytes = 0, freeBytes = 0; };
struct DeviceList
{
    std::vector<DeviceInfo> devices;
    std::string note;                 // why there is no accelerator among them; empty where there is one
};

nlohmann::json toJson(const DeviceList& list);
nlohmann::json toJson(const ModelInfo& info);
nlohmann::json toJson(const DataPreview& preview);
nlohmann::json toJson(const SpectrumReport& report);
nlohmann::json toJson(const QuantError& error);
nlohmann::json toJson(const QuantErrorReport& report);
nlohmann::json toJson(const DriftReport& report);
nlohmann::json toJson(const ShrinkReport& report);
nlohmann::json toJson(const RankPlan& plan);
nlohmann::json toJson(const Estimate& estimate);
nlohmann::json toJson(const EvalResult& result);
nlohmann::json toJson(const ExportResult& result);
nlohmann::json toJson(const VerifyResult& result);
nlohmann::json toJson(const StepZero& stepZero);

}  // namespace rankwright
