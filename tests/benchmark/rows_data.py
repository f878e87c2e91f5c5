# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""Tokenising JSONL on one thread, beside PyPI's tokenizers."""

import json

import texts
from machine import PEERS
from processes import run
from turns import Bar, Row, Side, in_turn


def tokenising(bench):
    megabytes = 10 if bench.quick else 100
    file = texts.write_megabytes(bench.work / "many.jsonl", megabytes, texts.gsm8k() or texts.natural_rows(2000))

    def ours():
        answer, done = bench.ours.ask("tokenize", bench.ours.model, "--file", file, "--no-special", "--timing")
        return {"value": answer["seconds"], "readingSeconds": answer["reading_seconds"], "tokens": answer["tokens"], "rows": answer["rows"],
                "megabytesPerSecond": answer["megabytes_per_second"], "whole": done.seconds, "peak": done.peak}

    def peer():
        done = run([bench.python, PEERS / "tokenise.py", json.dumps({"model": str(bench.peer_model), "file": str(file)})])
        return json.loads(done.lines[-1][0]) | {"peak": done.peak}

    what = f"tokenising {megabytes} MB of JSONL, one thread"
    bench.say(f"  {what}")
    row = Row(what, "s", (Bar("as fast", ratio=1, side="tokenizers"),), higher_is_better=False,
              note="processor seconds of encoding alone, on both sides; reading the rows is beside it in the JSON")
    in_turn(row, [Side("ours", ours), Side("tokenizers", peer)], bench.turns, bench.say)
    counts = sorted({turn["tokens"] for turns in row.sides.values() for turn in turns})
    if len(counts) > 1:
        row.note += (f"; {' and '.join(f'{count:,}' for count in counts)} tokens: transformers writes this GGUF's tokenizer without its splitting of "
                     "digits, which changes spaces before them")
    yield row
