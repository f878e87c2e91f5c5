# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""Writes docs/profile.md and its flame graphs from two profiles of the training step, before a change and after it.

    RANKWRIGHT_STEP_PROFILE=before build-of-then/tests/tst_step_costs profile
    RANKWRIGHT_STEP_PROFILE=after build/release/tests/tst_step_costs profile
    python3 tests/benchmark/profile_page.py before after --before-name 314bedb --after-name 0123abc
"""

import argparse
import datetime
import pathlib
import re

import flame_graph
import machine

ROOT = pathlib.Path(__file__).resolve().parents[2]
HEAD = re.compile(r"(?P<dtype>\w+): (?P<seconds>[\d.]+) s, processor (?P<processor>[\d.]+) s, (?P<operators>\d+) operators, "
                  r"(?P<copies>\d+) copies \((?P<copied>[\d.]+) MB\), (?P<allocations>\d+) allocations \((?P<allocated>[\d.]+) MB\), "
                  r"peak (?P<peak>[\d.]+) MB above (?P<live>[\d.]+) MB; process (?P<process>\d+) MB")
SHOWN = 24


def read(file):
    """The step's totals, and operator -> (calls, milliseconds, share, allocated MB, copied MB)."""
    lines = pathlib.Path(file).read_text(encoding="utf-8").splitlines()
    totals = {key: value if key == "dtype" else float(value) for key, value in HEAD.match(lines[0]).groupdict().items()}
    rows = {}
    for line in lines[2:]:
        name, numbers = line[:44].strip(), line[44:].split()
        rows[name] = tuple(float(number) for number in numbers)
    return totals, rows


def count(value):
    return f"{value:,.0f}"


def totals_table(before, after):
    rows = [("processor", "processor time, s", "{:.2f}"), ("seconds", "the same on the wall, s", "{:.2f}"),
            ("operators", "operator calls and backward nodes", None), ("copies", "copies", None),
            ("copied", "MB copied", None), ("allocations", "allocations of tensors", None), ("allocated", "MB allocated", None),
            ("peak", "peak of tensors above what stays, MB", None), ("process", "peak of the process, MB", None)]
    lines = ["| a step | before | after | before / after |", "|---|---:|---:|---:|"]
    for key, title, form in rows:
        was, now = before[key], after[key]
        shown = (form.format(value) if form else count(value) for value in (was, now))
        lines.append(f"| {title} | {' | '.join(shown)} | {was / now:.2f} |" if now else f"| {title} | {' | '.join(shown)} | - |")
    return lines


def operators_table(before, after):
    """Ordered by the larger of the two times."""
    names = sorted(before.keys() | after.keys(), key=lambda name: -max(side.get(name, (0, 0))[1] for side in (before, after)))[:SHOWN]
    lines = ["| operator | calls before | after | own ms before | after | MB copied or allocated before | after |",
             "|---|---:|---:|---:|---:|---:|---:|"]
    for name in names:
        was, now = before.get(name, (0,) * 5), after.get(name, (0,) * 5)
        cells = [count(was[0]), count(now[0]), f"{was[1]:,.1f}", f"{now[1]:,.1f}", count(was[3] + was[4]), count(now[3] + now[4])]
        lines.append(f"| `{name}` | " + " | ".join(cells) + " |")
    return lines


def section(dtype, asked):
    before, was = read(asked.before / f"{dtype}.txt")
    after, now = read(asked.after / f"{dtype}.txt")
    picture = ROOT / "docs" / "pictures" / f"step-{dtype}.svg"
    roots = [flame_graph.read(folder / f"{dtype}.folded") for folder in (asked.before, asked.after)]
    picture.write_text(flame_graph.svg(roots, [f"before ({asked.before_name})", f"after ({asked.after_name})"]), encoding="utf-8")
    tree = [line for line in flame_graph.tree(roots[1], roots[1].total, least=0.015)]
    return [f"## {dtype}", "", *totals_table(before, after), "", *operators_table(was, now), "",
            f"![flame graph of a step in {dtype}](pictures/step-{dtype}.svg)", "", "After, as shares of the step:", "", "```", *tree, "```", ""]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("before", type=pathlib.Path)
    parser.add_argument("after", type=pathlib.Path)
    parser.add_argument("--before-name", default="before")
    parser.add_argument("--after-name", default="after")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "docs" / "profile.md")
    asked = parser.parse_args()
    lines = ["# Profile of the training step, before and after", "",
             f"Written by `tests/benchmark/profile_page.py` on {datetime.date.today()}: {machine.processor()}, the builds of",
             f"{asked.before_name} and {asked.after_name}. SmolLM2-135M, LoRA of rank 16 on all seven projections, batch 4 x 256 real",
             "tokens, the cheapest of six steps after two. One thread. Counts are exact and the same every time; times of operators",
             "are processor time. `(ours)` is what runs outside of LibTorch's operators: loops of this project in the forward pass, the",
             "loss and the optimiser; those of a backward node are that node's own time. \"Copies\" are `copy_` and `cat`, which every",
             "`to`, `clone` and `contiguous` ends in. `tst_step_costs` holds a step to its counts.", ""]
    for dtype in ("bfloat16", "float32"):
        lines += section(dtype, asked)
    asked.out.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
