// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The models behind the voices of a chat. Adapters of one base share it in memory: whoever speaks puts theirs onto it. A run on a
// quantised base, or one that trained whole weights, has a model of its own.
#pragma once

#include "training/api/error.h"
#include "training/generate/generator.h"
#include "training/train/adapted_model.h"
#include "training/train/trained_model.h"

namespace rankwright {

// What `work` throws says whose trouble it is.
template<class Work>
auto forVoice(const std::string& name, const Work& work)
{
    try {
        return work();
    } catch (const Error& error) {
        auto parts = error.parts();
        if (parts.code == Code::stopped || name.empty())
            throw;
        parts.place = "voice \"" + escaped(name) + "\"" + (parts.place.empty() ? "" : ", " + parts.place);
        throw Error(parts);
    }
}

class Voice;

// A model as its files have it, with the voice whose adapter is on it now.
struct SharedBase
{
    std::string key;                       // files, their times, type
    std::unique_ptr<Weights> weights;
    Model model;
    const Voice* speaking = nullptr;
};

// An adapter for a base in memory: slots and what goes onto them.
using Deltas = std::vector<std::pair<LinearSlot*, Delta>>;
// Of a run as its checkpoint left it, for the base as the files have it: PiSSA's of twice the rank, a core folded in. The run must have
// trained no whole weights, on a base that was not quantised. The model is left as it was.
Deltas deltasOfRun(const std::filesystem::path& runFolder, const RunConfig& config, Model& model, Weights& weights);

class Voice
{
public:
    // One who answers with `base`, through `deltas`.
    Voice(std::string key, std::shared_ptr<SharedBase> base, std::shared_ptr<const ModelText> text, Deltas deltas);
    Voice(std::string key, std::unique_ptr<TrainedModel> run, std::shared_ptr<const ModelText> text);
    Voice(std::string key, std::unique_ptr<AdaptedModel> adapted, std::shared_ptr<const ModelText> text);
    ~Voice();
    [[nodiscard]] const std::string& key() const { return m_key; }
    [[nodiscard]] const ModelText& text() const { return *m_text; }
    [[nodiscard]] const std::shared_ptr<SharedBase>& base() const { return m_base; }
    // To be called before each use: puts this voice's adapter onto a shared base.
    Generator& speak();

private:
    std::string m_key;
    std::shared_ptr<SharedBase> m_base;
    std::unique_ptr<TrainedModel> m_run;
    std::unique_ptr<AdaptedModel> m_adapted;
    std::shared_ptr<const ModelText> m_text;
    Deltas m_deltas;
    std::optional<Generator> m_generator;
};

// The voices of a job. Throws Error naming the voice: no such run or adapter, an encoder, a head for labels.
class Voices
{
public:
    // What `before` has of them is taken over with its conversation, the rest is closed first.
    Voices(const ChatJob& job, std::unique_ptr<Voices> before, JobContext& context);
    [[nodiscard]] Voice& at(size_t index) { return *m_voices[index]; }
    [[nodiscard]] size_t bases() const { return m_bases.size(); }   // that are shared

private:
    struct Wanted;
    static Wanted wantedFor(const ChatJob& job, const ChatVoice& voice);
    void takeOver(const std::vector<Wanted>& wanted, Voices& before);
    std::unique_ptr<Voice> open(const Wanted& wanted, JobContext& context);
    std::shared_ptr<SharedBase> baseOf(const Wanted& wanted, JobContext& context);
    std::shared_ptr<const ModelText> textOf(const std::filesystem::path& model, int64_t vocabulary);
    std::vector<std::unique_ptr<Voice>> m_voices;
    std::vector<std::shared_ptr<SharedBase>> m_bases;
    std::map<std::filesystem::path, std::shared_ptr<const ModelText>> m_texts;
};

}  // namespace rankwright
