# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""Trains PEFT and rankwright-cli beside each other, from the same start on the same rows, and compares the losses step by step.

    python3 -m venv /tmp/oracle
    /tmp/oracle/bin/pip install torch transformers==5.23 peft==0.21.2 bitsandbytes==0.50.2 gguf safetensors
    /tmp/oracle/bin/python tests/peer/compare_peft.py CLI MODEL [--steps 20] [--methods lora,rslora,dora,pissa,olora,loftq]

CLI is build/release/bin/rankwright-cli, MODEL a folder, a .gguf file or `default`. Everything is float32. LoRA, rsLoRA and DoRA start from
an adapter that PEFT made, with B and the magnitudes moved from where they start; PiSSA and OLoRA each decompose for themselves; LoftQ's
reference is its loop over bitsandbytes' quantiser. The rows are word problems (--data takes other JSONL with prompt and response), their
tokens come from rankwright-cli. Ends with 1 where a loss differs by more than --bar.

PiSSA and OLoRA train at 2e-5 (PiSSA's paper), the others at 2e-4; --lr is for all. What rounding alone does is seen with
--control, which trains PEFT once more in float64 from the same start: OLoRA at 2e-4 differs from itself by 1e-2 then (SmolLM2, 20 steps).
"""

import argparse
import copy
import gc
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import warnings

import torch

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TESTS / "golden"))
from check_peft import load  # noqa: E402
from make_golden import adapted, loftq, move_from_zero, quantised, train  # noqa: E402

METHODS = {"lora": (True, {}), "rslora": (True, {"use_rslora": True}), "dora": (True, {"use_dora": True}), "pissa": ("pissa", {}),
           "olora": ("olora", {}), "loftq": None}
RATES = {"pissa": 2e-5, "olora": 2e-5}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cli")
    parser.add_argument("model")
    parser.add_argument("--methods", default=",".join(METHODS))
    parser.add_argument("--data", type=pathlib.Path, default=TESTS / "golden" / "rows.jsonl")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--rank", type=int, default=8)
    parser.add_argument("--alpha", type=float, default=16, help="LoftQ's is the rank")
    parser.add_argument("--lr", type=float, help="for all methods")
    parser.add_argument("--control", action="store_true", help="PEFT in float64 beside PEFT in float32")
    parser.add_argument("--rounds", type=int, default=1, help="of LoftQ")
    parser.add_argument("--max-length", type=int, default=192, help="tokens a row is cut at")
    parser.add_argument("--bar", type=float, default=1e-3)
    return parser.parse_args()


def ask(asked, *what):
    done = subprocess.run([asked.cli, "--quiet", "--json", *map(str, what)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, what))}\n{done.stderr}")
    return done.stdout


def tokenised(asked):
    """As `train --template none --loss all` sees the rows."""
    rows = [json.loads(line) for line in asked.data.read_text().splitlines() if line.strip()]
    rows = rows[:asked.steps * asked.batch]
    texts = [row["prompt"] + "\n" + row["response"] for row in rows]
    ids = [json.loads(ask(asked, "tokenize", asked.model, "--no-special", f"--text={text}"))["ids"] for text in texts]
    return [row[:asked.max_length] for row in ids]


def rate(asked, method):
    return asked.lr or RATES.get(method, 2e-4)


def peft_losses(asked, method, base, modules, rows, start):
    """Trains PEFT; where the start is random it is saved in the folder `start` before. Then again in float64, or None."""
    settings = {"r": asked.rank, "lora_alpha": asked.alpha, "target_modules": modules}
    if method == "loftq":
        peft, _ = quantised(lambda: copy.deepcopy(base), lambda weight: loftq(weight, asked.rank, asked.rounds),
                            **(settings | {"lora_alpha": asked.rank}))
    else:
        init, more = METHODS[method]
        peft = adapted(lambda: copy.deepcopy(base), init, **(settings | more))
        if init is True:
            move_from_zero(peft).save_pretrained(start)
    again = copy.deepcopy(peft).double() if asked.control else None
    losses = train(peft, rows, lambda row: row, asked.steps, asked.batch, rate(asked, method))[0]
    return losses, again and train(again, rows, lambda row: row, asked.steps, asked.batch, rate(asked, method))[0]


def largest(found, expected):
    """The largest relative difference and its step."""
    differences = [abs(a - b) / abs(b) for a, b in zip(found, expected, strict=True)]
    return max(differences), differences.index(max(differences)) + 1


def our_losses(asked, method, start, folder):
    options = ["--method", method]
    if method == "loftq":
        options += ["--base", "nf4", "--rounds", asked.rounds]
    if start.exists():
        options += ["--init-adapter", start]   # which says rank and alpha
    else:
        options += ["--rank", asked.rank, "--alpha", asked.rank if method == "loftq" else asked.alpha]
    lines = ask(asked, "--data-dir", folder, "train", asked.model, asked.data, "--events", "--template", "none", "--loss", "all",
                "--order", "sequential", "--rows", f":{asked.steps * asked.batch}", "--steps", asked.steps, "--batch", asked.batch,
                "--lr", rate(asked, method), "--weight-decay", 0.01, "--clip", 1, "--max-length", asked.max_length, "--dtype", "float32", *options)
    events = [json.loads(line) for line in lines.splitlines()]
    return [event["loss"] for event in events if event["event"] == "step"]


def main():
    asked = arguments()
    warnings.filterwarnings("ignore")
    about = json.loads(ask(asked, "inspect", asked.model))
    modules = [module["name"] for module in about["modules"]]
    rows, base = tokenised(asked), load(about["path"])
    print(f"{about['name']}, {len(modules)} modules, rank {asked.rank}, {asked.steps} steps of {asked.batch} rows")
    print(f"{'method':8} {'rate':>7} {'first':>9} {'last, PEFT':>11} {'last, ours':>11} {'largest relative difference':>28}"
          + (f" {'PEFT in float64':>16}" if asked.control else "") + f" {'PEFT s':>7} {'ours s':>7}")
    good = True
    for method in asked.methods.split(","):
        with tempfile.TemporaryDirectory() as folder:
            start, begun = pathlib.Path(folder) / "start", time.monotonic()
            theirs, exact = peft_losses(asked, method, base, modules, rows, start)
            gc.collect()
            between = time.monotonic()
            ours = our_losses(asked, method, start, pathlib.Path(folder) / "data")
            ended = time.monotonic()
        worst, step = largest(ours, theirs)
        good &= worst < asked.bar
        print(f"{method:8} {rate(asked, method):7.0e} {theirs[0]:9.4f} {theirs[-1]:11.6f} {ours[-1]:11.6f} "
              + f"{worst:.2e} at step {step:2}".rjust(28) + (f" {largest(exact, theirs)[0]:16.2e}" if exact else "")
              + f" {between - begun:7.1f} {ended - between:7.1f}" + ("" if worst < asked.bar else "  ABOVE"), flush=True)
    return not good


if __name__ == "__main__":
    torch.manual_seed(0)
    sys.exit(main())
