# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""NF4 there and back, beside bitsandbytes on the processor."""

import re

from processes import Failure, run
from rows_starts import peer
from turns import Bar, Row, Side, in_turn


def nf4(bench):
    program = bench.build / "tests" / "tst_step_costs"

    def ours():
        done = run([program, "-o", "-,txt", "nf4Times"], limit=600, RANKWRIGHT_TIMINGS="1", QT_QPA_PLATFORM="offscreen")
        text = "\n".join(line for line, _, _ in done.lines)
        found = re.search(r"NF4: quantise ([0-9.]+) s, dequantise ([0-9.]+) s, CPU ([0-9.]+) s, (\d+) values", text)
        if not found:
            raise Failure("tst_step_costs prints no times")
        there, back, cpu = (float(found[i]) for i in (1, 2, 3))
        return {"value": there + back, "quantise": there, "dequantise": back, "cpu": cpu, "values": int(found[4]), "peak": done.peak}

    what = "NF4 quantise and dequantise, all 210 matrices from float32"
    bench.say(f"  {what}")
    row = Row(what, "s", (Bar("faster", ratio=1, side="bitsandbytes"),), higher_is_better=False,
              note="ours: tests/training/tst_step_costs.cpp; that the bytes are equal is tested in tst_quant")
    yield in_turn(row, [Side("ours", ours), peer(bench, "nf4.py", "bitsandbytes")], bench.turns, bench.say)
