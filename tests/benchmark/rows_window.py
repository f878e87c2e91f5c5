# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""The window: its first paint, and panning 20 curves of 100,000 points. There is no peer: the limit is a person's patience."""

import os
import re
import shutil

from processes import Failure, run, until
from turns import Bar, Row, Side, in_turn


def platform():
    """Qt's own drawing into memory where there is no display."""
    return {} if os.environ.get("DISPLAY") else {"QT_QPA_PLATFORM": "offscreen"}


def on_a_display(command):
    """With an X server where xvfb-run is installed, else without a display."""
    return ["xvfb-run", "-a", "-s", "-screen 0 1280x800x24", *command] if shutil.which("xvfb-run") else command


def window(bench):
    def first_paint():
        found, cpu = until([bench.window, "--data-dir", bench.work / "window"], r"first paint (\d+) ms", RANKWRIGHT_STARTUP="1", **platform())
        return {"value": int(found[1]) / 1000, "cpu": cpu}

    bench.say("  first paint of the window")
    row = Row("first paint of the window, from exec", "s", (Bar("0.5 s", value=0.5),), higher_is_better=False)
    yield in_turn(row, [Side("ours", first_paint)], bench.turns, bench.say)

    program = bench.build / "tests" / "tst_load"

    def panning():
        # Qt Test writes to standard error; -o says otherwise.
        done = run(on_a_display([program, "-o", "-,txt", "timings"]), limit=900, RANKWRIGHT_TIMINGS="1",
                   RANKWRIGHT_LOAD_STORE=str(bench.work / "load"), QTEST_FUNCTION_TIMEOUT="900000",
                   **({} if shutil.which("xvfb-run") else platform()))
        text = "\n".join(line for line, _, _ in done.lines)
        found = re.search(r"panning at 1 of the width: frame median ([0-9.]+) ms, 99 % ([0-9.]+) ms; CPU median ([0-9.]+)", text)
        if not found:
            raise Failure("tst_load prints no frames")
        return {"value": float(found[1]), "slowest hundredth": float(found[2]), "cpu": float(found[3]), "peak": done.peak}

    bench.say("  panning 20 curves of 100,000 points")
    row = Row("panning 20 curves of 100,000 points, a frame", "ms", (Bar("16 ms", value=16),), higher_is_better=False,
              note="tests/ui/tst_load.cpp, with 10,000 runs in the store")
    yield in_turn(row, [Side("ours", panning)], 1 if bench.quick else bench.turns, bench.say)
