// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A conversation with up to four voices: the same prompt goes to each, each has a history of its own, the answers grow side by side.
// A run that is going on, or paused, is asked for a checkpoint first; its voice then speaks from the newest one.
#pragma once

#include "ui/models/chat_voices.h"
#include "ui/workbench.h"

#include <QElapsedTimer>
#include <QPointer>

#include <set>

namespace rankwright {

struct ChatSettings
{
    QString system;                  // system prompt; empty: none
    double temperature = 0;          // 0: the most probable token each time
    double topP = 1;
    int64_t maxTokens = 256;
    int64_t seed = 0;
    QString chatTemplate = QStringLiteral("auto");   // auto | none
    bool operator==(const ChatSettings&) const = default;
};

// What was said, and how the last answer came about.
struct ChatVoiceState
{
    ChatChoice who;
    std::vector<ChatTurn> turns;     // user and assistant in turn; the answer being given is the last one
    int64_t tokens = 0;              // of the last answer
    double seconds = 0;              // from its first token to its last
    QString stop;                    // "end", "length", "cancelled"; empty: being given, or nothing said yet
    int64_t step = -1;               // of the checkpoint that a run's voice last spoke from
};

class Chat : public QObject
{
    Q_OBJECT
public:
    static constexpr size_t kMostVoices = 4;
    explicit Chat(Workbench& workbench, QObject* parent = nullptr);

    [[nodiscard]] const std::vector<ChatVoiceState>& voices() const { return m_voices; }
    [[nodiscard]] bool has(const ChatChoice& choice) const;
    bool add(const ChatChoice& choice);      // false where it is there already, or there are four; nothing while they answer
    void remove(size_t voice);               // not while they answer
    // The chosen model has changed: its voice and those of adapters on it begin anew, or go where it cannot talk.
    void setBase(const ChatChoice& base);

    [[nodiscard]] const ChatSettings& settings() const { return m_settings; }
    void setSettings(const ChatSettings& settings);

    void send(const QString& prompt);        // nothing where it is empty, nobody listens or they answer
    void regenerate();                       // the last answers once more; where they are drawn, with the next seed
    void stop();                             // what was said so far stays
    void clear();                            // the histories
    [[nodiscard]] bool isBusy() const { return m_call || m_looking || !m_awaited.empty(); }
    [[nodiscard]] bool canRegenerate() const;
    [[nodiscard]] bool waitsForCheckpoint() const { return !m_awaited.empty(); }
    [[nodiscard]] QString transcript() const;   // of all voices, to copy

signals:
    void voicesChanged();                    // who is there
    void said(int voice);                    // its turns or figures
    void busyChanged();
    void settingsChanged();
    void progressed(const QString& text);    // loading; empty: nothing to tell
    void failed(const QString& message);

private:
    void ask();
    void awaitCheckpoints();
    void arrived(const QString& run);
    void lookForSteps();                     // of the runs that are asked, then submit
    void submit();
    void receive(const std::vector<Event>& batch);
    void finish(const ChatResult& result);
    void close(const QString& stop);         // of the answers that are not complete

    Workbench& m_workbench;
    ChatSettings m_settings;
    std::vector<ChatVoiceState> m_voices;
    std::vector<size_t> m_asked;             // the voices of the question that is being answered
    std::set<QString> m_awaited;             // runs whose checkpoint is waited for
    std::vector<QElapsedTimer> m_since;      // by place in m_asked: since the first token
    StoreReader m_files;                     // looks for checkpoints, off this thread
    bool m_looking = false;
    QPointer<JobCall> m_call;
};

}  // namespace rankwright
