// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// How large anything read from outside may be. One place; each limit is tested at the limit and one above it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rankwright::limits {

inline constexpr uint64_t kSafetensorsHeader = 100'000'000;  // bytes, as the reference reader
inline constexpr uint64_t kJsonConfig = 16ull << 20;
inline constexpr uint64_t kTokenizerJson = 256ull << 20;
inline constexpr int kJsonDepth = 64;
inline constexpr uint64_t kJsonValues = 8'000'000;
inline constexpr uint64_t kGgufKey = 64ull << 10;
inline constexpr uint64_t kGgufString = 16ull << 20;
inline constexpr uint64_t kGgufKeys = 65'536;
inline constexpr uint64_t kGgufTensors = 1'000'000;
inline constexpr uint64_t kGgufElements = 16'777'216;  // of all arrays of the metadata together
inline constexpr uint64_t kGgufHeader = 512ull << 20;  // bytes of metadata and tensor table
inline constexpr uint64_t kGgufAlignment = 64ull << 10;
inline constexpr int kGgufDimensions = 4;
inline constexpr int64_t kVocabulary = 4'194'304;
inline constexpr size_t kPiece = 512;                  // bytes of a vocabulary's piece as its file spells it
inline constexpr int64_t kWordCharacters = 4'194'304;  // of one word for WordPiece
inline constexpr size_t kMapKey = 256;                 // bytes that a character map looks at from one place
inline constexpr size_t kGrowth = 64, kGrowthBytes = 4096;  // a normalised or decoded text: times the source, and more
inline constexpr int kPieceMilliseconds = 200;
inline constexpr uint64_t kTemplateSource = 1ull << 20;
inline constexpr uint64_t kTemplateFuel = 5'000'000;
inline constexpr int kTemplateDepth = 64;
inline constexpr uint64_t kTemplateOutput = 16ull << 20;
inline constexpr uint64_t kJsonLine = 64ull << 20;           // bytes of a data set's row, of any format
inline constexpr uint64_t kTableCell = 16ull << 20;
inline constexpr size_t kTableColumns = 16'384;
inline constexpr size_t kClasses = 1'000;                     // different labels of a data set
inline constexpr int64_t kRunName = 255;  // bytes

}  // namespace rankwright::limits
