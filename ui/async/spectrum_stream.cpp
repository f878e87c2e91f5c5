// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/async/spectrum_stream.h"

#include "ui/format.h"

#include <QCoreApplication>

namespace rankwright {

namespace {

constexpr size_t kSaveAtOnce = 16;

}  // namespace

QString paceText(int64_t done, int64_t total, int64_t firstDone, double seconds)
{
    if (total <= 0)
        return {};
    const QString counted = QCoreApplication::translate("rankwright::SpectrumStream", "%1 of %2").arg(done).arg(total);
    if (done <= firstDone || seconds <= 0 || done >= total)
        return counted;
    const double left = seconds / double(done - firstDone) * double(total - done);
    return QCoreApplication::translate("rankwright::SpectrumStream", "%1 · %2 left").arg(counted, format::duration(left));
}

SpectrumStream::SpectrumStream(Workbench& workbench, QObject* parent)
    : QObject(parent), m_workbench(workbench), m_store(workbench.dataDirectory(), this)
{
    connect(&m_store, &StoreReader::failed, this, [this](const QString& message) {
        emit cacheFailed(message);
        if (m_busy && !m_call)
            ask({});   // the cache only saves time
    });
}

void SpectrumStream::setQuestion(const SpectrumQuestion& question)
{
    if (m_call)
        m_call->cancel();
    m_call.clear();
    keepNew();
    ++m_number;
    m_question = question;
    m_spectra.clear();
    m_done = m_total = 0;
    m_busy = m_complete = false;
    emit stateChanged();
}

void SpectrumStream::start()
{
    if (m_busy || m_complete || m_question.model.empty())
        return;
    m_busy = true;
    m_done = m_total = 0;
    m_firstDone = -1;
    emit stateChanged();
    m_store.read<std::vector<ModuleSpectrum>>([](RunStore& store) { return store.allSpectra(); },
        [this, number = m_number](std::vector<ModuleSpectrum>& known) {
            if (number == m_number && m_busy && !m_call)
                ask(std::move(known));
        });
}

void SpectrumStream::ask(std::vector<ModuleSpectrum> known)
{
    m_knownHashes.clear();
    for (const ModuleSpectrum& spectrum : known)
        m_knownHashes.insert(spectrum.hash);
    // Those of a cancelled job may still be on their way into the store.
    for (const auto& [name, spectrum] : m_spectra) {
        if (m_knownHashes.insert(spectrum.hash).second)
            known.push_back(spectrum);
    }
    SpectrumJob job{.model = m_question.model, .modules = "*", .top = SpectrumJob::kAuto, .folder = m_question.folder,
        .weighted = m_question.weighted, .calibration = m_question.calibration, .known = std::move(known)};
    m_call = m_workbench.ask(std::move(job), this);
    connect(m_call, &JobCall::advanced, this, &SpectrumStream::take);
    connect(m_call, &JobCall::finished, this, [this](const Result& result) { finish(std::get<SpectrumReport>(result)); });
    connect(m_call, &JobCall::failed, this, [this](const QString& message) {
        if (sender() != m_call)
            return;
        stopped();
        emit failed(message);
    });
}

void SpectrumStream::take(const std::vector<Event>& batch)
{
    if (sender() != m_call)
        return;
    std::set<std::string> names;
    for (const Event& event : batch) {
        if (const auto* spectrum = std::get_if<ModuleSpectrum>(&event)) {
            m_spectra[spectrum->name] = *spectrum;
            if (!m_knownHashes.contains(spectrum->hash))
                m_unsaved.push_back(*spectrum);
            names.insert(spectrum->name);
        } else if (const auto* progress = std::get_if<ProgressEvent>(&event); progress && progress->total > 0) {
            m_done = progress->done;
            m_total = progress->total;
            if (m_firstDone < 0) {
                m_firstDone = m_done;
                m_since.start();
            }
        }
    }
    if (m_unsaved.size() >= kSaveAtOnce)
        keepNew();
    if (!names.empty())
        emit arrived(names);
    emit stateChanged();
}

void SpectrumStream::finish(const SpectrumReport& report)
{
    if (sender() != m_call)
        return;
    std::set<std::string> names;
    for (const ModuleSpectrum& spectrum : report.modules) {
        if (!m_spectra.contains(spectrum.name)) {
            if (!m_knownHashes.contains(spectrum.hash))
                m_unsaved.push_back(spectrum);
            names.insert(spectrum.name);
        }
        m_spectra[spectrum.name] = spectrum;
    }
    m_complete = true;
    stopped();
    if (!names.empty())
        emit arrived(names);
    emit finished(report);
}

void SpectrumStream::cancel()
{
    if (!m_busy)
        return;
    if (m_call)
        m_call->cancel();
    ++m_number;
    stopped();
}

void SpectrumStream::stopped()
{
    m_call.clear();
    m_busy = false;
    keepNew();
    emit stateChanged();
}

// Into the store's cache, so that the next look at these weights costs nothing.
void SpectrumStream::keepNew()
{
    if (m_unsaved.empty())
        return;
    for (const ModuleSpectrum& spectrum : m_unsaved)
        m_knownHashes.insert(spectrum.hash);
    m_store.change(
        [spectra = std::exchange(m_unsaved, {})](RunStore& store) {
            for (const ModuleSpectrum& spectrum : spectra)
                store.storeSpectrum(spectrum);
        },
        [this](const QString& problem) {
            if (!problem.isEmpty())
                emit cacheFailed(problem);
        });
}

const ModuleSpectrum* SpectrumStream::find(const std::string& module) const
{
    const auto found = m_spectra.find(module);
    return found == m_spectra.end() ? nullptr : &found->second;
}

QString SpectrumStream::progressText() const
{
    return m_firstDone < 0 ? QString() : paceText(m_done, m_total, m_firstDone, double(m_since.elapsed()) / 1000);
}

}  // namespace rankwright
