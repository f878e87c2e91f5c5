# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""Draws folded stacks ("outer;inner microseconds" a line) as a flame graph, roots on top, and prints them as a text tree.

    RANKWRIGHT_STEP_PROFILE=profile build/release/tests/tst_step_costs profile
    python3 tests/benchmark/flame_graph.py profile/bfloat16.folded --title "after" --out after.svg

Operators that LibTorch's backward pass calls are put under "backward", all others under "forward and update". Two files, before and
after, are drawn one below the other on the same scale.
"""

import argparse
import html
import pathlib
import sys
import zlib

WIDTH, ROW, LEAST = 1180, 18, 0.0015   # pixels, and the share below which a box is left out


class Node:
    def __init__(self, name):
        self.name, self.own, self.children = name, 0.0, {}

    def child(self, name):
        return self.children.setdefault(name, Node(name))

    @property
    def total(self):
        return self.own + sum(child.total for child in self.children.values())

    def ordered(self):
        return sorted(self.children.values(), key=lambda child: -child.total)


def read(file):
    root = Node("step")
    for line in pathlib.Path(file).read_text(encoding="utf-8").splitlines():
        stack, _, value = line.rpartition(" ")
        names = stack.split(";")
        backward = names[0].startswith("node ")
        names = ["backward" if backward else "forward and update", *(name for name in names if not name.startswith("node "))]
        node = root
        for name in names:
            node = node.child(name)
        node.own += float(value) / 1e6
    return root


def colour(name):
    """Products, copies and our own loops are told apart; what else has a name has a colour of its own in a narrow range."""
    if any(word in name for word in ("mm", "linear", "matmul")):
        return "#d9793d"
    if "copy" in name or name in ("aten::cat", "aten::clone"):
        return "#c8505a"
    if name == "(ours)" or name.endswith(" backward"):
        return "#5b8fb9"
    return f"hsl({38 + zlib.crc32(name.encode()) % 18}, 62%, 66%)"


def boxes(node, left, depth, scale, whole, out):
    if node.total < LEAST * whole:
        return
    width = node.total * scale
    label = f"{node.name}: {node.total * 1e3:.1f} ms, {node.total / whole:.1%}"
    shown = html.escape(node.name[:int(width / 6.6)]) if width > 30 else ""
    out.append(f'<g><title>{html.escape(label)}</title><rect x="{left:.1f}" y="{depth * ROW}" width="{max(0.3, width - 0.4):.1f}" height="{ROW - 1}" '
               f'fill="{colour(node.name)}" rx="1"/><text x="{left + 3:.1f}" y="{depth * ROW + 13}">{shown}</text></g>')
    for child in node.ordered():
        boxes(child, left, depth + 1, scale, whole, out)
        left += child.total * scale


def depth_of(node, whole):
    return 1 + max((depth_of(child, whole) for child in node.children.values() if child.total >= LEAST * whole), default=0)


def svg(roots, titles):
    whole = max(root.total for root in roots)
    parts, top = [], 0
    for root, title in zip(roots, titles, strict=True):
        out = []
        boxes(root, 0, 0, WIDTH / whole, root.total, out)
        parts.append(f'<text x="2" y="{top + 16}" class="head">{html.escape(title)}: {root.total:.2f} s</text>'
                     f'<g transform="translate(0 {top + 24})">' + "\n".join(out) + "</g>")
        top += 24 + depth_of(root, root.total) * ROW + 16
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH + 20}" height="{top}" viewBox="-10 0 {WIDTH + 20} {top}" '
            'font-family="DejaVu Sans, sans-serif" font-size="11"><style>.head{font-size:14px;font-weight:bold}</style>'
            f'<rect x="-10" width="{WIDTH + 20}" height="{top}" fill="#fff"/>' + "\n".join(parts) + "</svg>\n")


def tree(node, whole, depth=0, least=0.01):
    if node.total < least * whole:
        return
    yield f"{node.total / whole:6.1%} {'  ' * depth}{node.name}"
    for child in node.ordered():
        yield from tree(child, whole, depth + 1, least)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folded", nargs="+")
    parser.add_argument("--title", action="append", default=[], help="of each file")
    parser.add_argument("--out", type=pathlib.Path, help="an SVG file")
    asked = parser.parse_args()
    roots = [read(file) for file in asked.folded]
    titles = asked.title + [pathlib.Path(file).stem for file in asked.folded[len(asked.title):]]
    for root, title in zip(roots, titles, strict=True):
        print(f"{title}: {root.total:.3f} s")
        print("\n".join(tree(root, root.total)))
    if asked.out:
        asked.out.write_text(svg(roots, titles), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
