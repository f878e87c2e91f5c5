// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Where a run's rows come from: a streamed file gives the numbers of one in memory, with 8 bytes a row or none; packing changes which
// rows share a step and no loss; rows set aside; files that go away (DS17, DS18, DS21, DS22).
#include "training/api/error.h"
#include "training/train/packs.h"
#include "training/train/sample_feed.h"

#include "tests/support/engine_fixture.h"

#include <QTemporaryDir>
#include <QTest>

#include <cmath>
#include <cstdlib>

using namespace rankwright;

namespace {

int64_t residentBytes()
{
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;) {
        int64_t kilobytes = 0;
        if (word == "VmRSS:" && status >> kilobytes)
            return kilobytes * 1024;
    }
    return -1;
}

// While it lives, every file is streamed.
struct Streaming
{
    Streaming() { ::setenv("RANKWRIGHT_STREAM_FROM", "1", 1); }
    ~Streaming() { ::unsetenv("RANKWRIGHT_STREAM_FROM"); }
};

bool mentions(const std::vector<NoteEvent>& notes, const char* pattern)
{
    return std::any_of(notes.begin(), notes.end(),
        [&](const NoteEvent& note) { return QRegularExpression(pattern).match(QString::fromStdString(note.text)).hasMatch(); });
}

}  // namespace

class TestSampleFeed : public QObject
{
    Q_OBJECT

    QTemporaryDir m_folder;
    int m_runs = 0;
    std::filesystem::path newFolder() { return m_folder.filePath(QString::number(++m_runs)).toStdString(); }
    static RunConfig config()
    {
        auto c = goldenConfig(golden("tiny"));
        c.method = "lora";
        c.order = "shuffled";
        c.threads = 1;
        return c;
    }
    TrainResult train(const RunConfig& config, Listener& listener)
    {
        return run(*makeTorchEngine(), runIn(newFolder(), config), listener, {});
    }
    std::string copyOfRows(const char* name)
    {
        const auto path = std::filesystem::path(m_folder.path().toStdString()) / name;
        std::filesystem::copy_file(golden("rows.jsonl"), path, std::filesystem::copy_options::overwrite_existing);
        return path.string();
    }

private Q_SLOTS:
    void packsHoldEveryRowOnce_data()
    {
        QTest::addColumn<QString>("order");
        QTest::newRow("shuffled") << "shuffled";
        QTest::newRow("sequential") << "sequential";
    }
    void packsHoldEveryRowOnce()
    {
        QFETCH(QString, order);
        constexpr int64_t rows = 1000, most = 128;
        const auto tokens = [](int64_t row) { return 1 + (row * 37) % 150; };
        RowOrder rowOrder(rows, order.toStdString(), 7);
        Packs packs(rowOrder, tokens, most);
        int64_t pack = 0, next = 0;
        for (int64_t epoch = 0; epoch < 3; ++epoch) {
            for (int64_t i = 0; i < packs.perEpoch(epoch); ++i, ++pack) {
                const auto [first, last] = packs.samples(pack);
                QCOMPARE(first, next);
                int64_t held = 0;
                for (auto sample = first; sample < last; ++sample)
                    held += std::min(most, tokens(rowOrder.row(sample)));
                QVERIFY(held <= most);
                // As many as fit: the next one would not have.
                if (last % rows != 0)
                    QVERIFY(held + std::min(most, tokens(rowOrder.row(last))) > most);
                next = last;
            }
            QCOMPARE(next, (epoch + 1) * rows);
        }
        // A function of the number alone: a resume starts anywhere.
        RowOrder again(rows, order.toStdString(), 7);
        Packs fresh(again, tokens, most);
        QCOMPARE(fresh.samples(pack - 5), packs.samples(pack - 5));
        QCOMPARE(fresh.samples(3), packs.samples(3));
    }

    void longRowsArePacked()
    {
        RowOrder order(10, "sequential", 0);
        Packs packs(order, [](int64_t row) { return row < 5 ? 100'000 : 300'001; }, 600'000);
        QCOMPARE(packs.samples(0), (std::pair<int64_t, int64_t>(0, 5)));
        QCOMPARE(packs.samples(1), (std::pair<int64_t, int64_t>(5, 6)));
    }

    void packedLossesAreTheRowsOwn_data()
    {
        QTest::addColumn<double>("dropout");
        QTest::newRow("no dropout") << 0.0;
        QTest::newRow("dropout") << 0.1;
    }
    void packedLossesAreTheRowsOwn()
    {
        QFETCH(double, dropout);
        auto c = config();
        c.dropout = dropout;
        c.packing = "on";
        c.batch = 1;
        c.steps = 1;
        Listener packed;
        train(c, packed);
        // The rows of the first pack, each in a batch of its own.
        auto alone = c;
        alone.packing = "off";
        int64_t rows = 1;
        Listener single;
        for (; rows < 100; ++rows) {
            alone.accumulate = rows;
            single = {};
            train(alone, single);
            if (single.all<StepEvent>()[0].tokens >= packed.all<StepEvent>()[0].tokens)
                break;
        }
        QVERIFY(rows > 1);
        const auto a = packed.all<StepEvent>()[0], b = single.all<StepEvent>()[0];
        QCOMPARE(a.tokens, b.tokens);
        QCOMPARE(a.targets, b.targets);
        QVERIFY2(std::abs(a.loss - b.loss) < 1e-6 * b.loss, qPrintable(QString("%1 %2").arg(a.loss, 0, 'g', 12).arg(b.loss, 0, 'g', 12)));
        QVERIFY(std::abs(a.gradNorm - b.gradNorm) < 1e-5 * b.gradNorm);
    }

    void packedEpochsAreShorter()
    {
        auto c = config();
        c.steps = 0;
        Listener off, on;
        train(c, off);
        c.packing = "on";
        const auto result = train(c, on);
        QVERIFY(result.outcome == RunState::finished);
        QVERIFY(on.all<RunStarted>()[0].steps < off.all<RunStarted>()[0].steps);
        QCOMPARE(on.all<StepEvent>().size(), size_t(on.all<RunStarted>()[0].steps));
        QVERIFY(on.all<StepEvent>().back().tokens >= off.all<StepEvent>().back().tokens);   // the last batch goes into the next epoch
    }

    void streamedIsAsInMemory_data()
    {
        QTest::addColumn<QString>("order");
        QTest::addColumn<QString>("packing");
        QTest::addColumn<double>("validation");
        QTest::addColumn<QString>("rows");
        QTest::newRow("shuffled") << "shuffled" << "off" << 0.0 << "";
        QTest::newRow("sequential") << "sequential" << "off" << 0.0 << "";
        QTest::newRow("rows set aside") << "shuffled" << "off" << 0.3 << "";
        QTest::newRow("sequential, set aside") << "sequential" << "off" << 0.3 << "";
        QTest::newRow("some rows") << "sequential" << "off" << 0.0 << "2:9";
        QTest::newRow("packed") << "shuffled" << "on" << 0.0 << "";
        QTest::newRow("packed, sequential") << "sequential" << "on" << 0.3 << "";
    }
    void streamedIsAsInMemory()
    {
        QFETCH(QString, order);
        QFETCH(QString, packing);
        QFETCH(double, validation);
        QFETCH(QString, rows);
        auto c = config();
        c.order = order.toStdString();
        c.packing = packing.toStdString();
        c.validation = validation;
        c.rows = rows.toStdString();
        Listener memory, streamed;
        train(c, memory);
        const Streaming streaming;
        train(c, streamed);
        const auto a = memory.all<RunStarted>().at(0), b = streamed.all<RunStarted>().at(0);
        QCOMPARE(b.rows, a.rows);
        QCOMPARE(b.dataHash, a.dataHash);
        QCOMPARE(b.orderHash, a.orderHash);
        QCOMPARE(b.evalHash, a.evalHash);
        QCOMPARE(streamed.losses(), memory.losses());
        QCOMPARE(memory.all<EvalEvent>().empty(), validation == 0);
        for (size_t i = 0; i < memory.all<EvalEvent>().size(); ++i)
            QCOMPARE(streamed.all<EvalEvent>()[i].loss, memory.all<EvalEvent>()[i].loss);
    }

    void armsSetTheSameRowsAside()
    {
        auto c = config();
        c.validation = 0.25;
        c.steps = 2;
        Listener lora, pissa, other;
        train(c, lora);
        c.method = "pissa";
        c.batch = 1;
        train(c, pissa);
        QCOMPARE(pissa.all<RunStarted>()[0].evalHash, lora.all<RunStarted>()[0].evalHash);
        QCOMPARE(pissa.all<RunStarted>()[0].orderHash, lora.all<RunStarted>()[0].orderHash);
        c.seed = 1;
        train(c, other);
        QVERIFY(other.all<RunStarted>()[0].evalHash != lora.all<RunStarted>()[0].evalHash);
        QVERIFY(lora.all<RunStarted>()[0].rows + lora.all<RunStarted>()[0].evalRows > 0);
    }

    void aFileThatGoesAwayStopsTheRun()
    {
        // DS18: the step at hand is done, a checkpoint is written, the reason is said, and the run can be resumed.
        const Streaming streaming;
        auto c = config();
        c.data = copyOfRows("going.jsonl");
        Listener whole;
        train(c, whole);
        const auto folder = newFolder();
        Listener first;
        const auto away = c.data + ".away";
        first.react = [&](const Listener& seen) {
            if (seen.all<StepEvent>().size() == 5 && std::filesystem::exists(c.data))
                std::filesystem::rename(c.data, away);
            return Controls {};
        };
        const auto result = run(*makeTorchEngine(), runIn(folder, c), first, {});
        QVERIFY(result.outcome == RunState::stopped);
        QVERIFY2(result.reason.find("cannot be read any more") != std::string::npos, result.reason.c_str());
        QVERIFY(result.step >= 5 && result.step < 20);
        QCOMPARE(first.all<CheckpointEvent>().back().step, result.step);
        std::filesystem::rename(away, c.data);
        Listener second;
        const auto resumed = run(*makeTorchEngine(), runIn(folder, c, true), second, {});
        QVERIFY(resumed.outcome == RunState::finished);
        auto losses = first.losses();
        const auto rest = second.losses();
        losses.insert(losses.end(), rest.begin(), rest.end());
        QCOMPARE(losses, whole.losses());
    }

    void anEditedFileIsNotResumed()
    {
        const Streaming streaming;   // DS17
        auto c = config();
        c.data = copyOfRows("edited.jsonl");
        const auto folder = newFolder();
        Listener first;
        first.react = [](const Listener& seen) { return Controls {.stop = seen.all<StepEvent>().size() >= 3}; };
        run(*makeTorchEngine(), runIn(folder, c), first, {});
        std::ofstream(c.data, std::ios::app) << "\n";
        try {
            Listener second;
            run(*makeTorchEngine(), runIn(folder, c, true), second, {});
            QFAIL("it was resumed");
        } catch (const Error& error) {
            QCOMPARE(error.code(), Code::changed);
        }
        auto forced = runIn(folder, c, true);
        forced.force = true;
        Listener third;
        QVERIFY(run(*makeTorchEngine(), forced, third, {}).outcome == RunState::finished);
    }

    void sameRowsInBothPartsAreCounted_data()
    {
        QTest::addColumn<bool>("streamed");
        QTest::newRow("in memory") << false;
        QTest::newRow("streamed") << true;
    }
    void sameRowsInBothPartsAreCounted()
    {
        QFETCH(bool, streamed);
        auto c = config();   // DS21
        c.evalData = c.data;
        c.evalRows = ":3";
        c.steps = 1;
        Listener listener;
        const auto streaming = streamed ? std::make_unique<Streaming>() : nullptr;
        train(c, listener);
        QVERIFY(mentions(listener.all<NoteEvent>(), "^3 training rows have the same text as rows of the evaluation"));
    }

    void oneRowIsEnough()
    {
        auto c = config();   // DS22
        c.rows = ":1";
        c.batch = 4;
        c.steps = 3;
        Listener listener;
        QVERIFY(train(c, listener).outcome == RunState::finished);
        c.validation = 0.5;
        try {
            Listener none;
            train(c, none);
            QFAIL("nothing is left for one of the parts");
        } catch (const Error& error) {
            QVERIFY(error.code() == Code::config && error.parts().found.find("no row left") != std::string::npos);
        }
    }

    void streamedRowsTakeFewBytes_data()
    {
        QTest::addColumn<bool>("sequential");
        QTest::newRow("shuffled") << false;
        QTest::newRow("sequential") << true;
    }
    void streamedRowsTakeFewBytes()
    {
        QFETCH(bool, sequential);
        constexpr int64_t rows = 2'000'000;
        const auto path = std::filesystem::path(m_folder.path().toStdString()) / "many.jsonl";
        std::ofstream file(path);
        for (int64_t row = 0; row < rows; ++row)
            file << "{\"prompt\": \"" << row << "\", \"response\": \"b\"}\n";
        file.close();
        const auto before = residentBytes();
        FileFeed feed({.file = path, .reading = {}, .sequential = sequential});
        RowOrder order(feed.rows(), sequential ? "sequential" : "shuffled", 0);
        static_cast<void>(order.row(0));
        const auto perRow = double(residentBytes() - before) / double(rows);
        qInfo("%s: %.2f bytes a row", sequential ? "sequential" : "shuffled", perRow);
        QCOMPARE(feed.rows(), rows);
        QVERIFY2(perRow <= (sequential ? 1.0 : 16.0), qPrintable(QString::number(perRow)));
        // And they are the rows: any of them, and one after the other.
        feed.setTokeniser([](const Example& example, int64_t row) {
            Sample sample;
            sample.ids = {int32_t(std::stoi(example.prompt))};
            sample.row = row;
            return sample;
        });
        for (const int64_t row : {int64_t(1'234'567), int64_t(4095), int64_t(4096), int64_t(4097), rows - 1, int64_t(0)}) {
            QCOMPARE(feed.at(row)->ids[0], int32_t(row));
            QCOMPARE(feed.at(row)->row, row);
        }
        for (int64_t row = 10; row < 200; row += 4) {
            feed.expect({row, row + 1, row + 2, row + 3});
            for (int64_t i = row; i < row + 4; ++i)
                QCOMPARE(feed.at(i)->ids[0], int32_t(i));
        }
    }

    void previewsShowLabelsAndCells()
    {
        const auto path = m_folder.filePath("labels.csv").toStdString();
        std::ofstream(path) << "idx,sentence,label\n0,good,yes\n1,bad,no\n2,fine,yes\n";
        PreviewJob job;
        job.config = config();
        job.config.data = path;
        job.samples = 2;
        job.first = 1;
        Listener listener;
        const auto preview = run(*makeTorchEngine(), job, listener, {});
        QCOMPARE(preview.task, std::string("classify"));
        QCOMPARE(preview.format, std::string("labels"));
        QCOMPARE(preview.labels, (std::map<std::string, int64_t> {{"no", 1}, {"yes", 2}}));
        QCOMPARE(preview.available, (std::vector<std::string> {"idx", "sentence", "label"}));
        QCOMPARE(preview.head.at(1), (std::vector<std::string> {"1", "bad", "no"}));
        QCOMPARE(preview.rows, 3);
        QCOMPARE(preview.samples.size(), 2u);
        QCOMPARE(preview.samples[0].label, std::string("no"));
        // Every byte of the text is covered once, and nothing else claims a place.
        std::string covered(3, '.');
        for (const auto& piece : preview.samples[0].pieces) {
            QVERIFY(!piece.trained);
            QCOMPARE(piece.special, piece.begin < 0);
            for (auto i = std::max<int64_t>(0, piece.begin); i < piece.end; ++i)
                covered.at(size_t(i)) = covered.at(size_t(i)) == '.' ? '#' : '!';
        }
        QCOMPARE(covered, std::string("###"));
        job.config.data = golden("rows.jsonl").string();
        const auto plain = run(*makeTorchEngine(), job, listener, {});
        QCOMPARE(plain.task, std::string("lm"));
        QVERIFY(plain.labels.empty() && plain.samples[0].label.empty() && plain.samples[0].pieces[0].begin == 0);
    }

    void aRowThatCannotBeTokenisedIsNamed()
    {
        FileFeed feed({.file = golden("rows.jsonl"), .reading = {}});
        feed.setTokeniser([](const Example&, int64_t row) -> Sample {
            if (row == 3)
                throw Error({.code = Code::data, .place = "row 4", .found = "a bad row"});
            return {};
        });
        feed.expect({2, 3, 4});
        QVERIFY(feed.at(2) && feed.at(4));
        for (int again = 0; again < 2; ++again) {
            try {
                static_cast<void>(feed.at(3));
                QFAIL("it was given");
            } catch (const Error& error) {
                QCOMPARE(error.parts().place, std::string("row 4"));
            }
        }
    }
};

QTEST_GUILESS_MAIN(TestSampleFeed)
#include "tst_sample_feed.moc"
