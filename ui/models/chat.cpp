// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/models/chat.h"

#include "ui/format.h"

#include <algorithm>
#include <map>
#include <utility>

namespace rankwright {

Chat::Chat(Workbench& workbench, QObject* parent) : QObject(parent), m_workbench(workbench), m_files(workbench.dataDirectory())
{
    // Which step a run speaks from is good to know; that it speaks matters more.
    connect(&m_files, &StoreReader::failed, this, [this] {
        if (std::exchange(m_looking, false))
            submit();
    });
    auto& session = m_workbench.session();
    connect(&session, &RunSession::checkpointTaken, this, &Chat::arrived);
    // A run that ends has written its last checkpoint, or says itself why it has none.
    connect(&session, &RunSession::runEnded, this, [this](const QString& run) { arrived(run); });
}

bool Chat::has(const ChatChoice& choice) const
{
    return std::any_of(m_voices.begin(), m_voices.end(), [&](const ChatVoiceState& voice) { return voice.who.key() == choice.key(); });
}

bool Chat::add(const ChatChoice& choice)
{
    if (isBusy() || has(choice) || m_voices.size() >= kMostVoices || !choice.refusal.isEmpty())
        return false;
    m_voices.push_back({.who = choice, .turns = {}, .stop = {}});
    emit voicesChanged();
    return true;
}

void Chat::remove(size_t voice)
{
    if (isBusy() || voice >= m_voices.size())
        return;
    m_voices.erase(m_voices.begin() + std::ptrdiff_t(voice));
    m_asked.clear();
    emit voicesChanged();
}

void Chat::setBase(const ChatChoice& base)
{
    if (isBusy())
        stop();
    bool changed = false;
    if (!base.refusal.isEmpty()) {
        changed = std::erase_if(m_voices, [](const ChatVoiceState& voice) { return voice.who.kind != ChatChoice::Kind::run; }) > 0;
        m_asked.clear();
    }
    for (ChatVoiceState& voice : m_voices) {
        if (voice.who.kind == ChatChoice::Kind::run || voice.who.model == base.model)
            continue;
        changed = true;
        if (voice.who.kind == ChatChoice::Kind::base)
            voice.who = base;
        voice.who.model = base.model;
        voice.turns.clear();
        voice.stop.clear();
        voice.tokens = 0;
    }
    if (changed)
        emit voicesChanged();
}

void Chat::setSettings(const ChatSettings& settings)
{
    if (settings == m_settings)
        return;
    m_settings = settings;
    emit settingsChanged();
}

void Chat::send(const QString& prompt)
{
    if (isBusy() || prompt.trimmed().isEmpty() || m_voices.empty())
        return;
    m_asked.clear();
    for (size_t i = 0; i < m_voices.size(); ++i) {
        auto& turns = m_voices[i].turns;
        if (!turns.empty() && turns.back().role == "user")
            turns.pop_back();   // was never answered
        turns.push_back({"user", format::plain(prompt)});
        m_asked.push_back(i);
    }
    ask();
}

bool Chat::canRegenerate() const
{
    return !isBusy() && std::any_of(m_voices.begin(), m_voices.end(), [](const ChatVoiceState& voice) { return !voice.turns.empty(); });
}

void Chat::regenerate()
{
    if (!canRegenerate())
        return;
    m_asked.clear();
    for (size_t i = 0; i < m_voices.size(); ++i) {
        auto& turns = m_voices[i].turns;
        if (!turns.empty() && turns.back().role == "assistant")
            turns.pop_back();
        if (!turns.empty())
            m_asked.push_back(i);
    }
    if (m_settings.temperature > 0) {
        ChatSettings next = m_settings;
        ++next.seed;
        setSettings(next);
    }
    ask();
}

// Each voice that is asked gets an empty answer to fill.
void Chat::ask()
{
    for (const size_t voice : m_asked) {
        m_voices[voice].turns.push_back({"assistant", {}});
        m_voices[voice].tokens = 0;
        m_voices[voice].seconds = 0;
        m_voices[voice].stop.clear();
    }
    awaitCheckpoints();
    if (m_awaited.empty())
        lookForSteps();
    emit busyChanged();
    for (const size_t voice : m_asked)
        emit said(int(voice));
}

void Chat::awaitCheckpoints()
{
    const auto& session = m_workbench.session();
    for (const size_t voice : m_asked) {
        const auto run = format::text(m_voices[voice].who.run);
        if (!run.isEmpty() && session.running().contains(run))
            m_awaited.insert(run);
    }
    if (m_awaited.empty())
        return;
    m_workbench.session().checkpointNow();
    emit progressed(tr("Waiting for a checkpoint of the run in training …"));
}

void Chat::arrived(const QString& run)
{
    if (m_awaited.erase(run) > 0 && m_awaited.empty())
        lookForSteps();
}

void Chat::lookForSteps()
{
    std::map<size_t, std::filesystem::path> folders;   // by voice
    for (const size_t voice : m_asked)
        if (m_voices[voice].who.kind == ChatChoice::Kind::run)
            folders[voice] = m_voices[voice].who.folder;
    if (folders.empty())
        return submit();
    using Steps = std::map<size_t, int64_t>;
    m_looking = true;
    m_files.read<Steps>(
        [folders](RunStore&) {
            Steps steps;
            for (const auto& [voice, folder] : folders)
                steps[voice] = newestCheckpointStep(folder);
            return steps;
        },
        [this](Steps& steps) {
            if (!std::exchange(m_looking, false))
                return;   // stopped meanwhile
            for (const auto& [voice, step] : steps)
                m_voices[voice].step = step;
            submit();
        });
}

void Chat::submit()
{
    ChatJob job{.model = m_workbench.config().model, .voices = {}, .chatTemplate = format::plain(m_settings.chatTemplate),
        .maxTokens = m_settings.maxTokens, .temperature = m_settings.temperature, .topP = m_settings.topP, .seed = m_settings.seed};
    for (const size_t voice : m_asked) {
        const ChatVoiceState& state = m_voices[voice];
        ChatVoice asked{.name = format::plain(state.who.title), .folder = {}, .adapter = {}, .turns = {}};
        (state.who.kind == ChatChoice::Kind::adapter ? asked.adapter : asked.folder) = state.who.folder;
        if (!m_settings.system.trimmed().isEmpty())
            asked.turns.push_back({"system", format::plain(m_settings.system)});
        asked.turns.insert(asked.turns.end(), state.turns.begin(), state.turns.end() - 1);
        job.voices.push_back(std::move(asked));
    }
    m_since.assign(m_asked.size(), {});
    emit progressed(tr("Loading …"));
    m_call = m_workbench.ask(std::move(job), this);
    connect(m_call, &JobCall::advanced, this, &Chat::receive);
    connect(m_call, &JobCall::finished, this, [this](const Result& result) { finish(std::get<ChatResult>(result)); });
    connect(m_call, &JobCall::failed, this, [this](const QString& message) {
        m_call.clear();
        close(QStringLiteral("failed"));
        emit failed(message);
    });
}

void Chat::receive(const std::vector<Event>& batch)
{
    std::set<size_t> touched;
    for (const Event& event : batch) {
        if (const auto* progress = std::get_if<ProgressEvent>(&event)) {
            emit progressed(format::shown(progress->what, 80));
            continue;
        }
        const auto* text = std::get_if<TextEvent>(&event);
        if (text == nullptr || text->voice < 0 || size_t(text->voice) >= m_asked.size())
            continue;
        const auto place = size_t(text->voice);
        ChatVoiceState& voice = m_voices[m_asked[place]];
        if (!m_since[place].isValid())
            m_since[place].start();
        voice.turns.back().content += text->text;
        ++voice.tokens;
        voice.seconds = double(m_since[place].nsecsElapsed()) / 1e9;
        touched.insert(m_asked[place]);
    }
    if (!touched.empty())
        emit progressed({});
    for (const size_t voice : touched)
        emit said(int(voice));
}

void Chat::finish(const ChatResult& result)
{
    m_call.clear();
    for (size_t place = 0; place < m_asked.size() && place < result.answers.size(); ++place) {
        ChatVoiceState& voice = m_voices[m_asked[place]];
        voice.turns.back().content = result.answers[place].text;
        voice.tokens = result.answers[place].tokens;
        voice.stop = format::text(result.answers[place].stop);
    }
    close(QStringLiteral("end"));
}

// An answer of which nothing was said is taken back, so that the prompt can be sent again.
void Chat::close(const QString& stop)
{
    emit progressed({});
    for (const size_t index : m_asked) {
        ChatVoiceState& voice = m_voices[index];
        if (voice.stop.isEmpty())
            voice.stop = stop;
        if (stop != "end" && !voice.turns.empty() && voice.turns.back().role == "assistant" && voice.turns.back().content.empty())
            voice.turns.pop_back();
        emit said(int(index));
    }
    emit busyChanged();
}

void Chat::stop()
{
    if (!isBusy())
        return;
    m_awaited.clear();
    m_looking = false;
    if (m_call) {
        m_call->disconnect(this);
        m_call->cancel();
        m_call.clear();
    }
    close(QStringLiteral("cancelled"));
}

void Chat::clear()
{
    stop();
    for (size_t i = 0; i < m_voices.size(); ++i) {
        ChatVoiceState& voice = m_voices[i];
        voice.turns.clear();
        voice.stop.clear();
        voice.tokens = 0;
        emit said(int(i));
    }
    emit busyChanged();
}

QString Chat::transcript() const
{
    QString text;
    for (const ChatVoiceState& voice : m_voices) {
        text += QStringLiteral("# %1 (%2)\n\n").arg(voice.who.title, voice.who.detail);
        for (const ChatTurn& turn : voice.turns)
            text += (turn.role == "user" ? tr("You: %1") : tr("Answer: %1")).arg(format::text(turn.content)) + "\n\n";
    }
    return text;
}

}  // namespace rankwright
