// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Arms of a comparison that are trained together on one copy of the frozen base. Each is a job on a thread of its own, with adapters,
// optimiser, evaluation and checkpoints of its own. One works at any moment; where all have handed in rows, these are taken through the
// model end to end as one batch, in which the tokens of each arm see its own adapters (LinearSlot::arms). Parts of the micro-batches
// are handed in, one for each arm, so that as many tokens are in flight as in a run alone. Where there are arms for every thread, each
// thread takes some of them through the model and back. On the CPU an arm whose micro-batches have rows for every thread gains nothing by
// the others' rows: its pass is its own (ownPass()), one arm after another.
#pragma once

#include "training/adapters/adapter_set.h"
#include "training/adapters/shared_bases.h"
#include "training/api/jobs.h"
#include "training/train/loss_pass.h"
#include "training/train/session.h"

#include <condition_variable>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace rankwright {

// A model, the files that it was read from, and their tokenizer.
struct ModelOnFiles
{
    std::shared_ptr<Weights> weights;    // stays where it is: bases that are not placed yet read from it
    std::shared_ptr<const ModelText> text;
    Model model;
};

// Whether this model's rows may be in one pass with other arms': what is trained are adapters on its slots, or a head for labels. Not where
// slots see something else than the tokens of the batch: those that a router chose, or DeBERTa's distances.
bool fitsJointPass(const Model& model, const AdapterSet& adapters);

class Meeting
{
public:
    // The meeting of this name: there is one as long as somebody has it.
    static std::shared_ptr<Meeting> of(const Together& together);
    explicit Meeting(int64_t expected);

private:
    friend class Seat;
    struct Arm
    {
        bool isReady = false, rests = false;
        int64_t place = 0;                      // among the arms, from 0
        const Model* model = nullptr;
        const AdapterSet* adapters = nullptr;
        bool joint = false;                     // in one pass with the others that are
        int64_t seed = 0;
        int threads = 1;
        const LossPass::Work* work = nullptr;   // handed in
        at::Tensor loss;                        // the answer, with the next two
        double seconds = 0;
        std::exception_ptr failure;
    };
    using Group = std::vector<Arm*>;
    // With the mutex:
    [[nodiscard]] bool canBegin() const;
    void begin();
    void takeFloor(std::unique_lock<std::mutex>& lock);
    void leaveFloor();
    [[nodiscard]] bool canPass() const;
    // Without it, with the floor, in m_thread:
    void passes(const std::stop_token& stop);
    static void passAlone(Arm& arm);
    void passTogether(const Group& group);
    void jointLosses(const Group& group);
    void jointPass(const Group& group, const std::vector<int64_t>& share);
    void layOut(const Group& group);

    std::mutex m_mutex;
    std::condition_variable_any m_changed;
    bool m_floorTaken = false;                  // somebody works
    bool m_begun = false;                       // the first pass is no longer waited for
    int64_t m_expected, m_arrived = 0;
    std::chrono::steady_clock::time_point m_lastArrival;
    int64_t m_parts = 1, m_places = 0;
    std::map<std::string, Arm> m_arms;          // by run
    // Only of who has the floor:
    std::optional<ModelOnFiles> m_base;         // without adapters
    SharedBases m_bases;
    std::optional<Model> m_joint;               // its slots have the arms of m_laidOut
    Group m_laidOut;
    std::jthread m_thread;                      // of the passes; last: it ends before what it uses
};

// An arm's place in a meeting, from its arrival, when it waits for the floor, to its end.
class Seat final : public LossPass
{
public:
    Seat(const Together& together, const std::string& run, int64_t seed);
    ~Seat() override;
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;

    [[nodiscard]] bool isFirst() const { return m_first; }
    // The model of the meeting, which `open` gives to who comes first; the slots are this arm's own.
    ModelOnFiles open(const std::function<ModelOnFiles()>& open);
    [[nodiscard]] SharedBases& bases() { return m_meeting->m_bases; }
    // The arm is prepared; its micro-batches have `rows`. Returns when all are, or have ended. The arms that did not arrive are waited
    // for only some seconds.
    void ready(const Model& model, const AdapterSet& adapters, int64_t rows);

    Answer run(const Work& work) override;
    [[nodiscard]] int64_t parts() const override;
    [[nodiscard]] int64_t firstPart() const override { return m_arm->place; }
    void rest(std::chrono::milliseconds time) override;

private:
    std::shared_ptr<Meeting> m_meeting;
    Meeting::Arm* m_arm = nullptr;
    std::string m_run;
    bool m_first = false;
};

}  // namespace rankwright
