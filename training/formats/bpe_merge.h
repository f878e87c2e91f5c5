// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Byte-pair merging of one piece of text: again and again the neighbours with the best priority join, leftmost first
// among equals. Words go by looking for the best pair anew after each join; longer pieces by a heap of candidates over a
// linked list, O(n log n) also for a megabyte in one piece.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <queue>
#include <span>
#include <utility>
#include <vector>

namespace rankwright {

// A part of the piece. Before merging the caller lists the characters or bytes in order.
struct BpeSymbol
{
    int32_t id = -1;               // -1: not in the vocabulary
    uint32_t begin = 0, end = 0;   // byte range in the piece; end is 0 for a symbol that went into its left neighbour
    int32_t previous = -1, next = -1;
};

struct BpeMerge
{
    double priority = 0;  // the lowest joins first: a merge's rank, or minus a piece's score
    int32_t id = -1;      // of the joined symbol
};

// Which pairs of ids join into which: open addressing with linear probing, because this is the inner loop.
class MergeTable
{
public:
    explicit MergeTable(size_t expected);
    // A pair given twice keeps the later entry, as Hugging Face's reader does.
    void insert(int32_t left, int32_t right, uint32_t rank, int32_t merged);
    [[nodiscard]] std::optional<BpeMerge> find(int32_t left, int32_t right) const
    {
        if (left < 0 || right < 0)
            return {};
        const uint64_t key = keyOf(left, right);
        for (size_t slot = slotOf(key);; slot = (slot + 1) & m_mask) {
            const Entry& entry = m_entries[slot];
            if (entry.key == key)
                return BpeMerge{static_cast<double>(entry.rank), entry.merged};
            if (entry.key == kFree)
                return {};
        }
    }

private:
    struct Entry
    {
        uint64_t key = kFree;
        uint32_t rank = 0;
        int32_t merged = -1;
    };
    static constexpr uint64_t kFree = ~0ull;  // no pair: ids are not negative
    static uint64_t keyOf(int32_t left, int32_t right)
    {
        return (static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32) | static_cast<uint32_t>(right);
    }
    [[nodiscard]] size_t slotOf(uint64_t key) const
    {
        return static_cast<size_t>((key * 0x9E3779B97F4A7C15ull) >> 32) & m_mask;  // Fibonacci hashing
    }
    std::vector<Entry> m_entries;
    size_t m_mask = 0, m_count = 0;
};

// Sets `previous` and `next` of symbols in reading order.
inline void linkSymbols(std::span<BpeSymbol> symbols)
{
    const auto count = static_cast<int32_t>(symbols.size());
    for (int32_t i = 0; i < count; ++i) {
        symbols[static_cast<size_t>(i)].previous = i - 1;
        symbols[static_cast<size_t>(i)].next = i + 1 < count ? i + 1 : -1;
    }
}

// Up to this many symbols the search over all pairs is faster than the heap (for words of 8 to 10 bytes three times).
inline constexpr size_t kFewSymbols = 48;

// As mergeSymbols, for at most kFewSymbols; nothing is allocated. Returns how many remain, at the front of `symbols`.
template<class Find>
size_t mergeFewSymbols(std::span<BpeSymbol> symbols, const Find& find)
{
    constexpr double kNever = std::numeric_limits<double>::infinity();
    std::array<double, kFewSymbols> priorities;  // of each symbol and the one behind it
    std::array<int32_t, kFewSymbols> ids;        // that they join into
    size_t count = symbols.size();
    const auto look = [&](size_t left) {
        const std::optional<BpeMerge> merge
            = left + 1 < count ? find(symbols[left], symbols[left + 1]) : std::optional<BpeMerge>();
        priorities[left] = merge ? merge->priority : kNever;
        ids[left] = merge ? merge->id : -1;
    };
    for (size_t i = 0; i < count; ++i)
        look(i);
    while (count > 1) {
        size_t best = 0;
        for (size_t i = 1; i + 1 < count; ++i)
            best = priorities[i] < priorities[best] ? i : best;
        while (ids[best] < 0 && best + 1 < count)  // no pair, or pairs that never come before another
            ++best;
        if (best + 1 == count)
            break;
        symbols[best].id = ids[best];
        symbols[best].end = symbols[best + 1].end;
        --count;
        for (size_t i = best + 1; i < count; ++i) {
            symbols[i] = symbols[i + 1];
            priorities[i] = priorities[i + 1];
            ids[i] = ids[i + 1];
        }
        if (best > 0)
            look(best - 1);
        look(best);
    }
    return count;
}

// Joins until no pair joins any more. `find(left, right)` gives the merge of two neighbours, or nothing. The symbols that
// remain are those with end > 0 of what is returned, a part of `symbols`.
template<class Find>
std::span<BpeSymbol> mergeSymbols(std::span<BpeSymbol> symbols, const Find& find)
{
    if (symbols.size() <= kFewSymbols)
        return symbols.first(mergeFewSymbols(symbols, find));
    struct Candidate
    {
        double priority;
        int32_t left, right, id;
        uint32_t leftEnd, rightEnd;  // as they were: a symbol that changed since makes the candidate stale
        bool operator>(const Candidate& other) const
        {
            return priority != other.priority ? priority > other.priority : left > other.left;
        }
    };
    linkSymbols(symbols);
    const auto at = [symbols](int32_t index) -> BpeSymbol& { return symbols[static_cast<size_t>(index)]; };
    const auto candidate = [&](int32_t left, auto&& use) {
        if (left < 0 || at(left).next < 0)
            return;
        const int32_t right = at(left).next;
        if (const std::optional<BpeMerge> merge = find(at(left), at(right)))
            use(Candidate{merge->priority, left, right, merge->id, at(left).end, at(right).end});
    };
    std::vector<Candidate> first;
    for (int32_t i = 0; i + 1 < static_cast<int32_t>(symbols.size()); ++i)
        candidate(i, [&first](Candidate&& found) { first.push_back(found); });
    std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> queue({}, std::move(first));
    while (!queue.empty()) {
        const Candidate best = queue.top();
        queue.pop();
        BpeSymbol &left = at(best.left), &right = at(best.right);
        if (left.end != best.leftEnd || right.end != best.rightEnd)
            continue;
        left.id = best.id;
        left.end = right.end;
        left.next = right.next;
        right.end = 0;
        if (left.next >= 0)
            at(left.next).previous = best.left;
        candidate(left.previous, [&queue](Candidate&& found) { queue.push(found); });
        candidate(best.left, [&queue](Candidate&& found) { queue.push(found); });
    }
    return symbols;
}

}  // namespace rankwright
