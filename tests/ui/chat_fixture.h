// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The Chat page over the fake engine: what tests of it have in common. RANKWRIGHT_PICTURES=DIR keeps pictures.
#pragma once

#include "tests/ui/page_fixture.h"
#include "ui/pages/chat_page.h"
#include "ui/widgets/chat_column.h"

#include <QPlainTextEdit>

namespace rankwright::chat_test {

// Keeps the last question, and counts them.
class ChatEngine : public FakeEngine
{
public:
    ChatJob last()
    {
        const std::lock_guard lock(m_mutex);
        return m_last;
    }
    std::atomic<int> chats{0};
    std::atomic<bool> fails{false};
    Result run(const Job& job, Events& events, std::stop_token stop) override
    {
        if (const auto* chat = std::get_if<ChatJob>(&job)) {
            {
                const std::lock_guard lock(m_mutex);
                m_last = *chat;
            }
            ++chats;
            if (fails)
                throw Error(ErrorParts{.code = Code::data, .file = "model.safetensors", .place = "memory", .found = "too little",
                    .allowed = "600 MiB", .advice = "Remove a voice."});
        }
        return FakeEngine::run(job, events, stop);
    }

private:
    std::mutex m_mutex;
    ChatJob m_last;
};

using Fixture = PageFixture<ChatEngine>;

inline void select(Fixture& fixture, const std::string& spec = "default")
{
    fixture.bench.selectModel(fake::infoOf(spec));
}

// Shown, and its first voices chosen.
inline bool open(ChatPage& page, size_t voices)
{
    page.resize(1192, 712);
    page.show();
    page.activated();
    return QTest::qWaitFor([&] { return page.chat().voices().size() == voices; }, 5000);
}

inline void say(ChatPage& page, const QString& text)
{
    auto* prompt = Fixture::part<QPlainTextEdit>(page, "chatPrompt");
    prompt->setPlainText(text);
    QTest::keyClick(prompt, Qt::Key_Return, Qt::ControlModifier);
}

inline bool answered(ChatPage& page)
{
    return QTest::qWaitFor([&] { return !page.chat().isBusy(); }, 10'000);
}

inline QString transcript(ChatPage& page, int voice)
{
    return page.findChildren<ChatColumn*>()[voice]->transcriptText();
}

inline void picture(QWidget& page, const QString& name)
{
    const auto folder = qEnvironmentVariable("RANKWRIGHT_PICTURES");
    if (folder.isEmpty())
        return;
    QTest::qWait(100);
    page.grab().save(folder + '/' + name + ".png");
}

}  // namespace rankwright::chat_test
