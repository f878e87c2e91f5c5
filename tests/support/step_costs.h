// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What a stretch of work asks of LibTorch: operator calls, copies, allocations, bytes, by name. Counts are the same on every machine,
// so that a test can hold a training step to them; the times beside them are for people who look for what is slow.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/record_function.h>
#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <time.h>

namespace rankwright {

struct OperatorCost
{
    int64_t calls = 0;
    double seconds = 0;     // processor time of its own, without the operators that it calls
    int64_t bytes = 0;      // allocated while it was the innermost operator
    int64_t written = 0;    // of copies: bytes of the destination
};

struct StepCost
{
    int64_t operators = 0;                        // calls of operators, and of backward nodes
    int64_t copies = 0, copiedBytes = 0;          // copy_ and cat, which every to, clone and contiguous ends in
    int64_t allocations = 0, allocatedBytes = 0;  // of tensors' memory
    int64_t liveBefore = 0, liveAfter = 0;        // bytes of tensors that exist
    int64_t peakBytes = 0;                        // most of them at once
    double seconds = 0;                           // on the wall
    double processorSeconds = 0;                  // of all threads
    std::map<std::string, OperatorCost, std::less<>> byName;
    std::map<std::string, double, std::less<>> byStack;   // "outer;inner" -> processor seconds of its own

    [[nodiscard]] int64_t calls(std::string_view name) const
    {
        const auto found = byName.find(name);
        return found == byName.end() ? 0 : found->second.calls;
    }
    // Above what lived before and goes on living.
    [[nodiscard]] int64_t peakGrowth() const { return peakBytes - liveBefore; }
};

// Of this process, all threads: what others do on the machine is not in it.
inline double processorSeconds()
{
    timespec now{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return double(now.tv_sec) + 1e-9 * double(now.tv_nsec);
}

// Which operators a thread is in, and up to when its time is accounted for.
struct ThreadCosts
{
    std::vector<std::string> names, stacks;
    double mark = 0;     // of processorSeconds()
    bool owns = false;   // the thread whose time between operators counts as ours
};

// Counts what all threads do while it exists; one at a time. Memory is counted in the thread that made it and in those that LibTorch
// hands its state to (at::ThreadLocalState).
class StepCosts
{
public:
    StepCosts() : m_guard(c10::DebugInfoKind::PROFILER_STATE, std::make_shared<Memory>(*this))
    {
        s_active = this;
        s_thread = ThreadCosts{};
        s_thread.owns = true;
        s_thread.mark = m_processor = processorSeconds();
        m_handle = at::addGlobalCallback(at::RecordFunctionCallback(started, ended)
                .needsInputs(true)
                .scopes({at::RecordScope::FUNCTION, at::RecordScope::BACKWARD_FUNCTION, at::RecordScope::USER_SCOPE}));
    }
    ~StepCosts()
    {
        at::removeCallback(m_handle);
        s_thread.owns = false;
        s_active = nullptr;
    }
    StepCosts(const StepCosts&) = delete;
    StepCosts& operator=(const StepCosts&) = delete;

    // What happened since the last time.
    StepCost take()
    {
        const std::lock_guard lock(m_mutex);
        pass();
        const auto now = Clock::now();
        m_now.seconds = std::chrono::duration<double>(now - m_since).count();
        m_now.processorSeconds = s_thread.mark - m_processor;
        m_now.liveAfter = m_live;
        auto taken = std::move(m_now);
        m_now = {};
        m_now.liveBefore = m_now.peakBytes = m_live;
        m_since = now;
        m_processor = s_thread.mark;
        return taken;
    }

private:
    using Clock = std::chrono::steady_clock;

    struct Memory : c10::MemoryReportingInfoBase
    {
        explicit Memory(StepCosts& to) : owner(to) {}
        void reportMemoryUsage(void*, int64_t bytes, size_t, size_t, c10::Device) override { owner.allocated(bytes); }
        [[nodiscard]] bool memoryProfilingEnabled() const override { return true; }
        StepCosts& owner;
    };

    static std::string innermost() { return s_thread.names.empty() ? std::string(kNone) : s_thread.names.back(); }

    void allocated(int64_t bytes)   // negative: freed
    {
        const std::lock_guard lock(m_mutex);
        m_live += bytes;
        m_now.peakBytes = std::max(m_now.peakBytes, m_live);
        if (bytes <= 0)
            return;
        ++m_now.allocations;
        m_now.allocatedBytes += bytes;
        m_now.byName[innermost()].bytes += bytes;
    }

    // The time since the last mark belongs to the innermost operator.
    void pass()
    {
        const double now = processorSeconds();
        const double seconds = now - s_thread.mark;
        if (!s_thread.names.empty() || s_thread.owns) {
            m_now.byName[innermost()].seconds += seconds;
            m_now.byStack[s_thread.stacks.empty() ? std::string(kNone) : s_thread.stacks.back()] += seconds;
        }
        s_thread.mark = now;
    }

    // Bytes that a call writes as a copy: all of the destination of copy_, all parts of cat.
    static int64_t copied(const std::string& name, c10::ArrayRef<const c10::IValue> inputs)
    {
        if (inputs.empty())
            return 0;
        if (name == "aten::copy_" && inputs[0].isTensor())
            return int64_t(inputs[0].toTensor().nbytes());
        int64_t bytes = 0;
        if (name == "aten::cat" && inputs[0].isTensorList()) {
            for (const auto& part : inputs[0].toTensorVector())
                bytes += int64_t(part.nbytes());
        }
        return bytes;
    }

    static std::unique_ptr<at::ObserverContext> started(const at::RecordFunction& function)
    {
        auto& costs = *s_active;
        const std::lock_guard lock(costs.m_mutex);
        costs.pass();
        const std::string name = function.name();
        auto& cost = costs.m_now.byName[name];
        ++cost.calls;
        ++costs.m_now.operators;
        if (const auto bytes = copied(name, function.inputs()); bytes > 0) {
            ++costs.m_now.copies;
            costs.m_now.copiedBytes += bytes;
            cost.written += bytes;
        }
        s_thread.stacks.push_back(s_thread.stacks.empty() ? name : s_thread.stacks.back() + ";" + name);
        s_thread.names.push_back(name);
        return nullptr;
    }

    static void ended(const at::RecordFunction&, at::ObserverContext*)
    {
        auto& costs = *s_active;
        const std::lock_guard lock(costs.m_mutex);
        costs.pass();
        s_thread.names.pop_back();
        s_thread.stacks.pop_back();
    }

    static constexpr std::string_view kNone = "(ours)";   // loops of our own and what no operator reports
    inline static std::atomic<StepCosts*> s_active = nullptr;
    inline static thread_local ThreadCosts s_thread;

    c10::DebugInfoGuard m_guard;
    at::CallbackHandle m_handle = 0;
    std::mutex m_mutex;
    Clock::time_point m_since = Clock::now();
    double m_processor = 0;
    StepCost m_now;
    int64_t m_live = 0;
};

}  // namespace rankwright
