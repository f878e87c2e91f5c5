// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What the quantisation laboratory has measured so far: errors by setting (method, rank, rounds) and matrix, and of the whole model.
// Of a whole model by training/api/quant_error_sums.h.
#pragma once

#include "training/api/quant_error_sums.h"

#include <compare>
#include <map>
#include <optional>

namespace rankwright {

enum class ErrorNorm { nuclear, frobenius, spectral, output };

struct QuantSetting
{
    std::string method;
    int64_t rank = 0, rounds = 0;   // rounds 0: the method has none
    auto operator<=>(const QuantSetting&) const = default;
};

// 0..: of the norm; NaN where it was not measured.
[[nodiscard]] double normOf(const ErrorNorms& norms, ErrorNorm norm);
// (1 - error / plain) * 100: below 0 the setting is worse than plain quantisation. NaN where it cannot be told.
[[nodiscard]] double reductionOf(const ErrorNorms& error, const ErrorNorms& plain, ErrorNorm norm);

class QuantResults
{
public:
    void clear();
    void add(const QuantError& error);   // takes the place of an earlier one of the same setting and matrix
    [[nodiscard]] bool empty() const { return m_errors.empty(); }
    [[nodiscard]] const std::vector<QuantSetting>& settings() const { return m_settings; }   // methods as asked, ranks and rounds rising
    [[nodiscard]] const QuantError* find(const QuantSetting& setting, const std::string& module) const;
    [[nodiscard]] double reduction(const QuantSetting& setting, const std::string& module, ErrorNorm norm) const;   // NaN: unknown
    [[nodiscard]] QuantErrorSum total(const QuantSetting& setting) const;
    struct Module { std::string name; double reduction = 0; QuantVerdict verdict = QuantVerdict::helps; };   // reduction by the norm asked for
    // Matrices in which the setting does not help by verdictOf(), the least reduction first.
    [[nodiscard]] std::vector<Module> notHelped(const QuantSetting& setting, ErrorNorm norm) const;
    [[nodiscard]] bool hasOutput() const { return m_hasOutput; }

private:
    std::vector<std::string> m_methods;  // in the order in which they came
    std::vector<QuantSetting> m_settings;
    std::map<QuantSetting, std::map<std::string, QuantError>> m_errors;
    bool m_hasOutput = false;
};

}  // namespace rankwright
