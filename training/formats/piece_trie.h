// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// All pieces of a vocabulary that a text goes on with, shortest first, in time that does not depend on how many there
// are: a tree over bytes.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace rankwright {

class PieceTrie
{
public:
    PieceTrie() = default;
    // Pieces with their ids; of equal pieces the last counts.
    explicit PieceTrie(std::vector<std::pair<std::string_view, int32_t>> pieces);
    [[nodiscard]] bool empty() const { return m_nodes.size() < 2; }
    // Calls use(length, id) for each piece that `text` begins with.
    template<class Use>
    void prefixes(std::string_view text, const Use& use) const
    {
        size_t node = 0;
        for (size_t length = 0; !m_nodes.empty() && length < text.size();) {
            node = child(node, static_cast<unsigned char>(text[length]));
            if (node == 0)
                return;
            ++length;
            if (m_nodes[node].id >= 0)
                use(length, m_nodes[node].id);
        }
    }
    // The longest of them: length (0: none) and id.
    [[nodiscard]] std::pair<size_t, int32_t> longest(std::string_view text) const;

    // Whether a piece begins with this byte.
    [[nodiscard]] bool begins(unsigned char byte) const { return !m_nodes.empty() && child(0, byte) != 0; }

private:
    struct Node
    {
        uint32_t children = 0;  // the first of them; or, of many, the table of them
        uint16_t count = 0;
        int32_t id = -1;
    };
    static constexpr size_t kMany = 24;  // children: then a table finds one at once
    [[nodiscard]] size_t child(size_t node, unsigned char byte) const
    {
        const Node& from = m_nodes[node];
        if (from.count >= kMany)
            return m_tables[from.children][byte];
        const uint8_t* bytes = m_bytes.data() + from.children;
        for (size_t i = 0; i < from.count; ++i)
            if (bytes[i] == byte)
                return from.children + i;
        return 0;  // the root is nobody's child
    }
    std::vector<Node> m_nodes;
    std::vector<uint8_t> m_bytes;                       // that lead to each node: those of a node's children are together
    std::vector<std::array<uint32_t, 256>> m_tables;
};

}  // namespace rankwright
