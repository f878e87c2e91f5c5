// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Chats: voices that share a base compute what their own models compute, answers grow side by side, and what is kept between two
// prompts changes nothing but the time.
#include "training/api/error.h"
#include "training/generate/chat.h"
#include "training/generate/prompt.h"
#include "training/io/weights.h"

#include "tests/support/engine_fixture.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <QTemporaryDir>
#include <QTest>

#include <chrono>
#include <thread>

#include <mutex>

using namespace rankwright;

namespace {

std::string messageOf(const auto& work)
{
    try {
        work();
    } catch (const Error& error) {
        return error.what();
    }
    return {};
}

// What each voice said, put together from the stream.
std::map<int64_t, std::string> heard(const Listener& listener)
{
    std::map<int64_t, std::string> said;
    for (const auto& part : listener.all<TextEvent>())
        said[part.voice] += part.text;
    return said;
}

}  // namespace

class TestChat : public QObject
{
    Q_OBJECT

    QTemporaryDir m_folder;
    std::filesystem::path at(const QString& name) const { return m_folder.filePath(name).toStdString(); }

    std::string trained(const QString& method)
    {
        const auto folder = at("run-" + method);
        if (!std::filesystem::exists(folder / "checkpoints")) {
            auto c = goldenConfig(golden("tiny"));
            c.method = method.toStdString();
            c.steps = 8;
            c.learningRate = method == "full" ? 1e-3 : 1e-2;
            if (method == "delta-lora")
                c.options["startStep"] = 2.0;
            Listener listener;
            run(*makeTorchEngine(), runIn(folder, c), listener, {});
        }
        return folder.string();
    }

    ChatJob asking(std::vector<ChatVoice> voices, const std::string& text = "what is seven and five?") const
    {
        ChatJob job{.model = golden("tiny").string(), .voices = std::move(voices), .maxTokens = 16};
        for (auto& voice : job.voices)
            voice.turns.push_back({"user", text});
        return job;
    }

    static ChatResult answered(const ChatJob& job, Engine& engine, Listener& listener) { return run(engine, job, listener, {}); }
    static ChatResult answered(const ChatJob& job)
    {
        Listener listener;
        return answered(job, *makeTorchEngine(), listener);
    }

private Q_SLOTS:
    void aRunOnTheSharedBaseComputesWhatItsOwnModelDoes_data()
    {
        QTest::addColumn<QString>("method");
        for (const char* method : {"lora", "rslora", "dora", "pissa", "olora", "sorsa", "lora-xs", "delta-lora"})
            QTest::newRow(method) << method;
    }
    void aRunOnTheSharedBaseComputesWhatItsOwnModelDoes()
    {
        QFETCH(QString, method);
        const auto folder = trained(method);
        Listener listener;
        JobContext context(listener, {});
        const auto own = openTrained(folder, context);
        Weights weights(openModelSource(golden("tiny").string()));
        Model shared(weights, at::kFloat);
        const at::NoGradGuard guard;
        const auto batch = makeBatch({5, 80, 101, 7, 33, 250, 9});
        const auto before = shared.logits(shared.forward(batch));
        const auto deltas = deltasOfRun(folder, own->config, shared, weights);
        QVERIFY(at::equal(before, shared.logits(shared.forward(batch))));   // left as it was
        for (const auto& [slot, delta] : deltas)
            slot->delta = delta;
        const auto expected = own->model.logits(own->model.forward(batch));
        QVERIFY((shared.logits(shared.forward(batch)) - expected).abs().max().item<double>() < 1e-4);
        QVERIFY((before - expected).abs().max().item<double>() > 1e-3);
    }

    void voicesSayTogetherWhatEachSaysAlone()
    {
        const std::vector<ChatVoice> voices{{.name = "base"}, {.name = "LoRA", .folder = trained("lora")},
            {.name = "PiSSA", .folder = trained("pissa")}, {.name = "full", .folder = trained("full")},
            {.name = "QLoRA", .folder = trained("qlora")}, {.name = "adapter", .adapter = trained("lora") + "/adapter"}};
        Listener listener;
        const auto together = answered(asking(voices), *makeTorchEngine(), listener);
        QCOMPARE(together.answers.size(), voices.size());
        const auto said = heard(listener);
        for (size_t i = 0; i < voices.size(); ++i) {
            const auto alone = answered(asking({voices[i]})).answers.at(0);
            QCOMPARE(together.answers[i].text, alone.text);
            QCOMPARE(together.answers[i].tokens, alone.tokens);
            const auto stream = said.find(int64_t(i));
            QCOMPARE(stream == said.end() ? std::string() : stream->second, alone.text);
        }
        QCOMPARE(together.answers[1].text, together.answers[5].text);   // the run and its adapter
        QVERIFY(together.answers[0].text != together.answers[2].text);
    }

    void answersGrowSideBySide()
    {
        Listener listener;
        answered(asking({{.name = "base"}, {.name = "PiSSA", .folder = trained("pissa")}}), *makeTorchEngine(), listener);
        std::vector<int64_t> order;
        for (const auto& part : listener.all<TextEvent>())
            order.push_back(part.voice);
        QVERIFY(order.size() > 4);
        QVERIFY(std::ranges::count(std::span(order).first(4), 0) == 2);   // neither waits for the other to end
    }

    void oneBaseServesAllThatCanShareIt()
    {
        Listener listener;
        JobContext context(listener, {});
        const auto job = asking({{.name = "base"}, {.name = "LoRA", .folder = trained("lora")}, {.name = "PiSSA", .folder = trained("pissa")},
            {.name = "QLoRA", .folder = trained("qlora")}});
        const Voices voices(job, nullptr, context);
        QCOMPARE(voices.bases(), 1u);
    }

    void whatIsKeptChangesNothing()
    {
        const auto engine = makeTorchEngine();
        Listener listener;
        auto job = asking({{.name = "base"}, {.name = "PiSSA", .folder = trained("pissa")}});
        const auto first = answered(job, *engine, listener);
        for (size_t i = 0; i < 2; ++i) {
            job.voices[i].turns.push_back({"assistant", first.answers[i].text});
            job.voices[i].turns.push_back({"user", "and three more?"});
        }
        const auto kept = answered(job, *engine, listener), fresh = answered(job);
        for (size_t i = 0; i < 2; ++i)
            QCOMPARE(kept.answers[i].text, fresh.answers[i].text);
        std::swap(job.voices[0], job.voices[1]);   // taken over by what they are, not by their place
        QCOMPARE(answered(job, *engine, listener).answers[1].text, fresh.answers[0].text);
    }

    void aNewCheckpointIsHeard()
    {
        const auto folder = at("growing");
        auto c = goldenConfig(golden("tiny"));
        c.method = "pissa";
        c.learningRate = 2e-2;
        c.steps = 2;
        const auto engine = makeTorchEngine();
        Listener listener;
        run(*engine, runIn(folder, c), listener, {});
        const auto job = asking({{.name = "run", .folder = folder.string()}});
        ChatRoom room;
        JobContext context(listener, {});
        const auto before = room.answer(job, context).answers[0].text;
        c.steps = 20;
        run(*engine, runIn(folder, c, true), listener, {});
        const auto after = room.answer(job, context).answers[0].text;
        QCOMPARE(after, answered(job).answers[0].text);
        QVERIFY(before != after);
    }

    void aStopEndsEveryAnswer()
    {
        // Controls are asked ten times a second: a tiny model has said everything by then.
        struct SlowListener : Listener
        {
            void on(const Event& event) override
            {
                Listener::on(event);
                if (std::holds_alternative<TextEvent>(event))
                    std::this_thread::sleep_for(std::chrono::milliseconds(10));
            }
        } listener;
        listener.react = [](const Listener& all) { return Controls{.stop = all.all<TextEvent>().size() > 2}; };
        auto job = asking({{.name = "base"}, {.name = "LoRA", .folder = trained("lora")}});
        job.maxTokens = 200;
        const auto result = answered(job, *makeTorchEngine(), listener);
        for (const auto& one : result.answers)
            QCOMPARE(one.stop, "cancelled");
    }

    void samplingFollowsTheSeedAlone()
    {
        auto job = asking({{.name = "one"}, {.name = "two"}});
        job.temperature = 1.5;
        job.maxTokens = 40;
        const auto first = answered(job).answers;
        QCOMPARE(first[0].text, first[1].text);   // the same numbers for every voice
        QCOMPARE(first[0].text, answered(job).answers[0].text);
        job.seed = 1;
        QVERIFY(first[0].text != answered(job).answers[0].text);
        job.topP = 1e-9;   // only the likeliest is left
        auto greedy = job;
        greedy.temperature = 0;
        QCOMPARE(answered(job).answers[0].text, answered(greedy).answers[0].text);
    }

    void aGeneratorTakesUpWhatItHasSeen()
    {
        Listener listener;
        Weights weights(openModelSource(golden("tiny").string()));
        const Model model(weights, at::kFloat);
        const ModelText text(golden("tiny"));
        const auto grown = [&](Generator& generator, const std::vector<int32_t>& ids) {
            generator.prime(ids);
            std::vector<int32_t> found;
            for (int i = 0; i < 8; ++i) {
                if (const auto id = generator.next())
                    found.push_back(*id);
            }
            return found;
        };
        Generator used(model, text.tokenizer());
        grown(used, {5, 80, 101, 7, 33});
        for (const std::vector<int32_t>& ids : {std::vector<int32_t>{5, 80, 101, 9}, {5, 80, 101, 9, 44, 45}, {5, 80}, {5, 80}}) {
            Generator fresh(model, text.tokenizer());
            QVERIFY(grown(used, ids) == grown(fresh, ids));
        }
        QVERIFY(!messageOf([&] { used.prime({}); }).empty());
        QVERIFY(!messageOf([&] { used.prime(std::vector<int32_t>(256, 5)); }).empty());
        QVERIFY(!messageOf([&] { used.prime({5, 1000}); }).empty());
        used.prime(std::vector<int32_t>(255, 5));   // room for one
        QVERIFY(used.next().has_value() || used.stop() == "end");
        QVERIFY(!used.next());
    }

    void whatAPersonWritesIsText()
    {
        const ModelText text(golden("tiny"));
        const auto& tokenizer = text.tokenizer();
        const Prompt prompt(tokenizer, "{% for m in messages %}<s>{{ m.content }}{% endfor %}{% if add_generation_prompt %}</s>{% endif %}");
        const auto plain = prompt.ids({{"user", "ab"}}), tricky = prompt.ids({{"user", "a<s>b</s>"}});
        QCOMPARE(std::ranges::count(plain, tokenizer.idOf("<s>")), 1);
        QCOMPARE(std::ranges::count(tricky, tokenizer.idOf("<s>")), 1);
        QCOMPARE(std::ranges::count(tricky, tokenizer.idOf("</s>")), 1);
        QCOMPARE(tricky.back(), tokenizer.idOf("</s>"));
        QCOMPARE(tokenizer.decode(Prompt(tokenizer, {}).ids({{"user", "one"}, {"assistant", "two"}, {"user", "three"}})), "one\ntwo\nthree\n");
    }

    void refusesWithTheVoicesName()
    {
        const auto message = [&](ChatJob job) { return QString::fromStdString(messageOf([&] { answered(job); })); };
        QVERIFY(message(asking({})).contains("voices"));
        QVERIFY(message(asking({{.name = "lost", .folder = at("nowhere").string()}})).contains("\"lost\""));
        QVERIFY(message(asking({{.name = "lost", .adapter = at("nowhere").string()}})).contains("\"lost\""));
        auto silent = asking({{.name = "silent"}});
        silent.voices[0].turns.clear();
        QVERIFY(message(silent).contains("silent"));
        auto encoder = asking({{.name = "reader"}});
        encoder.model = golden("families/bert").string();
        const auto refused = message(encoder);
        QVERIFY2(refused.contains("\"reader\"") && refused.contains("encoder"), qPrintable(refused));
        auto longer = asking({{.name = "talker"}}, std::string(600, 'x'));
        QVERIFY(message(longer).contains("\"talker\""));
        auto hot = asking({{.name = "base"}});
        hot.topP = 0;
        QVERIFY(message(hot).contains("topP"));
    }

    void modelsGoAfterTheirTimeAndOnRequest()
    {
        Listener listener;
        JobContext context(listener, {});
        ChatRoom room(std::chrono::milliseconds(100));
        const auto job = asking({{.name = "base"}});
        room.answer(job, context);
        QVERIFY(!room.isEmpty());
        QTRY_VERIFY_WITH_TIMEOUT(room.isEmpty(), 5000);
        ChatRoom patient;
        patient.answer(job, context);
        patient.release();
        QVERIFY(patient.isEmpty());
        // A release while a chat is at work: it ends, and nothing stays.
        Listener releasing;
        releasing.react = [&](const Listener&) {
            patient.release();
            return Controls{};
        };
        JobContext other(releasing, {});
        QVERIFY(!patient.answer(job, other).answers[0].stop.empty());
        QVERIFY(patient.isEmpty());
    }

    void chatsFromSeveralThreads()
    {
        const auto engine = makeTorchEngine();
        const auto job = asking({{.name = "base"}, {.name = "PiSSA", .folder = trained("pissa")}});
        const auto expected = answered(job);
        std::mutex guard;
        int right = 0;
        {
            std::vector<std::jthread> threads;
            for (int i = 0; i < 3; ++i) {
                threads.emplace_back([&] {
                    Listener listener;
                    const auto found = answered(job, *engine, listener);
                    const std::lock_guard lock(guard);
                    right += found.answers[0].text == expected.answers[0].text && found.answers[1].text == expected.answers[1].text;
                });
            }
        }
        QCOMPARE(right, 3);
    }
};

QTEST_GUILESS_MAIN(TestChat)
#include "tst_chat.moc"
