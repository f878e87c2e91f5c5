// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Parquet files through rankwright-parquet: rows as pyarrow wrote them, and the catalogue of files that must not harm us (DS13 to DS16).
#include "tests/formats/parquet_bytes.h"
#include "tests/formats/rejection.h"
#include "training/formats/dataset.h"
#include "training/formats/dataset_parquet.h"
#include "training/formats/sha256.h"

#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

#include <cstdlib>

using namespace rankwright;

namespace {

std::filesystem::path golden(const char* name)
{
    return std::filesystem::path(RANKWRIGHT_SOURCE_DIR) / "tests" / "golden" / "parquet" / name;
}

std::string bytesOfFile(const std::filesystem::path& path)
{
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

class TestDatasetParquet : public QObject
{
    Q_OBJECT

private slots:
    void initTestCase();
    void readsConversations();
    void readsPairsWithLabels();
    void readsNoMoreThanAskedFor();
    void readsRowsAgain();
    void refusesBadFiles_data();
    void refusesBadFiles();
    void unpackedRowsAreBounded();
    void hasNoRightsLeft();
    void stopsWhenAsked();
    void saysHowToGetTheProgram();
    void leavesNothingBehind();

private:
    std::filesystem::path write(std::string_view bytes)
    {
        const auto path = std::filesystem::path(m_folder.path().toStdString()) / "a.parquet";
        writeBytes(path, bytes);
        return path;
    }

    QTemporaryDir m_folder;
};

void TestDatasetParquet::initTestCase()
{
    ::setenv("XDG_CACHE_HOME", (m_folder.path() + "/cache").toUtf8().constData(), 1);
    if (parquetProgram().empty())
        QSKIP("rankwright-parquet is not built: scripts/parquet fetches Arrow");
}

void TestDatasetParquet::readsConversations()
{
    const auto dataset = openDataset(golden("messages.parquet").string(), Split::train);
    QCOMPARE(dataset.format, std::string("messages"));
    QCOMPARE(dataset.examples.size(), size_t(40));
    QCOMPARE(dataset.examples[21].messages[0].content, std::string("How much is 21 + 21?"));
    QCOMPARE(dataset.examples[21].messages[1].content, std::string("42, \"of course\".\n"));
    QCOMPARE(dataset.examples[21].line, 22);
    QCOMPARE(dataset.hash, sha256(bytesOfFile(golden("messages.parquet"))));
    // Every type as text: bytes that are no text are null, decimals and days are written out.
    const std::map<std::string, std::string> wanted {
        {"bytes", "null"}, {"day", "2024-02-29"}, {"price", "1.50"}, {"scores", "[0.5,null]"}, {"source", "a"}};
    for (size_t i = 0; i < dataset.available.size(); ++i) {
        if (wanted.contains(dataset.available[i]))
            QCOMPARE(dataset.head[0][i], wanted.at(dataset.available[i]));
    }
    QCOMPARE(dataset.available.size(), size_t(6));
}

void TestDatasetParquet::readsPairsWithLabels()
{
    const auto classes = openDataset(golden("pairs.parquet").string(), Split::train);
    QCOMPARE(classes.format, std::string("labels"));
    QCOMPARE(classes.task, std::string("classify"));
    QCOMPARE(classes.labels, (std::vector<std::string> {"0", "1", "2"}));
    QCOMPARE(classes.examples[7].prompt, std::string("First 7 \xc3\xa9"));
    QCOMPARE(classes.examples[7].response, std::string("Second 7"));
    QCOMPARE(*classes.examples[7].label, std::string("1"));
    // A column of floating-point numbers stays one where a value has no fraction.
    const auto numbers = openDataset(golden("pairs.parquet").string(), Split::train, {.columns = {{"label", "score"}}});
    QCOMPARE(numbers.task, std::string("regress"));
    QCOMPARE(*numbers.examples[4].label, std::string("1.0"));
}

void TestDatasetParquet::readsNoMoreThanAskedFor()
{
    const auto few = openDataset(golden("messages.parquet").string(), Split::train, {.mostRows = 17});
    QCOMPARE(few.examples.size(), size_t(17));
    QVERIFY(few.part && few.hash.empty());
    const auto whole = openDataset(golden("messages.parquet").string(), Split::train, {.mostBytes = 1 << 20});
    QVERIFY(!whole.part);
    QCOMPARE(whole.examples.size(), size_t(40));
    // 64 MiB of an endless file are enough to look at.
    const auto path = write(parquet_bytes::repeated(std::string(1000, 'x'), 1'000'000'000));
    QCOMPARE(openDataset(path.string(), Split::train, {.mostRows = 1000}).examples.size(), size_t(1000));
}

void TestDatasetParquet::readsRowsAgain()
{
    DatasetRows rows(golden("messages.parquet"), {});
    std::vector<uint64_t> places;
    std::vector<std::string> texts;
    while (const auto example = rows.next()) {
        places.push_back(rows.position());
        texts.push_back(example->messages[0].content);
    }
    for (const size_t row : {39, 0, 16, 15})
        QCOMPARE(rows.at(places[row]).messages[0].content, texts[row]);
    QCOMPARE(rows.next()->messages[0].content, texts[16]);
}

void TestDatasetParquet::refusesBadFiles_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<Code>("code");
    QTest::addColumn<QString>("pattern");
    const auto row = [](const char* id, const std::string& bytes, Code code, const char* pattern) {
        QTest::newRow(id) << QByteArray::fromStdString(bytes) << code << QString(pattern);
    };
    using namespace parquet_bytes;
    const auto good = bytesOfFile(golden("pairs.parquet"));
    QVERIFY(!good.empty());
    row("DS13 16 bytes", "PAR1" + std::string(8, '\0') + "PAR1", Code::format, "a\\.parquet: ");
    row("DS13 8 bytes", "PAR1PAR1", Code::format, "a file of 8 bytes.*PAR1 at both ends");
    row("DS13 bad magic", "PARX" + good.substr(4), Code::format, "no Parquet file");
    row("DS13 text", "{\"prompt\": \"a\", \"response\": \"b\"}\n", Code::format, "no Parquet file.*name it so");
    row("DS13 cut", good.substr(0, good.size() / 2), Code::format, "no end of a Parquet file.*cut off");
    auto footer = good;
    footer.replace(footer.size() - 8, 4, word(0x7fffffff));
    row("DS13 footer length", footer, Code::format, "2147483647");
    auto noise = good;
    for (size_t i = good.size() - 200; i < good.size() - 60; ++i)
        noise[i] = char(i * 37);
    row("DS13 damaged footer", noise, Code::format, "a\\.parquet: Parquet: ");
    const auto delta = varint(128) + varint(4) + varint(2'000'000'000) + varint(0);
    row("DS14 delta of 2e9", file(delta, 2'000'000'000, deltaLengths), Code::limit, "a\\.parquet: .*cap exceeded");
    row("DS15 1e9 rows", repeated(std::string(1000, 'x'), 1'000'000'000), Code::limit, "more than 200 times the file.*64 MiB");
    row("DS16 unknown codec", file("\1\0\0\0x", 1, plainValues, {}, 99), Code::unsupported, "a\\.parquet: ");
    row("DS16 LZO", file("\1\0\0\0x", 1, plainValues, {}, 3), Code::unsupported, "a\\.parquet: .*(LZO|lzo)");
    auto encrypted = good;
    encrypted.replace(encrypted.size() - 4, 4, "PARE");
    row("DS16 encrypted footer", encrypted, Code::unsupported, "an encrypted Parquet file.*without encryption");
}

void TestDatasetParquet::refusesBadFiles()
{
    QFETCH(QByteArray, bytes);
    QFETCH(Code, code);
    QFETCH(QString, pattern);
    const auto path = write({bytes.constData(), size_t(bytes.size())});
    requireRejection([&] { static_cast<void>(openDataset(path.string(), Split::train)); }, code, pattern);
}

// DS15: what one process holds is a batch, not the rows.
void TestDatasetParquet::unpackedRowsAreBounded()
{
    const auto path = write(parquet_bytes::repeated("yes", 3'000'000));
    resetPeakMemory();
    const auto before = memoryMiB("VmRSS:");
    DatasetRows rows(path, {});
    int64_t count = 0;
    while (const auto example = rows.next()) {
        QCOMPARE(example->response, std::string("yes"));
        ++count;
    }
    QCOMPARE(count, 3'000'000);
    QVERIFY(memoryMiB("VmHWM:") - before < 64 * kSlower);
}

// The program tries to open files, connect and start programs after it has given up the right to, and then reads a file.
void TestDatasetParquet::hasNoRightsLeft()
{
    QProcess program;
    program.setStandardInputFile(QString::fromStdString(golden("messages.parquet").string()));
    program.start(QString::fromStdString(parquetProgram().string()), {"--self-check", "0"});
    QVERIFY(program.waitForFinished());
    QCOMPARE(program.readAllStandardError(), QByteArray());
    QCOMPARE(program.exitStatus(), QProcess::NormalExit);
    QCOMPARE(program.exitCode(), 0);
    QCOMPARE(program.readAllStandardOutput().count('\n'), 40);
}

void TestDatasetParquet::stopsWhenAsked()
{
    const auto path = write(parquet_bytes::repeated("yes", 3'000'000));
    int asked = 0;
    try {
        DatasetRows(path, {.cancelled = [&] { return ++asked > 2; }});
        QFAIL("it was not stopped");
    } catch (const Error& error) {
        QCOMPARE(error.code(), Code::stopped);
    }
}

void TestDatasetParquet::saysHowToGetTheProgram()
{
    ::setenv("RANKWRIGHT_PARQUET", "/nowhere/rankwright-parquet", 1);
    requireRejection([&] { static_cast<void>(openDataset(golden("pairs.parquet").string(), Split::train)); }, Code::missing,
        "rankwright-parquet.*not there.*RANKWRIGHT_PARQUET.*scripts/parquet.*\\.jsonl");
    // One that cannot run is no reason to fail otherwise.
    ::setenv("RANKWRIGHT_PARQUET", "/bin/false", 1);
    requireRejection([&] { static_cast<void>(openDataset(golden("pairs.parquet").string(), Split::train)); }, Code::missing,
        "exit status 1.*scripts/parquet");
    ::unsetenv("RANKWRIGHT_PARQUET");
}

void TestDatasetParquet::leavesNothingBehind()
{
    const auto cache = std::filesystem::path(m_folder.path().toStdString()) / "cache" / "rankwright";
    QVERIFY(std::filesystem::is_directory(cache));
    QVERIFY(std::filesystem::is_empty(cache));
}

QTEST_GUILESS_MAIN(TestDatasetParquet)
#include "tst_dataset_parquet.moc"
