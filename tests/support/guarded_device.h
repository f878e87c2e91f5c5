// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A device that computes on the processor and behaves like a GPU where the two differ for the code that uses it: the processor may not
// touch its memory (doing so ends the program with a segmentation fault), tensors of both do not mix, and each read of a result back to
// the processor is counted, since on a GPU that is where the program waits. LibTorch's backend for devices of others (PrivateUse1):
// memory is mapped twice, once without any right, where tensors lie, and once for the arithmetic here. To be included by one file.
#pragma once

#include <ATen/ATen.h>
#include <ATen/EmptyTensor.h>
#include <ATen/detail/PrivateUse1HooksInterface.h>
#include <ATen/native/CPUFallback.h>
#include <ATen/ops/_reshape_alias_native.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/unfold_native.h>
#include <ATen/ops/view_native.h>
#include <c10/core/DeviceType.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/library.h>

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <bit>
#include <map>
#include <mutex>
#include <stdexcept>

namespace guarded {

inline const at::Device kDevice(at::kPrivateUse1, 0);

// Reads back to the processor since the test set it to 0, and what its tensors hold at present and held at most.
inline std::atomic<int64_t> reads{0}, held{0}, mostHeld{0};

// Memory in blocks of powers of two, mapped twice.
class Arena
{
public:
    static constexpr size_t kBytes = size_t(2) << 30;
    Arena()
    {
        const int file = memfd_create("guarded", 0);
        const bool sized = file >= 0 && ftruncate(file, off_t(kBytes)) == 0;
        m_guarded = sized ? mmap(nullptr, kBytes, PROT_NONE, MAP_SHARED, file, 0) : MAP_FAILED;
        m_open = sized ? mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) : MAP_FAILED;
        if (m_guarded == MAP_FAILED || m_open == MAP_FAILED)
            throw std::runtime_error("no memory for the guarded device");
    }
    void* take(size_t bytes)
    {
        const std::lock_guard lock(m_mutex);
        const size_t size = std::bit_ceil(std::max<size_t>(bytes, 64));
        auto& free = m_free[size];
        size_t at = m_next;
        if (free.empty()) {
            if ((m_next += size) > kBytes)
                throw std::runtime_error("the guarded device is full");
        } else {
            at = free.back();
            free.pop_back();
        }
        m_sizes[at] = size;
        mostHeld = std::max(mostHeld.load(), held += int64_t(size));
        return static_cast<char*>(m_guarded) + at;
    }
    void give(void* block)
    {
        const std::lock_guard lock(m_mutex);
        const auto at = size_t(static_cast<char*>(block) - static_cast<char*>(m_guarded));
        const auto found = m_sizes.find(at);
        held -= int64_t(found->second);
        m_free[found->second].push_back(at);
        m_sizes.erase(found);
    }
    // The address at which the processor may touch it.
    template <class T>
    T* open(T* guarded) const
    {
        return reinterpret_cast<T*>(uintptr_t(m_open) + (uintptr_t(guarded) - uintptr_t(m_guarded)));
    }

private:
    std::mutex m_mutex;
    void *m_guarded = nullptr, *m_open = nullptr;
    size_t m_next = 0;
    std::map<size_t, std::vector<size_t>> m_free;   // by size
    std::map<size_t, size_t> m_sizes;
};

inline Arena& arena()
{
    static auto* one = new Arena;   // outlives every tensor
    return *one;
}

inline void give(void* block)
{
    if (block != nullptr)
        arena().give(block);
}

struct Memory final : c10::Allocator
{
    c10::DataPtr allocate(size_t bytes) override
    {
        void* block = bytes > 0 ? arena().take(bytes) : nullptr;
        return {block, block, give, kDevice};
    }
    c10::DeleterFnPtr raw_deleter() const override { return give; }
    void copy_data(void* to, const void* from, size_t bytes) const override { std::memcpy(arena().open(to), arena().open(from), bytes); }
};

inline Memory memory;
inline thread_local int inside = 0;   // copies that the arithmetic itself makes are no reads

// The same values as a tensor of the processor.
inline at::Tensor open(const at::Tensor& tensor)
{
    if (tensor.is_cpu())
        return tensor;
    if (tensor.numel() == 0)
        return at::empty(tensor.sizes(), at::TensorOptions(tensor.scalar_type()));
    return at::from_blob(arena().open(tensor.unsafeGetTensorImpl()->mutable_data()), tensor.sizes(), tensor.strides(),
        at::TensorOptions(tensor.scalar_type()));
}

inline at::Tensor emptyOf(at::IntArrayRef size, std::optional<at::ScalarType> type, std::optional<at::Layout>, std::optional<at::Device>,
    std::optional<bool>, std::optional<at::MemoryFormat> format)
{
    return at::detail::empty_generic(
        size, &memory, c10::DispatchKeySet(c10::DispatchKey::PrivateUse1), c10::dtype_or_default(type), format);
}

inline at::Tensor emptyStrided(at::IntArrayRef size, at::IntArrayRef stride, std::optional<at::ScalarType> type,
    std::optional<at::Layout>, std::optional<at::Device>, std::optional<bool>)
{
    return at::detail::empty_strided_generic(
        size, stride, &memory, c10::DispatchKeySet(c10::DispatchKey::PrivateUse1), c10::dtype_or_default(type));
}

inline at::Tensor& copyInto(at::Tensor& to, const at::Tensor& from, bool)
{
    if (to.is_cpu() && !from.is_cpu() && inside == 0)
        ++reads;
    open(to).copy_(open(from));
    return to;
}

inline at::Tensor copyFrom(const at::Tensor& from, const at::Tensor& to, bool)
{
    at::Tensor target = to;
    return copyInto(target, from, false);
}

// How the fallback brings back what an operator has changed in place, or given another size.
inline at::Tensor copyFromAndResize(const at::Tensor& from, const at::Tensor& to)
{
    if (from.sizes() != to.sizes()) {
        const auto larger = emptyOf(from.sizes(), to.scalar_type(), {}, {}, {}, {});
        auto* changed = to.unsafeGetTensorImpl();
        changed->set_storage_keep_dtype(larger.storage());
        changed->set_sizes_and_strides(larger.sizes(), larger.strides());
    }
    return copyFrom(from, to, false);
}

inline at::Scalar readScalar(const at::Tensor& tensor)
{
    ++reads;
    return open(tensor).item();
}

// What a GPU's operators say of tensors that lie elsewhere; single numbers of the processor are taken.
inline void refuseMixed(const c10::OperatorHandle& op, const torch::jit::Stack& stack)
{
    bool here = false, there = false;
    const auto look = [&](const at::Tensor& tensor) {
        here = here || (tensor.defined() && tensor.is_cpu() && tensor.dim() > 0);
        there = there || (tensor.defined() && tensor.is_privateuseone());
    };
    for (const auto& value : torch::jit::last(stack, op.schema().arguments().size())) {
        if (value.isTensor())
            look(value.toTensor());
        else if (value.isTensorList()) {
            for (const at::Tensor& tensor : value.toTensorList())
                look(tensor);
        } else if (value.isList()) {
            for (const c10::IValue& element : value.toList()) {
                if (element.isTensor())
                    look(element.toTensor());
            }
        }
    }
    TORCH_CHECK(!(here && there), op.schema().name(), ": tensors of the processor and of the device");
}

inline void onProcessor(const c10::OperatorHandle& op, torch::jit::Stack* stack)
{
    refuseMixed(op, *stack);
    ++inside;
    try {
        at::native::cpu_fallback(op, stack, true);
    } catch (...) {
        --inside;
        throw;
    }
    --inside;
}

struct Guard final : c10::impl::NoOpDeviceGuardImpl<at::kPrivateUse1>
{
    at::Device exchangeDevice(at::Device) const override { return kDevice; }
    at::Device getDevice() const override { return kDevice; }
    c10::Stream getStream(at::Device) const noexcept override { return c10::Stream(c10::Stream::DEFAULT, kDevice); }
    // Everything is done when a call returns.
    void record(void**, const c10::Stream&, at::DeviceIndex, c10::EventFlag) const override { }
    void block(void*, const c10::Stream&) const override { }
    bool queryEvent(void*) const override { return true; }
    void destroyEvent(void*, at::DeviceIndex) const noexcept override { }
    bool queryStream(const c10::Stream&) const override { return true; }
    void synchronizeStream(const c10::Stream&) const override { }
    void synchronizeDevice(at::DeviceIndex) const override { }
};

struct Hooks final : at::PrivateUse1HooksInterface
{
    bool hasPrimaryContext(at::DeviceIndex) const override { return true; }
    bool isAvailable() const override { return true; }
};

// Autograd asks LibTorch which accelerator a tensor belongs to that is not the processor's.
inline const bool isAccelerator = [] {
    at::RegisterPrivateUse1HooksInterface(new Hooks);
    c10::register_privateuse1_backend("guarded");
    return true;
}();

C10_REGISTER_GUARD_IMPL(PrivateUse1, Guard)

TORCH_LIBRARY_IMPL(_, PrivateUse1, m)
{
    m.fallback(torch::CppFunction::makeFromBoxedFunction<&onProcessor>());
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m)
{
    m.impl("empty.memory_format", emptyOf);
    m.impl("empty_strided", emptyStrided);
    m.impl("copy_", copyInto);
    m.impl("_copy_from", copyFrom);
    m.impl("_copy_from_and_resize", copyFromAndResize);
    m.impl("_local_scalar_dense", readScalar);
    m.impl("as_strided", at::native::as_strided_tensorimpl);
    m.impl("view", at::native::view);
    m.impl("_reshape_alias", at::native::_reshape_alias);
    m.impl("unfold", at::native::unfold);
}

}  // namespace guarded
