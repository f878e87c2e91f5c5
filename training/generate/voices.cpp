// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/generate/voices.h"

#include "training/device/device.h"
#include "training/export/adapter_file.h"
#include "training/formats/limits.h"
#include "training/formats/safetensors.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <set>

namespace rankwright {

namespace fs = std::filesystem;

namespace {

// Takes every adapter off a model that is shared.
void quieten(SharedBase& base)
{
    for (auto& slot : base.model.slots())
        slot.delta.reset();
    base.speaking = nullptr;
}

// Sizes and times of the files that say what is in a folder, or of one file.
std::string stampOf(const fs::path& path)
{
    std::error_code ignored;
    if (!fs::is_directory(path, ignored))
        return std::to_string(fs::file_size(path, ignored)) + "@"
            + std::to_string(fs::last_write_time(path, ignored).time_since_epoch().count());
    std::set<std::string> stamps;
    for (const auto& entry : fs::directory_iterator(path, ignored)) {
        const auto& file = entry.path();
        if (file.extension() == ".safetensors" || file.extension() == ".json")
            stamps.insert(file.filename().string() + ":" + stampOf(file));
    }
    std::string all;
    for (const auto& stamp : stamps)
        all += stamp + " ";
    return all;
}

[[noreturn]] void refuseVoice(Code code, std::string found, std::string allowed, std::string advice)
{
    throw Error({.code = code, .place = "model", .found = std::move(found), .allowed = std::move(allowed), .advice = std::move(advice)});
}

// Whoever writes text has a head for tokens and was trained for it.
void checkWrites(const ModelConfig& config, Task task)
{
    if (config.form != "decoder") {
        refuseVoice(Code::unsupported, "an encoder (" + config.architecture + "), which writes no text", "a decoder",
            "Choose a decoder; `eval` says what an encoder predicts.");
    }
    if (task != Task::lm)
        refuseVoice(Code::unsupported, "a run or adapter for labels, which writes no text", "one that was trained on text",
            "Choose another one; `eval` says what this one predicts.");
}

// Whether the start of a run trains weights as a whole, as its file says.
bool trainsWholeWeights(const fs::path& runFolder)
{
    for (const auto& [key, text] : readSafetensors(runFolder / "start.safetensors").metadata) {
        if (!key.starts_with("start."))
            continue;
        const auto words = nlohmann::json::parse(text, nullptr, false);
        if (words.is_object() && words.value("trainsWeight", nlohmann::json()) == true)
            return true;
    }
    return false;
}

bool trainsWholeWeights(const std::vector<PlacedStart>& starts)
{
    return std::ranges::any_of(starts, [](const PlacedStart& placed) { return placed.start.trainsWeight; });
}

Deltas deltasOf(Model& model, const std::vector<PlacedStart>& starts)
{
    Deltas deltas;
    const auto there = [&](const at::Tensor& tensor) { return tensor.defined() ? tensor.to(model.device()) : tensor; };
    for (const auto& [name, start] : starts) {
        deltas.emplace_back(model.slot(name),
            Delta{.A = there(start.A), .B = there(start.B), .magnitude = there(start.magnitude), .scaling = start.scaling});
    }
    return deltas;
}

}  // namespace

Deltas deltasOfRun(const fs::path& runFolder, const RunConfig& config, Model& model, Weights& weights)
{
    const auto checkpoint = findTrained(runFolder, config);
    if (!checkpoint) {
        throw Error({.code = Code::missing, .file = runFolder / "checkpoints", .place = "checkpoints", .found = "none",
            .allowed = "a run that has written a checkpoint", .advice = "Train the run first, or let it write a checkpoint."});
    }
    const at::NoGradGuard guard;
    auto starts = readStart(runFolder, weights, checkpoint->identity.startHash);
    std::map<std::string, BaseEdit> edits;
    for (auto& [name, start] : starts) {
        if (start.edit)
            edits.emplace(name, *start.edit);
        start.edit.reset();   // the base stays as it is
    }
    struct TakeOff
    {
        Model& model;
        ~TakeOff()
        {
            for (auto& slot : model.slots())
                slot.delta.reset();
        }
    } const takeOff{model};
    AdapterSet adapters(model, weights, starts, 0);
    auto state = adapters.state();
    state.emplace_back("parameters", adapters.parameters());
    loadCheckpoint(*checkpoint, state);
    adapters.stateLoaded();
    auto plain = adapterForOriginalBase(adapters);
    for (auto& [name, start] : plain) {
        if (const auto edit = edits.find(name); edit != edits.end())
            subtractEdit(start, edit->second);
    }
    return deltasOf(model, plain);
}

Voice::Voice(std::string key, std::shared_ptr<SharedBase> base, std::shared_ptr<const ModelText> text, Deltas deltas)
    : m_key(std::move(key)), m_base(std::move(base)), m_text(std::move(text)), m_deltas(std::move(deltas))
{
    m_generator.emplace(m_base->model, m_text->tokenizer());
}

Voice::Voice(std::string key, std::unique_ptr<TrainedModel> run, std::shared_ptr<const ModelText> text)
    : m_key(std::move(key)), m_run(std::move(run)), m_text(std::move(text))
{
    m_generator.emplace(m_run->model, m_text->tokenizer());
}

Voice::Voice(std::string key, std::unique_ptr<AdaptedModel> adapted, std::shared_ptr<const ModelText> text)
    : m_key(std::move(key)), m_adapted(std::move(adapted)), m_text(std::move(text))
{
    m_generator.emplace(m_adapted->model, m_text->tokenizer());
}

Voice::~Voice()
{
    if (m_base && m_base->speaking == this)
        quieten(*m_base);
}

Generator& Voice::speak()
{
    if (m_base && m_base->speaking != this) {
        quieten(*m_base);
        for (const auto& [slot, delta] : m_deltas)
            slot->delta = delta;
        m_base->speaking = this;
    }
    return *m_generator;
}

// What a voice of a job needs, before anything is opened.
struct Voices::Wanted
{
    std::string name, key, baseKey;
    fs::path model;
    std::string folder, adapter;
    RunConfig config;             // dtype, and of a run all of it
    bool own = false;             // a model of its own
};

Voices::Wanted Voices::wantedFor(const ChatJob& job, const ChatVoice& voice)
{
    Wanted wanted{.name = voice.name, .folder = voice.folder, .adapter = voice.adapter};
    std::string of = "base";
    if (!voice.folder.empty()) {
        wanted.config = configOfRun(voice.folder);
        const auto checkpoint = findTrained(voice.folder, wanted.config);
        of = "run " + voice.folder;
        if (checkpoint)   // where there is none, opening says so
            of += " " + checkpoint->folder.string() + " " + stampOf(checkpoint->folder);
        wanted.own = checkpoint && (isQuantised(wanted.config) || trainsWholeWeights(voice.folder));
    } else {
        wanted.config.model = job.model;
        if (!voice.adapter.empty())
            of = "adapter " + voice.adapter + " " + stampOf(voice.adapter);
    }
    if (job.dtype != "auto" && !wanted.own)
        wanted.config.dtype = job.dtype;
    wanted.config.device = job.device;
    wanted.model = resolveModel(wanted.config.model);
    wanted.baseKey = wanted.model.string() + " " + stampOf(wanted.model) + " " + wanted.config.dtype + " " + wanted.config.device;
    wanted.key = wanted.baseKey + " | " + of;
    return wanted;
}

Voices::Voices(const ChatJob& job, std::unique_ptr<Voices> before, JobContext& context)
{
    useThreads(0);
    std::vector<Wanted> wanted;
    for (const auto& voice : job.voices)
        wanted.push_back(forVoice(voice.name, [&] { return wantedFor(job, voice); }));
    m_voices.resize(wanted.size());
    if (before)
        takeOver(wanted, *before);
    before.reset();   // what nobody wants any more goes before anything new comes
    for (size_t i = 0; i < wanted.size(); ++i) {
        if (!m_voices[i])
            m_voices[i] = forVoice(wanted[i].name, [&] { return open(wanted[i], context); });
    }
}

void Voices::takeOver(const std::vector<Wanted>& wanted, Voices& before)
{
    m_texts = before.m_texts;
    for (size_t i = 0; i < wanted.size(); ++i) {
        const auto found = std::ranges::find_if(
            before.m_voices, [&](const auto& voice) { return voice && voice->key() == wanted[i].key; });
        if (found != before.m_voices.end())
            m_voices[i] = std::move(*found);
    }
    for (const auto& base : before.m_bases) {
        const bool needed = std::ranges::any_of(
            wanted, [&](const Wanted& voice) { return !voice.own && voice.baseKey == base->key; });
        if (needed)
            m_bases.push_back(base);
    }
}

std::shared_ptr<const ModelText> Voices::textOf(const fs::path& model, int64_t vocabulary)
{
    auto& text = m_texts[model];
    if (!text)
        text = std::make_shared<const ModelText>(model, vocabulary);
    return text;
}

std::shared_ptr<SharedBase> Voices::baseOf(const Wanted& wanted, JobContext& context)
{
    for (const auto& base : m_bases) {
        if (base->key == wanted.baseKey)
            return base;
    }
    auto weights = std::make_unique<Weights>(openModelSource(wanted.model.string()));
    checkWrites(weights->config(), Task::lm);
    Model model(*weights, scalarType(wanted.config.dtype), context.reporter(), Bases::asStored, deviceOf(wanted.config.device));
    m_bases.push_back(std::make_shared<SharedBase>(SharedBase{wanted.baseKey, std::move(weights), std::move(model)}));
    return m_bases.back();
}

std::unique_ptr<Voice> Voices::open(const Wanted& wanted, JobContext& context)
{
    if (wanted.own) {
        auto run = openTrained(wanted.folder, context, deviceOf(wanted.config.device));
        checkWrites(run->model.config(), run->model.task());
        auto text = textOf(wanted.model, run->model.config().vocabSize);
        return std::make_unique<Voice>(wanted.key, std::move(run), std::move(text));
    }
    auto base = baseOf(wanted, context);
    auto text = textOf(wanted.model, base->model.config().vocabSize);
    quieten(*base);
    Deltas deltas;
    if (!wanted.folder.empty()) {
        deltas = deltasOfRun(wanted.folder, wanted.config, base->model, *base->weights);
    } else if (!wanted.adapter.empty()) {
        checkWrites(base->model.config(), headOfAdapter(wanted.adapter, base->model.config()).task);
        const auto starts = readAdapter(wanted.adapter, base->model, base->weights->source().path);
        if (trainsWholeWeights(starts))
            return std::make_unique<Voice>(
                wanted.key, openAdapted(wanted.model.string(), wanted.adapter, wanted.config, context), std::move(text));
        deltas = deltasOf(base->model, starts);
    }
    return std::make_unique<Voice>(wanted.key, std::move(base), std::move(text), std::move(deltas));
}

}  // namespace rankwright
