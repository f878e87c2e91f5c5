# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""Trains every method for a few steps on the same rows, in one queued comparison, and writes docs/results.md.

    python3 docs/make_results.py build/release/bin/rankwright-cli gsm8k/train.jsonl [--steps 40] [--seeds 0,1] [--methods lora,pissa]
    python3 docs/make_results.py CLI DATA --resume ID      goes on with a comparison that was killed or stopped
    python3 docs/make_results.py CLI DATA --from ID        writes the page from a comparison that has ended, trains nothing

The arms are what `rankwright-cli methods --json` lists: each method at the rate of its paper (as its card says) and at a common one. Give
--resume and --from the options that the comparison was started with: the page is refused where its runs are others. Needs nothing
but Python; GSM8K's train.jsonl has the columns question and answer. Two cores take about an hour and a half, and 25 GB of disk.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import shlex
import statistics
import subprocess
import sys

# Shared options go to the methods that have them. A randomised decomposition with four power iterations starts in seconds; Delta-LoRA's
# weights only drift after its first steps, which its default would put beyond the end.
SHARED = {"svd": ("--svd", "4"), "startStep": ("--start-step", "10")}
# LQ-LoRA's hundred rounds would take longer than everything else together.
OWN = {"lq-lora": {"rounds": "5", "svd": "2"}}
DIVERGED = 65  # the exit status of a comparison in which a run diverged, which is a result
LAST = 10      # training losses of so many last steps are averaged


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cli")
    parser.add_argument("data", help="JSONL with the columns question and answer")
    parser.add_argument("--model", default="default")
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--seeds", default="0,1")
    parser.add_argument("--methods", default="", help="only these, separated by commas")
    parser.add_argument("--common", type=float, default=2e-4, help="the learning rate that all methods share")
    parser.add_argument("--dtype", default="bfloat16")
    parser.add_argument("--data-dir", default="", help="rankwright-cli's --data-dir")
    parser.add_argument("--out", default=str(pathlib.Path(__file__).with_name("results.md")))
    parser.add_argument("--resume", default="", metavar="ID")
    parser.add_argument("--from", default="", dest="ended", metavar="ID")
    parser.add_argument("--quant", default="", metavar="FILE", help="what `quant-error --json` printed, instead of running it")
    parser.add_argument("--no-quant", action="store_true", help="without the table of quantisation errors")
    return parser.parse_args()


def ask(options, *words, accept=(0,)):
    """What the command prints with --json; what it says to people goes straight to standard error."""
    command = [options.cli, *words, "--json"]
    if options.data_dir:
        command += ["--data-dir", options.data_dir]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    if done.returncode not in accept:
        sys.exit(f"{shlex.join(command)} ended with {done.returncode}")
    return json.loads(done.stdout)


def rate_text(rate):
    return f"{rate:g}"


def arms_of(options):
    """(method, learning rate, which of the two it is, the arm as an option)."""
    chosen = [word for word in options.methods.split(",") if word]
    cards = [card for card in ask(options, "methods") if not chosen or card["id"] in chosen]
    arms = []
    for card in cards:
        rates = {card["learningRate"]: "paper"}
        rates[options.common] = "both" if options.common in rates else "common"
        for rate, kind in rates.items():
            own = "".join(f",{key}={value}" for key, value in OWN.get(card["id"], {}).items())
            arms.append((card["id"], rate, kind, f"{card['id']}:lr={rate_text(rate)}{own}"))
    had = {option["key"] for card in cards for option in card["options"]}
    shared = [word for key, words in SHARED.items() if key in had for word in words]
    return arms, shared


def compare_words(options, data):
    arms, shared = arms_of(options)
    words = ["compare", options.model, data, "--columns", "prompt=question,response=answer", "--batch", "2", "--max-length", "192",
             "--steps", str(options.steps), "--rank", "16", "--seeds", options.seeds, "--order", "shuffled", "--dtype", options.dtype,
             "--save-every", "20", *shared]
    for arm in arms:
        words += ["--arm", arm[3]]
    return words


def stored(options, comparison):
    """The runs of the comparison with their losses, as the store has them."""
    quoted = "'" + comparison.replace("'", "''") + "'"
    runs = {}
    table = ask(options, "sql", f"SELECT id, method, state, step, seconds, trainable, config, created FROM run WHERE comparison = {quoted}")
    for row in table["rows"]:
        run = dict(zip(table["columns"], row, strict=True))
        run["config"] = json.loads(run["config"])
        runs[run["id"]] = run | {"losses": []}
    table = ask(options, "sql", "SELECT run.id, value FROM metric JOIN run ON run.key = metric.run JOIN series ON series.id = metric.series "
                f"WHERE series.name = 'loss' AND comparison = {quoted} ORDER BY run.key, metric.step")
    for run, value in table["rows"]:
        runs[run]["losses"].append(float("nan") if value is None else float(value))
    if not runs:
        sys.exit(f"No run belongs to a comparison {comparison}.")
    return list(runs.values())


def check(options, arms, runs):
    wanted = sorted((method, rate, int(seed)) for method, rate, _, _ in arms for seed in options.seeds.split(","))
    found = sorted((run["method"], run["config"]["learningRate"], run["config"]["seed"]) for run in runs)
    if wanted != found:
        sys.exit(f"The comparison has other arms than these options describe: {found}")
    if any(run["config"]["steps"] != options.steps or run["config"]["dtype"] != options.dtype for run in runs):
        sys.exit("The comparison was started with other --steps or another --dtype.")
    left = [run["id"] for run in runs if run["state"] not in ("finished", "diverged", "failed")]
    if left:
        sys.exit(f"Not ended yet: {', '.join(left)}. Go on with --resume.")


def number(value, digits=4):
    return "-" if value != value else f"{value:.{digits}f}"


def mean(values):
    return statistics.fmean(values) if values else float("nan")


def per_step(run):
    return float(run["seconds"]) / int(run["step"]) if int(run["step"]) > 0 else float("nan")


def outcome_text(run):
    return run["state"] if run["state"] == "finished" else f"{run['state']} at step {run['step']}"


def training_table(options, arms, runs):
    seeds = [int(seed) for seed in options.seeds.split(",")]
    reference = mean([per_step(run) for run in runs if run["method"] == "lora"])
    head = ["method", "learning rate", "first loss", *(f"last {LAST}, seed {seed}" for seed in seeds), "mean", "trained", "time a step",
            "outcome"]
    lines = ["| " + " | ".join(head) + " |", "|---|---" + "|---:" * (len(head) - 3) + "|---|"]
    for method, rate, kind, _ in arms:
        of_arm = {run["config"]["seed"]: run for run in runs if run["method"] == method and run["config"]["learningRate"] == rate}
        in_turn = [of_arm[seed] for seed in seeds]
        ends = [mean(run["losses"][-LAST:]) for run in in_turn]
        outcomes = [outcome_text(run) for run in in_turn]
        outcome = outcomes[0] if len(set(outcomes)) == 1 else "; ".join(outcomes)
        lines.append("| " + " | ".join([
            f"`{method}`", f"{rate_text(rate)} ({'paper and common' if kind == 'both' else kind})",
            number(mean([run["losses"][0] for run in in_turn if run["losses"]])), *(number(end) for end in ends), number(mean(ends)),
            f"{int(in_turn[0]['trainable']):,}", number(mean([per_step(run) for run in in_turn]) / reference, 2), outcome]) + " |")
    return lines


QUANT = ["quant-error", "default", "--dtype", "bfloat16", "--rank", "16,64,128", "--iters", "1,5", "--methods", "loftq,qpissa", "--base", "nf4"]


def quant_section(options):
    report = json.loads(pathlib.Path(options.quant).read_text("utf-8")) if options.quant else ask(options, *QUANT)
    kinds = list(dict.fromkeys(module["kind"] for module in report["modules"]))
    cells, single = {}, {}
    for module in report["modules"]:
        row = (module["rank"], module["rounds"], module["method"])
        cells.setdefault(row, {}).setdefault(module["kind"], []).append(module["reduction"])
        single.setdefault(module["method"], []).append(module["reduction"])
    lines = ["| rank | T | method | " + " | ".join(kinds) + " |", "|---:|---:|---" + "|---:" * len(kinds) + "|"]
    for row in sorted(cells):
        values = " | ".join(number(mean(cells[row][kind]), 1) for kind in kinds)
        lines.append(f"| {row[0]} | {row[1]} | `{row[2]}` | {values} |")
    qpissa = {row: kinds_of for row, kinds_of in cells.items() if row[2] == "qpissa"}
    pairs = [(mean(qpissa[(rank, 1, "qpissa")][kind]), mean(qpissa[(rank, 5, "qpissa")][kind]))
             for rank in sorted({row[0] for row in qpissa}) for kind in kinds]
    better = sum(five > one for one, five in pairs)
    above = sum(value > 0 for pair in pairs for value in pair)
    return ["", "## What a quantised base loses", "",
            "By how many per cent the nuclear norm of W's error is below that of plain NF4 (which is what QLoRA starts from), mean over the",
            "layers of a kind. The weights are the default model's, rounded to bfloat16 first. T is the number of rounds.", "",
            *lines, "",
            f"QPiSSA is above 0 in {above} of {2 * len(pairs)} cells (smallest value of a single matrix: {number(min(single['qpissa']), 1)}) and "
            f"higher with 5 rounds than with 1 in {better} of {len(pairs)}.",
            "LoftQ quantises W and fits the low-rank part to the error; QPiSSA takes the principal part out first and quantises what is left.",
            "", "```", "build/release/bin/rankwright-cli " + shlex.join(QUANT) + " --json", "```"]


def machine():
    model = platform.machine()
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
        return f"{os.cpu_count()} processors ({model}), {memory:.0f} GiB of memory, no GPU used"
    except (OSError, ValueError):
        return f"{os.cpu_count()} processors ({model})"


def own_command(options, data):
    """This script's command line, without what only matters on this machine."""
    words = ["python3", "docs/make_results.py", "build/release/bin/rankwright-cli", data]
    for key, otherwise in (("model", "default"), ("steps", 40), ("seeds", "0,1"), ("methods", ""), ("common", 2e-4), ("dtype", "bfloat16")):
        if getattr(options, key) != otherwise:
            words += [f"--{key}", str(getattr(options, key))]
    return shlex.join(words)


def wrapped(words):
    """A command over several lines, an arm a line where there are many."""
    text = "build/release/bin/rankwright-cli " + shlex.join(words)
    return text.replace(" --columns", " \\\n    --columns").replace(" --arm", " \\\n    --arm")


def page(options, arms, runs):
    path = pathlib.Path(options.data)
    data = f"{path.resolve().parent.name}/{path.name}"
    first = min(run["created"] for run in runs)[:10]
    model = "SmolLM2-135M-Instruct (the default model, a GGUF file in Q4_1)" if options.model == "default" else options.model
    return ["# Every method on the same rows", "",
            f"Written by `docs/make_results.py` on {datetime.date.today().isoformat()}; the runs are of {first}.", "",
            f"- **Machine:** {machine()}.", f"- **Model:** {model}, read as {options.dtype}; adapters and optimiser in float32.",
            f"- **Data:** `{data}` (GSM8K's training rows), {options.steps} steps of 2 rows cut at 192 tokens, loss on the answers; the same rows "
            "in the same order for all arms of a seed.",
            f"- **Arms:** {len(arms)}, rank 16 in every linear layer; each method at its paper's learning rate and at {rate_text(options.common)}, "
            f"constant, with seeds {options.seeds}.", "",
            "**How to read it.** It shows that each method trains, and how much its loss depends on the rate. It does not show which method is",
            f"better: {options.steps} steps and {len(options.seeds.split(','))} seeds decide nothing of that kind, and the order of two numbers that are "
            "closer than the two seeds are is chance.",
            f"\"First loss\" is that of the first step, before any update, mean over the seeds: it is above LoRA's where the start or a quantised base",
            f"changes the model. \"Last {LAST}\" is the mean training loss of the last {LAST} steps. \"Time a step\" is relative to LoRA's in the same "
            "comparison, on a machine with other work; starts are not in it. A run that diverged is a result.", "",
            *training_table(options, arms, runs), "",
            "The command (it prints its estimate first, queues all runs, and after a kill goes on with `rankwright-cli resume COMPARISON`):", "",
            "```", own_command(options, data), "```", "", "which runs", "", "```", wrapped(compare_words(options, data)), "```",
            *([] if options.no_quant else quant_section(options)), ""]


def main():
    options = arguments()
    comparison = options.ended or options.resume
    if options.resume:
        ask(options, "resume", options.resume, accept=(0, DIVERGED))
    elif not comparison:
        comparison = ask(options, *compare_words(options, options.data), accept=(0, DIVERGED))["comparison"]
    arms, _ = arms_of(options)
    runs = stored(options, comparison)
    check(options, arms, runs)
    pathlib.Path(options.out).write_text("\n".join(page(options, arms, runs)), "utf-8")
    print(f"comparison {comparison}: {options.out}")


if __name__ == "__main__":
    main()
