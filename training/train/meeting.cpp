// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/train/meeting.h"

#include "training/api/error.h"
#include "training/ops/each_at_once.h"
#include "training/train/even_shares.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>

namespace rankwright {

namespace {

using Clock = std::chrono::steady_clock;

// So long after the last one arrived, arms that were announced are taken to have failed before they came here.
constexpr auto kGrace = std::chrono::seconds(10);

double secondsSince(Clock::time_point start)
{
    return std::chrono::duration<double>(Clock::now() - start).count();
}

// Whether both hold the same tensors, not only equal ones.
bool sameBases(const Model& one, const Model& other)
{
    return std::ranges::equal(one.slots(), other.slots(), [](const LinearSlot& a, const LinearSlot& b) {
        const auto held = a.base.stored(), others = b.base.stored();
        return !held.empty() && std::ranges::equal(held, others, [](const auto& x, const auto& y) {
            return x.second.const_data_ptr() == y.second.const_data_ptr();
        });
    });
}

at::Tensor sumOf(const at::Tensor& losses, int64_t first, int64_t count)
{
    return losses.detach().narrow(0, first, count).sum();
}

}  // namespace

bool fitsJointPass(const Model& model, const AdapterSet& adapters)
{
    if (model.config().experts.count > 0 || model.config().form == "deberta")
        return false;
    const auto& head = model.labelHeadTensors();
    return std::ranges::all_of(adapters.entries(), [&](const AdapterSet::Entry& entry) {
        if (entry.slot == nullptr)
            return std::ranges::find(head, entry.name) != head.end();
        return !entry.slot->delta->weight.defined();
    });
}

std::shared_ptr<Meeting> Meeting::of(const Together& together)
{
    static std::mutex mutex;
    static std::map<std::string, std::weak_ptr<Meeting>> meetings;
    const std::lock_guard lock(mutex);
    std::erase_if(meetings, [](const auto& meeting) { return meeting.second.expired(); });
    auto& known = meetings[together.group];
    auto meeting = known.lock();
    if (!meeting)
        known = meeting = std::make_shared<Meeting>(together.arms);
    return meeting;
}

Meeting::Meeting(int64_t expected) : m_expected(expected), m_thread([this](const std::stop_token& stop) { passes(stop); }) {}

bool Meeting::canBegin() const
{
    const bool gathered = m_arrived >= m_expected || Clock::now() >= m_lastArrival + kGrace;
    return gathered && std::ranges::all_of(m_arms, [](const auto& arm) { return arm.second.isReady; });
}

void Meeting::begin()
{
    m_begun = true;
    m_places = 0;
    for (auto& [run, arm] : m_arms)
        arm.place = m_places++;
    m_parts = std::max<int64_t>(1, std::ranges::count_if(m_arms, [](const auto& arm) { return arm.second.joint; }));
    m_changed.notify_all();
}

void Meeting::takeFloor(std::unique_lock<std::mutex>& lock)
{
    m_changed.wait(lock, [&] { return !m_floorTaken; });
    m_floorTaken = true;
}

void Meeting::leaveFloor()
{
    m_floorTaken = false;
    m_changed.notify_all();
}

bool Meeting::canPass() const
{
    const auto handedIn = [](const auto& arm) { return arm.second.work != nullptr; };
    return !m_floorTaken && std::ranges::any_of(m_arms, handedIn)
        && std::ranges::all_of(m_arms, [&](const auto& arm) { return arm.second.rests || handedIn(arm); });
}

// One thread for all of them: what the C library keeps for a thread's tensors is kept once.
void Meeting::passes(const std::stop_token& stop)
{
    std::unique_lock lock(m_mutex);
    while (m_changed.wait(lock, stop, [&] { return canPass(); })) {
        m_floorTaken = true;
        Group joint, others;
        for (auto& [run, arm] : m_arms) {
            if (arm.work != nullptr)
                (arm.joint ? joint : others).push_back(&arm);
        }
        lock.unlock();
        const auto threads = (joint.empty() ? others : joint).front()->threads;
        if (at::get_num_threads() != threads)
            at::set_num_threads(threads);
        if (!joint.empty())
            passTogether(joint);
        for (auto* arm : others)
            passAlone(*arm);
        lock.lock();
        for (auto& [run, arm] : m_arms)
            arm.work = nullptr;
        leaveFloor();
    }
}

void Meeting::passAlone(Arm& arm)
{
    const auto start = Clock::now();
    try {
        arm.loss = ownPass(*arm.model, *arm.adapters, arm.seed, *arm.work);
    } catch (...) {
        arm.failure = std::current_exception();
    }
    arm.seconds = secondsSince(start);
}

void Meeting::passTogether(const Group& group)
{
    if (group.size() == 1)
        return passAlone(*group.front());
    const auto start = Clock::now();
    try {
        layOut(group);
        jointLosses(group);
    } catch (...) {
        for (auto* arm : group)
            arm->failure = std::current_exception();
    }
    // A token takes the same time, whosever it is.
    const double seconds = secondsSince(start);
    double tokens = 0;
    for (const auto* arm : group)
        tokens += double(arm->work->batch.tokens());
    for (auto* arm : group)
        arm->seconds = seconds * double(arm->work->batch.tokens()) / tokens;
}

// Puts the arms' slots on those of the joint model.
void Meeting::layOut(const Group& group)
{
    if (m_laidOut == group)
        return;
    if (!m_joint)
        m_joint.emplace(m_base->model.sharing());
    auto& slots = m_joint->slots();
    for (size_t i = 0; i < slots.size(); ++i) {
        slots[i].base = group.front()->model->slots()[i].base;   // since then it may have been put into few bits
        slots[i].arms.clear();
        for (const auto* arm : group)
            slots[i].arms.push_back(&arm->model->slots()[i]);
    }
    m_laidOut = group;
}

void Meeting::jointLosses(const Group& group)
{
    std::vector<int64_t> tokens;
    for (const auto* arm : group)
        tokens.push_back(arm->work->batch.tokens());
    const auto shares = evenShares(tokens, m_joint->device().is_cpu() ? at::get_num_threads() : 1);
    ops::eachAtOnce(int64_t(shares.size()), [&](int64_t i) { jointPass(group, shares[size_t(i)]); });
}

// Of the arms that `share` names, places in the group.
void Meeting::jointPass(const Group& group, const std::vector<int64_t>& share)
{
    std::vector<const Batch*> batches;
    std::vector<ops::ArmTokens> tokens(group.size());   // of arms outside of the share: none
    int64_t first = 0;
    for (const auto i : share) {
        const auto* arm = group[size_t(i)];
        const auto& batch = arm->work->batch;
        batches.push_back(&batch);
        tokens[size_t(i)] = {.first = first,
            .last = first + batch.tokens(),
            .seed = arm->seed,
            .step = arm->work->step,
            .bounds = batch.bounds,
            .sampleIndex = batch.sampleIndex};
        first += batch.tokens();
    }
    const auto batch = joined(batches);
    const auto hidden = m_joint->forward(batch,
        {.training = true, .bounds = &batch.bounds, .sampleIndex = &batch.sampleIndex, .arms = &tokens});
    at::Tensor sum;
    if (group.front()->model->task() == Task::lm) {
        const auto losses = m_joint->lossesOf(hidden, batch);
        int64_t target = 0;
        for (const auto i : share) {
            auto* arm = group[size_t(i)];
            arm->loss = sumOf(losses, target, arm->work->batch.targetCount());
            target += arm->work->batch.targetCount();
        }
        sum = losses.sum();
    } else {
        for (const auto i : share) {   // heads for labels are the arms' own
            auto* arm = group[size_t(i)];
            const auto& own = tokens[size_t(i)];
            const auto loss = arm->model->lossesOf(hidden.narrow(0, own.first, own.last - own.first), arm->work->batch).sum();
            arm->loss = loss.detach();
            sum = sum.defined() ? sum + loss : loss;
        }
    }
    sum.backward();
}

Seat::Seat(const Together& together, const std::string& run, int64_t seed) : m_meeting(Meeting::of(together)), m_run(run)
{
    std::unique_lock lock(m_meeting->m_mutex);
    while (m_meeting->m_arms.contains(m_run))
        m_run += "'";
    m_arm = &m_meeting->m_arms[m_run];
    m_arm->seed = seed;
    ++m_meeting->m_arrived;
    m_meeting->m_lastArrival = Clock::now();
    m_meeting->m_changed.notify_all();
    m_meeting->takeFloor(lock);
    m_first = !m_meeting->m_base;
}

// With the floor.
Seat::~Seat()
{
    const std::lock_guard lock(m_meeting->m_mutex);
    m_meeting->m_arms.erase(m_run);
    m_meeting->m_laidOut.clear();
    m_meeting->leaveFloor();
}

ModelOnFiles Seat::open(const std::function<ModelOnFiles()>& open)
{
    auto& base = m_meeting->m_base;
    if (!base) {
        auto opened = open();
        base.emplace(ModelOnFiles{opened.weights, opened.text, opened.model.sharing()});
        return opened;
    }
    return {base->weights, base->text, base->model.sharing()};
}

void Seat::ready(const Model& model, const AdapterSet& adapters, int64_t rows)
{
    auto& meeting = *m_meeting;
    std::unique_lock lock(meeting.m_mutex);
    m_arm->model = &model;
    m_arm->adapters = &adapters;
    m_arm->threads = at::get_num_threads();
    const bool fillsThreads = model.device().is_cpu() && rows >= m_arm->threads;
    m_arm->joint = fitsJointPass(model, adapters) && !fillsThreads;
    for (const auto& [run, other] : meeting.m_arms) {
        if (&other != m_arm && other.joint && !sameBases(model, *other.model))
            m_arm->joint = false;
    }
    if (meeting.m_begun)   // late
        m_arm->place = meeting.m_places++;
    m_arm->isReady = true;
    meeting.leaveFloor();
    while (!meeting.m_begun) {
        if (meeting.canBegin())
            meeting.begin();
        else if (meeting.m_arrived >= meeting.m_expected || Clock::now() >= meeting.m_lastArrival + kGrace)
            meeting.m_changed.wait(lock);
        else
            meeting.m_changed.wait_until(lock, meeting.m_lastArrival + kGrace);
    }
    meeting.takeFloor(lock);
}

LossPass::Answer Seat::run(const Work& work)
{
    const auto start = Clock::now();
    auto& meeting = *m_meeting;
    std::unique_lock lock(meeting.m_mutex);
    m_arm->work = &work;
    meeting.leaveFloor();
    meeting.m_changed.wait(lock, [&] { return m_arm->work == nullptr; });
    meeting.takeFloor(lock);
    if (m_arm->failure)
        std::rethrow_exception(std::exchange(m_arm->failure, nullptr));
    return {.loss = std::move(m_arm->loss), .othersSeconds = secondsSince(start) - m_arm->seconds};
}

int64_t Seat::parts() const
{
    return m_arm->joint ? m_meeting->m_parts : 1;
}

void Seat::rest(std::chrono::milliseconds time)
{
    auto& meeting = *m_meeting;
    std::unique_lock lock(meeting.m_mutex);
    m_arm->rests = true;
    meeting.leaveFloor();
    lock.unlock();
    std::this_thread::sleep_for(time);
    lock.lock();
    meeting.takeFloor(lock);
    m_arm->rests = false;
}

}  // namespace rankwright
