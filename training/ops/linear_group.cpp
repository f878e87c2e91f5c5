// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Adapted projections that share an input: one skinny product for all their A matrices (LoRA, Hu and others 2021, eq. 3), and where arms
// of a comparison run together one product with each base for all of them.
//
// Adapters are float32; the products see copies in the base's type, as mixed-precision training has them. Against float32 products of a
// bfloat16 input that was a quarter of a step (SmolLM2, rank 16: y += low B^T took 2.8 ms a projection instead of 0.2 to 0.7).
#include "training/ops/base_product.h"
#include "training/ops/dropout.h"
#include "training/ops/each_at_once.h"
#include "training/ops/kernels.h"
#include "training/ops/observe.h"
#include "training/ops/product.h"
#include "training/ops/projection.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <optional>

namespace rankwright::ops {

namespace {

// Tokens first .. first + count of a batch, the slots whose deltas they see, and which projection of the group each of those is.
struct Part
{
    Part(int64_t firstToken, int64_t tokens, std::span<const LinearSlot* const> all, size_t factorsBefore)
        : first(firstToken), count(tokens), firstFactor(factorsBefore)
    {
        for (size_t i = 0; i < all.size(); ++i) {
            trainsBias = trainsBias || (all[i]->bias.defined() && all[i]->bias.requires_grad());
            if (all[i]->delta) {
                slots.push_back(all[i]);
                places.push_back(i);
            }
        }
    }
    [[nodiscard]] size_t factors() const { return 2 * slots.size(); }   // A and B of each
    [[nodiscard]] bool isEmpty() const { return slots.empty() || count == 0; }   // an arm whose tokens are in another pass has none here
    [[nodiscard]] std::span<const at::Tensor> factorsOf(at::TensorList all) const { return {all.data() + firstFactor, factors()}; }

    int64_t first, count;
    size_t firstFactor;        // among those of all parts
    bool trainsBias = false;
    std::optional<DropoutDraw> dropout;   // where the adapters' inputs lose something
    std::vector<const LinearSlot*> slots;
    std::vector<size_t> places;
    [[nodiscard]] at::Tensor of(const at::Tensor& x) const { return count == x.size(0) ? x : x.narrow(0, first, count); }
};

// How x comes from what is saved. Values and gradients by the kernels of the operations, without nodes of their own.
struct Recipe
{
    Input::Kind kind = Input::Kind::tensor;
    at::Tensor weight;
    double epsilon = 0;
    bool addOne = false;

    [[nodiscard]] at::Tensor value(std::span<const at::Tensor> sources) const
    {
        if (kind == Input::Kind::normed)
            return rmsNormForward(sources[0], weight, epsilon, addOne).y;
        return kind == Input::Kind::gated ? swiGluForward(sources[0], sources[1]) : sources[0];
    }
    // Gradients of the sources from that of x.
    [[nodiscard]] std::vector<at::Tensor> gradients(std::span<const at::Tensor> sources, const at::Tensor& dx) const
    {
        if (kind == Input::Kind::tensor || !dx.defined())
            return std::vector<at::Tensor>(sources.size(), dx);
        if (kind == Input::Kind::normed) {
            const auto scales = rmsNormForward(sources[0], weight, epsilon, addOne).scales;
            return {rmsNormBackward(sources[0], weight, scales, dx, addOne)};
        }
        auto [dGate, dUp] = swiGluBackward(sources[0], sources[1], dx);
        return {dGate, dUp};
    }
};

// What travels from forward to backward; slots belong to models, which outlive the graph.
struct Group : torch::CustomClassHolder
{
    Recipe input;
    std::vector<const LinearSlot*> bases;
    std::vector<Part> parts;
};

c10::intrusive_ptr<Group> groupOf(int64_t tokens, std::span<const LinearSlot* const> slots, const DropoutSource& source)
{
    auto group = c10::make_intrusive<Group>();
    group->bases.assign(slots.begin(), slots.end());
    const auto drops = [&](const Part& part) {
        return source.training && std::ranges::any_of(part.slots, [](const auto* slot) { return slot->delta->dropout > 0; });
    };
    if (slots.front()->arms.empty()) {
        auto& part = group->parts.emplace_back(0, tokens, slots, 0);
        if (drops(part))
            part.dropout.emplace(source);
        return group;
    }
    size_t factors = 0;
    for (size_t arm = 0; arm < source.arms->size(); ++arm) {
        const auto& share = (*source.arms)[arm];
        std::vector<const LinearSlot*> own;
        for (const auto* slot : slots)
            own.push_back(slot->arms[arm]);
        auto& part = group->parts.emplace_back(share.first, share.last - share.first, own, factors);
        factors += part.factors();
        if (drops(part))
            part.dropout.emplace(share);
    }
    return group;
}

// A part's factors in the type of the products: A of all its slots stacked, then B of each. Where a shared base still holds what the
// slot's method took out of it, A0 lies below A, and -s0 B0 beside s B: in one product they cancel before anything is rounded, so that
// the arm begins at the base itself (SmolLM2 in bfloat16, PiSSA: two products were off by 1.5 in the logits). The backward pass makes
// them again: kept, they were 10 MB an arm of SmolLM2's at rank 16, and 20 MB with edits.
struct Copies
{
    Copies(const Part& part, std::span<const at::Tensor> factors, at::ScalarType type)
    {
        std::vector<at::Tensor> stacked;
        for (size_t i = 0; i < part.slots.size(); ++i) {
            const auto& edit = part.slots[i]->delta->edit;
            const auto& factor = factors[2 * i + 1];
            stacked.push_back(factors[2 * i]);
            if (edit)
                stacked.push_back(edit->A0);
            B.push_back((edit ? at::cat({factor * part.slots[i]->delta->scaling, edit->B0 * -edit->scaling}, 1) : factor).to(type));
        }
        A = (stacked.size() == 1 ? stacked.front() : at::cat(stacked)).to(type);
    }
    at::Tensor A;
    std::vector<at::Tensor> B;
};

// What a slot's A sees of x under the part's dropout, but for keptFactor().
at::Tensor seenBy(const LinearSlot& slot, const Part& part, const at::Tensor& x)
{
    auto seen = x.clone(at::MemoryFormat::Contiguous);
    dropValues(seen, slot, *part.dropout);
    return seen;
}

// The skinny products of all slots (tokens, sum of columns). No method that takes something out of its base allows dropout.
at::Tensor lowProducts(const Part& part, const at::Tensor& x, const Copies& copies)
{
    if (!part.dropout)
        return timesTransposed(x, copies.A);
    auto low = at::empty({x.size(0), copies.A.size(0)}, x.options());
    int64_t column = 0;
    for (size_t i = 0; i < part.slots.size(); ++i) {   // each has a mask of its own
        const auto& slot = *part.slots[i];
        const auto rank = copies.B[i].size(1);
        low.narrow(1, column, rank)
            .copy_(timesTransposed(seenBy(slot, part, x), copies.A.narrow(0, column, rank)).mul_(keptFactor(slot)));
        column += rank;
    }
    return low;
}

// Adds what the adapters give to the outputs; the skinny products, which the backward pass needs.
at::Tensor applyAdapters(const Part& part, const at::Tensor& x, const Copies& copies, const std::vector<at::Tensor>& outputs)
{
    auto low = lowProducts(part, x, copies);
    int64_t column = 0;
    for (size_t i = 0; i < part.slots.size(); ++i) {
        const auto& delta = *part.slots[i]->delta;
        const auto columns = copies.B[i].size(1);
        auto y = part.of(outputs[part.places[i]]);
        addTimesTransposed(y, low.narrow(1, column, columns), copies.B[i], delta.edit ? 1 : delta.scaling);
        column += columns;
    }
    return low;
}

// Of the skinny products' gradients, one slot's after the other: those of A into `result`, and what dx gets through A.
void addThroughDropout(const Part& part, const at::Tensor& x, const at::Tensor& dLow, const Copies& copies, at::Tensor dx,
    std::span<at::Tensor> result)
{
    int64_t column = 0;
    for (size_t i = 0; i < part.slots.size(); ++i) {
        const auto& slot = *part.slots[i];
        const auto rank = copies.B[i].size(1);
        const auto grad = dLow.narrow(1, column, rank).mul(keptFactor(slot));
        result[2 * i] = transposedTimes(grad, seenBy(slot, part, x));
        if (dx.defined()) {
            auto through = times(grad, copies.A.narrow(0, column, rank));
            dropValues(through, slot, *part.dropout);
            dx.add_(through);
        }
        column += rank;
    }
}

// Gradients of A and B into `result` (a pair a slot); where dx is defined, its rows get what comes through the adapters.
void addAdapterGradients(const Part& part, const at::Tensor& x, const at::Tensor& low, const Copies& copies,
    const std::vector<at::Tensor>& dy, at::Tensor dx, std::span<at::Tensor> result)
{
    auto dLow = at::empty_like(low);
    std::vector<at::Tensor> trained;   // columns of dLow that are not of an edit
    int64_t column = 0;
    bool edited = false;
    for (size_t i = 0; i < part.slots.size(); ++i) {
        const auto& delta = *part.slots[i]->delta;
        const auto columns = copies.B[i].size(1), rank = delta.A.size(0);
        const auto grad = part.of(dy[part.places[i]]);
        dLow.narrow(1, column, columns).copy_(times(grad, copies.B[i]).mul_(delta.edit ? 1 : delta.scaling));
        result[2 * i + 1] = transposedTimes(low.narrow(1, column, rank), grad).mul_(delta.scaling).t();
        trained.push_back(dLow.narrow(1, column, rank));
        edited = edited || delta.edit.has_value();
        column += columns;
    }
    if (part.dropout)
        return addThroughDropout(part, x, dLow, copies, dx, result);
    const auto dA = transposedTimes(edited ? at::cat(trained, 1) : dLow, x);
    column = 0;
    for (size_t i = 0; i < part.slots.size(); ++i) {
        const auto rank = trained[i].size(1);
        result[2 * i] = dA.narrow(0, column, rank);
        column += rank;
    }
    if (dx.defined())
        addTimes(dx, dLow, copies.A);
}

// Inputs: what x is made of, then A and B of each slot of each part. Saves those, which exist anyway, and the skinny products; the base
// weights are frozen.
struct LinearGroup : torch::autograd::Function<LinearGroup>
{
    static torch::autograd::variable_list forward(torch::autograd::AutogradContext* context, at::TensorList sources,
        at::TensorList factors, const c10::intrusive_ptr<Group>& group)
    {
        torch::autograd::variable_list saved;
        for (const auto& source : sources)
            saved.push_back(source.contiguous());
        const auto x = group->input.value(saved);
        std::vector<at::Tensor> outputs;
        for (const auto* slot : group->bases) {
            outputs.push_back(baseForward(x, slot->base));
            if (slot->bias.defined())
                outputs.back().add_(slot->bias.to(x.scalar_type()));
        }
        const auto lows = saved.size();
        saved.resize(lows + group->parts.size());
        eachAtOnce(int64_t(group->parts.size()), [&](int64_t i) {
            const auto& part = group->parts[size_t(i)];
            if (!part.isEmpty())
                saved[lows + size_t(i)] = applyAdapters(part, part.of(x), Copies(part, part.factorsOf(factors), x.scalar_type()), outputs);
        });
        saved.insert(saved.end(), factors.begin(), factors.end());
        context->save_for_backward(saved);
        context->saved_data["group"] = c10::IValue::make_capsule(group);
        return outputs;
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
        torch::autograd::variable_list grads)
    {
        const auto saved = context->get_saved_variables();
        const auto capsule = context->saved_data["group"].toCapsule();
        const auto& group = static_cast<const Group&>(*capsule);
        const auto slots = group.bases.size();
        const size_t sources = group.input.kind == Input::Kind::gated ? 2 : 1;
        const auto x = group.input.value({saved.data(), sources});
        const bool wantsInput = context->needs_input_grad(0) || (sources == 2 && context->needs_input_grad(1));
        std::vector<at::Tensor> dy;
        at::Tensor dx;
        for (size_t i = 0; i < slots; ++i) {
            const auto& base = group.bases[i]->base;
            dy.push_back(grads[i].defined() ? grads[i].contiguous() : at::zeros(at::IntArrayRef({x.size(0), base.out()}), x.options()));
            if (wantsInput)
                addBaseBackward(dx, dy.back(), base);
        }
        const auto lows = std::span(saved).subspan(sources, group.parts.size());
        const at::TensorList factors(saved.data() + sources + lows.size(), saved.size() - sources - lows.size());
        // The sources, the factors, and nothing for the group.
        torch::autograd::variable_list result(sources + factors.size() + 1);
        eachAtOnce(int64_t(group.parts.size()), [&](int64_t i) {
            const auto& part = group.parts[size_t(i)];
            if (part.isEmpty())
                return;
            addAdapterGradients(part, part.of(x), lows[size_t(i)], Copies(part, part.factorsOf(factors), x.scalar_type()), dy,
                dx.defined() ? part.of(dx) : dx, {&result[sources + part.firstFactor], part.factors()});
        });
        std::ranges::copy(group.input.gradients({saved.data(), sources}, dx), result.begin());
        return result;
    }
};

// The fast form knows A and B alone.
bool fitsFastForm(const LinearSlot& slot)
{
    const auto& delta = *slot.delta;
    return delta.A.defined() && !delta.core.defined() && !delta.magnitude.defined() && !delta.driftA.defined();
}

// Where at least one projection has an adapter, and no bias is trained.
bool fitsFastForm(const Group& group)
{
    const auto fits = [&](const Part& part) {
        return !part.trainsBias && std::ranges::all_of(part.slots, [&](const auto* slot) { return fitsFastForm(*slot); });
    };
    return form() == Form::fast && std::ranges::all_of(group.parts, fits)
        && std::ranges::any_of(group.parts, [](const Part& part) { return !part.slots.empty(); });
}

// Arms that are not all of the fast form: the base's product is still one, then each arm by LibTorch's operators.
at::Tensor armsApart(const at::Tensor& x, const Group& group, size_t i, const DropoutSource& source)
{
    const auto base = frozenLinear(x, *group.bases[i]);
    std::vector<at::Tensor> parts;
    for (size_t arm = 0; arm < group.parts.size(); ++arm) {
        const auto& share = (*source.arms)[arm];
        if (share.first == share.last)
            continue;
        auto own = source;
        own.seed = share.seed;
        own.step = share.step;
        own.bounds = &share.bounds;
        own.sampleIndex = &share.sampleIndex;
        const auto& part = group.parts[arm];
        parts.push_back(adapted(part.of(base), part.of(x), *group.bases[i]->arms[arm], own));
    }
    return at::cat(parts);
}

}  // namespace

Input Input::normed(const at::Tensor& x, const at::Tensor& weight, double epsilon, bool addOne)
{
    Input input(x);
    input.kind = Kind::normed;
    input.weight = weight;
    input.epsilon = epsilon;
    input.addOne = addOne;
    return input;
}

Input Input::gated(const at::Tensor& gate, const at::Tensor& up, const std::string& activation)
{
    Input input(gate);
    input.kind = Kind::gated;
    input.up = up;
    input.activation = activation;
    return input;
}

at::Tensor Input::value() const
{
    if (kind == Kind::normed)
        return rmsNorm(x, weight, epsilon, addOne);
    return kind == Kind::gated ? ops::gated(x, up, activation) : x;
}

std::vector<at::Tensor> linearGroup(const Input& input, std::span<const LinearSlot* const> slots,
    const DropoutSource& dropout)
{
    const auto group = groupOf(input.x.size(0), slots, dropout);
    if (!fitsFastForm(*group) || !fastOn(input.x)) {
        const auto x = input.value();
        observe(x, slots);
        std::vector<at::Tensor> outputs;
        for (size_t i = 0; i < slots.size(); ++i)
            outputs.push_back(slots[i]->arms.empty() ? projection(x, *slots[i], dropout) : armsApart(x, *group, i, dropout));
        return outputs;
    }
    std::vector<at::Tensor> sources{input.x}, factors;
    const bool knows = input.kind == Input::Kind::normed ? !input.weight.requires_grad() : input.activation == "silu";
    if (knows && !observed())
        group->input = {input.kind, input.weight, input.epsilon, input.addOne};
    else
        sources.front() = input.value();
    if (group->input.kind == Input::Kind::gated)
        sources.push_back(input.up);
    if (observed())
        observe(sources.front(), slots);
    for (const auto& part : group->parts) {
        for (const auto* slot : part.slots)
            factors.insert(factors.end(), {slot->delta->A, slot->delta->B});
    }
    return LinearGroup::apply(at::TensorList(sources), at::TensorList(factors), group);
}

}  // namespace rankwright::ops
