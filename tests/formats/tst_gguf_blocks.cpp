// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Block formats against the `gguf` Python package (random blocks, golden values below), against the vectors of the
// method specification, and against a whole real model; half and bfloat16 in both directions.
#include "tests/formats/rejection.h"
#include "tests/support/test_data.h"
#include "training/formats/file_reader.h"
#include "training/formats/gguf.h"
#include "training/formats/gguf_blocks.h"
#include "training/formats/sha256.h"

#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

using namespace rankwright;

namespace {

struct Golden
{
    StoredType type;
    const char* block;   // one block with random bytes and sensible scales, hexadecimal
    const char* sha256;  // of its float32 values as gguf 0.19 computes them
    std::vector<std::pair<size_t, double>> values;
};

std::vector<Golden> goldenBlocks()
{
    return {
        {StoredType::Q4_0, "1c28402210fae920677a0dcc8aacd07f7c64",
            "6be1a9c4bb59d6c94da2e90fc4d391c4c450db565c4e5ef5ff0353aa9c2b68a3",
            {{0, -0.2568359375}, {16, -0.12841796875}, {31, -0.064208984375}}},
        {StoredType::Q4_1, "1c28d6a9d3eb50b6b02958078df1497cdf7bde25",
            "96bc30497e406d9dde912e1e5f1b5c7801381a5d13249a95f3b105463603b827",
            {{0, 0.05072021484375}, {16, 0.37176513671875}, {31, 0.01861572265625}}},
        {StoredType::Q5_0, "1c28c866d33c9fed358a398c371507127643f18a94dd",
            "c80c8f69d3081171d0acca19ad7b01f3bae2e0b9a9747526c50b3842707aa961",
            {{0, -0.0321044921875}, {16, 0.2889404296875}, {31, -0.0963134765625}}},
        {StoredType::Q5_1, "1c28d6a94ca7c5f2b1f3bcfa5cc3339f90244bde5655765e",
            "41cbe9937a8b9bf9cc0de25901c964725f6ee4e88c13e2dba80fcd60bfa7cff4",
            {{0, -0.01348876953125}, {16, 0.82122802734375}, {31, 0.62860107421875}}},
        {StoredType::Q8_0, "1c284f25db74ea82d58a98716313b0a9132f9afe77a37a46ff5910db28e051237eec",
            "3f1ea630f63d66f8e945c4e9f5cd5bfd06877bdac7699f6f48d9e20c02d071a1",
            {{0, 2.5362548828125}, {16, -3.274658203125}, {31, -0.64208984375}}},
        {StoredType::Q4_K,
            "1c28d6a9d764643f51c09cabc2a78075bf7c2b8302b7f7f099a315d19eded3d66232908c37e375fb00281dfbdf35972268bb"
            "5a342a1af14ee745c18d1ba3e8d200d4ce7bdb05d8fb8c38705a427fa6ed32ca72970aef84b896b33c3cf5638e97b3275dcd"
            "883ffee2579209de5118a3f7d064f620514a5ac7131c92773db789afb9f7f2464307bb03d3274715d90601f9",
            "b0a8d78e3b459e394bda074ab756d832a70609a9256c9a7565adfcd9f92d8ed9",
            {{0, 11.85113525390625}, {16, 2.25189208984375}, {31, 2.25189208984375}, {100, 6.00567626953125},
                {255, 4.18597412109375}}},
        {StoredType::Q5_K,
            "1c28d6a98e7aad4d131e116e91f5ac3dd718cf256d6c85dbb67961ac966a9f13fa6dc43331215090ea2fc4e641c1f7fe3707"
            "97375ffc899c2c95770805fcaf2c1c986533717a2771c2ee8258995d1cba8a5d0a78ee99c956876bf8e7732717a09d4186b2"
            "e233f4be04b8dd562cf02ce4ae105204b18c8a4ea334ea281ae30601ea6b16ffc288fe164bf2af758370d4d1f0fde7b07112"
            "4bdbdfb9fe0d77c0487fe284b70855e0043107418cd8b1d7bb12",
            "530b0fe15aa6bbe6c6eb7e1f0a7bba23747e4653d713c77200d9f7e2172e6aa1",
            {{0, 11.20391845703125}, {16, 6.25982666015625}, {31, 5.36090087890625}, {100, 14.6180419921875},
                {255, 16.69378662109375}}},
        {StoredType::Q6_K,
            "4d6e7f965eb428050b9a074f43c6c9ee69983f51e5bd1e4fb140d816298a52c63113342c5905b97f6f464b06407aa505d5e2"
            "d0d60e5b010276a55f7738675e6dcc5e902004bc1aa57b483fbdac2829fcc94d1632a10f59ec2801da0f1a042a24a3393099"
            "10d506de486150e5d8de6ebd6ec3e5064c97d46a69641dcec6ce2a8772fbae301ff04dae3763c817543f83b2f3289904aac8"
            "3d5cfb69004b81e49af0c8fe23bab17ccba7c9f9407eb30f6549faf658da4eba42f2f4289b372702963e07d1af50722f1f7a"
            "d4841542518177674ca2",
            "09b77f30fce5862919dd11fe9e7e605f11ab9353b6cac18ac15efc434eb648de",
            {{0, -1.119171142578125}, {16, 14.450836181640625}, {31, -15.02886962890625}, {100, 10.293914794921875},
                {255, 30.402099609375}}},
    };
}

std::vector<float> floatsOf(StoredType type, const QByteArray& bytes)
{
    const int64_t values = bytes.size() / blockBytes(type) * blockValues(type);
    std::vector<float> floats(static_cast<size_t>(values), -1e30F);
    dequantise(type, reinterpret_cast<const std::byte*>(bytes.constData()), floats.data(), values);
    return floats;
}

std::string hashOf(const std::vector<float>& floats)
{
    Sha256 hash;
    hash.update(std::as_bytes(std::span(floats)));
    return hash.hex();
}

// Five figures, as the specification prints them.
bool near(double a, double b)
{
    return std::abs(a - b) <= 1e-5 + 1e-5 * std::abs(b);
}

}  // namespace

class TestGgufBlocks : public QObject
{
    Q_OBJECT

private slots:
    void agreesWithThePythonPackage_data();
    void agreesWithThePythonPackage();
    void givesTheSpecificationsSimpleVectors_data();
    void givesTheSpecificationsSimpleVectors();
    void givesTheSpecificationsQ4_KVector();
    void givesTheSpecificationsQ6_KVector();
    void convertsBlockByBlock();
    void knowsTheSizesOfBlocks_data();
    void knowsTheSizesOfBlocks();
    void refusesWhatItCannotConvert();
    void convertsPlainTypes();
    void convertsEveryHalfThereAndBack();
    void roundsHalvesToNearestEven();
    void roundsBfloat16ToNearestEven();
    void convertsEightBitFloats();
    void convertsTheDefaultModel();
};

void TestGgufBlocks::agreesWithThePythonPackage_data()
{
    QTest::addColumn<int>("index");
    const auto rows = goldenBlocks();
    for (size_t i = 0; i < rows.size(); ++i)
        QTest::newRow(std::string(typeName(rows[i].type)).c_str()) << static_cast<int>(i);
}

void TestGgufBlocks::agreesWithThePythonPackage()
{
    QFETCH(int, index);
    const Golden row = goldenBlocks()[static_cast<size_t>(index)];
    const auto floats = floatsOf(row.type, QByteArray::fromHex(row.block));
    QCOMPARE(static_cast<int64_t>(floats.size()), blockValues(row.type));
    for (const auto& [at, value] : row.values)
        QCOMPARE(static_cast<double>(floats[at]), value);
    QCOMPARE(hashOf(floats), std::string(row.sha256));
}

void TestGgufBlocks::givesTheSpecificationsSimpleVectors_data()
{
    QTest::addColumn<int>("type");
    QTest::addColumn<QByteArray>("block");
    QTest::addColumn<QVector<double>>("values");  // 0, 1, 15, 16 and 31 of the block made of linspace(-1, 1, 32)
    const auto row = [](StoredType type, const char* block, const QVector<double>& values) {
        QTest::newRow(std::string(typeName(type)).c_str()) << static_cast<int>(type) << QByteArray(block) << values;
    };
    row(StoredType::Q4_0, "0030809191a2a2b3b3c4c4d5d5e6e6f7f7f8", {-1, -0.875, 0, 0, 0.875});
    row(StoredType::Q4_1, "443000bc80809191a2a2b3b3c4c4d5d5e6e6f7f7",
        {-1, -1, -0.06689453125, 0.06640625, 0.99951171875});
    row(StoredType::Q8_0, "08208189919aa2aab2bac3cbd3dbe3ecf4fc040c141d252d353d464e565e666f777f",
        {-0.99993896484375, -0.93695068359375, -0.031494140625, 0.031494140625, 0.99993896484375});
    row(StoredType::Q5_0, "002c0000ffff102132435465768798a9bacbdcedfeff", {-1, -0.9375, -0.0625, 0.0625, 0.9375});
    row(StoredType::Q5_1, "212c00bc0000ffff00112233445566778899aabbccddeeff",
        {-1, -0.93548583984375, -0.03228759765625, 0.0322265625, 0.99993896484375});
}

void TestGgufBlocks::givesTheSpecificationsSimpleVectors()
{
    QFETCH(int, type);
    QFETCH(QByteArray, block);
    QFETCH(QVector<double>, values);
    const auto floats = floatsOf(static_cast<StoredType>(type), QByteArray::fromHex(block));
    constexpr std::array<size_t, 5> kAt {0, 1, 15, 16, 31};
    for (int i = 0; i < values.size(); ++i)
        QCOMPARE(static_cast<double>(floats[kAt[static_cast<size_t>(i)]]), values[i]);
}

void TestGgufBlocks::givesTheSpecificationsQ4_KVector()
{
    QByteArray block = QByteArray::fromStdString(bytesOf(floatToHalf(0.01F)) + bytesOf(floatToHalf(0.02F)));
    block += QByteArray::fromHex("010203040506070821436587");
    for (int i = 0; i < 128; ++i)
        block += static_cast<char>(7 * i);
    const auto y = floatsOf(StoredType::Q4_K, block);
    const std::vector<std::pair<size_t, double>> expected {{0, -.10002}, {1, -.03001}, {32, -.12003}, {64, -.14003},
        {96, .40009}, {128, -.04001}, {160, .28006}, {255, .33007}};
    for (const auto& [at, value] : expected)
        QVERIFY2(near(y[at], value), qPrintable(QString("%1: %2").arg(at).arg(static_cast<double>(y[at]))));
    QVERIFY(near(std::accumulate(y.begin(), y.end(), 0.0), 30.72656));
}

void TestGgufBlocks::givesTheSpecificationsQ6_KVector()
{
    QByteArray block;
    for (int i = 0; i < 128; ++i)
        block += static_cast<char>(5 * i);
    for (int i = 0; i < 64; ++i)
        block += static_cast<char>(3 * i);
    for (int i = -8; i < 8; ++i)
        block += static_cast<char>(i);
    block += QByteArray::fromStdString(bytesOf(floatToHalf(0.005F)));
    const auto y = floatsOf(StoredType::Q6_K, block);
    const std::vector<std::pair<size_t, double>> expected {{0, 1.28027}, {1, -.84018}, {16, 1.12024}, {32, .96021},
        {64, .64014}, {96, .22005}, {128, 0}, {255, .24505}};
    for (const auto& [at, value] : expected)
        QVERIFY2(near(y[at], value), qPrintable(QString("%1: %2").arg(at).arg(static_cast<double>(y[at]))));
    QVERIFY(near(std::accumulate(y.begin(), y.end(), 0.0), 15.72336));
}

// Three blocks in one call are the three blocks one by one.
void TestGgufBlocks::convertsBlockByBlock()
{
    for (const Golden& row : goldenBlocks()) {
        const QByteArray block = QByteArray::fromHex(row.block);
        const auto one = floatsOf(row.type, block);
        const auto three = floatsOf(row.type, block + block + block);
        QCOMPARE(three.size(), 3 * one.size());
        for (size_t i = 0; i < three.size(); ++i)
            QCOMPARE(three[i], one[i % one.size()]);
    }
}

void TestGgufBlocks::knowsTheSizesOfBlocks_data()
{
    QTest::addColumn<int>("type");
    QTest::addColumn<int>("values");
    QTest::addColumn<int>("bytes");
    QTest::addColumn<bool>("readable");
    const auto row = [](StoredType type, int values, int bytes, bool readable = true) {
        QTest::newRow(std::string(typeName(type)).c_str()) << static_cast<int>(type) << values << bytes << readable;
    };
    row(StoredType::F32, 1, 4);
    row(StoredType::F16, 1, 2);
    row(StoredType::BF16, 1, 2);
    row(StoredType::F64, 1, 8);
    row(StoredType::F8_E4M3, 1, 1);
    row(StoredType::F8_E5M2, 1, 1);
    row(StoredType::Q4_0, 32, 18);
    row(StoredType::Q4_1, 32, 20);
    row(StoredType::Q5_0, 32, 22);
    row(StoredType::Q5_1, 32, 24);
    row(StoredType::Q8_0, 32, 34);
    row(StoredType::Q4_K, 256, 144);
    row(StoredType::Q5_K, 256, 176);
    row(StoredType::Q6_K, 256, 210);
    row(StoredType::Q2_K, 256, 84, false);
    row(StoredType::Q3_K, 256, 110, false);
    row(StoredType::I8, 1, 1, false);
    row(StoredType::I64, 1, 8, false);
    row(StoredType::C64, 1, 8, false);
    row(StoredType::F8_E8M0, 1, 1, false);
    row(StoredType::F4, 2, 1, false);
    row(StoredType::F6_E3M2, 4, 3, false);
}

void TestGgufBlocks::knowsTheSizesOfBlocks()
{
    QFETCH(int, type);
    QFETCH(int, values);
    QFETCH(int, bytes);
    QFETCH(bool, readable);
    QCOMPARE(blockValues(static_cast<StoredType>(type)), int64_t {values});
    QCOMPARE(blockBytes(static_cast<StoredType>(type)), int64_t {bytes});
    QCOMPARE(canDequantise(static_cast<StoredType>(type)), readable);
}

void TestGgufBlocks::refusesWhatItCannotConvert()
{
    std::byte from[256] {};
    float to[256];
    requireRejection(
        [&] { dequantise(StoredType::Q2_K, from, to, 256); }, Code::unsupported, "Q2_K .allowed: .*Q4_K, Q5_K");
    QVERIFY_EXCEPTION_THROWN(dequantise(StoredType::Q4_0, from, to, 33), Error);
}

void TestGgufBlocks::convertsPlainTypes()
{
    const auto bytes = [](const std::string& text) { return QByteArray::fromStdString(text); };
    QCOMPARE(floatsOf(StoredType::F32, bytes(bytesOf(1.25F) + bytesOf(-2.5F))), (std::vector<float> {1.25F, -2.5F}));
    QCOMPARE(floatsOf(StoredType::F64, bytes(bytesOf(0.1) + bytesOf(-3.0))), (std::vector<float> {0.1F, -3}));
    QCOMPARE(floatsOf(StoredType::F16, QByteArray::fromHex("003c00c0ff7b")), (std::vector<float> {1, -2, 65504}));
    QCOMPARE(floatsOf(StoredType::BF16, QByteArray::fromHex("803f20c1")), (std::vector<float> {1, -10}));
    QVERIFY(floatsOf(StoredType::F32, {}).empty());
}

void TestGgufBlocks::convertsEveryHalfThereAndBack()
{
    for (uint32_t i = 0; i <= 0xffff; ++i) {
        const auto half = static_cast<uint16_t>(i);
        const float value = halfToFloat(half);
        const int exponent = (half >> 10) & 31, mantissa = half & 1023;
        const double sign = (half & 0x8000) != 0 ? -1 : 1;
        if (exponent == 31 && mantissa != 0) {
            QVERIFY(std::isnan(value));
            QCOMPARE(floatToHalf(value), static_cast<uint16_t>(half | 0x200));  // quiet
            continue;
        }
        const double expected = exponent == 31 ? sign * std::numeric_limits<double>::infinity()
            : exponent == 0                    ? sign * std::ldexp(mantissa, -24)
                                               : sign * std::ldexp(1024 + mantissa, exponent - 25);
        QCOMPARE(std::bit_cast<uint32_t>(value), std::bit_cast<uint32_t>(static_cast<float>(expected)));
        QCOMPARE(floatToHalf(value), half);
    }
}

// Between two neighbouring halves the middle goes to the even one, and everything else to the nearer one.
void TestGgufBlocks::roundsHalvesToNearestEven()
{
    for (uint32_t i = 0; i < 0x7bff; ++i) {
        const auto low = static_cast<uint16_t>(i), high = static_cast<uint16_t>(i + 1);
        const float middle = halfToFloat(low) + (halfToFloat(high) - halfToFloat(low)) / 2;
        const uint16_t even = (low & 1) == 0 ? low : high;
        QCOMPARE(floatToHalf(middle), even);
        QCOMPARE(floatToHalf(-middle), static_cast<uint16_t>(even | 0x8000));
        QCOMPARE(floatToHalf(std::nextafter(middle, 0.0F)), low);
        QCOMPARE(floatToHalf(std::nextafter(middle, 1e9F)), high);
    }
    QCOMPARE(floatToHalf(65519.0F), uint16_t {0x7bff});
    QCOMPARE(floatToHalf(65520.0F), uint16_t {0x7c00});
    QCOMPARE(floatToHalf(-std::numeric_limits<float>::infinity()), uint16_t {0xfc00});
}

void TestGgufBlocks::roundsBfloat16ToNearestEven()
{
    const auto rounded = [](uint32_t bits) { return floatToBfloat16(std::bit_cast<float>(bits)); };
    QCOMPARE(rounded(0x3f808000), uint16_t {0x3f80});  // the middle, to even
    QCOMPARE(rounded(0x3f818000), uint16_t {0x3f82});
    QCOMPARE(rounded(0x3f807fff), uint16_t {0x3f80});
    QCOMPARE(rounded(0x3f808001), uint16_t {0x3f81});
    QCOMPARE(rounded(0x7f7fffff), uint16_t {0x7f80});  // rounds to infinity
    QCOMPARE(rounded(0xff800000), uint16_t {0xff80});
    QCOMPARE(rounded(0x7f800001), uint16_t {0x7fc0});  // NaN stays NaN, quieted
    QCOMPARE(rounded(0xffbfffff), uint16_t {0xffff});
    QCOMPARE(rounded(0x80000001), uint16_t {0x8000});
    QCOMPARE(std::bit_cast<uint32_t>(bfloat16ToFloat(0xc120)), 0xc1200000u);
}

void TestGgufBlocks::convertsEightBitFloats()
{
    QByteArray all;
    for (int i = 0; i < 256; ++i)
        all += static_cast<char>(i);
    const auto e4m3 = floatsOf(StoredType::F8_E4M3, all), e5m2 = floatsOf(StoredType::F8_E5M2, all);
    for (int i = 0; i < 256; ++i) {
        const double sign = i >= 128 ? -1 : 1;
        const auto at = static_cast<size_t>(i);
        const int exponent4 = (i >> 3) & 15, mantissa3 = i & 7;
        if (exponent4 == 15 && mantissa3 == 7)
            QVERIFY(std::isnan(e4m3[at]));
        else
            QCOMPARE(static_cast<double>(e4m3[at]),
                sign * (exponent4 == 0 ? std::ldexp(mantissa3, -9) : std::ldexp(8 + mantissa3, exponent4 - 10)));
        const int exponent5 = (i >> 2) & 31, mantissa2 = i & 3;
        if (exponent5 == 31)
            QVERIFY(mantissa2 == 0 ? std::isinf(e5m2[at]) : std::isnan(e5m2[at]));
        else
            QCOMPARE(static_cast<double>(e5m2[at]),
                sign * (exponent5 == 0 ? std::ldexp(mantissa2, -16) : std::ldexp(4 + mantissa2, exponent5 - 17)));
    }
}

// All 272 tensors (Q4_1, Q8_0, F32) against the hash of what gguf 0.19 makes of them.
void TestGgufBlocks::convertsTheDefaultModel()
{
    const auto path = defaultModel();
    if (path.empty())
        QSKIP("the default model is not here");
    const FileReader file(path);
    Sha256 hash;
    int64_t values = 0;
    for (const TensorEntry& tensor : readGguf(path).tensors) {
        std::vector<std::byte> bytes(tensor.bytes);
        file.read(tensor.offset, bytes);
        std::vector<float> floats(static_cast<size_t>(tensor.count()));
        dequantise(tensor.type, bytes.data(), floats.data(), tensor.count());
        hash.update(std::as_bytes(std::span(floats)));
        values += tensor.count();
    }
    QCOMPARE(values, int64_t {134'515'008});
    QCOMPARE(hash.hex(), std::string("1034100613c22abd3cc047d99b02ed7a8d419bc245f4cf54a4736c5f699ba569"));
}

QTEST_GUILESS_MAIN(TestGgufBlocks)
#include "tst_gguf_blocks.moc"
