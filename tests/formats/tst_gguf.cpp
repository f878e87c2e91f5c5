// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// GGUF files: rows GG01 to GG19 and GG24 of the catalogue of bad files, what is accepted, typed access to metadata, and
// real files. (GG20 and GG21 are the tokenizers', GG22 is the configuration's, GG23 is in tst_gguf_split.)
#include "tests/formats/gguf_bytes.h"
#include "tests/support/test_data.h"
#include "training/formats/gguf.h"
#include "training/formats/limits.h"

#include <QTemporaryDir>

using namespace rankwright;
namespace fs = std::filesystem;

namespace {

struct BadFile
{
    const char* id;
    std::string bytes;
    const char* pattern;
    Code code = Code::format;
};

std::string withTensor(const std::vector<uint64_t>& dimensions, uint32_t type, uint64_t offset = 0)
{
    return GgufBytes().tensor("t", dimensions, type, offset).withData(64).bytes();
}

std::string twoTensors(uint64_t firstValues, uint64_t secondValues, uint64_t secondOffset)
{
    return GgufBytes().tensor("a", {firstValues}, kTypeI8, 0).tensor("b", {secondValues}, kTypeI8, secondOffset)
        .withData(128).bytes();
}

std::string withKeyLength(uint64_t length)
{
    GgufBytes file;
    file.keys.push_back(bytesOf(length) + std::string(2000, 'k'));
    return file.bytes();
}

std::string withDimensions(uint32_t count)
{
    GgufBytes file;
    file.tensors.push_back(GgufBytes::text("t") + bytesOf(count) + std::string(200, '\1'));
    return file.bytes();
}

void addHeadRows(std::vector<BadFile>& rows)
{
    const auto counted = [](std::optional<uint64_t> tensors, std::optional<uint64_t> keys) {
        GgufBytes file;
        file.tensorCount = tensors;
        file.keyCount = keys;
        return file.bytes() + std::string(76, 'x');
    };
    const auto version = [](uint32_t number) {
        GgufBytes file;
        file.version = number;
        return file.bytes();
    };
    const auto magic = [](const char* text) {
        GgufBytes file;
        file.magic = text;
        return file.bytes();
    };
    rows.insert(rows.end(), {
        {"GG01", magic("FUGG"), "byte offset 0: the file begins with \"FUGG\""},
        {"GG01 empty", "", "byte offset 0: the file begins with \"\""},
        {"GG01 short", "GGUF\x03", "byte offset 4: version needs 4 bytes, 1 remain"},
        {"GG01 HTML", "<html><title>404</title></html>", "an HTML page"},
        {"GG01 LFS", "version https://git-lfs.github.com/spec/v1\noid x\n", "a Git LFS pointer"},
        {"GG01 pickle", std::string("\x80\x02}q\x00X\x01\x00\x00\x00", 11), "a pickle", Code::pickle},
        {"GG02 version 0", version(0), "version 0 .allowed: versions 2 and 3", Code::unsupported},
        {"GG02 version 1", version(1), "version 1 .allowed: versions 2 and 3", Code::unsupported},
        {"GG02 version 4", version(4), "version 4 .allowed: versions 2 and 3", Code::unsupported},
        {"GG02 big-endian", version(0x03000000), "a big-endian file", Code::unsupported},
        {"GG03 -1", counted(~0ull, {}), "n_tensors is 18446744073709551615 .allowed: at most 3"},
        {"GG03 2^60", counted(1ull << 60, {}), "n_tensors is 1152921504606846976"},
        {"GG03 1 M in 100 bytes", counted(1'000'000, {}), "n_tensors is 1000000 .allowed: at most 3"},
        {"GG04 -1", counted({}, ~0ull), "n_kv is 18446744073709551615 .allowed: at most 5"},
        {"GG04 2^60", counted({}, 1ull << 60), "n_kv is 1152921504606846976"},
        {"GG04 60000 in 100 bytes", counted({}, 60'000), "n_kv is 60000 .allowed: at most 5"},
    });
}

void addKeyRows(std::vector<BadFile>& rows)
{
    const auto one = [](uint32_t type, const std::string& value) { return GgufBytes().key("k", type, value).bytes(); };
    const auto array
        = [](uint32_t type, uint64_t count) { return GgufBytes().array("k", type, count, "abcd").bytes(); };
    const auto alignment = [](uint32_t type, const std::string& value) {
        return GgufBytes().key("general.alignment", type, value).bytes();
    };
    rows.insert(rows.end(),
        {
            {"GG05 2^64-1", withKeyLength(~0ull), "byte offset 24: key of 18446744073709551615 bytes", Code::limit},
            {"GG05 0", withKeyLength(0), "byte offset 32: an empty key"},
            {"GG05 1 MiB", withKeyLength(1 << 20), "byte offset 24: key of 1048576 bytes", Code::limit},
            {"GG05 longer than the file", withKeyLength(2001),
                "byte offset 24: key of 2001 bytes .allowed: at most 2000"},
            {"GG06 remaining + 1", one(kString, bytesOf<uint64_t>(5) + "abcd"),
                "key \"k\": string of 5 bytes .allowed: at most 4"},
            {"GG06 1 GiB", one(kString, bytesOf<uint64_t>(1 << 30) + "abcd"), "string of 1073741824 bytes",
                Code::limit},
            {"GG06 value cut", one(kU64, "abcd"), "key \"k\": value needs 8 bytes, 4 remain"},
            {"GG07 count 2^61", array(kU64, 1ull << 61), "an array of 2305843009213693952 .allowed: at most 0"},
            {"GG07 wrap", array(kU32, (1ull << 62) + 1), "an array of 4611686018427387905 .allowed: at most 1"},
            {"GG07 strings", array(kString, 1ull << 61), "an array of 2305843009213693952"},
            {"GG07 one too many", array(kU8, 5), "an array of 5 .allowed: at most 4"},
            {"GG08 type 13", one(13, "abcd"), "key \"k\": value type 13 .allowed: 0 to 12"},
            {"GG08 array of arrays", GgufBytes().array("k", kArray, 1, bytesOf(kU8) + bytesOf<uint64_t>(0)).bytes(),
                "key \"k\": an array of arrays", Code::unsupported},
            {"GG08 array type 13", array(13, 1), "key \"k\": element type 13"},
            {"GG08 bool 2", one(kBool, "\2"), "key \"k\": the truth value 2"},
            {"GG09 key", GgufBytes().key("k", kU8, "a").key("k", kU8, "a").bytes(), "key \"k\": the key occurs twice"},
            {"GG09 tensor",
                GgufBytes().tensor("t", {4}, kTypeF32, 0).tensor("t", {4}, kTypeF32, 32).withData(64).bytes(),
                "tensor \"t\": the tensor occurs twice"},
            {"GG11 0", alignment(kU32, bytesOf<uint32_t>(0)), "key \"general.alignment\": 0 .allowed: a power of two"},
            {"GG11 13", alignment(kU32, bytesOf<uint32_t>(13)), "key \"general.alignment\": 13"},
            {"GG11 2^31", alignment(kU32, bytesOf<uint32_t>(1u << 31)), "key \"general.alignment\": 2147483648"},
            {"GG11 131072", alignment(kU32, bytesOf<uint32_t>(131'072)),
                "general.alignment\": 131072 .*from 8 to 65536"},
            {"GG11 i32", alignment(kI32, bytesOf<int32_t>(32)),
                "key \"general.alignment\": the type i32 .allowed: u32"},
            {"key with escape", GgufBytes().key("\x1b[2J", 13, "").bytes(), "key \"\\\\x1b\\[2J\""},
        });
}

void addTensorRows(std::vector<BadFile>& rows)
{
    const auto name = [](size_t length) {
        return GgufBytes().tensor(std::string(length, 'n'), {4}, kTypeF32, 0).withData(16).bytes();
    };
    const std::string complete = fourFloats().bytes();
    rows.insert(rows.end(),
        {
            {"tensor name of 64", name(64), "tensor 0: tensor name of 64 bytes .allowed: at most 63", Code::limit},
            {"GG12 5", withDimensions(5), "tensor \"t\": 5 dimensions .allowed: at most 4"},
            {"GG12 2^32-1", withDimensions(~0u), "tensor \"t\": 4294967295 dimensions"},
            {"GG13 -1", withTensor({~0ull}, kTypeF32), "tensor \"t\": dimension 0 is 18446744073709551615"},
            {"GG13 product", withTensor({1ull << 32, 1ull << 31}, kTypeF32), "tensor \"t\": the product .* overflows"},
            {"GG13 product wraps to 0", withTensor({1ull << 32, 1ull << 32}, kTypeF32), "tensor \"t\": the product"},
            {"GG13 product beside 0", withTensor({1ull << 62, 4, 0}, kTypeF32), "tensor \"t\": the product"},
            {"GG14", withTensor({0x3FFFFFFFFFFFFFFF}, kTypeF32),
                "tensor \"t\": the size of 4611686018427387903 values overflows"},
            {"GG15", twoTensors(0x7FFFFFFFFFFFFFC0, 0x7FFFFFFFFFFFFFC0, 0x7FFFFFFFFFFFFFC0),
                "tensor \"a\": the sum of the tensors' sizes overflows"},
            {"GG15 second", twoTensors(32, 0x7FFFFFFFFFFFFFC0, 32),
                "tensor \"b\": the sum of the tensors' sizes overflows"},
            {"GG16 type 4", withTensor({32}, 4), "tensor type 4 .Q4_2, removed", Code::unsupported},
            {"GG16 type 5", withTensor({32}, 5), "tensor type 5 .Q4_3, removed", Code::unsupported},
            {"GG16 type 255", withTensor({32}, 255), "tensor type 255 .allowed: F32", Code::unsupported},
            {"GG17 33", withTensor({33}, kTypeQ4_0),
                "tensor \"t\": rows of 33 values of Q4_0 .allowed: a multiple of 32"},
            {"GG17 only in all", withTensor({16, 2}, kTypeQ4_0), "tensor \"t\": rows of 16 values"},
            {"GG18 unaligned", withTensor({4}, kTypeF32, 1), "tensor \"t\": data offset 1 .allowed: 0"},
            {"GG18 overlapping", twoTensors(64, 32, 32), "tensor \"b\": data offset 32 .allowed: 64"},
            {"GG18 not contiguous", twoTensors(32, 32, 64), "tensor \"b\": data offset 64 .allowed: 32"},
            {"GG18 past the end", withTensor({4}, kTypeF32, 1ull << 40), "tensor \"t\": data offset 1099511627776"},
            {"GG18 2^64-32", withTensor({4}, kTypeF32, ~0ull - 31), "tensor \"t\": data offset"},
            {"GG19", complete.substr(0, complete.size() - 1),
                "tensor \"t\" at [0-9]+: the file has 79 bytes .allowed: 80 bytes"},
            {"GG19 no data", complete.substr(0, complete.size() - 16), "the file has 64 bytes .allowed: 80"},
            {"GG19 no padding", complete.substr(0, complete.size() - 18), "the file has 62 bytes .allowed: 80"},
            {"GG24 Q2_K", withTensor({256}, 10), "tensor \"t\": tensor type 10 .Q2_K. .allowed: .*Q4_K",
                Code::unsupported},
            {"GG24 IQ4_NL", withTensor({256}, 20), "tensor type 20 .IQ4_NL. .allowed: .*Q6_K", Code::unsupported},
        });
}

std::vector<BadFile> badFiles()
{
    std::vector<BadFile> rows;
    addHeadRows(rows);
    addKeyRows(rows);
    addTensorRows(rows);
    return rows;
}

}  // namespace

class TestGguf : public QObject
{
    Q_OBJECT

private slots:
    void init();
    void refusesBadFiles_data();
    void refusesBadFiles();
    void refusesEveryTruncation();
    void readsTheTensorTable();
    void readsEveryValueType();
    void saysWhichKeyIsMissingOrOfAnotherType();
    void readsManyKeysQuickly();
    void holdsToItsLimits_data();
    void holdsToItsLimits();
    void readsTheDefaultModel();
    void readsVocabularyFiles();

private:
    fs::path write(const std::string& bytes, const std::string& name = "m.gguf") const
    {
        writeBytes(m_folder / name, bytes);
        return m_folder / name;
    }

    fs::path m_folder;
    std::unique_ptr<QTemporaryDir> m_temporary;
};

void TestGguf::init()
{
    m_temporary = std::make_unique<QTemporaryDir>();
    m_folder = m_temporary->path().toStdString();
}

void TestGguf::refusesBadFiles_data()
{
    QTest::addColumn<int>("index");
    const auto rows = badFiles();
    for (size_t i = 0; i < rows.size(); ++i)
        QTest::newRow(rows[i].id) << static_cast<int>(i);
}

void TestGguf::refusesBadFiles()
{
    QFETCH(int, index);
    const BadFile row = badFiles()[static_cast<size_t>(index)];
    const fs::path path = write(row.bytes);
    requireRejection([&] { (void)readGguf(path); }, row.code, QString("m\\.gguf: .*") + row.pattern);
}

// A good file cut at any byte is refused, and never read past its end.
void TestGguf::refusesEveryTruncation()
{
    const std::string whole = fourFloats().key("name", kString, GgufBytes::text("value")).key("f", kF32, "abcd")
        .array("a", kString, 2, GgufBytes::text("x") + GgufBytes::text("yz")).bytes();
    QCOMPARE(readGguf(write(whole)).tensors.size(), size_t {1});
    for (size_t length = 0; length < whole.size(); ++length) {
        try {
            (void)readGguf(write(whole.substr(0, length)));
            QFAIL(qPrintable(QString("accepted with %1 bytes").arg(length)));
        } catch (const Error& error) {
            QVERIFY(!error.parts().place.empty() && !error.parts().advice.empty());
        }
    }
}

void TestGguf::readsTheTensorTable()
{
    GgufBytes bytes;
    bytes.alignment = 64;
    bytes.key("general.alignment", kU32, bytesOf<uint32_t>(64));
    bytes.tensor("q", {32, 3}, kTypeQ4_0, 0).tensor("f", {4, 3, 2}, kTypeF32, 64).tensor("scalar", {}, kTypeF32, 192)
        .tensor("empty", {0, 5}, kTypeF32, 256).withData(256);
    const auto file = readGguf(write(bytes.bytes()));
    QCOMPARE(file.version, 3u);
    QCOMPARE(file.tensors.size(), size_t {4});
    QCOMPARE(file.tensors[0].shape, (std::vector<int64_t> {3, 32}));
    QCOMPARE(file.tensors[0].bytes, uint64_t {54});
    QCOMPARE(file.tensors[0].type, StoredType::Q4_0);
    QCOMPARE(file.tensors[1].shape, (std::vector<int64_t> {2, 3, 4}));
    QCOMPARE(file.tensors[1].count(), int64_t {24});
    QCOMPARE(file.tensors[0].offset % 64, uint64_t {0});
    QCOMPARE(file.tensors[1].offset, file.tensors[0].offset + 64);
    QCOMPARE(file.tensors[2].bytes, uint64_t {4});
    QCOMPARE(file.tensors[3].bytes, uint64_t {0});

    GgufBytes second;
    second.version = 2;
    QCOMPARE(readGguf(write(second.bytes())).version, 2u);
}

void TestGguf::readsEveryValueType()
{
    GgufBytes bytes;
    bytes.key("u8", kU8, "\xff")
        .key("i8", kI8, "\xff")
        .key("u16", kU16, "\xff\xff")
        .key("i16", kI16, "\xff\xff")
        .key("u32", kU32, "\xff\xff\xff\xff")
        .key("i32", kI32, "\xff\xff\xff\xff")
        .key("u64", kU64, bytesOf(~0ull))
        .key("i64", kI64, bytesOf<int64_t>(-5))
        .key("f32", kF32, bytesOf(1.5F))
        .key("f64", kF64, bytesOf(0.1))
        .key("yes", kBool, "\1")
        .key("text", kString, GgufBytes::text("a\nb"))
        .array("u8s", kU8, 2, "\1\xff")
        .array("i8s", kI8, 2, "\1\xff")
        .array("u32s", kU32, 1, bytesOf<uint32_t>(7))
        .array("i64s", kI64, 1, bytesOf<int64_t>(-7))
        .array("f32s", kF32, 2, bytesOf(0.5F) + bytesOf(-2.0F))
        .array("bools", kBool, 2, std::string("\0\1", 2))
        .array("texts", kString, 2, GgufBytes::text("x") + GgufBytes::text(""))
        .array("none", kString, 0, "")
        .array("big", kU64, 1, bytesOf(~0ull));
    const auto file = readGguf(write(bytes.bytes()));
    QCOMPARE(file.integer("u8"), 255);
    QCOMPARE(file.integer("i8"), -1);
    QCOMPARE(file.integer("u16"), 65'535);
    QCOMPARE(file.integer("i16"), -1);
    QCOMPARE(file.integer("u32"), 4'294'967'295);
    QCOMPARE(file.integer("i32"), -1);
    QCOMPARE(file.integer("i64"), -5);
    QCOMPARE(file.number("f32"), 1.5);
    QCOMPARE(file.number("f64"), 0.1);
    QCOMPARE(file.number("i64"), -5.0);
    QCOMPARE(file.flag("yes"), true);
    QCOMPARE(file.text("text"), std::string("a\nb"));
    QCOMPARE(file.integers("u8s"), (std::vector<int64_t> {1, 255}));
    QCOMPARE(file.integers("i8s"), (std::vector<int64_t> {1, -1}));
    QCOMPARE(file.integers("u32s"), (std::vector<int64_t> {7}));
    QCOMPARE(file.integers("i64s"), (std::vector<int64_t> {-7}));
    QCOMPARE(file.numbers("f32s"), (std::vector<double> {0.5, -2}));
    QCOMPARE(file.numbers("u32s"), (std::vector<double> {7}));
    QCOMPARE(std::get<std::vector<bool>>(file.metadata.at("bools").value), (std::vector<bool> {false, true}));
    QCOMPARE(file.texts("texts"), (std::vector<std::string> {"x", ""}));
    QVERIFY(file.texts("none").empty());
    QCOMPARE(file.integer("absent", 3), 3);
    QCOMPARE(file.number("absent", 0.5), 0.5);
    QCOMPARE(file.flag("absent", true), true);
    QCOMPARE(file.text("absent", "x"), std::string("x"));
    QVERIFY(file.has("u8") && !file.has("absent"));
    requireRejection([&] { (void)file.integer("u64"); }, Code::config, "key \"u64\": 18446744073709551615");
    requireRejection([&] { (void)file.integers("big"); }, Code::config, "key \"big\": 18446744073709551615");
}

void TestGguf::saysWhichKeyIsMissingOrOfAnotherType()
{
    const auto file = readGguf(write(GgufBytes().key("text", kString, GgufBytes::text("x")).key("n", kU32, "abcd")
        .array("a", kU32, 1, "abcd").bytes()));
    const auto refused = [](const std::function<void()>& action, const char* pattern) {
        requireRejection(action, Code::config, pattern);
    };
    refused([&] { (void)file.integer("absent"); }, "m\\.gguf: key \"absent\": the key is missing");
    refused([&] { (void)file.text("absent"); }, "key \"absent\": the key is missing");
    refused([&] { (void)file.texts("absent"); }, "key \"absent\": the key is missing");
    refused([&] { (void)file.integer("text"); }, "key \"text\": the type string .allowed: an integer");
    refused([&] { (void)file.integer("text", 3); }, "key \"text\": the type string");
    refused([&] { (void)file.integer("a"); }, "key \"a\": an array of u32 .allowed: an integer");
    refused([&] { (void)file.number("text"); }, "allowed: a number");
    refused([&] { (void)file.flag("n"); }, "allowed: a bool");
    refused([&] { (void)file.text("n"); }, "the type u32 .allowed: a string");
    refused([&] { (void)file.texts("a"); }, "an array of u32 .allowed: an array of strings");
    refused([&] { (void)file.numbers("text"); }, "allowed: an array of numbers");
    refused([&] { (void)file.integers("n"); }, "allowed: an array of integers");
}

// GG10.
void TestGguf::readsManyKeysQuickly()
{
    GgufBytes bytes;
    for (int i = 0; i < 60'000; ++i)
        bytes.key("some.prefix.that.all.keys.share." + std::to_string(i), kU32, "abcd");
    const auto path = write(bytes.bytes());
    QElapsedTimer timer;
    timer.start();
    QCOMPARE(readGguf(path).metadata.size(), size_t {60'000});
    qInfo("60,000 keys: %lld ms", static_cast<long long>(timer.elapsed()));
    QVERIFY(timer.elapsed() < 2000 * kSlower);
}

void TestGguf::holdsToItsLimits_data()
{
    QTest::addColumn<QString>("what");
    QTest::addColumn<qulonglong>("limit");
    QTest::newRow("key") << "key" << qulonglong {limits::kGgufKey};
    QTest::newRow("string") << "string" << qulonglong {limits::kGgufString};
    QTest::newRow("keys") << "keys" << qulonglong {limits::kGgufKeys};
    QTest::newRow("array elements") << "elements" << qulonglong {limits::kGgufElements};
    QTest::newRow("tensors") << "tensors" << qulonglong {limits::kGgufTensors};
}

void TestGguf::holdsToItsLimits()
{
    QFETCH(QString, what);
    QFETCH(qulonglong, limit);
    const auto sized = [&](uint64_t size) {
        GgufBytes bytes;
        if (what == "key")
            bytes.key(std::string(size, 'k'), kU8, "x");
        if (what == "string")
            bytes.key("k", kString, GgufBytes::text(std::string(size, 's')));
        if (what == "elements")
            bytes.array("a", kU8, size / 2, std::string(size / 2, 'x'))
                .array("b", kU8, size - size / 2, std::string(size, 'x'));
        for (uint64_t i = 0; what == "keys" && i < size; ++i)
            bytes.key("key " + std::to_string(i), kU8, "x");
        for (uint64_t i = 0; what == "tensors" && i < size; ++i)
            bytes.tensor(std::to_string(i), {0}, kTypeF32, 0);
        std::string file = bytes.bytes();
        if (what == "elements")  // the second array's bytes were written in full
            file.resize(file.size() - size / 2);
        return file;
    };
    const auto file = readGguf(write(sized(limit)));
    QVERIFY(file.metadata.size() + file.tensors.size() > 0);
    const auto path = write(sized(limit + 1));
    requireRejection([&] { (void)readGguf(path); }, Code::limit, QString("%1|%2").arg(limit + 1).arg(limit));
}

void TestGguf::readsTheDefaultModel()
{
    const auto path = defaultModel();
    if (path.empty())
        QSKIP("the default model is not here");
    const auto file = readGguf(path);
    QCOMPARE(file.metadata.size(), size_t {33});
    QCOMPARE(file.tensors.size(), size_t {272});
    QCOMPARE(file.text("general.architecture"), std::string("llama"));
    QCOMPARE(file.integer("llama.attention.head_count_kv"), 3);
    QCOMPARE(file.number("llama.rope.freq_base"), 100'000.0);
    QCOMPARE(file.flag("tokenizer.ggml.add_bos_token"), false);
    QCOMPARE(file.texts("tokenizer.ggml.tokens").size(), size_t {49'152});
    QCOMPARE(file.tensors.front().name, std::string("token_embd.weight"));
    QCOMPARE(file.tensors.front().shape, (std::vector<int64_t> {49'152, 576}));
    QCOMPARE(file.tensors.front().offset, uint64_t {1'785'664});
    QCOMPARE(file.tensors.back().offset, uint64_t {98'360'128});
}

void TestGguf::readsVocabularyFiles()
{
    const auto data = testData();
    if (data.empty())
        QSKIP("shared/data is not here");
    int files = 0;
    for (const auto& item : fs::directory_iterator(data / "tokenizers" / "llama.cpp-vocab")) {
        if (item.path().extension() != ".gguf")
            continue;
        const auto file = readGguf(item.path());
        const auto& tokens = file.texts("tokenizer.ggml.tokens");
        QVERIFY2(tokens.size() > 30'000, item.path().c_str());
        QCOMPARE(file.integers("tokenizer.ggml.token_type").size(), tokens.size());
        QVERIFY(file.tensors.empty());
        ++files;
    }
    QCOMPARE(files, 6);
}

QTEST_GUILESS_MAIN(TestGguf)
#include "tst_gguf.moc"
