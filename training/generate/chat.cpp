// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/generate/chat.h"

#include "training/api/error.h"
#include "training/generate/prompt.h"
#include "training/generate/run_template.h"
#include "training/train/peak_memory.h"

#include <algorithm>

namespace rankwright {

namespace {

// One voice's answer while it grows.
struct Answer
{
    Voice& voice;
    int64_t number = 0;
    GenerateResult result{.text = {}, .tokens = 0, .stop = {}};
    CharacterStream characters = {};

    [[nodiscard]] bool isOver() const { return !result.stop.empty(); }
    void say(const std::string& part, Events& events)
    {
        if (part.empty())
            return;
        result.text += part;
        events.on(TextEvent{part, number});
    }
    void end(const std::string& why, Events& events)
    {
        say(characters.finish(), events);
        result.stop = why;
    }
    void grow(int64_t maxTokens, Events& events)
    {
        auto& generator = voice.speak();
        if (result.tokens == maxTokens)
            return end("length", events);
        const auto id = generator.next();
        if (!id)
            return end(generator.stop(), events);
        ++result.tokens;
        say(characters.add(voice.text().tokenizer().piece(*id)), events);
    }
};

// The source of the template that the job asks for, of this model; a run has its own.
std::string templateFor(const ChatJob& job, const ChatVoice& voice, const ModelText& text)
{
    if (job.chatTemplate == "auto" && !voice.folder.empty())
        return templateOfRun(voice.folder, configOfRun(voice.folder), text);
    RunConfig config;
    config.chatTemplate = job.chatTemplate;
    return job.chatTemplate == "none" ? std::string() : text.sampleOptions(config).templateSource;
}

void prime(const ChatJob& job, const ChatVoice& asked, Voice& voice)
{
    std::vector<ChatMessage> turns;
    for (const auto& turn : asked.turns)
        turns.push_back({turn.role, turn.content});
    const Prompt prompt(voice.text().tokenizer(), templateFor(job, asked, voice.text()));
    auto& generator = voice.speak();
    generator.setSampling({.temperature = job.temperature, .topP = job.topP, .seed = job.seed});
    generator.prime(prompt.ids(turns, asked.folder.empty()));   // a run's rows without a template begin with no special token
}

[[noreturn]] void refuse(const std::string& place, const std::string& found, const std::string& allowed)
{
    throw Error({.code = Code::usage, .place = place, .found = found, .allowed = allowed, .advice = "Correct the question."});
}

}  // namespace

void validate(const ChatJob& job)
{
    if (job.voices.empty())
        refuse("voices", "none", "at least one");
    for (const auto& voice : job.voices) {
        const auto place = "voice \"" + escaped(voice.name) + "\"";
        if (voice.turns.empty() || voice.turns.back().role != "user")
            refuse(place, voice.turns.empty() ? "no turn" : "a last turn of \"" + escaped(voice.turns.back().role) + "\"",
                "a conversation whose last turn is the user's");
        if (!voice.folder.empty() && !voice.adapter.empty())
            refuse(place, "a run and an adapter", "one of the two");
    }
    if (job.maxTokens < 1)
        refuse("maxTokens", std::to_string(job.maxTokens), "1 or more");
    if (!(job.temperature >= 0))
        refuse("temperature", std::to_string(job.temperature), "0 or more");
    if (!(job.topP > 0 && job.topP <= 1))
        refuse("topP", std::to_string(job.topP), "above 0, at most 1");
}

ChatResult answer(const ChatJob& job, Voices& voices, JobContext& context)
{
    const auto begin = std::chrono::steady_clock::now();
    auto& events = context.events();
    std::vector<Answer> answers;
    for (size_t i = 0; i < job.voices.size(); ++i)
        answers.push_back({voices.at(i), int64_t(i)});
    for (size_t i = 0; i < answers.size(); ++i)
        forVoice(job.voices[i].name, [&] { prime(job, job.voices[i], answers[i].voice); });
    while (!std::ranges::all_of(answers, &Answer::isOver)) {
        for (auto& one : answers) {
            if (one.isOver())
                continue;
            if (context.stopped())
                one.end("cancelled", events);
            else
                one.grow(job.maxTokens, events);
        }
    }
    ChatResult result;
    for (auto& one : answers)
        result.answers.push_back(std::move(one.result));
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return result;
}

ChatResult ChatRoom::answer(const ChatJob& job, JobContext& context)
{
    validate(job);
    std::unique_ptr<Voices> before;
    uint64_t releases = 0;
    {
        const std::lock_guard lock(m_mutex);
        before = std::move(m_kept);
        releases = m_releases;
    }
    auto voices = std::make_unique<Voices>(job, std::move(before), context);
    auto result = rankwright::answer(job, *voices, context);
    {
        const std::lock_guard lock(m_mutex);
        if (releases == m_releases) {
            std::swap(m_kept, voices);
            m_until = std::chrono::steady_clock::now() + m_keep;
            if (!m_clock.joinable())
                m_clock = std::jthread([this](std::stop_token stop) { clear(std::move(stop)); });
        }
    }
    m_wake.notify_all();
    return result;   // what another chat has kept meanwhile goes here, outside of the lock
}

void ChatRoom::release()
{
    std::unique_ptr<Voices> gone;
    {
        const std::lock_guard lock(m_mutex);
        ++m_releases;
        gone = std::move(m_kept);
    }
    if (!gone)
        return;
    gone.reset();
    releaseFreedMemory();
}

bool ChatRoom::isEmpty()
{
    const std::lock_guard lock(m_mutex);
    return m_kept == nullptr;
}

void ChatRoom::clear(std::stop_token stop)
{
    while (!stop.stop_requested()) {
        std::unique_ptr<Voices> gone;
        {
            std::unique_lock lock(m_mutex);
            if (!m_wake.wait(lock, stop, [this] { return m_kept != nullptr; }))
                return;
            const auto until = m_until;
            m_wake.wait_until(lock, stop, until, [&] { return m_kept == nullptr || m_until != until; });
            if (m_kept && std::chrono::steady_clock::now() >= m_until)
                gone = std::move(m_kept);
        }
        if (gone) {
            gone.reset();
            releaseFreedMemory();
        }
    }
}

}  // namespace rankwright
