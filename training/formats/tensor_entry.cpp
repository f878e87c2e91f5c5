// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Names and sizes of the stored types.
#include "training/formats/tensor_entry.h"

#include <array>

namespace rankwright {

namespace {

struct TypeRow
{
    StoredType type;
    std::string_view name;
    int bits;
};

// In the order of the enumeration.
constexpr std::array kTypes {
    TypeRow {StoredType::BOOL, "BOOL", 8},
    TypeRow {StoredType::U8, "U8", 8},
    TypeRow {StoredType::I8, "I8", 8},
    TypeRow {StoredType::I16, "I16", 16},
    TypeRow {StoredType::U16, "U16", 16},
    TypeRow {StoredType::I32, "I32", 32},
    TypeRow {StoredType::U32, "U32", 32},
    TypeRow {StoredType::I64, "I64", 64},
    TypeRow {StoredType::U64, "U64", 64},
    TypeRow {StoredType::F16, "F16", 16},
    TypeRow {StoredType::BF16, "BF16", 16},
    TypeRow {StoredType::F32, "F32", 32},
    TypeRow {StoredType::F64, "F64", 64},
    TypeRow {StoredType::C64, "C64", 64},
    TypeRow {StoredType::F8_E4M3, "F8_E4M3", 8},
    TypeRow {StoredType::F8_E5M2, "F8_E5M2", 8},
    TypeRow {StoredType::F8_E8M0, "F8_E8M0", 8},
    TypeRow {StoredType::F8_E4M3FNUZ, "F8_E4M3FNUZ", 8},
    TypeRow {StoredType::F8_E5M2FNUZ, "F8_E5M2FNUZ", 8},
    TypeRow {StoredType::F4, "F4", 4},
    TypeRow {StoredType::F6_E2M3, "F6_E2M3", 6},
    TypeRow {StoredType::F6_E3M2, "F6_E3M2", 6},
    TypeRow {StoredType::Q4_0, "Q4_0", 0},
    TypeRow {StoredType::Q4_1, "Q4_1", 0},
    TypeRow {StoredType::Q5_0, "Q5_0", 0},
    TypeRow {StoredType::Q5_1, "Q5_1", 0},
    TypeRow {StoredType::Q8_0, "Q8_0", 0},
    TypeRow {StoredType::Q2_K, "Q2_K", 0},
    TypeRow {StoredType::Q3_K, "Q3_K", 0},
    TypeRow {StoredType::Q4_K, "Q4_K", 0},
    TypeRow {StoredType::Q5_K, "Q5_K", 0},
    TypeRow {StoredType::Q6_K, "Q6_K", 0},
};

constexpr bool inOrder()
{
    for (size_t i = 0; i < kTypes.size(); ++i) {
        if (static_cast<size_t>(kTypes[i].type) != i)
            return false;
    }
    return true;
}
static_assert(inOrder());

}  // namespace

std::string_view typeName(StoredType type)
{
    return kTypes[static_cast<size_t>(type)].name;
}

int typeBits(StoredType type)
{
    return kTypes[static_cast<size_t>(type)].bits;
}

int64_t TensorEntry::count() const
{
    int64_t product = 1;
    for (const int64_t dimension : shape)
        product *= dimension;
    return product;
}

}  // namespace rankwright
