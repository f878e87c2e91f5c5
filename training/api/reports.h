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
    std::vector<ModuleInfo> modules;
    bool usable = true;
    std::string problem;              // why it is not usable
};

struct SpectrumReport { std::vector<ModuleSpectrum> modules; };

// How far W_eff of a start on a quantised base is from W: norms of the difference.
struct ErrorNorms { double frobenius = 0, nuclear = 0, spectral = 0; };
struct QuantError
{
    std::string name, kind;           // module
    std::string method;
    int64_t rank = 0, rounds = 0;     // rounds 0: the method has none
    ErrorNorms error, plain;          // plain: of quantise(W) alone, the same for all methods
    // (1 - ||error||_* / ||plain||_*) * 100, the measure of PiSSA's tables 4 and 8; below 0: worse than QLoRA.
    [[nodiscard]] double reduction() const { return plain.nuclear > 0 ? 100 * (1 - error.nuclear / plain.nuclear) : 0; }
};
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
};

struct PreviewPiece { std::string text; int32_t id = 0; bool trained = false; };
struct PreviewRow
{
    int64_t row = 0;                  // position in the file, from 0
    std::vector<PreviewPiece> pieces; // special tokens included
    int64_t tokens = 0;               // before cutting
    bool truncated = false;
};
struct DataPreview
{
    std::string format;               // "prompt/response" | "messages" | "Alpaca" | "text"
    std::vector<std::string> available;             // column names found
    std::map<std::string, std::string> columns;     // role -> column in use
    int64_t rows = 0, truncatedRows = 0, emptyTargetRows = 0;
    int64_t tokens = 0, targetTokens = 0;           // over all rows, after cutting
    std::vector<int64_t> lengths;     // tokens of each row before cutting
    std::vector<PreviewRow> samples;
    std::vector<std::string> warnings;
};

struct Estimate
{
    int64_t trainable = 0, parameters = 0, steps = 0, rows = 0;
    int64_t peakBytes = 0;            // weights + adapters + activations, estimated
    double secondsPerStep = 0;        // from a timed matrix product
    double seconds = 0;
    std::vector<std::string> warnings;
};

struct TrainResult
{
    RunState outcome = RunState::finished;
    int64_t step = 0;
    double finalLoss = 0;
    std::optional<double> evalBefore, evalAfter;
    std::string adapter;
    StepZero stepZero;
};
struct EvalResult { std::string metric; double value = 0; int64_t rows = 0, tokens = 0; };
struct LogitsResult { std::string file; std::vector<int64_t> shape; };
struct GenerateResult { std::string text; int64_t tokens = 0; std::string stop; /* "end" | "length" | "cancelled" */ };
struct ExportResult
{
    std::string folder;
    std::string format;
    double largestDifference = 0;     // of the logits of the export read back against the live model
    int64_t bytes = 0;
    std::vector<std::string> files;
};
struct VerifyResult
{
    int64_t tensors = 0, bytes = 0, nonFinite = 0;
    std::string firstNonFinite;
    std::vector<std::string> warnings;
};

nlohmann::json toJson(const ModelInfo& info);
nlohmann::json toJson(const SpectrumReport& report);
nlohmann::json toJson(const QuantErrorReport& report);
nlohmann::json toJson(const RankPlan& plan);
nlohmann::json toJson(const Estimate& estimate);
nlohmann::json toJson(const EvalResult& result);
nlohmann::json toJson(const ExportResult& result);
nlohmann::json toJson(const VerifyResult& result);
nlohmann::json toJson(const StepZero& stepZero);

}  // namespace rankwright
