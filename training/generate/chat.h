// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Chats: every voice answers its last turn, all of them token by token in turn.
#pragma once

#include "training/generate/voices.h"

#include <condition_variable>
#include <mutex>
#include <thread>

namespace rankwright {

// Throws Error{usage} for a job without voices, a voice without a question, or numbers out of range.
void validate(const ChatJob& job);
// The voices answer; TextEvents as whole characters come. A stop ends all answers ("cancelled").
ChatResult answer(const ChatJob& job, Voices& voices, JobContext& context);

// Keeps the models of the last chat, with what they have computed of their conversations, for the next prompt. Jobs may come from
// several threads.
class ChatRoom
{
public:
    explicit ChatRoom(std::chrono::milliseconds keep = std::chrono::minutes(1)) : m_keep(keep) {}
    ChatResult answer(const ChatJob& job, JobContext& context);
    // Something else wants the memory. A chat at work keeps its models until its end, and no longer.
    void release();
    [[nodiscard]] bool isEmpty();

private:
    void clear(std::stop_token stop);      // when their time is over
    const std::chrono::milliseconds m_keep;
    std::mutex m_mutex;                    // guards what follows
    std::condition_variable_any m_wake;
    std::unique_ptr<Voices> m_kept;
    std::chrono::steady_clock::time_point m_until;
    uint64_t m_releases = 0;
    std::jthread m_clock;                  // runs from the first chat on; last: ends before the others
};

}  // namespace rankwright
