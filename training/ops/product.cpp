// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/ops/product.h"

#include "training/quant/widest.h"

#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>

#include <algorithm>

namespace rankwright::ops {

namespace {

constexpr int64_t kWorthIt = 1 << 18;   // multiply-adds below which the call itself costs more
constexpr int64_t kPiece = 1 << 20;     // values of a matrix that are widened at once: 4 MB

bool isIntel()
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    return __builtin_cpu_is("intel");
#else
    return false;
#endif
}

// oneDNN's float32 linear, where this LibTorch has it and the processor wants it.
const std::optional<c10::OperatorHandle>& oneDnnLinear()
{
    static const std::optional<c10::OperatorHandle> found = isIntel()
        ? std::nullopt
        : c10::Dispatcher::singleton().findSchema({"mkldnn::_linear_pointwise", ""});
    return found;
}

// oneDNN has fast code for dense matrices, a transposed second one included, and a reference loop, far slower than MKL, for the rest.
bool suitsOneDnn(const at::Tensor& x, const at::Tensor& W)
{
    return x.scalar_type() == at::kFloat && x.is_cpu() && x.is_contiguous() && (W.is_contiguous() || W.t().is_contiguous())
        && x.size(0) * x.size(1) * W.size(0) >= kWorthIt;
}

// One product after another where oneDNN's are the faster ones: its own batches are not offered in float32.
bool oneByOne(const at::Tensor& x)
{
    return x.scalar_type() == at::kFloat && x.is_cpu() && oneDnnLinear();
}

// oneDNN multiplies bfloat16 where there is AVX-512. Without it LibTorch has a plain loop, so the values are widened there, multiplied
// in float32 and each sum is rounded once.
bool widens(const at::Tensor& x)
{
#if defined(__x86_64__)
    return x.scalar_type() == at::kBFloat16 && x.is_cpu() && widestVectors() != Width::avx512;
#else
    return false;
#endif
}

at::Tensor wide(const at::Tensor& values)
{
    return values.to(at::kFloat).contiguous();
}

// The float32 products x W^T of parts of y: store(part of y, its product). By pieces of W where it is larger than one, else of x. Rows of
// W give columns of y; where W is a transposed matrix its columns lie together, and their products are summed.
template <class Store>
void eachWidened(const at::Tensor& y, const at::Tensor& x, const at::Tensor& W, const Store& store)
{
    const auto out = W.size(0), in = W.size(1);
    const auto pieces = [](int64_t count, int64_t valuesEach, const auto& take) {
        const auto step = std::max<int64_t>(1, kPiece / std::max<int64_t>(1, valuesEach));
        for (int64_t first = 0; first < count; first += step)
            take(first, std::min(step, count - first));
    };
    if (W.numel() <= kPiece) {
        const auto factor = W.to(at::kFloat);
        pieces(x.size(0), in, [&](int64_t first, int64_t rows) {
            store(y.narrow(0, first, rows), timesTransposed(wide(x.narrow(0, first, rows)), factor));
        });
    } else if (W.is_contiguous()) {
        const auto from = wide(x);
        pieces(out, in, [&](int64_t first, int64_t rows) {
            store(y.narrow(1, first, rows), timesTransposed(from, wide(W.narrow(0, first, rows))));
        });
    } else {
        at::Tensor sum;
        pieces(in, out, [&](int64_t first, int64_t columns) {
            const auto part = timesTransposed(wide(x.narrow(1, first, columns)), W.narrow(1, first, columns).to(at::kFloat));
            sum = sum.defined() ? sum.add_(part) : part;
        });
        store(y, sum);
    }
}

template <class Product>
at::Tensor each(const at::Tensor& x, const at::Tensor& y, const Product& product)
{
    std::vector<at::Tensor> results;
    for (int64_t i = 0; i < x.size(0); ++i)
        results.push_back(product(x[i].contiguous(), y[i].contiguous()));
    return at::stack(results);
}

}  // namespace

at::Tensor timesTransposed(const at::Tensor& x, const at::Tensor& W)
{
    if (widens(x)) {
        const auto y = at::empty({x.size(0), W.size(0)}, x.options());
        eachWidened(y, x, W, [](const at::Tensor& part, const at::Tensor& product) { part.copy_(product); });
        return y;
    }
    const auto& oneDnn = oneDnnLinear();
    if (!oneDnn || !suitsOneDnn(x, W))
        return at::matmul(x, W.t());
    const at::AutoDispatchBelowADInplaceOrView below;
    torch::jit::Stack stack{x, W, c10::IValue(), c10::IValue("none"),
        c10::IValue(c10::List<std::optional<at::Scalar>>()), c10::IValue("")};
    oneDnn->callBoxed(stack);
    return stack.front().toTensor();
}

at::Tensor times(const at::Tensor& x, const at::Tensor& W)
{
    return timesTransposed(x, W.t());
}

at::Tensor transposedTimes(const at::Tensor& x, const at::Tensor& y)
{
    return timesTransposed(x.t().contiguous(), y.t());
}

void addTimesTransposed(at::Tensor& y, const at::Tensor& x, const at::Tensor& W, double scale)
{
    if (widens(x)) {
        eachWidened(y, x, W, [scale](const at::Tensor& part, at::Tensor product) { part.copy_(product.mul_(scale).add_(part)); });
        return;
    }
    // In float32 addmm is MKL's, whatever the processor: one more pass over y costs less.
    if (y.scalar_type() == at::kFloat && oneDnnLinear()) {
        y.add_(timesTransposed(x.contiguous(), W), scale);
        return;
    }
    y.addmm_(x, W.t(), 1, scale);
}

void addTimes(at::Tensor& y, const at::Tensor& x, const at::Tensor& W, double scale)
{
    addTimesTransposed(y, x, W.t(), scale);
}

at::Tensor timesTransposedEach(const at::Tensor& x, const at::Tensor& W)
{
    if (widens(x))
        return timesTransposedEach(wide(x), wide(W)).to(x.scalar_type());
    return oneByOne(x) ? each(x, W, timesTransposed) : at::bmm(x, W.transpose(1, 2));
}

at::Tensor timesEach(const at::Tensor& x, const at::Tensor& W)
{
    if (widens(x))
        return timesEach(wide(x), wide(W)).to(x.scalar_type());
    return oneByOne(x) ? each(x, W, times) : at::bmm(x, W);
}

at::Tensor transposedTimesEach(const at::Tensor& x, const at::Tensor& y)
{
    if (widens(x))
        return transposedTimesEach(wide(x), wide(y)).to(x.scalar_type());
    if (!oneByOne(x))
        return at::bmm(x.transpose(1, 2), y);
    return each(y, x, transposedTimes).transpose(1, 2);
}

}  // namespace rankwright::ops
