// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#define PCRE2_CODE_UNIT_WIDTH 8
#include "training/formats/regex_splitter.h"

#include "training/api/error.h"
#include "training/formats/limits.h"
#include "training/formats/onigmo_pattern.h"

#include <pcre2.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <limits>

namespace rankwright {
namespace {

constexpr size_t kPatternBytes = 16 << 10;
constexpr size_t kJitStack = 64 << 20;           // bytes; pages are used as they are needed
constexpr uint32_t kCalloutsPerLook = 1024;      // callouts between two looks at the clock
constexpr uint32_t kHeapKib = 128 << 10;

double processorSeconds()
{
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

struct Deadline
{
    double end = 0;
    uint32_t callouts = 0;
};

int stopAtDeadline(pcre2_callout_block*, void* data)
{
    auto* deadline = static_cast<Deadline*>(data);
    const bool look = ++deadline->callouts % kCalloutsPerLook == 0;
    return look && processorSeconds() > deadline->end ? PCRE2_ERROR_CALLOUT : 0;
}

std::string pcreMessage(int code)
{
    std::array<PCRE2_UCHAR, 256> text{};
    pcre2_get_error_message(code, text.data(), text.size());
    return reinterpret_cast<const char*>(text.data());
}

struct FreeMatch
{
    void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
    void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
    void operator()(pcre2_jit_stack* stack) const { pcre2_jit_stack_free(stack); }
};

}  // namespace

RegexSplitter::RegexSplitter(std::string pattern, std::filesystem::path file)
    : m_pattern(std::move(pattern)), m_file(std::move(file))
{
    ErrorParts parts{.file = m_file, .place = "pattern \"" + m_pattern.substr(0, 200) + "\""};
    if (m_pattern.size() > kPatternBytes) {
        parts.code = Code::limit;
        parts.found = std::to_string(m_pattern.size()) + " bytes";
        parts.allowed = "at most " + std::to_string(kPatternBytes);
        parts.advice = "Get the tokenizer's original file.";
        throw Error(parts);
    }
    if (const std::string other = otherDialect(m_pattern); !other.empty()) {
        parts.code = Code::unsupported;
        parts.found = other;
        parts.allowed = "what Oniguruma and PCRE2 read alike";
        parts.advice = "Please report this tokenizer, so that its pattern can be added.";
        throw Error(parts);
    }
    const std::string translated = patternForPcre(m_pattern);
    int error = 0;
    PCRE2_SIZE position = 0;
    // Multi-line as Ruby's syntax, which Hugging Face's tokenizers use.
    const uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_MATCH_INVALID_UTF | PCRE2_MULTILINE | PCRE2_AUTO_CALLOUT
        | PCRE2_NEVER_BACKSLASH_C;
    const auto compile = [&](const std::string& text) {
        return pcre2_compile(
            reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), options, &error, &position, nullptr);
    };
    pcre2_code* code = compile(translated);
    if (code == nullptr) {
        pcre2_code_free(compile(m_pattern));  // for the position in the pattern as the file has it
        parts.code = Code::format;
        parts.place += " at byte " + std::to_string(position);
        parts.found = pcreMessage(error);
        parts.allowed = "a valid regular expression";
        parts.advice = "Get the tokenizer's original file.";
        throw Error(parts);
    }
    m_code = std::shared_ptr<void>(code, [](void* held) { pcre2_code_free(static_cast<pcre2_code*>(held)); });
    pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);  // without it matching is slower, nothing else
}

std::vector<TextRange> RegexSplitter::matches(std::string_view text, std::span<const TextRange> pieces) const
{
    const auto* code = static_cast<const pcre2_code*>(m_code.get());
    const std::unique_ptr<pcre2_match_context, FreeMatch> context(pcre2_match_context_create(nullptr));
    const std::unique_ptr<pcre2_match_data, FreeMatch> data(pcre2_match_data_create_from_pattern(code, nullptr));
    const std::unique_ptr<pcre2_jit_stack, FreeMatch> stack(pcre2_jit_stack_create(32 << 10, kJitStack, nullptr));
    if (!context || !data)
        throw std::bad_alloc();
    Deadline deadline{.end = processorSeconds() + limits::kPieceMilliseconds / 1000.0
            + static_cast<double>(text.size()) / (2 << 20)};
    pcre2_jit_stack_assign(context.get(), nullptr, stack.get());
    pcre2_set_match_limit(context.get(), std::numeric_limits<uint32_t>::max());  // the deadline bounds the work
    pcre2_set_heap_limit(context.get(), kHeapKib);
    pcre2_set_callout(context.get(), stopAtDeadline, &deadline);
    std::vector<TextRange> found;
    const PCRE2_SIZE* range = pcre2_get_ovector_pointer(data.get());
    for (const TextRange piece : pieces) {
        const auto* subject = reinterpret_cast<PCRE2_SPTR>(text.data()) + piece.begin;
        const size_t size = piece.end - piece.begin;
        for (size_t at = 0; at < size;) {
            const int result = pcre2_match(code, subject, size, at, PCRE2_NOTEMPTY, data.get(), context.get());
            if (result == PCRE2_ERROR_NOMATCH)
                break;
            if (result < 0)
                throwNotSplit(result, piece.begin + at);
            if (range[1] <= at)
                break;  // a match that lies before its start (\K in a look-behind): nothing more to find
            found.push_back({piece.begin + std::max<size_t>(range[0], at), piece.begin + range[1]});
            at = range[1];
        }
    }
    return found;
}

void RegexSplitter::throwNotSplit(int result, size_t at) const
{
    throw Error(ErrorParts{.code = Code::data,
        .file = m_file,
        .place = "byte " + std::to_string(at) + " of the text, pattern \"" + m_pattern.substr(0, 200) + "\"",
        .found = result == PCRE2_ERROR_CALLOUT ? "the pattern does not end in time" : pcreMessage(result),
        .allowed = std::to_string(limits::kPieceMilliseconds) + " ms and half a second for each MiB of text",
        .advice = "Leave this row out, or use a tokenizer with another pattern."});
}

}  // namespace rankwright
