// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Writing GGUF: quantised blocks byte for byte as the `gguf` Python package makes them (golden hashes below), metadata of every type,
// tensors in pieces, and what is refused.
#include "tests/formats/rejection.h"
#include "training/formats/gguf_blocks.h"
#include "training/formats/gguf_writer.h"
#include "training/formats/sha256.h"

#include <QTemporaryDir>

#include <cmath>
#include <limits>

using namespace rankwright;
namespace fs = std::filesystem;

namespace {

// 64 blocks of scattered values whose scales run from 2^-50 to 2^13, then blocks of zeros, halves that lie between two steps, values of
// one size with both signs, numbers below the smallest normal float, and one value 32 times.
std::vector<float> probe()
{
    std::vector<float> x;
    for (uint64_t i = 0; i < 64 * 32; ++i) {
        const auto scattered = double(((i * 2654435761u) % (uint64_t{1} << 32)) >> 8) * 0x1p-23 - 1;
        x.push_back(float(scattered) * std::ldexp(1.0F, int(i / 32) - 50));
    }
    const auto block = [&](auto value) {
        for (int j = 0; j < 32; ++j)
            x.push_back(float(value(j)));
    };
    block([](int) { return 0.0; });
    block([](int) { return -0.0; });
    block([](int j) { return j == 0 ? 127.0 : j - 15.5; });
    block([](int j) { return j == 0 ? -8.0 : (j - 16) / 2.0; });
    block([](int j) { return j / 2.0; });
    block([](int j) { return j % 2 != 0 ? 1.0 : -1.0; });
    block([](int j) { return j * 0x1p-149; });
    block([](int j) { return (j - 16) * 0x1p-30; });
    block([](int) { return 3.0; });
    return x;
}

std::vector<std::byte> quantised(StoredType type, const std::vector<float>& values)
{
    const auto count = int64_t(values.size());
    std::vector<std::byte> bytes(size_t(count / blockValues(type) * blockBytes(type)));
    quantise(type, values.data(), bytes.data(), count);
    return bytes;
}

TensorToWrite tensor(const std::string& name, StoredType type, std::vector<int64_t> shape, std::vector<std::byte> bytes)
{
    return {.name = name, .type = type, .shape = std::move(shape), .produce = [bytes = std::move(bytes)](const auto& sink) {
        // In parts of odd sizes, as streams come.
        for (size_t done = 0; done < bytes.size(); done += 7)
            sink(std::span(bytes).subspan(done, std::min<size_t>(7, bytes.size() - done)));
    }};
}

}  // namespace

class TestGgufWriter : public QObject
{
    Q_OBJECT

private slots:
    void init();
    void quantisesAsThePythonPackage_data();
    void quantisesAsThePythonPackage();
    void givesTheSpecificationsVectors_data();
    void givesTheSpecificationsVectors();
    void comesBackWithinAStep();
    void refusesWhatTypesCannotHold_data();
    void refusesWhatTypesCannotHold();
    void writesWhatItReads();
    void alignsTensors();
    void refusesBadTensors();
    void keepsTheOldFileWhereWritingFails();

private:
    std::unique_ptr<QTemporaryDir> m_temporary;
    fs::path m_file;
};

void TestGgufWriter::init()
{
    m_temporary = std::make_unique<QTemporaryDir>();
    m_file = fs::path(m_temporary->path().toStdString()) / "x.gguf";
}

void TestGgufWriter::quantisesAsThePythonPackage_data()
{
    QTest::addColumn<int>("type");
    QTest::addColumn<QString>("sha256");
    const auto row = [](StoredType type, const char* sha256) {
        QTest::newRow(std::string(typeName(type)).c_str()) << int(type) << QString(sha256);
    };
    row(StoredType::Q8_0, "0d6f18d81c71e77265ea8adad4a8af9274b3e9c42f0e27f3151db9b1e1a4c544");
    row(StoredType::Q4_0, "85faa2af6c05b2cfd1217e223cf6d7708a6cc2c9e9f61b4c05d0a78913345f83");
    row(StoredType::Q4_1, "be4965d74adb82838e1cc4585d1dac1a94d49ea0ec22ab43735b130b1cbacda3");
    row(StoredType::F16, "a23c9e22b0427653f142ae99e4e8bbfd5d6435198da93c5605453184d73683c9");
    row(StoredType::BF16, "1538ae2bf342ee9f531aa1051ad5782e9d702d72cc11bc94de7571acad297043");
}

void TestGgufWriter::quantisesAsThePythonPackage()
{
    QFETCH(int, type);
    QFETCH(QString, sha256);
    Sha256 sum;
    sum.update(std::span<const std::byte>(quantised(StoredType(type), probe())));
    QCOMPARE(QString::fromStdString(sum.hex()), sha256);
}

void TestGgufWriter::givesTheSpecificationsVectors_data()
{
    QTest::addColumn<int>("type");
    QTest::addColumn<QByteArray>("bytes");
    QTest::newRow("Q4_0") << int(StoredType::Q4_0) << QByteArray("0030809191a2a2b3b3c4c4d5d5e6e6f7f7f8");
    QTest::newRow("Q4_1") << int(StoredType::Q4_1) << QByteArray("443000bc80809191a2a2b3b3c4c4d5d5e6e6f7f7");
    QTest::newRow("Q8_0") << int(StoredType::Q8_0)
                          << QByteArray("08208189919aa2aab2bac3cbd3dbe3ecf4fc040c141d252d353d464e565e666f777f");
}

// Thirty-two values from -1 to 1, equally far from each other.
void TestGgufWriter::givesTheSpecificationsVectors()
{
    QFETCH(int, type);
    QFETCH(QByteArray, bytes);
    std::vector<float> x;
    for (int j = 0; j < 32; ++j)
        x.push_back(float(-1 + j * (2.0 / 31)));
    const auto made = quantised(StoredType(type), x);
    QCOMPARE(QByteArray(reinterpret_cast<const char*>(made.data()), qsizetype(made.size())).toHex(), bytes);
}

void TestGgufWriter::comesBackWithinAStep()
{
    std::vector<float> x;
    for (int j = 0; j < 3200; ++j)
        x.push_back(std::sin(float(j)));
    const auto largestError = [&](StoredType type) {
        const auto bytes = quantised(type, x);
        std::vector<float> back(x.size());
        dequantise(type, bytes.data(), back.data(), int64_t(x.size()));
        float largest = 0;
        for (size_t i = 0; i < x.size(); ++i)
            largest = std::max(largest, std::fabs(x[i] - back[i]));
        return largest;
    };
    QCOMPARE(largestError(StoredType::F32), 0.0F);
    QVERIFY(largestError(StoredType::F16) <= 1.0F / 4096);
    QVERIFY(largestError(StoredType::BF16) <= 1.0F / 512);
    QVERIFY(largestError(StoredType::Q8_0) <= 0.5F / 127 + 1e-3F);
    QVERIFY(largestError(StoredType::Q4_1) <= 1.0F / 15 + 1e-3F);
    QVERIFY(largestError(StoredType::Q4_0) <= 1.0F / 8 + 1e-3F);
    QVERIFY(!canQuantise(StoredType::Q4_K) && !canQuantise(StoredType::I64) && canQuantise(StoredType::Q4_1));
}

void TestGgufWriter::refusesWhatTypesCannotHold_data()
{
    QTest::addColumn<int>("type");
    QTest::addColumn<float>("value");
    for (const StoredType type : {StoredType::F32, StoredType::F16, StoredType::BF16, StoredType::Q8_0, StoredType::Q4_0, StoredType::Q4_1}) {
        for (const float value : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()})
            QTest::addRow("%s %f", std::string(typeName(type)).c_str(), double(value)) << int(type) << value;
    }
    QTest::newRow("above a half") << int(StoredType::F16) << 65520.0F;
    QTest::newRow("above a bfloat16") << int(StoredType::BF16) << std::numeric_limits<float>::max();
    QTest::newRow("scale of Q8_0") << int(StoredType::Q8_0) << 127 * 65520.0F;
    QTest::newRow("scale of Q4_0") << int(StoredType::Q4_0) << 8 * 65520.0F;
    QTest::newRow("scale of Q4_1") << int(StoredType::Q4_1) << 16 * 65520.0F;
}

void TestGgufWriter::refusesWhatTypesCannotHold()
{
    QFETCH(int, type);
    QFETCH(float, value);
    std::vector<float> x(64, 0.5F);
    x[40] = value;
    requireRejection([&] { (void)quantised(StoredType(type), x); }, Code::data, "value (40|32): .*can hold");
    x[40] = 1000;
    (void)quantised(StoredType(type), x);
}

void TestGgufWriter::writesWhatItReads()
{
    const auto floats = probe();
    GgufMetadata metadata{{"general.architecture", ggufText("test")}, {"a.integer", ggufInteger(4294967295)}, {"a.number", ggufNumber(0.5)},
        {"a.flag", ggufFlag(true)}, {"a.texts", ggufTexts({"", "two", std::string("\0x", 2)})}, {"a.numbers", ggufNumbers({1.5, -2})},
        {"a.integers", ggufIntegers({-1, 7})}};
    const auto scalar = [&](const char* key, uint32_t type, auto value) { metadata.push_back({key, {.type = type, .value = value}}); };
    scalar("u8", 0, uint64_t{255});
    scalar("i8", 1, int64_t{-128});
    scalar("u16", 2, uint64_t{65535});
    scalar("i16", 3, int64_t{-32768});
    scalar("i32", 5, int64_t{-2147483648});
    scalar("u64", 10, ~uint64_t{0});
    scalar("i64", 11, std::numeric_limits<int64_t>::min());
    scalar("f64", 12, 0.1);
    metadata.push_back({"flags", {.type = 7, .isArray = true, .value = std::vector<bool>{true, false}}});
    metadata.push_back({"bytes", {.type = 0, .isArray = true, .value = std::vector<uint64_t>{1, 2, 255}}});
    metadata.push_back({"empty", ggufTexts({})});
    std::vector<TensorToWrite> tensors;
    for (const StoredType type : {StoredType::F32, StoredType::F16, StoredType::BF16, StoredType::Q8_0, StoredType::Q4_0, StoredType::Q4_1})
        tensors.push_back(tensor(std::string(typeName(type)), type, {int64_t(floats.size()) / 32, 32}, quantised(type, floats)));
    tensors.push_back(tensor("stack", StoredType::F32, {2, 3, 4}, std::vector<std::byte>(96)));
    tensors.push_back(tensor("one", StoredType::F32, {1}, std::vector<std::byte>(4)));
    writeGguf(m_file, metadata, tensors);

    const GgufFile read = readGguf(m_file);
    QCOMPARE(read.metadata.size(), metadata.size());
    for (const auto& [key, value] : metadata) {
        QCOMPARE(read.metadata.at(key).type, value.type);
        QCOMPARE(read.metadata.at(key).isArray, value.isArray);
        QVERIFY2(read.metadata.at(key).value == value.value, key.c_str());
    }
    QCOMPARE(read.tensors.size(), tensors.size());
    for (size_t i = 0; i < tensors.size(); ++i) {
        QCOMPARE(read.tensors[i].name, tensors[i].name);
        QCOMPARE(read.tensors[i].shape, tensors[i].shape);
        QVERIFY(read.tensors[i].type == tensors[i].type);
    }
    const auto& stored = read.tensors[3];
    std::vector<std::byte> bytes(stored.bytes);
    FileReader(m_file).read(stored.offset, bytes);
    QVERIFY(bytes == quantised(StoredType::Q8_0, floats));
}

void TestGgufWriter::alignsTensors()
{
    const auto four = [](const std::string& name) { return tensor(name, StoredType::F32, {1}, std::vector<std::byte>(4)); };
    writeGguf(m_file, {{"k", ggufText("v")}}, {four("a"), four("b"), four("c")});
    const GgufFile read = readGguf(m_file);
    for (const auto& entry : read.tensors)
        QCOMPARE(entry.offset % 32, uint64_t{0});
    QCOMPARE(read.tensors[2].offset - read.tensors[0].offset, uint64_t{64});
    QCOMPARE(uint64_t(fs::file_size(m_file)) % 32, uint64_t{0});   // the last one is padded as well
    writeGguf(m_file, {}, {});
    QCOMPARE(readGguf(m_file).tensors.size(), size_t{0});
}

void TestGgufWriter::refusesBadTensors()
{
    const auto refused = [&](const GgufMetadata& metadata, const std::vector<TensorToWrite>& tensors, Code code, const char* pattern) {
        requireRejection([&] { writeGguf(m_file, metadata, tensors); }, code, pattern);
        QVERIFY(!fs::exists(m_file));
    };
    const std::vector<std::byte> bytes(128);
    refused({}, {tensor(std::string(64, 'n'), StoredType::F32, {32}, bytes)}, Code::limit, "64 bytes of name");
    refused({}, {tensor("t", StoredType::F32, {1, 1, 1, 1, 32}, bytes)}, Code::limit, "5 dimensions");
    refused({}, {tensor("t", StoredType::F32, {31}, bytes)}, Code::internal, "128 bytes allowed: 124|found 128|128 bytes");
    refused({}, {tensor("t", StoredType::Q8_0, {4, 31}, bytes)}, Code::internal, "no whole number of blocks");
    refused({}, {tensor("t", StoredType::I64, {16}, bytes)}, Code::internal, "I64");
    refused({}, {tensor("t", StoredType::F32, {32}, bytes), tensor("t", StoredType::F32, {32}, bytes)}, Code::internal, "tensor t.*twice");
    refused({{"k", ggufFlag(true)}, {"k", ggufFlag(true)}}, {}, Code::internal, "key k.*twice");
    requireRejection([] { (void)ggufInteger(-1); }, Code::internal, "-1");
}

void TestGgufWriter::keepsTheOldFileWhereWritingFails()
{
    writeGguf(m_file, {{"k", ggufText("old")}}, {});
    TensorToWrite bad{.name = "t", .type = StoredType::F32, .shape = {1}, .produce = [](const auto&) {
        throw Error({.code = Code::data, .place = "here", .found = "nothing"});
    }};
    QVERIFY_EXCEPTION_THROWN(writeGguf(m_file, {{"k", ggufText("new")}}, {bad}), Error);
    QCOMPARE(readGguf(m_file).text("k"), std::string("old"));
    QCOMPARE(std::distance(fs::directory_iterator(m_file.parent_path()), fs::directory_iterator()), 1);
}

QTEST_GUILESS_MAIN(TestGgufWriter)
#include "tst_gguf_writer.moc"
