// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What a running job says while it works. Plain values; the same stream feeds the store, the window and --events.
#pragma once

#include "training/api/data_reading.h"

#include <cstdint>
#include <map>
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
    double largestLogit = 0;               // of the base, by size: what the differences are to be seen against; 0: unknown
    // What rounding in the run's type explains. Below 0: a base in few bits, of which no equal answers are expected.
    double logitLimit = 1e-3, moduleLimit = 5e-5;
};
enum class StartVerdict { same, other, unjudged };
StartVerdict verdictOn(const StepZero& found);   // same: within the limits; NaN is not

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
    std::string evalHash;                  // SHA-256 of the evaluation rows as the model sees them; empty: none, or an earlier version's run
    StepZero stepZero;
    std::string task = "lm";               // lm | classify | regress, resolved
    std::vector<std::string> labels;       // classify: names of the classes in their order
    // What was expected of this run before it was measured (Estimate, uncalibrated): estimates of later runs on this machine are
    // calibrated by them. 0 in runs of earlier versions.
    int64_t estimatedBytes = 0;
    double productsPerStep = 0;            // multiply-adds
    DataReading data = {};                 // of the training rows
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
    bool best = false;                     // the lowest of this run so far
    std::map<std::string, double> metrics = {};   // by metric id
    int64_t answers = 0, cutAnswers = 0;   // generated for the metrics; those of them that RunConfig::answerTokens ended
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
    std::string reason = {};               // why it ended before its last step without being asked to; empty otherwise
    int64_t bestStep = -1;                 // of the lowest evaluation loss; -1: never evaluated
    bool keptBest = false;                 // the adapter is the one of bestStep, not of the last step
    int64_t peakBytes = 0;                 // most memory the process held while this run was open (VmHWM); 0: unknown
    int64_t peakDeviceBytes = 0;           // most that tensors held on the accelerator; 0: a run on the CPU
};
// How far a module's weight has gone from the original W, in W's own singular directions. U_r, V_r: the first r singular vectors of
// W (never of the residual), r the module's rank; dW = W_eff - W.
struct ModuleDrift
{
    std::string name;
    int64_t rank = 0;
    double update = 0;                     // ||dW||_F / ||W||_F
    double inside = 0;                     // ||U_r U_r' dW V_r V_r'||_F^2 / ||dW||_F^2, 0..1; NaN where dW is 0
    double angleMean = 0, angleLargest = 0; // degrees between the span of the trained B and that of U_r (principal angles); NaN where B is 0
    double effectiveRank = 0;              // of dW: exp of the entropy of sigma_i / sum sigma
    int64_t intruders = 0;                 // of the first singular vectors of W_eff, those far from every one of W's (arXiv 2410.21228)
    bool operator==(const ModuleDrift&) const = default;
};
struct DriftEvent
{
    std::string run;
    int64_t step = 0;
    double seconds = 0;                    // what measuring took, not part of the training time
    std::vector<ModuleDrift> modules;
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
    double effectiveRank = 0;              // exp of the entropy of sigma_i / sum sigma (Roy and Vetterli 2007); NaN where not all were computed
    bool operator==(const ModuleSpectrum&) const = default;
};
// How far W_eff of a start on a quantised base is from W: norms of the difference.
struct ErrorNorms
{
    double frobenius = 0, nuclear = 0, spectral = 0;
    double output = -1;                    // ||(W - W_eff) X||_F over a calibration batch's inputs X; -1: not measured
    bool operator==(const ErrorNorms&) const = default;
};
// One module, method, rank and number of rounds; sent as soon as it is known.
struct QuantError
{
    std::string name, kind;                // module
    std::string method;
    int64_t rank = 0, rounds = 0;          // rounds 0: the method has none
    ErrorNorms error, plain;               // plain: of quantise(W) alone, the same for all methods
    // (1 - ||error||_* / ||plain||_*) * 100, the measure of PiSSA's tables 4 and 8; below 0: worse than QLoRA.
    [[nodiscard]] double reduction() const { return plain.nuclear > 0 ? 100 * (1 - error.nuclear / plain.nuclear) : 0; }
    bool operator==(const QuantError&) const = default;
};
struct TextEvent                           // streamed text of `generate` and `chat`
{
    std::string text;
    int64_t voice = 0;                     // of a chat: whose answer, from 0
};

using Event = std::variant<RunStarted, StepEvent, EvalEvent, CheckpointEvent, NoteEvent, RunEnded, DriftEvent, ProgressEvent,
    ModuleSpectrum, QuantError, TextEvent>;

// {"event":"step","run":...}: the line format of --events and metrics.jsonl. NaN and infinities become null.
nlohmann::json toJson(const Event& event);
// The reverse for start, step, eval, checkpoint, note, drift and end; throws Error{format} on anything else.
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
