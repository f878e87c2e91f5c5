// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What a running job says while it works. Plain values; the same stream feeds the store, the window and --events.
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace rankwright {

enum class RunState { queued, running, paused, stopped, finished, diverged, failed, interrupted };
std::string stateText(RunState state);         // "running"
RunState stateFromText(const std::string& text);  // throws Error{format} on another word

// Largest and mean absolute difference at step 0 between the base model and the prepared model.
struct StepZero
{
    double largest = 0, mean = 0;          // of the logits
    double moduleLargest = 0;              // max over modules of max|W_base + s B A - W| / max|W|
    std::string moduleName;                // the module where that is
    int64_t tokens = 0;                    // positions compared
};

struct RunStarted
{
    std::string run;                       // short text id
    std::string method;
    int64_t steps = 0;                     // steps in all
    int64_t firstStep = 1;                 // 1, or the step after the checkpoint resumed from
    int64_t trainable = 0, parameters = 0;
    int64_t rows = 0, truncatedRows = 0, evalRows = 0;
    double prepareSeconds = 0;             // model and adapter start
    std::string initHash;                  // SHA-256 of start.safetensors: everything the method starts with
    std::string orderHash;                 // SHA-256 of the sample order of the first epoch
    std::string modelHash;                 // SHA-256 of the base model's file; of the shards' hashes where there are several
    std::string dataHash;                  // SHA-256 of the training data's file
    StepZero stepZero;
};
// Losses are of the step just taken, token-weighted over the effective batch, before the update.
struct StepEvent
{
    std::string run;
    int64_t step = 0, steps = 0;
    double loss = 0, lr = 0, gradNorm = 0;
    int64_t tokens = 0;                    // running total of real input tokens
    int64_t targets = 0;                   // running total of tokens with a loss
    double seconds = 0;                    // running training time without pauses
    bool skipped = false;                  // non-finite loss or gradient: no update
};
struct EvalEvent
{
    std::string run;
    int64_t step = 0;
    double loss = 0;                       // mean of the rows' means
    int64_t rows = 0, tokens = 0;
    double seconds = 0;
};
struct CheckpointEvent
{
    std::string run;
    int64_t step = 0;
    std::string folder;
};
struct NoteEvent                           // something a person should know
{
    std::string run;
    std::string level;                     // info | warning
    std::string text;
};
struct RunEnded
{
    std::string run;
    RunState outcome = RunState::finished;
    int64_t step = 0;
    double finalLoss = 0;                  // NaN where no step was taken
    std::string adapter;                   // folder of the trained adapter, empty where none
    std::string error;                     // the message of a failed run
};
// Progress of anything that takes time: loading, decomposing, exporting.
struct ProgressEvent
{
    std::string what;                      // "Decomposing model.layers.3.mlp.up_proj"
    int64_t done = 0, total = 0;           // total 0: unknown
};
// One matrix's singular values, sent as soon as they are known.
struct ModuleSpectrum
{
    std::string name;                      // "model.layers.0.self_attn.q_proj"
    int64_t rows = 0, cols = 0;
    std::string hash;                      // SHA-256 of the tensor's bytes, dtype and shape: the cache's key
    std::vector<float> values;             // singular values, largest first
    double energy = 0;                     // squared Frobenius norm (all values, also those not listed)
    double stableRank = 0;                 // energy / sigma_1^2
    double effectiveRank = 0;              // exp of the entropy of sigma_i / sum sigma (Roy and Vetterli 2007)
    bool operator==(const ModuleSpectrum&) const = default;
};
struct TextEvent                           // streamed text of `generate`
{
    std::string text;
};

using Event = std::variant<RunStarted, StepEvent, EvalEvent, CheckpointEvent, NoteEvent, RunEnded, ProgressEvent,
    ModuleSpectrum, TextEvent>;

// {"event":"step","run":...}: the line format of --events and metrics.jsonl. NaN and infinities become null.
nlohmann::json toJson(const Event& event);
// The reverse for start, step, eval, checkpoint, note and end; throws Error{format} on anything else.
Event eventFromJson(const nlohmann::json& json);

// What the person has asked of a running job; read once a step.
struct Controls
{
    bool pause = false;
    bool checkpoint = false;               // write one now, then go on
    bool stop = false;                     // write one, then end as "stopped"
};

// The receiving side. Called on the job's thread.
class Events
{
public:
    virtual ~Events() = default;
    virtual void on(const Event& event) = 0;
    // Asked between steps and about every 20 ms while paused.
    virtual Controls controls() { return {}; }
    // Asked before a checkpoint gets its name: returns when every event sent so far is on disk, so that a resume from it leaves no
    // hole in the curve.
    virtual void flush() {}
    // A checkpoint was asked for through controls() and has been written.
    virtual void checkpointTaken() {}
};

}  // namespace rankwright
