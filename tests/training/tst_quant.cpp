// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The formats of frozen weights: bytes against bitsandbytes (tests/golden/make_quant_golden.py; $RANKWRIGHT_BNB_FILE names another file
// of that form), and what holds for every format.
#include "training/quant/format.h"

#include "tests/support/thrown.h"
#include "training/formats/file_reader.h"
#include "training/formats/safetensors.h"
#include "training/quant/dynamic_map.h"
#include "training/quant/nf4.h"
#include "training/quant/nfb.h"

#include <ATen/ATen.h>

#include <QProcess>
#include <QTest>

#include <cmath>
#include <cstring>
#include <map>

using namespace rankwright;

namespace {

using Tensors = std::map<std::string, at::Tensor>;

at::ScalarType scalarType(StoredType type)
{
    switch (type) {
    case StoredType::U8: return at::kByte;
    case StoredType::I8: return at::kChar;
    case StoredType::BF16: return at::kBFloat16;
    case StoredType::F16: return at::kHalf;
    default: return at::kFloat;
    }
}

Tensors readAll(const std::filesystem::path& file)
{
    Tensors tensors;
    const FileReader reader(file);
    for (const auto& entry : readSafetensors(file).tensors) {
        auto tensor = at::empty(entry.shape, scalarType(entry.type));
        reader.read(entry.offset, {static_cast<std::byte*>(tensor.mutable_data_ptr()), entry.bytes});
        tensors[entry.name] = tensor;
    }
    return tensors;
}

bool sameBytes(const at::Tensor& a, const at::Tensor& b)
{
    return a.scalar_type() == b.scalar_type() && a.numel() == b.numel()
        && (a.numel() == 0 || std::memcmp(a.contiguous().const_data_ptr(), b.contiguous().const_data_ptr(), a.numel() * a.element_size()) == 0);
}

bool sameTensors(const Quantised& a, const Quantised& b)
{
    const auto left = a.tensors(), right = b.tensors();
    return std::equal(left.begin(), left.end(), right.begin(), right.end(),
        [](const auto& x, const auto& y) { return x.first == y.first && sameBytes(x.second, y.second); });
}

std::vector<std::string> formats()
{
    std::vector<std::string> ids{
#define BASE_FORMAT(id, ...) id,
#include "training/quant/formats.inc"
#undef BASE_FORMAT
    };
    std::erase(ids, "none");
    return ids;
}

double bitsOf(const std::string& format)
{
    const std::map<std::string, double> bits{
#define BASE_FORMAT(id, title, bits, ...) {id, bits},
#include "training/quant/formats.inc"
#undef BASE_FORMAT
    };
    return bits.at(format);
}

at::Tensor weight(int64_t out, int64_t in, double scale = 0.02)
{
    at::manual_seed(uint64_t(out * 1000 + in));
    return at::randn({out, in}) * scale;
}

double error(const at::Tensor& W, const std::string& format) { return (W - roundTrip(W, format)).norm().item<double>(); }

// How many names of bitsandbytes' file are not what we make of its weights; every mismatch is printed.
int differences(const Tensors& theirs)
{
    int wrong = 0;
    for (const auto& [name, W] : theirs) {
        if (!name.ends_with(".weight"))
            continue;
        const auto stem = name.substr(0, name.size() - 7);
        for (const std::string format : {"nf4", "nf4-dq", "int8"}) {
            const auto start = stem + "." + format + ".";
            const auto made = quantise(W, format);
            Tensors ours{{"dense", made->dense()}, {"bf16", made->rows(0, made->out(), at::kBFloat16)},
                {"fp16", made->rows(0, made->out(), at::kHalf)}};
            for (const auto& [part, tensor] : made->tensors())
                ours[part] = tensor;
            for (const auto& [part, tensor] : ours) {
                const auto golden = theirs.find(start + part);
                if (golden == theirs.end() || sameBytes(golden->second, tensor))
                    continue;
                qWarning("%s%s differs", start.c_str(), part.c_str());
                ++wrong;
            }
        }
    }
    return wrong;
}

}  // namespace

class TestQuant : public QObject
{
    Q_OBJECT

    static void formatRows()
    {
        QTest::addColumn<QString>("format");
        for (const auto& format : formats())
            QTest::addRow("%s", format.c_str()) << QString::fromStdString(format);
        for (const char* format : {"nfb:4,8,fp32,64,256", "nfb:3,3,bf16,16,16", "nfb:2,2,fp16,32,64", "nfb:8,4,bf16,32,16"})
            QTest::addRow("%s", format) << QString(format);
    }

private Q_SLOTS:
    void bytesOfBitsandbytes()
    {
        const auto theirs = readAll(std::filesystem::path(RANKWRIGHT_SOURCE_DIR) / "tests/golden/quant/bitsandbytes.safetensors");
        int codes = 0, nested = 0;
        for (const auto& [name, tensor] : theirs) {
            codes += name.ends_with("nf4.codes") ? 1 : 0;
            nested += name.ends_with("nested_offset") ? 1 : 0;
        }
        QVERIFY(codes >= 8 && nested >= 8);
        QCOMPARE(differences(theirs), 0);
    }

    void bytesOfAnotherFile()
    {
        const char* file = std::getenv("RANKWRIGHT_BNB_FILE");
        if (!file)
            QSKIP("RANKWRIGHT_BNB_FILE names no file (tests/peer/check_bitsandbytes.py makes one)");
        const auto theirs = readAll(file);
        QVERIFY(!theirs.empty());
        QCOMPARE(differences(theirs), 0);
    }

    // The loops are compiled for several vector widths; each makes the same bytes.
    void bytesAtEveryVectorWidth_data()
    {
        QTest::addColumn<QString>("width");
        for (const char* width : {"default", "avx2"})
            QTest::addRow("%s", width) << QString(width);
    }
    void bytesAtEveryVectorWidth()
    {
        QFETCH(QString, width);
        QProcess again;
        auto environment = QProcessEnvironment::systemEnvironment();
        environment.insert("ATEN_CPU_CAPABILITY", width);
        again.setProcessEnvironment(environment);
        again.start(QCoreApplication::applicationFilePath(), {"bytesOfBitsandbytes", "roundTrips"});
        QVERIFY(again.waitForFinished(120000));
        QVERIFY2(again.exitCode() == 0, again.readAllStandardOutput().constData());
    }

    // One block by hand: 0.5 / 2 lies between 0.2461 and 0.3379, nearer to the first, and so on.
    void vector()
    {
        const auto x = at::tensor({.5f, -2.f, 1.f, .05f, -.1f, 0.f, 1.9f, -.95f}).reshape({1, 8});
        const auto made = quantise(x, "nf4");
        QVERIFY(sameBytes(made->tensors()[0].second, at::tensor({160, 199, 103, 242}, at::kByte)));
        QVERIFY(sameBytes(made->tensors()[1].second, at::tensor({2.f})));
        const auto expected = at::tensor({.4922246f, -2.f, .8814197f, 0.f, -.1821001f, 0.f, 2.f, -1.0501461f});
        QVERIFY((made->dense().reshape({-1}) - expected).abs().max().item<float>() < 1e-6f);
    }

    // Exactly on the midpoint of two codes: the lower; the next number up: the upper.
    void thresholds()
    {
        for (size_t i = 0; i + 1 < kNf4Book.size(); ++i) {
            const float middle = (kNf4Book[i] + kNf4Book[i + 1]) / 2.0f;
            auto x = at::zeros({1, 64});
            x[0][0] = 1.0f;
            x[0][1] = middle;
            x[0][2] = std::nextafter(middle, 2.0f);
            x[0][3] = std::nextafter(middle, -2.0f);
            const auto codes = quantise(x, "nf4")->tensors()[0].second.reshape({-1});
            QCOMPARE(codes[0].item<int>() & 15, int(i));
            QCOMPARE(codes[1].item<int>() >> 4, int(i) + 1);
            QCOMPARE(codes[1].item<int>() & 15, int(i));
        }
    }

    void dynamicMapAnchors()
    {
        const auto& map = dynamicMap();
        QVERIFY(std::is_sorted(map.begin(), map.end()));
        QCOMPARE(map[0], -0.992968738079071f);
        QCOMPARE(map[127], 0.0f);
        QCOMPARE(map[128], 5.5e-7f);
        QCOMPARE(map[126], -map[128]);
        QCOMPARE(map[254], 0.992968738079071f);
        QCOMPARE(map[255], 1.0f);
    }

    // NF4's book as published, and the smaller ones as LQ-LoRA's code makes them.
    void normalFloatBooks()
    {
        const std::map<int, std::vector<float>> known{{2, {-1, 0, .337915f, 1}},
            {3, {-1, -.478629f, -.217142f, 0, .16093f, .337915f, .562617f, 1}}, {4, {kNf4Book.begin(), kNf4Book.end()}}};
        for (const auto& [bits, values] : known) {
            QCOMPARE(nfbBook(bits).size(), values.size());
            for (size_t i = 0; i < values.size(); ++i)
                QVERIFY2(std::abs(nfbBook(bits)[i] - values[i]) < (bits == 4 ? 1.2e-7f : 1e-6f), qPrintable(QString::number(bits)));
        }
        QCOMPARE(nfbBook(8).size(), size_t(256));
        QVERIFY(std::is_sorted(nfbBook(8).begin(), nfbBook(8).end(), std::less_equal<>()));
    }

    void roundTrips_data() { formatRows(); }
    void roundTrips()
    {
        QFETCH(QString, format);
        const auto id = format.toStdString();
        for (const auto& [out, in] : {std::pair{300, 20}, {20, 300}, {1, 77}, {64, 64}, {33, 1}, {1, 1}, {5, 129}}) {
            const auto W = weight(out, in);
            const auto made = quantise(W, id);
            QCOMPARE(made->out(), out);
            QCOMPARE(made->in(), in);
            const auto dense = made->dense();
            QCOMPARE(dense.sizes(), W.sizes());
            QVERIFY(dense.is_contiguous() && dense.isfinite().all().item<bool>());
            // Two bits know four values, and -1 is one of them, so that a block's largest positive number may be far off.
            const double most = id.find("nf2") == 0 || id.find("nfb:2") == 0 ? 0.75 : 0.45;
            QVERIFY2((W - dense).norm().item<double>() <= most * W.norm().item<double>(), qPrintable(format));
            QVERIFY(sameBytes(made->rows(0, out, at::kBFloat16), dense.to(at::kBFloat16)));
            QVERIFY(sameBytes(made->rows(0, out, at::kHalf), dense.to(at::kHalf)));
            QVERIFY(sameBytes(made->rows(0, out, at::kDouble), dense.to(at::kDouble)));
            for (const auto& [first, last] : {std::pair{0, 0}, {0, 1}, {out / 3, out / 3 + (out + 1) / 2}, {out - 1, out}}) {
                const auto part = made->rows(first, last, at::kFloat);
                QVERIFY(sameBytes(part, dense.slice(0, first, last)));
                QVERIFY(sameBytes(made->rows(first, last, at::kBFloat16), part.to(at::kBFloat16)));
            }
        }
    }

    void partsGiveTheBytesOfTheWhole_data() { formatRows(); }
    void partsGiveTheBytesOfTheWhole()
    {
        QFETCH(QString, format);
        const auto id = format.toStdString();
        for (const auto& [out, in] : {std::pair{90, 37}, {50, 64}, {700, 100}, {9, 3}}) {
            const auto W = weight(out, in);
            const auto whole = quantise(W, id);
            for (const int64_t step : {1, 2, 7, 64}) {
                const auto quantiser = makeQuantiser(id, out, in);
                quantiser->add(W.slice(0, 0, 0));
                for (int64_t row = 0; row < out; row += step)
                    quantiser->add(W.slice(0, row, std::min<int64_t>(out, row + step)));
                QVERIFY2(sameTensors(*quantiser->finish(), *whole), qPrintable(format));
            }
        }
    }

    // What was dequantised quantises to itself: the same bytes where scales are float32, nearly so where they are coded.
    void quantisingAgain_data() { formatRows(); }
    void quantisingAgain()
    {
        QFETCH(QString, format);
        const auto id = format.toStdString();
        const auto W = weight(60, 100);
        const auto once = quantise(W, id);
        const auto twice = quantise(once->dense(), id);
        if (id == "nf4")
            QVERIFY(sameTensors(*once, *twice));
        if (id == "int8")
            QVERIFY(sameBytes(once->tensors()[0].second, twice->tensors()[0].second));
        const auto moved = (once->dense() - twice->dense()).norm().item<double>();
        QVERIFY2(moved <= 0.5 * error(W, id), qPrintable(QString("%1 of %2").arg(moved).arg(error(W, id))));
    }

    void moreBitsLessError()
    {
        const auto W = weight(256, 192);
        QVERIFY(error(W, "nf2") > error(W, "nf3"));
        QVERIFY(error(W, "nf3") > error(W, "nf4"));
        QVERIFY(error(W, "nf4") > error(W, "nf8"));
        QVERIFY(error(W, "nf4") > error(W, "int8"));
        QVERIFY(error(W, "nf4-dq") < 1.02 * error(W, "nf4"));
        QVERIFY(error(W, "nfb:4,8,fp32,64,256") < 1.02 * error(W, "nf4"));
        QVERIFY(error(W, "nfb:3,8,fp32,16,256") < error(W, "nfb:3,8,fp32,64,256"));
        QVERIFY(error(W, "nfb:3,8,fp32,64,256") < error(W, "nfb:3,2,fp32,64,256"));
    }

    void bytesAreTheBitsPromised()
    {
        const auto W = weight(512, 1024);
        const double count = double(W.numel());
        for (const auto& format : formats()) {
            const double bits = double(quantise(W, format)->bytes()) * 8 / count;
            // INT8's scale is a row's: 32 / in bits.
            const double promised = format == "int8" ? 8 + 32.0 / 1024 : bitsOf(format);
            QVERIFY2(std::abs(bits - promised) < 1e-3, qPrintable(QString("%1: %2").arg(format.c_str()).arg(bits)));
        }
        int64_t looked = 0;
        for (const auto& config : nfbConfigs()) {
            // 64 x 256 values: whole blocks of every size, so that only the offset (4 bytes) is beside the formula.
            const auto small = W.slice(0, 0, 128).slice(1, 0, 128).contiguous();
            const auto made = quantise(small, spelled(config));
            QCOMPARE(double(made->bytes()) * 8, storageBits(config, double(small.numel())) + 32);
            QVERIFY(parseNfb(spelled(config)) == config);
            ++looked;
        }
        QCOMPARE(looked, int64_t(432));
    }

    void zerosAndExtremes_data() { formatRows(); }
    void zerosAndExtremes()
    {
        QFETCH(QString, format);
        const auto id = format.toStdString();
        QVERIFY(roundTrip(at::zeros({5, 50}), id).abs().max().item<float>() == 0.0f);
        auto mixed = weight(8, 64);
        mixed[2] = 0;
        mixed[3] = -0.0f;
        const auto dense = roundTrip(mixed, id);
        QVERIFY(dense.slice(0, 2, 4).abs().max().item<float>() == 0.0f);
        for (const float scale : {1e-40f, 1e-38f, 1e-30f, 1e30f, 1e36f})
            QVERIFY2(roundTrip(at::full({3, 70}, scale), id).isfinite().all().item<bool>(), qPrintable(format));
        for (const double bad : {double(NAN), double(INFINITY), -double(INFINITY)}) {
            auto W = weight(6, 50);
            W[5][49] = bad;
            const auto thrown = errorOf([&] { quantise(W, id); });
            QVERIFY2(thrown && thrown->code == Code::data, qPrintable(format));
            QVERIFY(!thrown->found.empty() && !thrown->advice.empty());
        }
    }

    void refusals()
    {
        for (const char* format : {"none", "nf5", "", "NF4", "nfb:", "nfb:4", "nfb:5,8,fp32,64,256", "nfb:4,8,fp64,64,256",
                 "nfb:4,8,fp32,128,256", "nfb:4,8,fp32,64,256,1", "nfb:4x,8,fp32,64,256", "nfb:4,8,fp32,64,32"}) {
            const auto thrown = errorOf([&] { makeQuantiser(format, 4, 4); });
            QVERIFY2(thrown && thrown->code == Code::config, format);
            QVERIFY2(!thrown->found.empty() && !thrown->allowed.empty() && !thrown->advice.empty(), format);
        }
        QVERIFY(errorOf([] { makeQuantiser("nf44", 4, 4); })->advice.find("nf4") != std::string::npos);
        const auto W = weight(4, 8);
        QCOMPARE(codeOf([&] { makeQuantiser("nf4", 4, 7)->add(W); }), int(Code::internal));
        QCOMPARE(codeOf([&] { makeQuantiser("nf4", 3, 8)->add(W); }), int(Code::internal));
        QCOMPARE(codeOf([&] { makeQuantiser("int8", 5, 8)->finish(); }), int(Code::internal));
        QCOMPARE(codeOf([&] { makeQuantiser("nf3", 4, 8)->add(W.to(at::kDouble)); }), int(Code::internal));
    }
};

QTEST_GUILESS_MAIN(TestQuant)
#include "tst_quant.moc"
