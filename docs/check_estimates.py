#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""Memory and time estimates against what was measured.

    python3 docs/check_estimates.py build/release/bin/rankwright-cli [MODEL] [--only N,M] [--keep FILE]

Every run below is estimated with `train --dry-run --json` and trained for three steps in a process of its own. Measured are the
largest resident set of that process (ru_maxrss, which is VmHWM) and the seconds of a step after the first. The table has the estimate
from first principles and the one that the other runs of the same kind calibrate (each run is left out of its own calibration), and the
seconds of a step from a timed matrix product and from the other runs. The rows of text are made here. A quarter of an hour on two
cores; needs nothing but Python.
"""
import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time

# Arguments of `train`. Short rows have 20 to 120 tokens, long ones 200 to 900.
RUNS = [
    "long --method lora --rank 4 --batch 1 --max-length 512",
    "long --method lora --rank 16 --batch 4 --max-length 512",
    "long --method lora --rank 64 --batch 8 --max-length 256",
    "short --method lora --rank 16 --batch 4 --max-length 64",
    "short --method lora --rank 128 --batch 2 --max-length 128 --accumulate 2",
    "long --method lora --rank 16 --batch 8 --max-length 512 --dtype bfloat16",
    "long --method lora --rank 16 --batch 2 --max-length 256 --dropout 0.1",
    "long --method lora --rank 16 --batch 2 --max-length 512 --modules *q_proj,*v_proj",
    "short --method lora --rank 16 --batch 2 --max-length 128 --eval",
    "long --method dora --rank 16 --batch 2 --max-length 256",
    "long --method dora --rank 8 --batch 4 --max-length 512 --dtype bfloat16",
    "short --method pissa --rank 16 --batch 4 --max-length 128",
    "long --method pissa --rank 128 --batch 4 --max-length 512 --dtype bfloat16",
    "short --method olora --rank 32 --batch 2 --max-length 128",
    "long --method sorsa --rank 32 --batch 2 --max-length 256",
    "short --method lora-ga --rank 16 --batch 2 --max-length 128",
    "long --method lora-xs --rank 64 --batch 4 --max-length 256",
    "long --method delta-lora --rank 16 --batch 4 --max-length 256 --start-step 0",
    "long --method cora --rank 16 --batch 2 --max-length 256",
    "long --method qlora --rank 16 --batch 1 --max-length 256 --dtype bfloat16",
    "long --method qlora --rank 64 --batch 8 --max-length 512",
    "long --method qpissa --rank 64 --batch 2 --max-length 512",
    "short --method qlora --rank 16 --batch 4 --max-length 128 --base int8 --eval",
    "long --method loftq --rank 16 --batch 2 --max-length 256 --dtype bfloat16",
    "short --method lora-rite --rank 8 --batch 4 --max-length 128",
    "short --method full --batch 2 --max-length 128",
    "long --method full --batch 4 --max-length 512 --dtype bfloat16",
    "long --method full --batch 2 --max-length 256 --modules *mlp*",
    # The constants of training/train/memory_model.cpp were not fitted on these, nor on LoRA-RITE.
    "long --method lora --rank 8 --batch 3 --max-length 384 --dtype bfloat16 --accumulate 2",
    "long --method pissa --rank 32 --batch 1 --max-length 512",
    "short --method dora --rank 32 --batch 8 --max-length 128 --base nf4",
    "long --method qpissa --rank 16 --batch 4 --max-length 256 --dtype bfloat16 --base nf4-dq",
    "long --method full --batch 2 --max-length 512 --dtype bfloat16 --modules *q_proj",
    "short --method lora-xs --rank 128 --batch 6 --max-length 96 --dtype bfloat16",
    "long --method rslora --rank 48 --batch 1 --max-length 900",
]


def rows(path, least, most, count=48):
    """Text rows of `least` to `most` words: about as many tokens."""
    words = "the of and to in is that it was for on are as with his they at be this from have or by one had not but what all were".split()
    draw = random.Random(5)
    with open(path, "w") as file:
        for _ in range(count):
            size = draw.randint(least, most)
            file.write(json.dumps({"text": " ".join(draw.choice(words) for _ in range(size))}) + "\n")


def arguments(run, model, folder):
    words = run.split()
    data = os.path.join(folder, words[0] + ".jsonl")
    rest = words[1:]
    if "--eval" in rest:
        rest.remove("--eval")
        rest += ["--eval-data", os.path.join(folder, "long.jsonl"), "--eval-rows", ":8"]
    return [model, data, "--loss", "all", "--steps", "3", "--seed", "5", *rest]


def estimate(cli, arguments, folder):
    """Without past runs: the data directory is empty."""
    done = subprocess.run([cli, "train", *arguments, "--dry-run", "--json", "--quiet", "--data-dir", os.path.join(folder, "none")],
        capture_output=True, check=False)
    if done.returncode != 0:
        sys.exit("train --dry-run " + " ".join(arguments) + "\n" + done.stderr.decode())
    found = json.loads(done.stdout)
    return {"estimate": found["uncalibratedBytes"], "kind": found["kind"], "products": found["productsPerStep"],
            "timed": found["secondsPerStep"], "parts": {part["id"]: part["bytes"] for part in found["parts"]}}


def train(cli, arguments, folder):
    """Bytes at the peak and seconds a step, of a process of its own."""
    events = os.path.join(folder, "events")
    with open(events, "w") as out:
        process = subprocess.Popen([cli, "train", *arguments, "--events", "--quiet", "--data-dir", os.path.join(folder, "runs")],
            stdout=out, stderr=subprocess.PIPE)
        errors = process.stderr.read().decode()
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit("train " + " ".join(arguments) + "\n" + errors)
    found = [json.loads(line) for line in open(events)]
    steps = [event["seconds"] for event in found if event["event"] == "step"]
    return {"peak": usage.ru_maxrss * 1024, "seconds": (steps[-1] - steps[0]) / (len(steps) - 1)}


def calibrated(runs, name):
    """As training/train/estimate.cpp does it, from the other runs of the same kind; nothing where there are none."""
    own = runs[name]
    others = [run for other, run in runs.items() if other != name and run["kind"] == own["kind"]]
    program = own["parts"]["program"]
    if not others:
        return None, None
    factor = statistics.median([1] + [(run["peak"] - run["parts"]["program"]) / (run["estimate"] - run["parts"]["program"]) for run in others])
    rate = statistics.median(run["products"] / run["seconds"] for run in others)
    return program + factor * (own["estimate"] - program), own["products"] / rate


def table(runs):
    lines = ["| run | measured | estimated | off | calibrated | off | a step | timed product | past runs |",
             "|---|---:|---:|---:|---:|---:|---:|---:|---:|"]
    first, second = [], []
    for name, run in runs.items():
        off = run["estimate"] / run["peak"] - 1
        first.append(abs(off))
        bytes_, seconds = calibrated(runs, name)
        row = [name.replace("*", "\\*"), f"{run['peak'] / 1e6:.0f} MB", f"{run['estimate'] / 1e6:.0f} MB", f"{100 * off:+.1f} %"]
        if bytes_ is None:
            row += ["", "", f"{run['seconds']:.2f} s", f"{run['timed']:.2f} s", ""]
        else:
            second.append(abs(bytes_ / run["peak"] - 1))
            row += [f"{bytes_ / 1e6:.0f} MB", f"{100 * (bytes_ / run['peak'] - 1):+.1f} %", f"{run['seconds']:.2f} s",
                    f"{run['timed']:.2f} s", f"{seconds:.2f} s"]
        lines.append("| " + " | ".join(row) + " |")
    said = lambda name, errors: f"{name}: {len(errors)} runs, largest {100 * max(errors):.1f} %, mean {100 * statistics.mean(errors):.1f} %"
    lines += ["", said("From first principles", first)]
    if second:
        lines.append(said("Calibrated by the other runs of the same kind", second))
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cli")
    parser.add_argument("model", nargs="?", default="default")
    parser.add_argument("--only", default="", metavar="N,M", help="these of the runs, from 0")
    parser.add_argument("--keep", default="", metavar="FILE", help="measurements are kept here, and not made again")
    options = parser.parse_args()
    only = [int(number) for number in options.only.split(",") if number]
    kept = json.load(open(options.keep)) if options.keep and os.path.exists(options.keep) else {}
    with tempfile.TemporaryDirectory() as folder:
        rows(os.path.join(folder, "short.jsonl"), 20, 120)
        rows(os.path.join(folder, "long.jsonl"), 200, 900)
        for number, run in enumerate(RUNS):
            if only and number not in only:
                continue
            words = arguments(run, options.model, folder)
            if run not in kept:
                begin = time.time()
                kept[run] = train(options.cli, words, folder)
                print(f"{number:3} {kept[run]['peak'] / 1e6:8.0f} MB {time.time() - begin:6.0f} s  {run}", file=sys.stderr, flush=True)
            kept[run].update(estimate(options.cli, words, folder))   # anew: the estimate is what is checked
            if options.keep:
                json.dump(kept, open(options.keep, "w"), indent=1)
    print(table({run: kept[run] for run in RUNS if "estimate" in kept.get(run, {})}))


main()
