// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Everything that can be asked of the engine: plain structs, one alternative of Job each, answered by one alternative
// of Result.
#pragma once

#include "training/api/reports.h"

#include <variant>

namespace rankwright {

struct InspectJob { using Answer = ModelInfo; std::string model = "default"; };
// Singular values of every module that matches; each is sent as a ModuleSpectrum event as soon as it is known.
struct SpectrumJob
{
    using Answer = SpectrumReport;
    std::string model = "default";
    std::string modules = "*";
    // Values a matrix: 0: all; above 0: the largest so many; kAuto: all where the smaller side is at most 4096, else the largest 256.
    // The energy is exact in every case (squared Frobenius norm).
    int64_t top = 0;
    static constexpr int64_t kAuto = -1;
    std::string folder;                   // a run's folder: the weights as its newest checkpoint left them; empty: the model's own
    // Weigh the input side by a calibration batch: the values of W diag(rms of each input), see training/analysis/calibration.h.
    bool weighted = false;
    RunConfig calibration;                // weighted: data parts and rows are read
    std::vector<ModuleSpectrum> known;    // from the cache: matched by hash and not computed again
};
// What is lost of each matching module on a quantised base, and what the methods win back, before any training.
struct QuantErrorJob
{
    using Answer = QuantErrorReport;
    std::string model = "default";
    std::string modules = "*";
    std::vector<std::string> methods{"loftq", "qpissa"};   // beside plain quantisation, which is what QLoRA starts from
    std::vector<int64_t> ranks{16};
    std::vector<int64_t> rounds{1};       // for the methods that have them
    std::string base = "nf4";             // a BaseFormat's id
    std::string dtype = "float32";        // the weights are rounded to this first: float32 | bfloat16
    bool calibrate = false;               // also ||(W - W_eff) X||_F on a calibration batch
    RunConfig calibration;                // calibrate: data parts and rows are read
};
struct PreviewJob
{
    using Answer = DataPreview;
    RunConfig config;                     // model and data parts are read
    int64_t samples = 8;                  // rows to render
    int64_t first = 0;                    // from this row on
};
struct EstimateJob { using Answer = Estimate; RunConfig config; std::vector<PastRun> past; };
struct StepZeroJob { using Answer = StepZero; RunConfig config; };
// Runs that are trained at the same time on one copy of the frozen base (Schedule::together): each is a job on a thread of its own, and
// they meet in the engine by this name.
struct Together
{
    std::string group;                    // empty: alone
    int64_t arms = 1;                     // as many jobs come, or say that they do not (by ending)
    bool operator==(const Together&) const = default;
};
struct TrainJob
{
    using Answer = TrainResult;
    RunConfig config;
    std::string run;                      // id
    std::string folder;                   // run folder: start.safetensors, checkpoints/, adapter/ are written there
    bool resume = false;                  // go on from the newest whole checkpoint
    bool force = false;                   // also where the data file has changed
    Together together = {};
};
struct EvalJob
{
    using Answer = EvalResult;
    // Several separated by commas: loss (mean of the rows' means), perplexity (over all tokens), ids of metricCards().
    std::string model = "default", adapter, metric = "loss";
    RunConfig data;                       // data parts; labels, template, lengths as of the run where one is given
    std::string folder;                   // a run's folder, instead of model and adapter: its newest checkpoint
    std::string samples;                  // answers are written here as JSON lines {row, prompt, response, generated, right, tokens, stop}; empty: not
};
struct LogitsJob
{
    using Answer = LogitsResult;
    std::string model = "default", adapter, text, out;
    std::vector<int32_t> ids;
    bool hidden = false;
};
struct GenerateJob
{
    using Answer = GenerateResult;
    std::string model = "default", adapter, prompt;
    bool chat = true;                     // through the model's chat template where it has one
    int64_t maxTokens = 128;
    double temperature = 0;               // 0: greedy
    int64_t seed = 0;
    std::string folder;                   // a run's folder, instead of model and adapter: its newest checkpoint and its own template
    std::string dtype = "auto";           // auto: a run's own, float32 otherwise | float32 | bfloat16
    bool pastEnd = false;                 // goes on where the model would end: for measurements
    std::string device = "cpu";           // as RunConfig::device
};
// One who answers in a chat: the base, or what a run or an adapter made of it.
struct ChatTurn { std::string role, content; };   // system | user | assistant
struct ChatVoice
{
    std::string name;                     // shown to people
    std::string folder;                   // a run's folder: its newest checkpoint; empty: the base, or `adapter`
    std::string adapter;                  // folder of a PEFT adapter
    std::vector<ChatTurn> turns;          // so far; the last one is the user's
};
// Every voice answers its last turn. They take turns token by token, so that the answers grow side by side; TextEvent.voice says whose.
struct ChatJob
{
    using Answer = ChatResult;
    std::string model = "default";        // the base; a run's folder brings its own
    std::vector<ChatVoice> voices;
    std::string chatTemplate = "auto";    // as RunConfig::chatTemplate; a model without one gets the turns as plain text
    int64_t maxTokens = 256;
    double temperature = 0;               // 0: greedy
    double topP = 1;                      // of the sampled, the most probable tokens that hold this share
    int64_t seed = 0;                     // the same numbers for every voice
    std::string dtype = "auto";           // auto: a run's own, float32 otherwise
    std::string device = "cpu";           // as RunConfig::device
};
// How far a stored run has gone, against the original weights.
struct DriftJob
{
    using Answer = DriftReport;
    std::string folder;                   // run folder; its newest checkpoint
    int64_t intruderTop = 10;             // singular vectors of W_eff that are looked at
    double intruderCosine = 0.5;          // an intruder's cosine to every singular vector of W is below this
};
// The update of a run cut to smaller ranks, with the loss that each leaves.
struct ShrinkJob
{
    using Answer = ShrinkReport;
    std::string folder;                   // run folder; its newest checkpoint
    std::vector<int64_t> ranks;           // empty, with no energies: 1, 2, 4, ... up to the update's rank
    std::vector<double> energies;         // shares of ||dW||_F^2 in each module, 0..1
    bool evaluate = true;                 // where the run has evaluation data
    std::string out;                      // the smallest asked for is written here as a PEFT adapter; empty: nothing is written
};
struct ExportJob
{
    using Answer = ExportResult;
    std::string folder;                   // run folder
    std::string format = "lora";          // peft | lora | merged | gguf | gguf-lora
    std::string out;                      // a folder; for gguf and gguf-lora a folder too, with one .gguf file in it
    std::string dtype;                    // merged: float32 | bfloat16 | float16; gguf: also q8_0 | q4_0 | q4_1; empty: float32
};
struct VerifyJob { using Answer = VerifyResult; std::string model = "default"; };
// What a run can be trained on (RunConfig::device).
struct DevicesJob { using Answer = DeviceList; };

using Job = std::variant<InspectJob, SpectrumJob, QuantErrorJob, PreviewJob, EstimateJob, StepZeroJob, TrainJob, EvalJob, LogitsJob,
    GenerateJob, ChatJob, DriftJob, ShrinkJob, ExportJob, VerifyJob, DevicesJob>;
using Result = std::variant<ModelInfo, SpectrumReport, QuantErrorReport, DataPreview, Estimate, StepZero, TrainResult, EvalResult,
    LogitsResult, GenerateResult, ChatResult, DriftReport, ShrinkReport, ExportResult, VerifyResult, DeviceList>;

}  // namespace rankwright
