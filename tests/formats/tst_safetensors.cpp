// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// safetensors files: rows ST01 to ST23 and ST29 to ST32 of the catalogue of bad files, what is accepted, and the
// writer.
#include "tests/formats/safetensors_bytes.h"
#include "tests/support/test_data.h"
#include "training/formats/limits.h"
#include "training/formats/safetensors.h"

#include <QTemporaryDir>

#include <limits>

using namespace rankwright;
namespace fs = std::filesystem;

namespace {

// One U8 tensor of 16 bytes under a raw "data_offsets".
std::string withOffsets(const std::string& offsets)
{
    return fileOf(R"({"t":{"dtype":"U8","shape":[16])" + offsets + "}}", std::string(16, 'x'));
}

std::string withShape(const std::string& type, const std::string& shape, uint64_t bytes)
{
    return fileOf("{" + entry("t", type, shape, 0, bytes) + "}", std::string(bytes, 'x'));
}

struct BadFile
{
    const char* id;
    std::string bytes;
    Code code;
    const char* pattern;
    uint64_t sparseSize = 0;  // the file is made this long, with a hole, where it is not 0
};

std::vector<BadFile> badFiles()
{
    std::string tenTensors = "{";
    for (int i = 0; i < 10; ++i)
        tenTensors += (i > 0 ? "," : "") + entry("t" + std::to_string(i), "U8", "[16]", 0, 16);
    const std::string good = fileOf("{" + entry("t", "U8", "[16]", 0, 16) + "}", std::string(16, 'x'));
    const std::string pickleInZip = std::string("PK\x03\x04\x00\x00\x08\x08\x00\x00", 10) + std::string(20, '\0')
        + "archive/data.pkl" + std::string(40, '\x01');
    return {
        {"ST01", "", Code::format, "byte offset 0: 8-byte length missing.*0 bytes"},
        {"ST02", "1234567", Code::format, "8-byte length missing.*7 bytes"},
        {"ST03", bytesOf<uint64_t>(0), Code::format, "header length: 0 bytes"},
        {"ST04 2^64-1", bytesOf<uint64_t>(~0ull) + "{}", Code::limit, "18446744073709551615 bytes"},
        {"ST04 2^63", bytesOf<uint64_t>(1ull << 63) + "{}", Code::limit, "9223372036854775808 bytes"},
        {"ST05", bytesOf<uint64_t>(100'000'001) + "{}", Code::limit, "at most 100000000 bytes", 200'000'000},
        {"ST06", bytesOf<uint64_t>(1000) + "{}", Code::format, "has 10 bytes .*expected 1008 .*download it again"},
        {"ST07", fileOf("{\"a\xff\":1}"), Code::format, "byte offset 11 .*UTF-8"},
        {"ST08 open brace", fileOf("{ "), Code::format, "byte offset 10 \\(line 1:3\\).*not valid JSON"},
        {"ST08 array", fileOf("[1]"), Code::format, "byte offset 8, header: not an object"},
        {"ST08 string", fileOf("\"x\""), Code::format, "byte offset 8, header: not an object"},
        {"ST10", fileOf("{\"__metadata__\":" + std::string(100'000, '[')), Code::limit, "nested deeper than 64"},
        {"ST11", fileOf("{" + entry("t", "U8", "[4]", 0, 4) + "," + entry("t", "U8", "[4]", 4, 8) + "}", "12345678"),
            Code::format, "byte offset [0-9]+ .*the key \"t\" occurs twice"},
        {"ST12 number", fileOf(R"({"__metadata__":{"k":1}})"), Code::format, "__metadata__, key \"k\": not a string"},
        {"ST12 array", fileOf(R"({"__metadata__":["a"]})"), Code::format, "__metadata__: not an object"},
        {"ST12 nested", fileOf(R"({"__metadata__":{"k":{}}})"), Code::format, "__metadata__, key \"k\""},
        {"ST13 reversed", withOffsets(",\"data_offsets\":[16,0]"), Code::format,
            "tensor \"t\", data_offsets: \\[16, 0\\]"},
        {"ST13 negative", withOffsets(",\"data_offsets\":[-16,0]"), Code::format, "tensor \"t\", data_offsets: -16"},
        {"ST13 three", withOffsets(",\"data_offsets\":[0,8,16]"), Code::format,
            "tensor \"t\", data_offsets: 3 numbers"},
        {"ST13 missing", withOffsets(""), Code::format, "tensor \"t\", data_offsets: missing"},
        {"ST13 fraction", withOffsets(",\"data_offsets\":[0,16.0]"), Code::format,
            "tensor \"t\", data_offsets: 16\\.0"},
        {"ST13 text", withOffsets(",\"data_offsets\":[0,\"16\"]"), Code::format,
            "tensor \"t\", data_offsets: something else"},
        {"ST13 2^64-1", withOffsets(",\"data_offsets\":[0,18446744073709551615]"), Code::format, "tensor \"t\""},
        {"ST14", fileOf(tenTensors + "}", std::string(16, 'x')), Code::format,
            "tensor \"t1\", data_offsets: begins at 0, an overlap after tensor \"t0\""},
        {"ST15",
            fileOf("{" + entry("a", "U8", "[4]", 0, 4) + "," + entry("b", "U8", "[4]", 12, 16) + "}",
                std::string(16, 'x')),
            Code::format, "tensor \"b\", data_offsets: a hole of 8 bytes after tensor \"a\""},
        {"ST15 at the start", fileOf("{" + entry("a", "U8", "[8]", 8, 16) + "}", std::string(16, 'x')), Code::format,
            "a hole of 8 bytes"},
        {"ST16", good + std::string(34, 'z'), Code::format, "34 bytes not covered"},
        {"ST17", good.substr(0, good.size() - 2), Code::format, "tensor \"t\".*has [0-9]+ bytes .*download it again"},
        {"ST18 [2, 2^64-2]", withShape("I32", "[2,18446744073709551614]", 8), Code::format, "tensor \"t\", shape"},
        {"ST18 [2, 2^63-1]", withShape("I32", "[2,9223372036854775807]", 8), Code::format,
            "tensor \"t\", shape.*overflows"},
        {"ST18 2^61 I32", withShape("I32", "[2305843009213693952]", 0), Code::format, "tensor \"t\", shape.*overflows"},
        {"ST19", withShape("F32", "[2,2]", 4), Code::format, "tensor \"t\", data_offsets: 4 bytes .allowed: 16 bytes"},
        {"ST20 Q4", withShape("Q4", "[2]", 1), Code::unsupported, "tensor \"t\", dtype: \"Q4\" .*BF16, F32"},
        {"ST20 Q4_0", withShape("Q4_0", "[32]", 18), Code::unsupported, "dtype: \"Q4_0\""},
        {"ST20 odd F4", withShape("F4", "[3]", 1), Code::format, "tensor \"t\", shape: \\[3\\] of F4 has 12 bits"},
        {"ST20 F6", withShape("F6_E2M3", "[2]", 1), Code::format, "tensor \"t\", shape: .*12 bits"},
        {"ST20 number", fileOf(R"({"t":{"dtype":1,"shape":[],"data_offsets":[0,0]}})"), Code::format,
            "tensor \"t\", dtype"},
        {"entry is no object", fileOf(R"({"t":[1]})"), Code::format, "tensor \"t\": not an object"},
        {"name with escape", fileOf(R"({"\u001b[2J":1})"), Code::format, "tensor \"\\\\x1b\\[2J\""},
        {"ST31 zip", pickleInZip, Code::pickle, "pickle in a zip archive.*never loaded.*convert it"},
        {"ST31 pickle", std::string("\x80\x02}q\x00X\x01\x00\x00\x00", 11), Code::pickle, "a pickle .*never loaded"},
        {"ST31 old torch", std::string("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\x2e", 15),
            Code::pickle, "a pickle"},
        {"ST31 protocol 4", std::string("\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00}\x94.", 14), Code::pickle,
            "a pickle"},
        {"ST32 LFS", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", Code::format,
            "a Git LFS pointer.*git lfs pull"},
        {"ST32 HTML", "\n<!DOCTYPE html>\n<html><body>404</body></html>", Code::format, "an HTML page.*download"},
        {"zip of something else", std::string("PK\x03\x04", 4) + std::string(60, 'x'), Code::format, "a zip archive"},
        {"gzip", std::string("\x1f\x8b\x08") + std::string(60, 'x'), Code::format, "gzip data.*Unpack"},
        {"GGUF", std::string("GGUF\x03\0\0\0", 8) + std::string(60, '\0'), Code::format, "a GGUF file.*\\.gguf"},
    };
}

}  // namespace

class TestSafetensors : public QObject
{
    Q_OBJECT

private slots:
    void init();
    void refusesBadFiles_data();
    void refusesBadFiles();
    void acceptsOddButValidFiles_data();
    void acceptsOddButValidFiles();
    void acceptsTheLongestHeader();
    void noticesFilesThatChange_data();
    void noticesFilesThatChange();
    void reads100000TensorsQuickly();
    void readsWhatItWrites();
    void leavesNothingBehindWhenWritingFails();
    void readsRealModels();

private:
    fs::path m_folder;
    std::unique_ptr<QTemporaryDir> m_temporary;
};

void TestSafetensors::init()
{
    m_temporary = std::make_unique<QTemporaryDir>();
    m_folder = fs::path(m_temporary->path().toStdString()) / "model";
    fs::create_directory(m_folder);
}

void TestSafetensors::refusesBadFiles_data()
{
    QTest::addColumn<int>("index");
    const auto rows = badFiles();
    for (size_t i = 0; i < rows.size(); ++i)
        QTest::newRow(rows[i].id) << static_cast<int>(i);
}

void TestSafetensors::refusesBadFiles()
{
    QFETCH(int, index);
    const BadFile row = badFiles()[static_cast<size_t>(index)];
    const fs::path path = m_folder / "model.safetensors";
    writeBytes(path, row.bytes);
    if (row.sparseSize != 0)
        fs::resize_file(path, row.sparseSize);
    requireRejection([&] { (void)readSafetensors(path); }, row.code, QString("model\\.safetensors: .*") + row.pattern);
    requireRejection([&] { (void)readSafetensorsFolder(m_folder); }, row.code, row.pattern);
}

void TestSafetensors::acceptsOddButValidFiles_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QStringList>("shapes");
    const auto row = [](const char* id, const std::string& bytes, const QStringList& shapes) {
        QTest::newRow(id) << QByteArray::fromStdString(bytes) << shapes;
    };
    const std::string notNumbers = bytesOf(std::numeric_limits<float>::quiet_NaN())
        + bytesOf(std::numeric_limits<float>::infinity()) + bytesOf(std::numeric_limits<float>::denorm_min());
    row("ST03 {}", fileOf("{}"), {});
    row("ST09 leading whitespace", fileOf(" \n {" + entry("t", "U8", "[2]", 0, 2) + "}", "ab"), {"t 2"});
    row("ST09 trailing spaces", fileOf("{" + entry("t", "U8", "[2]", 0, 2) + "}     ", "ab"), {"t 2"});
    row("ST20 even F4", withShape("F4", "[2,3]", 3), {"t 2 3"});
    row("ST21 empty", withShape("F32", "[2,0]", 0), {"t 2 0"});
    row("ST21 scalar", withShape("F32", "[]", 4), {"t"});
    row("ST22 NaN, Inf, denormal", fileOf("{" + entry("t", "F32", "[3]", 0, 12) + "}", notNumbers), {"t 3"});
    row("order of the data",
        fileOf("{" + entry("a", "U8", "[2]", 4, 6) + "," + entry("b", "I16", "[2]", 0, 4) + "}", "bbbbaa"),
        {"b 2", "a 2"});
    row("empty ones between", fileOf("{" + entry("z", "U8", "[0]", 2, 2) + "," + entry("b", "U8", "[2]", 2, 4) + ","
            + entry("a", "U8", "[2]", 0, 2) + "}", "aabb"), {"a 2", "z 0", "b 2"});
    row("unknown field", fileOf(R"({"t":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"note":"x"}})", "a"), {"t 1"});
    // The length's own bytes begin like a pickle (80 02) here.
    const std::string start = "{" + entry("t", "U8", "[1]", 0, 1) + "}";
    row("header of 0x280 bytes", fileOf(start + std::string(0x280 - start.size(), ' '), "a"), {"t 1"});
}

void TestSafetensors::acceptsOddButValidFiles()
{
    QFETCH(QByteArray, bytes);
    QFETCH(QStringList, shapes);
    const fs::path path = m_folder / "model.safetensors";
    writeBytes(path, bytes.toStdString());
    QStringList found;
    uint64_t end = 0;
    for (const TensorEntry& tensor : readSafetensors(path).tensors) {
        QString text = QString::fromStdString(tensor.name);
        for (const int64_t size : tensor.shape)
            text += " " + QString::number(size);
        found << text;
        end = tensor.offset + tensor.bytes;
    }
    QCOMPARE(found, shapes);
    if (!found.empty())
        QCOMPARE(end, static_cast<uint64_t>(bytes.size()));
}

void TestSafetensors::acceptsTheLongestHeader()
{
    std::string header = "{" + entry("t", "U8", "[1]", 0, 1) + "}";
    header.resize(limits::kSafetensorsHeader, ' ');
    writeBytes(m_folder / "a", fileOf(header, "x"));
    QCOMPARE(readSafetensors(m_folder / "a").tensors.size(), size_t {1});
    header += ' ';
    writeBytes(m_folder / "a", fileOf(header, "x"));
    requireRejection(
        [&] { (void)readSafetensors(m_folder / "a"); }, Code::limit, "100000001 bytes .*at most 100000000");
}

void TestSafetensors::noticesFilesThatChange_data()
{
    QTest::addColumn<QString>("what");
    QTest::addColumn<QString>("pattern");
    QTest::newRow("ST29 cut to 4 KiB") << "cut" << "changed while reading: .*the file ends";
    QTest::newRow("ST29 cut in the middle of a read") << "cut inside" << "byte offset [0-9]+: changed while reading";
    QTest::newRow("ST30 replaced") << "replace" << "inode: changed while reading: another file";
    QTest::newRow("ST30 modified") << "touch" << "modification time: changed while reading";
    QTest::newRow("ST30 grown") << "grow" << "size: changed while reading: 2000001 bytes, at opening 2000000";
    QTest::newRow("ST30 removed") << "remove" << "changed while reading: it is no longer there";
}

void TestSafetensors::noticesFilesThatChange()
{
    QFETCH(QString, what);
    QFETCH(QString, pattern);
    const fs::path path = m_folder / "model.safetensors";
    constexpr size_t kSize = 2'000'000;
    std::string header = "{" + entry("t", "U8", "[" + std::to_string(kSize - 1000) + "]", 0, kSize - 1000) + "}";
    header.resize(992, ' ');
    writeBytes(path, fileOf(header, std::string(kSize - 1000, 'x')));
    const TensorEntry tensor = readSafetensors(path).tensors.front();
    const FileReader reader(path);
    reader.checkUnchanged();
    if (what == "cut") {
        fs::resize_file(path, 4096);
    } else if (what == "cut inside") {
        fs::resize_file(path, kSize / 2);
    } else if (what == "replace") {
        fs::copy_file(path, m_folder / "other");
        fs::rename(m_folder / "other", path);
    } else if (what == "touch") {
        fs::last_write_time(path, fs::last_write_time(path) + std::chrono::seconds(1));
    } else if (what == "grow") {
        fs::resize_file(path, kSize + 1);
    } else {
        fs::remove(path);
    }
    requireRejection([&] {
        std::vector<std::byte> bytes(tensor.bytes);
        reader.read(tensor.offset, bytes);
        reader.checkUnchanged();
    }, Code::changed, pattern);
}

// ST23.
void TestSafetensors::reads100000TensorsQuickly()
{
    constexpr uint64_t kTensors = 100'000;
    std::string header = "{";
    for (uint64_t i = 0; i < kTensors; ++i) {
        const std::string name
            = "model.layers." + std::to_string(i) + ".self_attention.projection.with.a.long.name.weight";
        header += (i > 0 ? "," : "") + entry(name, "F32", "[1,1]", 4 * i, 4 * i + 4);
    }
    header += "}";
    QVERIFY(header.size() > 12'000'000);
    writeBytes(m_folder / "model.safetensors", fileOf(header, std::string(4 * kTensors, '\0')));
    QElapsedTimer timer;
    timer.start();
    QCOMPARE(readSafetensors(m_folder / "model.safetensors").tensors.size(), kTensors);
    const auto elapsed = timer.elapsed();
    qInfo("100,000 tensors: %lld ms", static_cast<long long>(elapsed));
    QVERIFY(elapsed < 2000 * kSlower);
}

void TestSafetensors::readsWhatItWrites()
{
    const std::vector<float> values {1.5F, -2, 3, 4, 5, 6};
    const auto floats = [&](const auto& sink) {  // in two parts
        const auto bytes = std::as_bytes(std::span(values));
        sink(bytes.first(5));
        sink(bytes.subspan(5));
    };
    const auto nothing = [](const auto&) {};
    const auto half = [](const auto& sink) { sink(std::as_bytes(std::span("ab", 2))); };
    const std::vector<TensorToWrite> tensors {
        {"weights \"quoted\" ä", StoredType::F32, {2, 3}, floats},
        {"empty", StoredType::BF16, {0, 7}, nothing},
        {"scalar", StoredType::F16, {}, half},
    };
    const fs::path path = m_folder / "out.safetensors";
    writeSafetensors(path, tensors, {{"format", "pt"}, {"note", "line\n2"}});
    const auto file = readSafetensors(path);
    QCOMPARE(file.metadata.size(), size_t {2});
    QCOMPARE(file.metadata.at("note"), std::string("line\n2"));
    QCOMPARE(file.tensors.size(), size_t {3});
    QCOMPARE(file.tensors[0].name, std::string("weights \"quoted\" ä"));
    QCOMPARE(file.tensors[0].shape, (std::vector<int64_t> {2, 3}));
    QCOMPARE(file.tensors[0].offset % 8, uint64_t {0});
    QCOMPARE(file.tensors[1].name, std::string("empty"));
    QCOMPARE(file.tensors[2].type, StoredType::F16);
    std::vector<float> back(values.size());
    FileReader(path).read(file.tensors[0].offset, std::as_writable_bytes(std::span(back)));
    QCOMPARE(back, values);
    QCOMPARE(FileReader(path).text(file.tensors[2].offset, 2), std::string("ab"));

    writeSafetensors(path, {});  // over the old one
    QCOMPARE(FileReader(path).text(0, 16), bytesOf<uint64_t>(8) + "{}      ");
}

void TestSafetensors::leavesNothingBehindWhenWritingFails()
{
    const fs::path path = m_folder / "out.safetensors";
    writeBytes(path, "old");
    const auto one = [](const auto& sink) { sink(std::as_bytes(std::span("a", 1))); };
    const auto failing = [](const auto&) { throw std::runtime_error("stop"); };
    QVERIFY_EXCEPTION_THROWN(writeSafetensors(path, {{"t", StoredType::U8, {4}, failing}}), std::runtime_error);
    requireRejection(
        [&] {
            writeSafetensors(path, {{"t", StoredType::U8, {4}, one}});
        },
        Code::internal, "1 bytes were produced");
    requireRejection(
        [&] {
            writeSafetensors(path, {{"t", StoredType::U8, {1}, one}, {"t", StoredType::U8, {1}, one}});
        },
        Code::internal, "second tensor");
    requireRejection(
        [&] {
            writeSafetensors(path, {{"t", StoredType::Q4_0, {32}, one}});
        },
        Code::internal, "cannot be stored");
    requireRejection([&] { writeSafetensors(path, {{"t\xff", StoredType::U8, {1}, one}}); }, Code::format, "UTF-8");
    requireRejection(
        [&] {
            writeSafetensors(path, {{"t", StoredType::U8, {1ll << 40, 1ll << 40}, one}});
        },
        Code::format, "overflows");
    const std::string huge(limits::kSafetensorsHeader, 'x');
    QVERIFY_EXCEPTION_THROWN(writeSafetensors(path, {}, {{"k", huge}}), Error);
    QCOMPARE(readWholeFile(path, 10), std::string("old"));
    QCOMPARE(std::distance(fs::directory_iterator(m_folder), fs::directory_iterator()), 1);
}

void TestSafetensors::readsRealModels()
{
    const auto data = testData();
    if (data.empty())
        QSKIP("shared/data is not here");
    const auto stories = readSafetensorsFolder(data / "stories260K" / "hf");
    QCOMPARE(stories.size(), size_t {47});
    const auto embedding = std::find_if(stories.begin(), stories.end(),
        [](const TensorEntry& tensor) { return tensor.name == "model.embed_tokens.weight"; });
    QVERIFY(embedding != stories.end());
    QCOMPARE(embedding->shape, (std::vector<int64_t> {512, 64}));
    QCOMPARE(embedding->type, StoredType::F32);
    const auto bfloats = readSafetensorsFolder(data / "stories260K" / "hf-bf16");
    QCOMPARE(bfloats.front().type, StoredType::BF16);
    requireRejection([&] {
        (void)readSafetensors(data / "lora-adapter-roberta-mnli" / "roberta_base_lora_mnli.bin");
    }, Code::pickle, "a pickle");
}

QTEST_GUILESS_MAIN(TestSafetensors)
#include "tst_safetensors.moc"
