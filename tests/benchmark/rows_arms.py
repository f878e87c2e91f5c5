# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""Four arms of a comparison at once on one base, against the same four in turn: both are ours. With as many tokens in flight as one arm
has: arms whose micro-batch fills the threads have their passes one after another."""

import collections
import json
import tempfile

import texts
from ours import FIRST_STEPS
from processes import Failure
from turns import Bar, Row, Side, in_turn

ARMS = "lora,rslora,lora-plus,pissa"
STEPS = 6


def compared(bench, file, how, batch, accumulate, dtype, arms=ARMS):
    """Seconds from when every arm has taken its first steps to the last step of all, and the peak of the process."""
    with tempfile.TemporaryDirectory(dir=bench.work) as folder:
        done = bench.ours.run("compare", bench.ours.model, file, "--arms", arms, "--runs", how, "--sweep", "1", "--events", "--template", "none",
                              "--loss", "all", "--max-length", "256", "--batch", batch, "--accumulate", accumulate, "--steps", STEPS,
                              "--order", "sequential", "--dtype", dtype, *(["--svd", "4"] if "pissa" in arms else []), data_dir=folder, limit=2400)
    arrivals, losses = collections.defaultdict(list), {}
    for line, at, _ in done.lines:
        event = json.loads(line) if line.startswith("{") else {}
        if event.get("event") == "step":
            arrivals[event["run"]].append(at)
            losses[event["run"]] = event["loss"]
    if len(arrivals) != arms.count(",") + 1 or any(len(times) != STEPS for times in arrivals.values()):
        raise Failure(f"{len(arrivals)} arms took {sorted(map(len, arrivals.values()))} steps")
    runs = list(arrivals.values())
    if how == "together":
        seconds = max(times[-1] for times in runs) - max(times[FIRST_STEPS - 1] for times in runs)
    else:
        seconds = sum(times[-1] - times[FIRST_STEPS - 1] for times in runs)
    return {"value": seconds, "whole": done.seconds, "cpuWhole": done.cpu, "peak": done.peak, "losses": sorted(losses.values())}


def arms(bench):
    file = texts.write_rows(bench.work / "arms.jsonl", texts.long_rows(32))
    for dtype in bench.dtypes[:1 if bench.quick else 2]:
        what = f"four arms ({ARMS}), {dtype}"
        bench.say(f"  {what}")
        row = Row(what, "s", (Bar("no later than in turn", ratio=1, side="in turn"), Bar("1.35x the memory of one", peak=1.35, side="one arm")),
                  higher_is_better=False,
                  note=f"{STEPS - FIRST_STEPS} steps of 4 x 256 tokens an arm; the sides besides ours are ours as well")
        yield in_turn(row, [Side("together", lambda d=dtype: compared(bench, file, "together", 4, 1, d)),
                            Side("in turn", lambda d=dtype: compared(bench, file, "queued", 4, 1, d)),
                            Side("one arm", lambda d=dtype: compared(bench, file, "queued", 4, 1, d, "lora"), 1)], bench.turns, bench.say)
