// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// All pieces of a vocabulary that a text goes on with, shortest first, in time that does not depend on how many there
// are: a tree over bytes.
#pragma once

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

private:
    struct Node
    {
        uint32_t children = 0;  // the first of them
        uint16_t count = 0;
        uint8_t byte = 0;       // that leads here
        int32_t id = -1;
    };
    [[nodiscard]] size_t child(size_t node, unsigned char byte) const
    {
        size_t begin = m_nodes[node].children, end = begin + m_nodes[node].count;
        if (m_nodes[node].count == 256)
            return begin + byte;
        while (begin < end) {
            const size_t middle = (begin + end) / 2;
            if (m_nodes[middle].byte < byte)
                begin = middle + 1;
            else if (m_nodes[middle].byte > byte)
                end = middle;
            else
                return middle;
        }
        return 0;  // the root is nobody's child
    }
    std::vector<Node> m_nodes;
};

}  // namespace rankwright
