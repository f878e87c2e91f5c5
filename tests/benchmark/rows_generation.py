# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""Generation: one prompt, the likeliest token each time, tokens a second after the first one."""

import json

from machine import PEERS
from processes import Failure, run
from turns import Bar, Row, Side, in_turn

PROMPT = "Tom has 48 apples and packs them into 6 boxes. How many apples are in each box? Explain every step of the calculation in detail."
TOKENS = 64


def ours(bench, dtype, name="ours", model=None):
    def measure():
        answer, done = bench.ours.ask("generate", model or bench.ours.model, "--prompt", PROMPT, "--plain", "--max-tokens", TOKENS + 1, "--temperature", "0",
                                      "--dtype", dtype, "--past-end")
        if not answer.get("tokensPerSecond"):
            raise Failure("generate --json prints no tokensPerSecond")
        return {"value": answer["tokensPerSecond"], "tokens": answer["tokens"], "promptSeconds": answer["promptSeconds"],
                "text": answer["text"][:120], "peak": done.peak}
    return Side(name, measure)


def peer(bench, python, script, name, **asked):
    asked |= {"model": str(bench.peer_model), "gguf": str(bench.gguf), "prompt": PROMPT, "tokens": TOKENS, "threads": bench.cores}

    def measure():
        done = run([python, PEERS / script, json.dumps(asked)], limit=900)
        return json.loads(done.lines[-1][0]) | {"peak": done.peak}
    return Side(name, measure)


def generation(bench):
    for dtype in bench.dtypes:
        what = f"generation, batch 1, {dtype}, {TOKENS} tokens"
        bench.say(f"  {what}")
        row = Row(what, "tokens/s", (Bar("3x transformers", ratio=3, side="transformers"),) if dtype == "bfloat16" else ())
        sides = [ours(bench, dtype), peer(bench, bench.python, "generate.py", "transformers", dtype=dtype),
                 ours(bench, dtype, f"ours, from weights in {dtype}", bench.peer_model)]
        row.note = (f"ours and llama.cpp multiply the GGUF's own 4-bit blocks; transformers has made {dtype} of them, as a folder of safetensors is for "
                    "both (the third side)")
        if dtype == "bfloat16":
            sides.append(peer(bench, bench.llama_python, "llama.py", "llama.cpp on the Q4_1 file"))
            row.note += ("; llama.cpp without its repacked kernels (use_extra_bufts), which stop with an illegal instruction on some virtual machines")
        yield in_turn(row, sides, bench.turns, bench.say)
