// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What the fake engine's voices say: words that name the voice and, for a run, its newest checkpoint; sent in turns as the real one does.
#pragma once

#include "training/api/engine.h"
#include "training/api/error.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

namespace rankwright::fake {

// The newest step whose folder checkpoints/step-N is there; -1 where none.
inline int64_t newestStep(const std::filesystem::path& folder)
{
    int64_t newest = -1;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder / "checkpoints", error)) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with("step-"))
            newest = std::max(newest, parseInteger(name.substr(5), "checkpoint"));
    }
    return newest;
}

inline std::vector<std::string> wordsOf(const ChatJob& job, const ChatVoice& voice)
{
    std::vector<std::string> words{voice.name, " answers"};
    if (!voice.folder.empty()) {
        const int64_t step = newestStep(voice.folder);
        if (step < 0)
            throw Error(ErrorParts{.code = Code::missing, .file = voice.folder, .place = "checkpoints", .found = "none",
                .allowed = "a checkpoint", .advice = "Train the run, or ask for a checkpoint."});
        words.push_back(" from step " + std::to_string(step));
    }
    const std::string& asked = voice.turns.back().content;
    words.push_back(" \"" + asked.substr(0, 200) + "\":");
    if (asked.find("code") != std::string::npos)
        for (const char* part : {" <b>so</b>\n", "```python\n", "def twice(x):\n", "    return 2 * x\n", "```\n", "Call it with", " a number."})
            words.emplace_back(part);
    else
        for (const char* part : {" Tom has", " 3 apples", " and buys", " twice as many,", " so he has", " 3 + 6 =", " 9", " apples."})
            words.emplace_back(part);
    if (job.temperature > 0)
        words.push_back(" (drawn with seed " + std::to_string(job.seed) + ")");
    return words;
}

inline ChatResult chat(const ChatJob& job, Events& events, const std::stop_token& stop, std::chrono::microseconds perToken)
{
    ChatResult result;
    result.answers.resize(job.voices.size());
    std::vector<std::vector<std::string>> words;
    size_t longest = 0;
    for (const ChatVoice& voice : job.voices) {
        words.push_back(wordsOf(job, voice));
        longest = std::max(longest, words.back().size());
    }
    for (size_t at = 0; at < longest; ++at) {
        for (size_t voice = 0; voice < words.size(); ++voice) {
            GenerateResult& answer = result.answers[voice];
            if (stop.stop_requested())
                answer.stop = answer.stop.empty() ? "cancelled" : answer.stop;
            if (!answer.stop.empty() || at >= words[voice].size())
                continue;
            std::this_thread::sleep_for(perToken);
            answer.text += words[voice][at];
            ++answer.tokens;
            events.on(TextEvent{.text = words[voice][at], .voice = int64_t(voice)});
            if (answer.tokens >= job.maxTokens)
                answer.stop = "length";
        }
    }
    for (GenerateResult& answer : result.answers)
        answer.stop = answer.stop.empty() ? "end" : answer.stop;
    result.seconds = 0.1;
    return result;
}

}  // namespace rankwright::fake
