// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "app/parquet_json.h"

#include <arrow/array.h>
#include <arrow/scalar.h>
#include <arrow/util/utf8.h>

#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

namespace rankwright {

namespace {

using arrow::internal::checked_cast;

void appendText(std::string& json, std::string_view text)
{
    constexpr std::string_view kDigits = "0123456789abcdef";
    json += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            json += '\\';
            json += c;
        } else if (uint8_t(c) < 0x20) {
            json += "\\u00";
            json += kDigits[uint8_t(c) >> 4];
            json += kDigits[uint8_t(c) & 15];
        } else {
            json += c;
        }
    }
    json += '"';
}

template <class Number> void appendNumber(std::string& json, Number value)
{
    std::array<char, 64> buffer;
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
    json.append(buffer.data(), end);
}

template <class Array> void appendWhole(std::string& json, const arrow::Array& array, int64_t row)
{
    appendNumber(json, checked_cast<const Array&>(array).Value(row));
}

template <class Array> void appendDecimal(std::string& json, const arrow::Array& array, int64_t row)
{
    const double value = checked_cast<const Array&>(array).Value(row);
    if (!std::isfinite(value)) {
        json += "null";
        return;
    }
    const auto from = json.size();
    appendNumber(json, value);
    // 2.0 stays a number with a decimal point: labels are told apart by it.
    if (json.find_first_of(".e", from) == std::string::npos)
        json += ".0";
}

template <class Array> void appendString(std::string& json, const arrow::Array& array, int64_t row)
{
    const std::string_view text = checked_cast<const Array&>(array).GetView(row);
    if (arrow::util::ValidateUTF8(text))
        appendText(json, text);
    else
        json += "null";
}

void appendValue(std::string& json, const arrow::Array& array, int64_t row, const std::string& column);

void appendRange(std::string& json, const arrow::Array& values, int64_t begin, int64_t end, const std::string& column)
{
    json += '[';
    for (int64_t i = begin; i < end; ++i) {
        json += i > begin ? "," : "";
        appendValue(json, values, i, column);
    }
    json += ']';
}

template <class Array> void appendList(std::string& json, const arrow::Array& array, int64_t row, const std::string& column)
{
    const auto& list = checked_cast<const Array&>(array);
    appendRange(json, *list.values(), list.value_offset(row), list.value_offset(row) + list.value_length(row), column);
}

void appendStruct(std::string& json, const arrow::Array& array, int64_t row, const std::string& column)
{
    const auto& values = checked_cast<const arrow::StructArray&>(array);
    json += '{';
    for (int i = 0; i < values.num_fields(); ++i) {
        json += i > 0 ? "," : "";
        appendText(json, values.type()->field(i)->name());
        json += ':';
        appendValue(json, *values.field(i), row, column);
    }
    json += '}';
}

// Types that JSON has no form of, as people write them.
void appendShown(std::string& json, const arrow::Array& array, int64_t row, const std::string& column)
{
    const auto scalar = array.GetScalar(row);
    if (!scalar.ok())
        throw UnknownType {column, array.type()->ToString()};
    appendText(json, (*scalar)->ToString());
}

bool appendSimple(std::string& json, const arrow::Array& array, int64_t row)
{
    switch (array.type_id()) {
    case arrow::Type::BOOL: json += checked_cast<const arrow::BooleanArray&>(array).Value(row) ? "true" : "false"; return true;
    case arrow::Type::INT8: appendWhole<arrow::Int8Array>(json, array, row); return true;
    case arrow::Type::INT16: appendWhole<arrow::Int16Array>(json, array, row); return true;
    case arrow::Type::INT32: appendWhole<arrow::Int32Array>(json, array, row); return true;
    case arrow::Type::INT64: appendWhole<arrow::Int64Array>(json, array, row); return true;
    case arrow::Type::UINT8: appendWhole<arrow::UInt8Array>(json, array, row); return true;
    case arrow::Type::UINT16: appendWhole<arrow::UInt16Array>(json, array, row); return true;
    case arrow::Type::UINT32: appendWhole<arrow::UInt32Array>(json, array, row); return true;
    case arrow::Type::UINT64: appendWhole<arrow::UInt64Array>(json, array, row); return true;
    case arrow::Type::FLOAT: appendDecimal<arrow::FloatArray>(json, array, row); return true;
    case arrow::Type::DOUBLE: appendDecimal<arrow::DoubleArray>(json, array, row); return true;
    case arrow::Type::STRING: appendString<arrow::StringArray>(json, array, row); return true;
    case arrow::Type::LARGE_STRING: appendString<arrow::LargeStringArray>(json, array, row); return true;
    case arrow::Type::STRING_VIEW: appendString<arrow::StringViewArray>(json, array, row); return true;
    case arrow::Type::BINARY: appendString<arrow::BinaryArray>(json, array, row); return true;
    case arrow::Type::LARGE_BINARY: appendString<arrow::LargeBinaryArray>(json, array, row); return true;
    default: return false;
    }
}

void appendValue(std::string& json, const arrow::Array& array, int64_t row, const std::string& column)
{
    if (array.type_id() == arrow::Type::NA || array.IsNull(row)) {
        json += "null";
        return;
    }
    if (appendSimple(json, array, row))
        return;
    switch (array.type_id()) {
    case arrow::Type::LIST: appendList<arrow::ListArray>(json, array, row, column); break;
    case arrow::Type::LARGE_LIST: appendList<arrow::LargeListArray>(json, array, row, column); break;
    case arrow::Type::FIXED_SIZE_LIST: appendList<arrow::FixedSizeListArray>(json, array, row, column); break;
    case arrow::Type::MAP: appendList<arrow::MapArray>(json, array, row, column); break;
    case arrow::Type::STRUCT: appendStruct(json, array, row, column); break;
    case arrow::Type::DICTIONARY: {
        const auto& coded = checked_cast<const arrow::DictionaryArray&>(array);
        appendValue(json, *coded.dictionary(), coded.GetValueIndex(row), column);
        break;
    }
    default: appendShown(json, array, row, column);
    }
}

}  // namespace

void appendRow(std::string& json, const arrow::RecordBatch& batch, int64_t row)
{
    json += '{';
    for (int i = 0; i < batch.num_columns(); ++i) {
        const auto& name = batch.schema()->field(i)->name();
        json += i > 0 ? "," : "";
        appendText(json, name);
        json += ':';
        appendValue(json, *batch.column(i), row, name);
    }
    json += '}';
}

}  // namespace rankwright
