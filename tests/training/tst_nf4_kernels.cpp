// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The GPU's kernels for NF4, run as C++ in threads (tests/support/cuda_emulation.h), beside the CPU's code: the same bytes, and products
// equal within rounding. What starts the kernels on a GPU (nf4_on_device.cpp) runs here too, on memory of the CPU: the functions of
// nf4_launch.h are this file's.
#include "tests/support/cuda_emulation.h"

#include "training/quant/nf4_kernels.h"

#include "training/quant/format.h"
#include "training/quant/nf4.h"
#include "training/quant/nf4_launch.h"
#include "training/quant/nf4_on_device.h"

#include <ATen/ATen.h>

#include <QTest>

#include <cmath>
#include <cstring>
#include <limits>

using namespace rankwright;

namespace rankwright::cuda {

namespace {

unsigned blocksFor(int64_t count, int threads)
{
    return unsigned((count + threads - 1) / threads);
}

nf4::ScaleTable tableOf(const Nf4Scales& scales)
{
    return {scales.absmax, scales.codes, scales.outer, scales.offset, scales.map};
}

template <class T>
const char* emulatedDecode(const uint8_t* codes, const Nf4Scales& scales, int64_t begin, int64_t end, T* to)
{
    const auto runs = (end + nf4::kRun - 1) / nf4::kRun - begin / nf4::kRun;
    emulation::launch(blocksFor(runs, nf4::kThreads), nf4::kThreads, nf4::decode<T>, codes, tableOf(scales), begin, end, to);
    return nullptr;
}

template <class T>
const char* emulatedRow(const uint8_t* codes, const Nf4Scales& scales, const T* x, int64_t out, int64_t in, T* y)
{
    emulation::launch(
        blocksFor(out * nf4::kWarp, nf4::kThreads), nf4::kThreads, nf4::timesRow<T>, codes, tableOf(scales), x, out, in, y);
    return nullptr;
}

}  // namespace

const char* encodeNf4(const float* values, int64_t count, uint8_t* codes, float* absmax, void*)
{
    const auto blocks = (count + nf4::kBlock - 1) / nf4::kBlock;
    emulation::launch(blocksFor(blocks * nf4::kWarp, nf4::kThreads), nf4::kThreads, nf4::encode, values, count, codes, absmax);
    return nullptr;
}

const char* encodeNf4Scales(const float* absmax, int64_t count, const float* offset, const uint8_t* cells, uint8_t* codes,
    float* outer, void*)
{
    emulation::launch(
        blocksFor(count, nf4::kScaleBlock), nf4::kScaleBlock, nf4::encodeScales, absmax, count, offset, cells, codes, outer);
    return nullptr;
}

const char* decodeNf4(const uint8_t* codes, const Nf4Scales& scales, int64_t begin, int64_t end, float* to, void*)
{
    return emulatedDecode(codes, scales, begin, end, to);
}

const char* decodeNf4(const uint8_t* codes, const Nf4Scales& scales, int64_t begin, int64_t end, uint16_t* to, void*)
{
    return emulatedDecode(codes, scales, begin, end, to);
}

const char* timesRowNf4(const uint8_t* codes, const Nf4Scales& scales, const float* x, int64_t out, int64_t in, float* y, void*)
{
    return emulatedRow(codes, scales, x, out, in, y);
}

const char* timesRowNf4(const uint8_t* codes, const Nf4Scales& scales, const uint16_t* x, int64_t out, int64_t in, uint16_t* y, void*)
{
    return emulatedRow(codes, scales, x, out, in, y);
}

}  // namespace rankwright::cuda

namespace {

// Normal values over some orders of size, with what is special to NF4: zeros of both signs, a block of zeros, values on thresholds.
at::Tensor weightOf(int64_t out, int64_t in, uint64_t seed)
{
    at::manual_seed(seed);
    auto weight = at::randn({out, in}) * at::pow(10, at::randn({out, 1}));
    auto flat = weight.view({-1});
    const auto count = flat.numel();
    if (count > 192) {
        flat.narrow(0, 64, 64).zero_();
        flat[130] = -0.0F;
        flat[128] = 8.0F;   // the largest of its block
        for (int64_t i = 0; i < 15; ++i)
            flat[131 + i] = 8.0F * nf4::threshold(int(i));
        flat.narrow(0, 128, 64).clamp_(-8, 8);
        flat.narrow(0, 0, 64).mul_(1e-39);   // a scale below the least
    }
    return weight;
}

bool sameBytes(const at::Tensor& a, const at::Tensor& b)
{
    return a.scalar_type() == b.scalar_type() && a.numel() == b.numel()
        && std::memcmp(a.contiguous().const_data_ptr(), b.contiguous().const_data_ptr(), a.nbytes()) == 0;
}

std::shared_ptr<const Quantised> onEmulatedDevice(const at::Tensor& weight, bool doubleQuantised, int64_t rowsAtOnce)
{
    const auto quantiser = nf4DeviceQuantiser(weight.size(0), weight.size(1), doubleQuantised, at::kCPU);
    for (int64_t row = 0; row < weight.size(0); row += rowsAtOnce)
        quantiser->add(weight.narrow(0, row, std::min(rowsAtOnce, weight.size(0) - row)));
    return quantiser->finish();
}

__global__ void waitsForOneThatLeft(int*)
{
    if (threadIdx.x == 3)
        return;
    __syncthreads();
}

__global__ void reverses(const int* from, int* to)
{
    __shared__ int held[64];
    held[threadIdx.x] = from[blockIdx.x * 64 + threadIdx.x];
    __syncthreads();
    to[blockIdx.x * 64 + threadIdx.x] = held[63 - threadIdx.x];
}

}  // namespace

class TestNf4Kernels : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void emulationRunsBlocksOneByOne()
    {
        std::vector<int> from(256), to(256);
        for (int i = 0; i < 256; ++i)
            from[size_t(i)] = i;
        emulation::launch(4, 64, reverses, from.data(), to.data());
        for (int i = 0; i < 256; ++i)
            QCOMPARE(to[size_t(i)], i / 64 * 64 + 63 - i % 64);
    }

    void emulationRefusesAThreadThatLeaves()
    {
        int unused = 0;
        QVERIFY_EXCEPTION_THROWN(emulation::launch(2, 32, waitsForOneThatLeft, &unused), std::logic_error);
    }

    // The arithmetic that both sides share, against another way to say the same.
    void arithmeticFollowsTheBook()
    {
        for (int code = 0; code < 16; ++code)
            QCOMPARE(nf4::codeOf(nf4::valueOf(code)), code);
        for (int lower = 0; lower < 15; ++lower) {
            const float middle = nf4::threshold(lower);
            QCOMPARE(nf4::codeOf(middle), lower);
            QCOMPARE(nf4::codeOf(std::nextafter(middle, 2.0F)), lower + 1);
        }
        at::manual_seed(7);
        const auto values = (at::randn({4096}) * at::pow(10, 12 * at::randn({4096}))).clamp(-1e38, 1e38);
        const auto halves = values.to(at::kBFloat16);
        for (int64_t i = 0; i < values.numel(); ++i) {
            const auto half = nf4::bfloat16Of(values[i].item<float>());
            QCOMPARE(half, static_cast<const uint16_t*>(halves.const_data_ptr())[i]);
            QCOMPARE(nf4::fromBfloat16(half), halves[i].item<float>());
        }
    }

    void codesAndScalesAreTheCpus_data()
    {
        QTest::addColumn<int>("out");
        QTest::addColumn<int>("in");
        QTest::addColumn<int>("rowsAtOnce");
        QTest::newRow("whole blocks") << 64 << 192 << 64;
        QTest::newRow("rows in pieces") << 33 << 128 << 7;
        QTest::newRow("blocks straddle rows and pieces") << 50 << 100 << 3;
        QTest::newRow("short last block, odd count") << 7 << 91 << 2;
        QTest::newRow("less than a block") << 3 << 11 << 1;
        QTest::newRow("one value") << 1 << 1 << 1;
        QTest::newRow("several blocks of scales") << 130 << 320 << 40;
    }
    void codesAndScalesAreTheCpus()
    {
        QFETCH(int, out);
        QFETCH(int, in);
        QFETCH(int, rowsAtOnce);
        const auto weight = weightOf(out, in, uint64_t(out));
        for (const bool doubleQuantised : {false, true}) {
            const auto here = quantise(weight, doubleQuantised ? "nf4-dq" : "nf4");
            const auto there = onEmulatedDevice(weight, doubleQuantised, rowsAtOnce);
            const auto ours = here->tensors(), theirs = there->tensors();
            QCOMPARE(ours.size(), theirs.size());
            for (size_t i = 0; i < ours.size(); ++i) {
                QCOMPARE(ours[i].first, theirs[i].first);
                QVERIFY2(sameBytes(ours[i].second, theirs[i].second), ours[i].first.c_str());
            }
        }
    }

    void refusesWhatIsNotFinite()
    {
        auto weight = weightOf(8, 64, 1);
        weight[5][6] = std::numeric_limits<float>::quiet_NaN();
        const auto quantiser = nf4DeviceQuantiser(8, 64, false, at::kCPU);
        quantiser->add(weight);
        QVERIFY_EXCEPTION_THROWN(quantiser->finish(), std::exception);
    }

    void rowsAreTheCpus_data()
    {
        QTest::addColumn<int>("out");
        QTest::addColumn<int>("in");
        QTest::newRow("multiple of 64") << 40 << 128;
        QTest::newRow("multiple of 8") << 40 << 72;
        QTest::newRow("odd") << 21 << 45;
    }
    void rowsAreTheCpus()
    {
        QFETCH(int, out);
        QFETCH(int, in);
        const auto weight = weightOf(out, in, 3);
        for (const auto* format : {"nf4", "nf4-dq"}) {
            const auto here = quantise(weight, format);
            Nf4Tensors tensors;
            for (const auto& [name, tensor] : here->tensors())
                (name == "codes" ? tensors.codes : name == "absmax" ? tensors.absmax : name == "nested_absmax" ? tensors.nested : tensors.offset) = tensor;
            const auto there = nf4OnDevice(out, in, tensors, at::kCPU);
            for (const auto type : {at::kFloat, at::kBFloat16}) {
                for (const auto& [first, last] : {std::pair(0, out), std::pair(1, out), std::pair(3, 4), std::pair(out - 5, out - 1)}) {
                    const auto rows = there->rows(first, last, type);
                    QCOMPARE(rows.sizes(), at::IntArrayRef({last - first, in}));
                    QVERIFY(sameBytes(rows, here->rows(first, last, type)));
                }
            }
        }
    }

    // Against the sum in float64: as far off as any order of float32 additions is. One block's scale is below the least normal number,
    // where rounding is no share of the value any more.
    void singleRowTimesTheWeight_data()
    {
        QTest::addColumn<int>("out");
        QTest::addColumn<int>("in");
        QTest::newRow("a warp has one block of columns") << 9 << 64;
        QTest::newRow("all lanes once") << 6 << 256;
        QTest::newRow("lanes go round, the last in part") << 5 << 1344;
    }
    void singleRowTimesTheWeight()
    {
        QFETCH(int, out);
        QFETCH(int, in);
        const auto weight = weightOf(out, in, 5);
        at::manual_seed(11);
        for (const bool doubleQuantised : {false, true}) {
            const auto there = onEmulatedDevice(weight, doubleQuantised, out);
            const auto W = there->dense().to(at::kDouble);
            for (const auto type : {at::kFloat, at::kBFloat16}) {
                const auto x = at::randn({1, in}).to(type);
                const auto y = there->timesRow(x);
                QCOMPARE(y.scalar_type(), type);
                QCOMPARE(y.sizes(), at::IntArrayRef({1, out}));
                const auto exact = at::matmul(x.to(at::kDouble), W.t());
                const auto room = at::matmul(x.to(at::kDouble).abs(), W.abs().t()) * (double(in) * 6e-8)
                    + (type == at::kFloat ? at::zeros_like(exact) : exact.abs() * 0x1p-8) + 1e-38;
                QVERIFY((y.to(at::kDouble) - exact).abs().le(room).all().item<bool>());
            }
        }
    }

    void singleRowWantsWholeBlocks()
    {
        const auto odd = onEmulatedDevice(weightOf(4, 72, 1), false, 4);
        QVERIFY(!odd->timesRow(at::randn({1, 72})).defined());
        const auto even = onEmulatedDevice(weightOf(4, 128, 1), false, 4);
        QVERIFY(!even->timesRow(at::randn({2, 128})).defined());
        QVERIFY(!even->timesRow(at::randn({1, 128}, at::kDouble)).defined());
        QVERIFY(even->timesRow(at::randn({1, 128})).defined());
    }
};

QTEST_GUILESS_MAIN(TestNf4Kernels)
#include "tst_nf4_kernels.moc"
