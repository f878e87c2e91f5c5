// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/export/export_run.h"

#include "training/api/error.h"
#include "training/export/adapter_file.h"
#include "training/export/gguf_lora.h"
#include "training/export/gguf_model.h"
#include "training/export/model_folder.h"
#include "training/formats/atomic_file.h"
#include "training/formats/json.h"
#include "training/formats/limits.h"
#include "training/formats/sha256.h"
#include "training/train/trained_model.h"

#include <ATen/ATen.h>

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>

namespace rankwright {

namespace {

constexpr const char* kFormats[] = {"lora", "peft", "merged", "gguf", "gguf-lora"};
constexpr const char *kModelFile = "model.gguf", *kAdapterFile = "adapter.gguf";

bool isWholeModel(const std::string& format) { return format == "merged" || format == "gguf"; }

std::string baseName(const TrainedModel& trained)
{
    const auto& path = trained.weights->source().path;
    return trained.config.model != "default" && !std::filesystem::exists(trained.config.model)
        ? trained.config.model
        : std::filesystem::absolute(path).string();
}

// "nf4-dq", or every format in use.
std::string formatsOf(const AdapterSet& adapters)
{
    std::set<std::string> formats;
    for (const auto& entry : adapters.entries())
        formats.insert(entry.format);
    std::string text;
    for (const auto& format : formats)
        text += (text.empty() ? "" : ", ") + format;
    return text;
}

// Whether `peft` comes with a folder base/: the base in memory is not the model's file, and what was trained says so.
bool hasOwnBase(const TrainedModel& trained)
{
    return trained.adapters->editsBase() || trained.adapters->belongsToBase();
}

std::string readme(const TrainedModel& trained, const ExportJob& job, double difference, const std::vector<std::string>& notes)
{
    const auto& source = trained.weights->source();
    std::string text = "# " + escaped(trained.config.name.empty() ? "Adapter" : trained.config.name) + "\n\nMade by Rankwright "
        RANKWRIGHT_VERSION ": method " + trained.config.method + ", format " + job.format + ".\n\nBase model: `"
        + escaped(source.path.filename().string()) + "`";
    if (source.gguf)
        text += " (GGUF), SHA-256 " + sha256OfFile(source.path);
    text += "\n";
    if (job.format == "lora")
        text += "\nThis adapter goes on the ORIGINAL base model (PEFT's `PeftModel.from_pretrained`).\n";
    if (job.format == "peft")
        text += "\nThis adapter goes on the base it was trained on"
            + std::string(hasOwnBase(trained) ? ", the folder `base/` here, and on no other.\n" : ".\n");
    if (trained.adapters->quantisesBase())
        text += "\nIt was trained on a base in " + formatsOf(*trained.adapters)
            + (hasOwnBase(trained) ? "; `base/` holds those very values, dequantised.\n" : ".\n");
    if (trained.model.task() == Task::regress)
        text += "\nIt gives one number for each text or pair of texts.\n";
    if (trained.model.task() == Task::classify) {
        text += "\nClasses:\n\n";
        for (size_t i = 0; i < trained.labels.size(); ++i)
            text += std::to_string(i) + ". `" + escaped(trained.labels[i]) + "`\n";
    }
    if (job.format == "gguf")
        text += "\nFor llama.cpp and what is built on it: `llama-cli -m " + std::string(kModelFile) + "`.\n";
    if (job.format == "gguf-lora")
        text += "\nFor llama.cpp with the ORIGINAL base model as GGUF: `llama-cli -m BASE.gguf --lora " + std::string(kAdapterFile) + "`.\n";
    for (const auto& note : notes)
        text += "\n" + escaped(note) + "\n";
    const bool wholeModel = job.format == "merged" || (job.format == "peft" && hasOwnBase(trained));
    if (source.gguf && wholeModel)
        text += "\nThe base is a GGUF file, whose tokenizer is not written yet: copy tokenizer.json of the original model beside "
                "config.json before using text with this model.\n";
    return text + "\nRead back after writing: largest difference of the logits " + nlohmann::json(difference).dump() + ".\n";
}

// Logits of the export, loaded again as its user would, against the live model's. `format`: of the base, as it was trained on.
double readBack(const TrainedModel& trained, const std::filesystem::path& model, const std::filesystem::path& adapter,
    const std::string& format, JobContext& context)
{
    const StepZeroProbe probe(trained.model, {});
    Weights weights(openModelSource(model.string()));
    Model again(weights, scalarType(trained.config.dtype), context.reporter(), format != "none" ? Bases::later : Bases::dense);
    if (const auto head = headOf(trained.model, trained.labels); head.task != Task::lm)
        again.addLabelHead(head.task, head.outputs, trained.config.seed, weights);
    std::optional<AdapterSet> adapters;
    if (adapter.extension() == ".gguf")
        adapters.emplace(again, weights, readGgufLora(adapter, again), 0, format);
    else if (!adapter.empty())
        adapters.emplace(again, weights, readAdapter(adapter, again, weights.source().path), 0, format);
    return probe.compare(again).largest;
}

// Throws Error{unsupported} where the format would say something wrong.
void checkFormat(const TrainedModel& trained, const std::string& format)
{
    const auto why = whyNoPlainAdapter(*trained.adapters);
    const bool hasAdapter = trained.adapters->belongsToBase();
    if (why.empty() || isWholeModel(format) || (format == "peft" && hasAdapter))
        return;
    throw Error({.code = Code::unsupported, .place = "--format", .found = format + " of a run with " + trained.config.method,
        .allowed = hasAdapter ? "peft (the adapter with its base), merged, gguf" : "merged, gguf",
        .advice = "Not possible because " + why + "."});
}

double writeGguf(TrainedModel& trained, const ExportJob& job, const std::filesystem::path& out, ExportResult& result,
    std::vector<std::string>& notes, JobContext& context)
{
    const auto name = trained.config.name.empty() ? trained.weights->source().path.stem().string() : trained.config.name;
    if (job.format == "gguf-lora") {
        result.files = {kAdapterFile};
        writeGgufLora(out / kAdapterFile, adapterForOriginalBase(*trained.adapters), trained.model, name);
        return readBack(trained, trained.weights->source().path, out / kAdapterFile, effectiveBase(trained.config), context);
    }
    result.files = {kModelFile};
    notes = writeGgufModel(out / kModelFile, *trained.weights, trained.model,
        {.name = name, .type = ggufTypeFromText(job.dtype), .weightOf = effectiveWeight});
    return readBack(trained, out / kModelFile, {}, "none", context);
}

double writeExport(TrainedModel& trained, const ExportJob& job, const std::filesystem::path& out,
    const std::filesystem::path& target, ExportResult& result, std::vector<std::string>& notes, JobContext& context)
{
    checkFormat(trained, job.format);
    if (job.format == "gguf" || job.format == "gguf-lora")
        return writeGguf(trained, job, out, result, notes, context);
    auto& weights = *trained.weights;
    const auto original = weights.source().path;
    if (job.format == "merged") {
        result.files = writeModelFolder(out, weights, trained.model, effectiveWeight, scalarType(job.dtype), trained.labels);
        return readBack(trained, out, {}, "none", context);
    }
    result.files = {"adapter_config.json", "adapter_model.safetensors"};
    if (job.format == "lora" || !hasOwnBase(trained)) {
        writeAdapter(out, adapterForOriginalBase(*trained.adapters), baseName(trained), {}, headOf(trained.model, trained.labels));
        return readBack(trained, original, out, effectiveBase(trained.config), context);
    }
    std::filesystem::create_directory(out / "base");
    for (const auto& file : writeModelFolder(out / "base", weights, trained.model,
             [](const LinearSlot& slot) { return slot.base.dense(); }, trained.model.type(), trained.labels))
        result.files.push_back("base/" + file);
    writeAdapter(out, adapterAsTrained(*trained.adapters), (std::filesystem::absolute(target) / "base").string(),
        sha256OfFile(out / "base/model.safetensors"), headOf(trained.model, trained.labels));
    return readBack(trained, out / "base", out, "none", context);
}

// Float32 exports differ from the live model by rounding alone; anything else means that the files say something different.
void checkReadBack(const TrainedModel& trained, const ExportJob& job, const ExportResult& result)
{
    constexpr double kMost = 1e-2, kMostRounded = 0.1, kMostInFourBits = 1;
    const auto written = job.format == "gguf" ? ggufTypeFromText(job.dtype) : StoredType::F32;
    const bool rounded = scalarType(trained.config.dtype) != at::kFloat || written != StoredType::F32
        || (job.format == "merged" && scalarType(job.dtype) != at::kFloat);
    const bool fourBits = written == StoredType::Q4_0 || written == StoredType::Q4_1;
    // Rounding to 8 bits of mantissa in every layer moves logits by a few hundredths of their size, 4 bits, in a small model, by most of it; a
    // wrong sign by twice that. (A GGUF file's tensors have been compared value for value before.)
    const double most = rounded ? (fourBits ? kMostInFourBits : kMostRounded) * result.largestLogit : kMost;
    if (result.largestDifference < most)
        return;
    throw Error({.code = Code::mismatch,
        .file = job.out,
        .place = "reading the export back",
        .found = "logits that differ by " + nlohmann::json(result.largestDifference).dump(),
        .allowed = "rounding, below " + nlohmann::json(most).dump(),
        .advice = "Nothing was kept. Export in another format, and please report this."});
}

}  // namespace

ExportResult exportRun(const ExportJob& job, JobContext& context)
{
    if (std::find(std::begin(kFormats), std::end(kFormats), job.format) == std::end(kFormats)) {
        throw Error({.code = Code::unsupported, .place = "--format", .found = "\"" + job.format + "\"",
            .allowed = "lora, peft, merged, gguf, gguf-lora", .advice = "Choose one of these."});
    }
    if (job.format == "gguf")
        (void)ggufTypeFromText(job.dtype);   // refused before anything is read
    const at::NoGradGuard guard;
    auto out = std::filesystem::path(job.out).lexically_normal();
    if (!out.has_filename())   // "adapter/"
        out = out.parent_path();
    createOutputFolder(out);   // refuses what exists before anything is computed
    // Written beside the target and renamed when whole, so that nothing half-written stays.
    auto temporary = out;
    temporary += ".tmp-" + std::to_string(::getpid());
    std::error_code ignored;
    std::filesystem::remove_all(temporary, ignored);
    ExportResult result{.folder = out.string(), .format = job.format};
    try {
        const auto trained = openTrained(job.folder, context);
        createOutputFolder(temporary);
        std::vector<std::string> notes;
        result.largestDifference = writeExport(*trained, job, temporary, out, result, notes, context);
        result.largestLogit = StepZeroProbe(trained->model, {}).largestLogit();
        checkReadBack(*trained, job, result);
        writeFileAtomically(temporary / "README.md", readme(*trained, job, result.largestDifference, notes));
        result.files.emplace_back("README.md");
        for (const auto& file : result.files)
            result.bytes += int64_t(std::filesystem::file_size(temporary / file));
        syncDirectory(temporary);
        std::filesystem::rename(temporary, out);
        syncDirectory(std::filesystem::absolute(out).parent_path());
    } catch (...) {
        std::filesystem::remove_all(temporary, ignored);
        std::filesystem::remove(out, ignored);   // only where it is still empty
        throw;
    }
    return result;
}

}  // namespace rankwright
