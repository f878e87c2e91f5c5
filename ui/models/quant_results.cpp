// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/models/quant_results.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace rankwright {

namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

}  // namespace

double normOf(const ErrorNorms& norms, ErrorNorm norm)
{
    switch (norm) {
    case ErrorNorm::nuclear:
        return norms.nuclear;
    case ErrorNorm::frobenius:
        return norms.frobenius;
    case ErrorNorm::spectral:
        return norms.spectral;
    case ErrorNorm::output:
        break;
    }
    return norms.output < 0 ? kUnknown : norms.output;
}

double reductionOf(const ErrorNorms& error, const ErrorNorms& plain, ErrorNorm norm)
{
    const double whole = normOf(plain, norm);
    return whole > 0 ? 100 * (1 - normOf(error, norm) / whole) : kUnknown;
}

void QuantResults::clear()
{
    *this = {};
}

void QuantResults::add(const QuantError& error)
{
    const QuantSetting setting{.method = error.method, .rank = error.rank, .rounds = error.rounds};
    const auto found = m_errors.find(setting);
    if (found == m_errors.end()) {
        if (std::find(m_methods.begin(), m_methods.end(), error.method) == m_methods.end())
            m_methods.push_back(error.method);
        m_settings.push_back(setting);
        const auto place = [this](const QuantSetting& one) {
            return std::tuple(std::find(m_methods.begin(), m_methods.end(), one.method) - m_methods.begin(), one.rank, one.rounds);
        };
        std::sort(m_settings.begin(), m_settings.end(),
            [&place](const QuantSetting& a, const QuantSetting& b) { return place(a) < place(b); });
    }
    m_errors[setting][error.name] = error;
    m_hasOutput = m_hasOutput || error.error.output >= 0;
}

const QuantError* QuantResults::find(const QuantSetting& setting, const std::string& module) const
{
    const auto found = m_errors.find(setting);
    if (found == m_errors.end())
        return nullptr;
    const auto error = found->second.find(module);
    return error == found->second.end() ? nullptr : &error->second;
}

double QuantResults::reduction(const QuantSetting& setting, const std::string& module, ErrorNorm norm) const
{
    const QuantError* error = find(setting, module);
    return error ? reductionOf(error->error, error->plain, norm) : kUnknown;
}

QuantErrorSum QuantResults::total(const QuantSetting& setting) const
{
    std::vector<QuantError> errors;
    if (const auto found = m_errors.find(setting); found != m_errors.end())
        for (const auto& [name, error] : found->second)
            errors.push_back(error);
    const auto sums = quantErrorSums(errors, false);
    return sums.empty() ? QuantErrorSum() : sums.front();
}

std::vector<QuantResults::Module> QuantResults::notHelped(const QuantSetting& setting, ErrorNorm norm) const
{
    std::vector<Module> worse;
    const auto found = m_errors.find(setting);
    if (found == m_errors.end())
        return worse;
    for (const auto& [name, error] : found->second) {
        const QuantVerdict verdict = verdictOf(error.error, error.plain);
        if (verdict != QuantVerdict::helps)
            worse.push_back({name, reductionOf(error.error, error.plain, norm), verdict});
    }
    // Where it could not be told, last.
    const auto place = [](const Module& module) { return std::isnan(module.reduction) ? std::numeric_limits<double>::infinity() : module.reduction; };
    std::ranges::stable_sort(worse, {}, place);
    return worse;
}

}  // namespace rankwright
