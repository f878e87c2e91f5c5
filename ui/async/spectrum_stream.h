// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The singular values of one state of a model, as they stream in from the engine. Values that the run store's cache holds are not
// computed again; new ones are kept there. A cancelled stream keeps what it has and goes on from there.
#pragma once

#include "ui/models/store_reader.h"
#include "ui/workbench.h"

#include <QElapsedTimer>
#include <QPointer>

#include <map>
#include <set>

namespace rankwright {

// Which values: of a model as it is stored, of a run's newest checkpoint, or of the weights weighed by a calibration batch.
struct SpectrumQuestion
{
    std::string model;           // empty: none
    std::string folder;          // of a run; empty: the model's own weights
    bool weighted = false;
    RunConfig calibration;       // weighted: its data
    bool operator==(const SpectrumQuestion&) const = default;
};

class SpectrumStream : public QObject
{
    Q_OBJECT
public:
    using Spectra = std::map<std::string, ModuleSpectrum>;   // by module name

    explicit SpectrumStream(Workbench& workbench, QObject* parent = nullptr);
    // Forgets all values; nothing is asked of the engine until start().
    void setQuestion(const SpectrumQuestion& question);
    [[nodiscard]] const SpectrumQuestion& question() const { return m_question; }
    void start();
    void cancel();

    [[nodiscard]] const Spectra& spectra() const { return m_spectra; }
    [[nodiscard]] const ModuleSpectrum* find(const std::string& module) const;   // nullptr: not known yet
    [[nodiscard]] bool isComplete() const { return m_complete; }
    [[nodiscard]] bool isBusy() const { return m_busy; }
    [[nodiscard]] int64_t done() const { return m_done; }
    [[nodiscard]] int64_t total() const { return m_total; }        // 0: not known yet
    [[nodiscard]] QString progressText() const;                    // "12 of 210 · 4.1 s left"

signals:
    void arrived(const std::set<std::string>& modules);
    void stateChanged();                                           // busy, progress
    void finished(const rankwright::SpectrumReport& report);
    void failed(const QString& message);
    void cacheFailed(const QString& message);                      // the values are there, but could not be read or kept

private:
    void ask(std::vector<ModuleSpectrum> known);
    void take(const std::vector<Event>& batch);
    void finish(const SpectrumReport& report);
    void keepNew();
    void stopped();

    Workbench& m_workbench;
    StoreReader m_store;
    SpectrumQuestion m_question;
    Spectra m_spectra;
    std::set<std::string> m_knownHashes;
    std::vector<ModuleSpectrum> m_unsaved;
    QPointer<JobCall> m_call;
    QElapsedTimer m_since;
    int64_t m_done = 0, m_total = 0, m_firstDone = -1;
    uint64_t m_number = 0;           // of the question: what an earlier one read from the store is thrown away
    bool m_busy = false, m_complete = false;
};

// "12 of 210 · 4.1 s left", with the pace since `firstDone` were done; no time where it cannot be told yet.
[[nodiscard]] QString paceText(int64_t done, int64_t total, int64_t firstDone, double seconds);

}  // namespace rankwright
