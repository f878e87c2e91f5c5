# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""Starts: PiSSA and QPiSSA, reading the GGUF, all singular values, NF4 there and back."""

import json

from machine import PEERS
from processes import Failure, run
from turns import Bar, Row, Side, in_turn


def peer(bench, script, name, **asked):
    """A peer's script prints one JSON line with "value"."""
    def measure():
        done = run([bench.python, PEERS / script, json.dumps({"model": str(bench.peer_model), "gguf": str(bench.gguf)} | asked)], limit=1200)
        return json.loads(done.lines[-1][0]) | {"peak": done.peak}
    return Side(name, measure)


def ours(bench, name, dtype="float32", what=None):
    """rankwright-measure-starts: the work without the program around it, as the peers' scripts measure theirs. It prints a line for each
    dtype; `what` is the line's own word where it is not `name`."""
    def measure():
        done = run([bench.build / "bin" / "rankwright-measure-starts", bench.gguf, "1", name], limit=1200)
        lines = [json.loads(line) for line, _, _ in done.lines]
        found = next((line for line in lines if line["what"] == (what or name) and line.get("dtype", dtype) == dtype), None)
        if found is None:
            raise Failure(f"rankwright-measure-starts prints no {what or name}")
        return {"value": found["seconds"], "cpu": found.get("processorSeconds"), "peak": done.peak}
    return Side("ours", measure)


def starts(bench):
    for what, name, asked, bars in [
            ("PiSSA start, exact, all 210 matrices, float32", "pissa-exact", {"init": "pissa"},
             (Bar("3x", ratio=3, side="PEFT"), Bar("stretch 7x", ratio=7, side="PEFT"))),
            ("PiSSA start, randomised, 4 iterations, float32", "pissa-4", {"init": "pissa_niter_4"},
             (Bar("2x", ratio=2, side="PEFT"), Bar("stretch 6x", ratio=6, side="PEFT"))),
            ("QPiSSA start, 1 round, NF4, float32", "qpissa-1", {"init": "pissa", "quantise": True}, ())]:
        bench.say(f"  {what}")
        row = Row(what, "s", bars, higher_is_better=False, note="without loading the model, on both sides")
        yield in_turn(row, [ours(bench, name), peer(bench, "pissa.py", "PEFT", rank=16, **asked)], bench.turns, bench.say)


def reading(bench):
    for dtype in bench.dtypes:
        what = f"reading the Q4_1 GGUF to a usable model, {dtype}"
        bench.say(f"  {what}")
        row = Row(what, "s", (Bar("50x", ratio=50, side="transformers"),), higher_is_better=False,
                  note="without the programs' start, on both sides")
        yield in_turn(row, [ours(bench, "load", dtype), peer(bench, "read_gguf.py", "transformers", dtype=dtype)], bench.turns, bench.say)

    def command():
        answer, done = bench.ours.ask("generate", bench.ours.model, "--prompt", "Hello", "--max-tokens", "1", "--plain")
        return {"value": done.seconds, "cpu": done.cpu, "peak": done.peak, "text": answer["text"]}
    what = "a whole command that opens the GGUF and computes a token"
    bench.say(f"  {what}")
    row = Row(what, "s", higher_is_better=False, note="with the program's start and LibTorch's loading")
    yield in_turn(row, [Side("ours", command)], bench.turns, bench.say)


def spectra(bench):
    what = "all singular values of all 210 matrices"
    bench.say(f"  {what}")
    row = Row(what, "s", (Bar("3x", ratio=3, side="torch.linalg.svd"),), higher_is_better=False,
              note="ours reads the model's file as well; the peers are torch.linalg.svd, as PEFT's start takes it, and torch.linalg.svdvals alone, float32")
    yield in_turn(row, [ours(bench, "spectra"), peer(bench, "svdvals.py", "torch.linalg.svd", vectors=True),
                        peer(bench, "svdvals.py", "torch.linalg.svdvals")], bench.turns, bench.say)
    what = "the first curve of these"
    bench.say(f"  {what}")
    yield in_turn(Row(what, "s", (Bar("0.3 s", value=0.3),), higher_is_better=False), [ours(bench, "spectra", what="first curve")], bench.turns, bench.say)
