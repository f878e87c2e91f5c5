// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/formats/piece_trie.h"

#include <algorithm>

namespace rankwright {

PieceTrie::PieceTrie(std::vector<std::pair<std::string_view, int32_t>> pieces)
{
    std::ranges::stable_sort(pieces, {}, [](const auto& entry) { return entry.first; });
    m_nodes.emplace_back();
    m_bytes.push_back(0);
    // Level by level: each entry is a node with the range of pieces that pass through it.
    struct Open
    {
        size_t node, begin, end;
    };
    std::vector<Open> level{{0, 0, pieces.size()}}, next;
    for (size_t depth = 0; !level.empty(); ++depth, level.swap(next), next.clear()) {
        for (auto [node, at, end] : level) {
            for (; at < end && pieces[at].first.size() == depth; ++at)
                m_nodes[node].id = depth == 0 ? -1 : pieces[at].second;
            m_nodes[node].children = static_cast<uint32_t>(m_nodes.size());
            while (at < end) {
                const char byte = pieces[at].first[depth];
                size_t last = at;
                while (last < end && pieces[last].first[depth] == byte)
                    ++last;
                next.push_back({m_nodes.size(), at, last});
                m_nodes.emplace_back();
                m_bytes.push_back(static_cast<uint8_t>(byte));
                ++m_nodes[node].count;
                at = last;
            }
        }
    }
    for (Node& node : m_nodes) {
        if (node.count < kMany)
            continue;
        auto& table = m_tables.emplace_back();
        table.fill(0);
        for (uint32_t i = 0; i < node.count; ++i)
            table[m_bytes[node.children + i]] = node.children + i;
        node.children = static_cast<uint32_t>(m_tables.size() - 1);
    }
}

std::pair<size_t, int32_t> PieceTrie::longest(std::string_view text) const
{
    std::pair<size_t, int32_t> found{0, -1};
    prefixes(text, [&found](size_t length, int32_t id) { found = {length, id}; });
    return found;
}

}  // namespace rankwright
