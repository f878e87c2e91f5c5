# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""Training: ours against PEFT on transformers, eager, with gradient checkpointing and compiled; then other lengths, ranks, methods and
data. All seven projections, AdamW, learning rate 2e-4 without decay, gradients clipped at norm 1, adapters in float32 on both sides."""

import dataclasses
import json

import texts
from machine import PEERS
from ours import FIRST_STEPS, measured
from processes import Failure, run
from turns import Bar, Row, Side, in_turn

PEER = {"eager": "PEFT", "checkpointing": "PEFT, checkpointing", "compile": "PEFT, compiled"}


@dataclasses.dataclass
class Work:
    """One kind of training on both sides."""
    rows: list
    batch: int = 4
    length: int = 256
    rank: int = 16
    dtype: str = "bfloat16"
    method: str = "lora"
    answers: bool = False    # the loss is on answers alone, and the rows are as long as they are
    packed: int = 0          # rows of ours a step where a row holds as many examples as fit; 0: a row is an example
    steps: int = 6


def init_of(method):
    return {"pissa": "pissa_niter_4", "qpissa": "pissa_niter_4"}.get(method, "true")


def our_side(bench, work, file, name="ours"):
    options = ["--dtype", work.dtype, "--rank", work.rank, "--batch", work.packed or work.batch, "--max-length", work.length, "--method", work.method,
               "--loss", "answer" if work.answers else "all", "--packing", "on" if work.packed else "off"]
    if work.method in ("pissa", "qpissa"):
        options += ["--svd", "4"]
    if work.method in ("qlora", "qpissa"):
        options += ["--base", "nf4"]   # as the peer's; ours would code the scales as well
    key = "targets" if work.answers else "tokens"

    def measure():
        found = bench.ours.train(file, *options, steps=work.steps)
        found.pop("start")
        return found | {"value": found[key], "cpu": found["cpu" + key.capitalize()]}
    return Side(name, measure)


def peer_side(bench, work, ids, how="eager", most_turns=99):
    asked = {"model": str(bench.peer_model), "ids": str(ids), "batch": work.batch, "steps": work.steps, "dtype": work.dtype,
             "rank": work.rank, "init": init_of(work.method), "quantise": work.method in ("qlora", "qpissa"), "how": how}
    key = "targets" if work.answers else "tokens"

    def measure():
        done = run([bench.python, PEERS / "train.py", json.dumps(asked)], limit=2400)
        answer = json.loads(done.lines[-1][0])
        steps = answer.pop("steps")
        found = measured(steps, sum(step["cpu"] for step in steps[FIRST_STEPS:]))
        padding = 1 - sum(step["tokens"] for step in steps) / sum(step["cells"] for step in steps)
        return answer | found | {"value": found[key], "cpu": found["cpu" + key.capitalize()], "peak": done.peak, "padding": padding,
                                 "firstStep": steps[0]["seconds"]}
    return Side(PEER[how], measure, most_turns)


def measure_one(bench, what, work, bars=(), hows=("eager",), turns=None):
    bench.say(f"  {what}")
    row = Row(what, "answer tokens/s" if work.answers else "tokens/s", bars)
    name = "".join(letter if letter.isalnum() else "-" for letter in what)
    file = texts.write_rows(bench.work / f"{name}.jsonl", work.rows)
    try:
        ids = bench.work / f"{name}.ids.json"
        tokens = bench.ours.tokens_of(file, len(work.rows), work.length, "answer" if work.answers else "all")
        ids.write_text(json.dumps(tokens), encoding="utf-8")
    except Failure as failure:
        row.failures["ours"] = str(failure)
        return row
    sides = [our_side(bench, work, file)] + [peer_side(bench, work, ids, how, 99 if how == "eager" else 1) for how in hows]
    return in_turn(row, sides, turns or bench.turns, bench.say)


def training(bench):
    """The two rows of the bars."""
    rows = texts.long_rows(32)
    hows = ("eager", "checkpointing") + (() if bench.without_compile else ("compile",))
    if "bfloat16" in bench.dtypes:
        yield measure_one(bench, "training, bfloat16, batch 4 x 256", Work(rows),
                          (Bar("3x eager", ratio=3, side="PEFT"), Bar("2x compiled", ratio=2, side=PEER["compile"]), Bar("1.2 GB", peak=1.2e9)), hows)
    if "float32" in bench.dtypes:
        yield measure_one(bench, "training, float32, batch 4 x 256", Work(rows, dtype="float32"),
                          (Bar("1.5x eager", ratio=1.5, side="PEFT"), Bar("2 GB", peak=2e9)))


def variants(bench):
    rows = texts.long_rows(16, words=1700)
    lengths = [(8, 128), (2, 512), (1, 1024), (1, 2048)]
    kinds = [(f"bfloat16, batch {batch} x {length}", Work(rows, batch=batch, length=length)) for batch, length in lengths]
    kinds += [(f"bfloat16, batch 4 x 256, rank {rank}", Work(rows, rank=rank)) for rank in (4, 64, 128)]
    kinds += [(f"bfloat16, batch 4 x 256, {method}", Work(rows, method=method)) for method in ("pissa", "qlora", "qpissa")]
    kinds += [("float32, batch 2 x 512", Work(rows, batch=2, length=512, dtype="float32")),
              ("float32, batch 4 x 256, rank 128", Work(rows, rank=128, dtype="float32"))]
    if bench.quick:
        kinds = [kind for kind in kinds if any(word in kind[0] for word in ("x 1024", "rank 128", "qpissa")) and "float32" not in kind[0]]
    for what, work in kinds:
        if work.dtype not in bench.dtypes:
            continue
        work.steps = 4
        yield measure_one(bench, what, work)


def answers(bench):
    """Rows as they are, the loss on their answers: the peer pads each batch to its longest row, ours lays them end to end."""
    rows, source = texts.gsm8k()[:256], "GSM8K's rows"
    if not rows:
        rows, source = texts.natural_rows(256), "word problems written by this benchmark (GSM8K is not at hand)"
    for packed in (0, 5):   # 5 x 512 tokens are about what 16 of GSM8K's rows have
        work = Work(rows, batch=16, length=512, dtype=bench.dtypes[0], answers=True, packed=packed, steps=4)
        bars = (Bar("5x eager", ratio=5, side="PEFT"),) if work.dtype == "bfloat16" and not packed else ()
        row = measure_one(bench, f"rows as they are, batch 16, up to 512 tokens, {work.dtype}" + (", packed" if packed else ""), work, bars,
                          turns=1 if packed else None)
        row.note = source + (f"; one turn; ours: {packed} rows a step that hold as many examples as fit into 512 tokens" if packed else "")
        yield row
