// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/nn/linear.h"

#include <ATen/ATen.h>

namespace rankwright {

namespace {

constexpr int64_t kPiece = 1 << 20;          // values dequantised at once: what a core's cache holds
constexpr int64_t kDevicePiece = 1 << 26;    // on an accelerator, where a call costs more than its memory: a whole matrix mostly

// scaling B core A, with what drifts and without what a shared base still holds, float32.
at::Tensor lowRank(const Delta& delta)
{
    const auto scaledA = !delta.core.defined() ? delta.A
        : delta.core.dim() == 1                ? delta.core.unsqueeze(1) * delta.A
                                               : at::matmul(delta.core, delta.A);
    auto product = at::matmul(delta.B, scaledA).mul_(delta.scaling);
    if (delta.driftA.defined()) {
        product.mul_(1 + delta.driftGain);
        product.addmm_(delta.driftB, delta.driftA, 1, -delta.driftGain * delta.scaling);
    }
    if (delta.edit)
        product.addmm_(delta.edit->B0, delta.edit->A0, 1, -delta.edit->scaling);
    return product;
}

}  // namespace

BaseWeight::BaseWeight(at::Tensor dense)
    : m_out(dense.size(0)), m_in(dense.size(1)), m_type(dense.scalar_type()), m_device(dense.device()), m_dense(std::move(dense))
{
}

BaseWeight::BaseWeight(std::shared_ptr<const Quantised> quantised, at::ScalarType type)
    : m_out(quantised->out()), m_in(quantised->in()), m_type(type), m_quantised(std::move(quantised))
{
}

BaseWeight::BaseWeight(int64_t out, int64_t in, at::ScalarType type, Original original, at::Device device)
    : m_out(out), m_in(in), m_type(type), m_device(device), m_original(std::move(original))
{
}

at::Tensor BaseWeight::dense() const
{
    if (m_quantised)
        return m_quantised->dense();
    return m_dense.defined() ? m_dense.to(at::kFloat) : m_original.whole().to(m_device);
}

at::Tensor BaseWeight::timesRow(const at::Tensor& x) const
{
    return m_quantised ? m_quantised->timesRow(x) : at::Tensor();
}

int64_t BaseWeight::bytes() const
{
    if (m_quantised)
        return m_quantised->bytes();
    return m_dense.defined() ? int64_t(m_dense.nbytes()) : 0;
}

std::vector<std::pair<std::string, at::Tensor>> BaseWeight::stored() const
{
    if (m_quantised)
        return m_quantised->tensors();
    return m_dense.defined() ? std::vector<std::pair<std::string, at::Tensor>>{{"weight", m_dense}}
                             : std::vector<std::pair<std::string, at::Tensor>>{};
}

void BaseWeight::place(const Original& original, const std::optional<BaseEdit>& edit, const std::string& format)
{
    // The edit is computed on the CPU wherever the base lies: the same start gives the same base everywhere.
    const at::NoGradGuard guard;
    // A dense float32 base is the original itself as long as m_original says nothing: where nobody else holds it, it is edited where
    // it lies, without a second copy and without reading the file again.
    const bool edited = edit && format == "none";
    if (edited && m_dense.defined() && m_type == at::kFloat && m_device.is_cpu() && !m_original.whole && m_dense.use_count() == 1
        && m_dense.storage().use_count() == 1) {
        m_dense.addmm_(edit->B0, edit->A0, 1, -edit->scaling);
        m_original = original;
        return;
    }
    at::Tensor whole;
    if (edit)
        whole = at::addmm(original.whole(), edit->B0, edit->A0, 1, -edit->scaling);
    if (format == "none") {
        m_dense = (edit ? whole : original.whole()).to(m_type).to(m_device);
        m_quantised.reset();
    } else {
        const auto quantiser = makeQuantiser(format, m_out, m_in, m_device);
        if (edit)
            quantiser->add(whole);
        else
            original.stream([&](const at::Tensor& rows) { quantiser->add(rows); });
        m_quantised = placedOn(quantiser->finish(), m_device);
        m_dense = at::Tensor();
    }
    m_original = edited ? original : Original{};
}

void BaseWeight::eachRows(at::ScalarType type, const std::function<void(int64_t first, const at::Tensor& rows)>& visit) const
{
    if (!m_quantised) {
        visit(0, m_dense.defined() ? m_dense.to(type) : m_original.whole().to(type).to(m_device));
        return;
    }
    const auto step = std::max<int64_t>(1, (m_device.is_cpu() ? kPiece : kDevicePiece) / m_in);
    for (int64_t first = 0; first < m_out; first += step)
        visit(first, m_quantised->rows(first, std::min(m_out, first + step), type));
}

at::Tensor effectiveWeight(const LinearSlot& slot)
{
    const at::NoGradGuard guard;
    if (!slot.delta)
        return slot.base.dense();
    const auto& delta = *slot.delta;
    if (delta.weight.defined())
        return delta.weight.detach().clone();
    auto weight = slot.base.dense() + lowRank(delta);
    if (delta.magnitude.defined())
        weight.mul_((delta.magnitude / rowNorms(slot)).unsqueeze(1));
    return weight;
}

at::Tensor rowNorms(const LinearSlot& slot)
{
    const at::NoGradGuard guard;
    const auto product = lowRank(*slot.delta);
    auto norms = at::empty({slot.out()}, product.options());
    slot.base.eachRows(at::kFloat, [&](int64_t first, const at::Tensor& rows) {
        const auto count = rows.size(0);
        norms.narrow(0, first, count).copy_((rows + product.narrow(0, first, count)).norm(2, {1}));
    });
    return norms.clamp_min_(1e-30);   // a row of zeros has a magnitude of 0 and stays 0
}

}  // namespace rankwright
