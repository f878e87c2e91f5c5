// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Exactness of training: pairing, accumulation, resume, stop, pause, divergence, step 0.
#include "training/api/error.h"
#include "training/io/tensor_writer.h"
#include "training/io/weights.h"
#include "training/train/checkpoint.h"

#include "tests/support/engine_fixture.h"

#include <ATen/ATen.h>

#include <QTemporaryDir>
#include <QTest>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <fstream>

using namespace rankwright;

class TestTrainer : public QObject
{
    Q_OBJECT

    QTemporaryDir m_folder;
    int m_runs = 0;
    std::filesystem::path newFolder() { return m_folder.filePath(QString::number(++m_runs)).toStdString(); }

    static RunConfig config(const std::string& method = "pissa")
    {
        auto c = goldenConfig(golden("tiny"));
        c.method = method;
        c.order = "shuffled";
        c.loss = "answer";
        c.threads = 1;
        return c;
    }

    static TrainResult trainWith(const TrainJob& job, Listener& listener, std::stop_token stop = {})
    {
        return run(*makeTorchEngine(), job, listener, stop);
    }

    static std::string bytesOf(const std::filesystem::path& file)
    {
        std::ifstream stream(file, std::ios::binary);
        return {std::istreambuf_iterator<char>(stream), {}};
    }

    // Changes one bit.
    static void flip(const std::filesystem::path& file, int64_t at)
    {
        std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
        stream.seekg(at);
        const int byte = stream.get();
        stream.seekp(at);
        stream.put(char(byte ^ 1));
    }

private Q_SLOTS:
    void lossFallsAndStepZeroIsTheBase_data()
    {
        QTest::addColumn<QString>("method");
        QTest::addColumn<QString>("dtype");
        for (const char* method : {"lora", "pissa"}) {
            for (const char* dtype : {"float32", "bfloat16"})
                QTest::addRow("%s %s", method, dtype) << method << dtype;
        }
    }
    void lossFallsAndStepZeroIsTheBase()
    {
        QFETCH(QString, method);
        QFETCH(QString, dtype);
        auto c = config(method.toStdString());
        c.dtype = dtype.toStdString();
        c.evalData = c.data;
        Listener listener;
        const auto result = trainWith(runIn(newFolder(), c), listener);
        QVERIFY(result.outcome == RunState::finished);
        QCOMPARE(result.step, 20);
        QVERIFY(*result.evalAfter < 0.9 * *result.evalBefore);
        const auto started = listener.all<RunStarted>().at(0);
        const double bound = method == "lora" ? 0 : dtype == "float32" ? 1e-4 : 0.3;
        QVERIFY2(started.stepZero.largest <= bound, qPrintable(QString::number(started.stepZero.largest)));
        QVERIFY(started.stepZero.moduleLargest <= (method == "lora" ? 0 : dtype == "float32" ? 1e-6 : 0x1p-7));
        QVERIFY(verdictOn(started.stepZero) == StartVerdict::same);
        QCOMPARE(listener.all<EvalEvent>().size(), 2u);
        for (const char* file : {"adapter_config.json", "adapter_model.safetensors"})
            QVERIFY(std::filesystem::exists(std::filesystem::path(result.adapter) / file));
    }

    void armsArePaired()
    {
        Listener lora, pissa;
        trainWith(runIn(newFolder(), config("lora")), lora);
        trainWith(runIn(newFolder(), config("pissa")), pissa);
        const auto a = lora.all<RunStarted>().at(0), b = pissa.all<RunStarted>().at(0);
        QCOMPARE(a.orderHash, b.orderHash);
        QVERIFY(a.initHash != b.initHash);
        for (size_t i = 0; i < 20; ++i)
            QCOMPARE(lora.all<StepEvent>()[i].tokens, pissa.all<StepEvent>()[i].tokens);
        // The same base, the same rows: the losses of step 1 are equal to rounding.
        QVERIFY(std::abs(lora.losses()[0] - pissa.losses()[0]) < 1e-4 * lora.losses()[0]);
    }

    void accumulationEqualsABatch()
    {
        auto once = config();
        once.batch = 8;
        auto split = once;
        split.batch = 1;
        split.accumulate = 8;
        Listener a, b;
        trainWith(runIn(newFolder(), once), a);
        trainWith(runIn(newFolder(), split), b);
        for (size_t i = 0; i < 20; ++i)
            QVERIFY(std::abs(a.losses()[i] - b.losses()[i]) < 1e-4 * a.losses()[i]);
        QCOMPARE(a.all<StepEvent>().back().targets, b.all<StepEvent>().back().targets);
    }

    void sameSeedSameNumbers()
    {
        auto c = config("lora");
        c.dropout = 0.1;
        Listener a, b;
        trainWith(runIn(newFolder(), c), a);
        trainWith(runIn(newFolder(), c), b);
        QCOMPARE(a.losses(), b.losses());
        c.seed = 1;
        Listener other;
        trainWith(runIn(newFolder(), c), other);
        QVERIFY(a.losses() != other.losses());
    }

    void stopThenResumeEqualsOneRun_data() { lossFallsAndStepZeroIsTheBase_data(); }
    void stopThenResumeEqualsOneRun()
    {
        QFETCH(QString, method);
        QFETCH(QString, dtype);
        auto c = config(method.toStdString());
        c.dtype = dtype.toStdString();
        c.dropout = method == "lora" ? 0.1 : 0;
        Listener whole, first, second;
        const auto wholeFolder = newFolder(), folder = newFolder();
        trainWith(runIn(wholeFolder, c), whole);
        first.react = [](const Listener& l) { return Controls{.stop = l.all<StepEvent>().size() == 7}; };
        QVERIFY(trainWith(runIn(folder, c), first).outcome == RunState::stopped);
        QCOMPARE(first.all<CheckpointEvent>().back().step, 7);
        QVERIFY(trainWith(runIn(folder, c, true), second).outcome == RunState::finished);
        QCOMPARE(second.all<RunStarted>().at(0).firstStep, 8);
        auto losses = first.losses();
        const auto rest = second.losses();
        losses.insert(losses.end(), rest.begin(), rest.end());
        QCOMPARE(losses, whole.losses());
        QCOMPARE(bytesOf(folder / "adapter/adapter_model.safetensors"), bytesOf(wholeFolder / "adapter/adapter_model.safetensors"));
    }

    // A child trains and is killed at a random moment, again and again, until it ends; its adapter equals the undisturbed one's.
    void killedAtRandomThenResumedEqualsOneRun()
    {
        auto c = config();
        c.saveEvery = 1;
        c.steps = 30;
        const auto wholeFolder = newFolder(), folder = newFolder();
        Listener whole;
        trainWith(runIn(wholeFolder, c), whole);
        std::filesystem::create_directories(folder);
        srand(7);
        int kills = 0;
        for (bool finished = false; !finished;) {
            const auto program = QCoreApplication::applicationFilePath();
            const pid_t child = ::fork();
            if (child == 0) {
                ::execl(program.toLocal8Bit().constData(), "tst_trainer", "--train", folder.c_str(), nullptr);
                ::_exit(99);
            }
            const bool kill = kills < 4;
            if (kill) {
                // Waits until it has begun to write steps, then a random moment.
                while (!std::filesystem::exists(folder / "start.safetensors"))
                    ::usleep(5'000);
                ::usleep(useconds_t(1'000 + rand() % 250'000));
                ::kill(child, SIGKILL);
                ++kills;
            }
            int status = 0;
            ::waitpid(child, &status, 0);
            finished = WIFEXITED(status) && WEXITSTATUS(status) == 0;
            QVERIFY(finished || WIFSIGNALED(status));
        }
        qInfo("killed %d times", kills);
        QCOMPARE(bytesOf(folder / "adapter/adapter_model.safetensors"), bytesOf(wholeFolder / "adapter/adapter_model.safetensors"));
    }

    void pausesAndWritesCheckpointsOnRequest()
    {
        Listener listener;
        int asked = 0;
        listener.react = [&](const Listener& l) {
            const auto steps = l.all<StepEvent>().size();
            if (steps == 3 && ++asked < 10)
                return Controls{.pause = true, .checkpoint = asked < 6};
            return Controls{};
        };
        QVERIFY(trainWith(runIn(newFolder(), config()), listener).outcome == RunState::finished);
        QVERIFY(asked >= 10);
        const auto checkpoints = listener.all<CheckpointEvent>();
        QCOMPARE(checkpoints.at(1).step, 3);
    }

    void damagedCheckpointFallsBackToTheOneBefore_data()   // CK05, CK06
    {
        QTest::addColumn<QString>("what");
        QTest::newRow("CK05 tensors") << "state.safetensors";
        QTest::newRow("CK05 manifest") << "manifest.json";
    }
    void damagedCheckpointFallsBackToTheOneBefore()
    {
        QFETCH(QString, what);
        const auto folder = newFolder();
        auto c = config();
        c.saveEvery = 5;
        Listener first, second;
        first.react = [](const Listener& l) { return Controls{.stop = l.all<StepEvent>().size() == 12}; };
        trainWith(runIn(folder, c), first);
        flip(folder / "checkpoints/step-000012" / what.toStdString(), what == "manifest.json" ? 4 : 5000);
        std::filesystem::create_directories(folder / "checkpoints/step-000099.tmp-1");
        trainWith(runIn(folder, c, true), second);
        QCOMPARE(second.all<RunStarted>().at(0).firstStep, 11);
        QVERIFY(second.all<NoteEvent>().at(0).text.find("step-000012") != std::string::npos);
    }

    void refusesToResumeWithOtherData()
    {
        const auto folder = newFolder();
        const auto data = folder.string() + ".jsonl";
        auto c = config();
        std::filesystem::copy_file(c.data, data);
        c.data = data;
        Listener listener;
        listener.react = [](const Listener& l) { return Controls{.stop = l.all<StepEvent>().size() == 2}; };
        trainWith(runIn(folder, c), listener);
        std::ofstream(data, std::ios::app) << "{\"prompt\":\"x\",\"response\":\"y\"}\n";
        Listener again;
        QVERIFY_EXCEPTION_THROWN(trainWith(runIn(folder, c, true), again), Error);
        auto forced = runIn(folder, c, true);
        forced.force = true;
        QVERIFY(trainWith(forced, again).outcome == RunState::finished);
        // CK07: another rate, rank or selection of modules is another run.
        for (const auto& change : std::vector<std::function<void(RunConfig&)>>{[](auto& x) { x.learningRate *= 2; },
                 [](auto& x) { x.rank = 2; }, [](auto& x) { x.modules = "q_proj"; }, [](auto& x) { x.method = "lora"; }}) {
            auto other = c;
            change(other);
            QVERIFY_EXCEPTION_THROWN(trainWith(runIn(folder, other, true), again), Error);
        }
    }

    void refusesToResumeOnAnotherBase()   // CK07
    {
        const auto folder = newFolder(), model = newFolder();
        std::filesystem::copy(golden("tiny"), model, std::filesystem::copy_options::recursive);
        auto c = config();
        c.model = model.string();
        Listener listener;
        listener.react = [](const Listener& l) { return Controls{.stop = l.all<StepEvent>().size() == 2}; };
        trainWith(runIn(folder, c), listener);
        flip(model / "model.safetensors", 100'000);
        Listener again;
        QVERIFY_EXCEPTION_THROWN(trainWith(runIn(folder, c, true), again), Error);
    }

    void refusesADamagedStart()   // CK05
    {
        const auto folder = newFolder();
        Listener listener;
        listener.react = [](const Listener& l) { return Controls{.stop = l.all<StepEvent>().size() == 2}; };
        trainWith(runIn(folder, config()), listener);
        flip(folder / "start.safetensors", 20'000);
        Listener again;
        QVERIFY_EXCEPTION_THROWN(trainWith(runIn(folder, config(), true), again), Error);
    }

    void stopsWhilePreparing()   // TR09
    {
        Listener listener;
        listener.react = [](const Listener&) { return Controls{.stop = true}; };
        try {
            trainWith(runIn(newFolder(), config()), listener);
            QFAIL("it went on");
        } catch (const Error& error) {
            QVERIFY(error.code() == Code::stopped);
        }
        QVERIFY(listener.losses().empty());
    }

    // TR01, TR02: one row's loss and gradient are NaN (its token's embedding is); the step is skipped, counted, said, and training
    // goes on as if the row were not there.
    void aNonFiniteStepIsSkippedAndTrainingGoesOn()
    {
        const auto model = newFolder();
        std::filesystem::copy(golden("tiny"), model, std::filesystem::copy_options::recursive);
        NamedTensors tensors;
        for (auto& [name, tensor] : readTensors(golden("tiny") / "model.safetensors")) {
            if (name == "model.embed_tokens.weight")
                tensors.emplace_back("lm_head.weight", tensor.clone());
            tensors.emplace_back(name, tensor.clone());
            if (name == "model.embed_tokens.weight")
                tensors.back().second['Z'].fill_(std::nan(""));
        }
        writeTensors(model / "model.safetensors", tensors, {{"format", "pt"}});
        auto json = readJsonFile(model / "config.json", 1 << 20);
        json["tie_word_embeddings"] = false;
        std::ofstream(model / "config.json") << json.dump();
        const auto data = model.string() + ".jsonl";
        std::ofstream stream(data);
        for (int i = 0; i < 6; ++i)
            stream << nlohmann::json{{"prompt", (i == 3 ? "Z" : "Y") + std::to_string(i)}, {"response", "the answer"}} << "\n";
        stream.close();
        auto c = config("lora");
        c.model = model.string();
        c.data = data;
        c.order = "sequential";
        c.batch = 1;
        c.steps = 9;
        Listener listener;
        QVERIFY(trainWith(runIn(newFolder(), c), listener).outcome == RunState::finished);
        const auto steps = listener.all<StepEvent>();
        QCOMPARE(steps.size(), 9u);
        for (size_t i = 0; i < steps.size(); ++i) {
            QCOMPARE(steps[i].skipped, i == 3);
            QCOMPARE(std::isfinite(steps[i].loss), i != 3);
        }
        const auto notes = listener.all<NoteEvent>();
        QVERIFY(std::any_of(notes.begin(), notes.end(), [](const NoteEvent& note) { return note.text.starts_with("Step 4:"); }));
        QVERIFY(steps[8].loss < steps[2].loss);
    }

    void divergenceStopsAndKeepsTheFiniteCheckpoint()
    {
        const auto folder = newFolder();
        auto c = config("lora");
        c.learningRate = 10;   // the largest allowed, and far too large
        c.weightDecay = 1;
        c.alpha = 1e6;
        c.clip = 0;
        c.steps = 60;
        Listener listener;
        try {
            trainWith(runIn(folder, c), listener);
            QFAIL("it did not stop");
        } catch (const Error& error) {
            QVERIFY(error.code() == Code::diverged);
            QVERIFY(QString(error.what()).contains("checkpoint, of step 0"));   // TR03
        }
        const auto steps = listener.all<StepEvent>();
        QVERIFY(steps.size() >= 5 && steps.back().skipped);
        const auto checkpoint = findCheckpoint(folder);
        QVERIFY(checkpoint.has_value());
        for (const auto& [name, tensor] : readTensors(checkpoint->folder / "state.safetensors"))
            QVERIFY(at::isfinite(tensor).all().item<bool>());
    }

    void refusesARankAboveTheMatrix()
    {
        auto c = config();
        c.rank = 33;
        Listener listener;
        try {
            trainWith(runIn(newFolder(), c), listener);
            QFAIL("accepted");
        } catch (const Error& error) {
            QVERIFY(QString(error.what()).contains("min(out, in)"));
        }
    }

    void ranksPerModuleAreUsed()
    {
        auto c = config();
        c.plan = {{"model.layers.0.self_attn.q_proj", {2, 4}}, {"model.layers.1.mlp.up_proj", {0, 0}}};
        c.steps = 2;
        Listener listener;
        const auto folder = newFolder();
        trainWith(runIn(folder, c), listener);
        const auto tensors = readTensors(folder / "start.safetensors");
        QCOMPARE(tensors.at("model.layers.0.self_attn.q_proj.lora_A").size(0), 2);
        QCOMPARE(tensors.at("model.layers.0.self_attn.k_proj.lora_A").size(0), 4);
        QVERIFY(!tensors.contains("model.layers.1.mlp.up_proj.lora_A"));
    }
};

int main(int argc, char** argv)
{
    if (argc == 3 && std::string(argv[1]) == "--train") {
        auto c = goldenConfig(golden("tiny"));
        c.method = "pissa";
        c.order = "shuffled";
        c.loss = "answer";
        c.threads = 1;
        c.saveEvery = 1;
        c.steps = 30;
        Listener listener;
        run(*makeTorchEngine(), runIn(argv[2], c, std::filesystem::exists(std::string(argv[2]) + "/start.safetensors")),
            listener, {});
        return 0;
    }
    QCoreApplication application(argc, argv);
    TestTrainer test;
    return QTest::qExec(&test, argc, argv);
}
#include "tst_trainer.moc"
