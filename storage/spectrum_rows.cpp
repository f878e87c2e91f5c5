// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The cache of singular values, keyed by the SHA-256 of a tensor's bytes, dtype and shape: the same matrix in another
// file is found again, a changed one is not.
#include "storage/run_store.h"

#include "training/api/error.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace rankwright {

namespace {

static_assert(std::endian::native == std::endian::little, "values are stored as little-endian float32");

// Of a matrix of which only the largest values are known. The column says NOT NULL: it is written as -1.
constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr const char* kColumns = "SELECT hash, name, rows, cols, energy, stable_rank, effective_rank, singular_values"
                                 " FROM spectrum ";

ModuleSpectrum spectrumOf(const Statement& row, const Database& database)
{
    ModuleSpectrum spectrum;
    spectrum.hash = row.text(0);
    spectrum.name = row.text(1);
    spectrum.rows = row.integer(2);
    spectrum.cols = row.integer(3);
    spectrum.energy = row.number(4);
    spectrum.stableRank = row.number(5);
    spectrum.effectiveRank = row.number(6) < 0 ? kUnknown : row.number(6);
    const std::string bytes = row.blob(7);
    const auto most = size_t(std::max<int64_t>(0, std::min(spectrum.rows, spectrum.cols)));
    if (bytes.size() % sizeof(float) != 0 || bytes.size() / sizeof(float) > most)
        throw Error(ErrorParts{.code = Code::format,
            .file = database.file(),
            .place = "spectrum of " + spectrum.name,
            .found = std::to_string(bytes.size()) + " bytes of singular values",
            .allowed = "at most min(rows, cols) = " + std::to_string(most) + " values of 4 bytes",
            .advice = "Move the database away and start again: runs are read in from their folders."});
    spectrum.values.resize(bytes.size() / sizeof(float));
    if (!bytes.empty())
        std::memcpy(spectrum.values.data(), bytes.data(), bytes.size());
    return spectrum;
}

}  // namespace

std::optional<ModuleSpectrum> RunStore::spectrum(const std::string& hash)
{
    Statement select(m_database, std::string(kColumns) + "WHERE hash = ?");
    select.bind(1, hash);
    if (!select.step())
        return std::nullopt;
    return spectrumOf(select, m_database);
}

void RunStore::storeSpectrum(const ModuleSpectrum& spectrum)
{
    if (spectrum.hash.empty())
        return;  // nothing to find it by
    // A list cut at the largest values never replaces a longer one.
    Statement insert(m_database,
        "INSERT INTO spectrum(hash, name, rows, cols, energy, stable_rank, effective_rank, singular_values)"
        " VALUES (?,?,?,?,?,?,?,?) ON CONFLICT(hash) DO UPDATE SET name = excluded.name, energy = excluded.energy,"
        " stable_rank = excluded.stable_rank, effective_rank = excluded.effective_rank,"
        " singular_values = excluded.singular_values"
        " WHERE length(excluded.singular_values) >= length(spectrum.singular_values)");
    insert.bind(1, spectrum.hash).bind(2, spectrum.name).bind(3, spectrum.rows).bind(4, spectrum.cols);
    insert.bind(5, spectrum.energy).bind(6, spectrum.stableRank);
    insert.bind(7, std::isnan(spectrum.effectiveRank) ? -1 : spectrum.effectiveRank);
    const auto* bytes = reinterpret_cast<const char*>(spectrum.values.data());
    insert.bindBlob(8, std::string_view(bytes, spectrum.values.size() * sizeof(float)));
    insert.run();
}

std::vector<ModuleSpectrum> RunStore::spectra(const std::vector<std::string>& hashes)
{
    std::vector<ModuleSpectrum> found;
    Statement select(m_database, std::string(kColumns) + "WHERE hash = ?");
    for (const std::string& hash : hashes) {
        select.bind(1, hash);
        if (select.step())
            found.push_back(spectrumOf(select, m_database));
        select.reset();
    }
    return found;
}

std::vector<ModuleSpectrum> RunStore::allSpectra(int64_t limit)
{
    std::vector<ModuleSpectrum> found;
    Statement select(m_database, std::string(kColumns) + "ORDER BY rowid DESC LIMIT ?");
    select.bind(1, limit);
    while (select.step())
        found.push_back(spectrumOf(select, m_database));
    return found;
}

}  // namespace rankwright
