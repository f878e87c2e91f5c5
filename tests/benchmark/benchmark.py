# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""Runs rankwright and its peers in turn on the same work and prints a table of ratios. Started by ./benchmark, which installs the peers.

A section that fails becomes lines of the table. After each row the results so far are written, so that a run that is ended early has
measured something; sections that were not asked for keep what an earlier run on this machine has measured."""

import argparse
import json
import os
import pathlib
import shlex
import shutil
import sys
import tempfile
import time

import machine
import report
import rows_arms
import rows_data
import rows_generation
import rows_quantising
import rows_starts
import rows_training
import rows_window
from ours import FIRST_STEPS, Ours
from processes import Failure, run
from turns import Row

ROOT = pathlib.Path(__file__).resolve().parents[2]
SECTIONS = {"training": rows_training.training, "answers": rows_training.answers, "variants": rows_training.variants,
            "start": rows_starts.starts, "reading": rows_starts.reading, "spectra": rows_starts.spectra, "nf4": rows_quantising.nf4,
            "generation": rows_generation.generation, "tokenising": rows_data.tokenising, "arms": rows_arms.arms,
            "window": rows_window.window}


def arguments():
    parser = argparse.ArgumentParser(prog="./benchmark", description="Rankwright and its peers in turn on the same work: a table of ratios.")
    parser.add_argument("--only", default="", metavar="A,B", help="these sections: " + ", ".join(SECTIONS))
    parser.add_argument("--quick", action="store_true", help="one turn, fewer variants, no compiled peer: below 15 minutes on two cores")
    parser.add_argument("--turns", type=int, help="of each side; 5 (1 with --quick)")
    parser.add_argument("--dtype", choices=("bfloat16", "float32"),
                        help="rows of this number format alone: peers need AVX-512 for bfloat16 on a processor")
    parser.add_argument("--without-compile", action="store_true", help="without torch.compile, which compiles for minutes")
    parser.add_argument("--data-dir", type=pathlib.Path, help="work here and leave what was made, instead of in a folder that is removed")
    parser.add_argument("--peers", action="append", default=[], metavar="DIR",
                        help="virtual environments that have the peers (repeat it); nothing is installed then")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release",
                        help="measure this build, of all targets (ninja -C DIR); it is not built then")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "docs", help="where benchmarks.md and benchmarks.json go (docs)")
    asked = parser.parse_args()
    asked.names = [name for name in asked.only.split(",") if name] or list(SECTIONS)
    if unknown := set(asked.names) - set(SECTIONS):
        parser.error(f"no section {', '.join(sorted(unknown))}: there are {', '.join(SECTIONS)}")
    if asked.turns is not None and asked.turns < 1:
        parser.error("--turns is 1 or more")
    return asked


def say(text):
    print(text, file=sys.stderr, flush=True)


def python_with(folders, module):
    """The first environment that has the module."""
    for folder in folders:
        python = pathlib.Path(folder) / "bin" / "python"
        try:
            run([python, "-c", f"import importlib.util, sys; sys.exit(importlib.util.find_spec('{module}') is None)"], limit=60)
            return python
        except Failure:
            continue
    return pathlib.Path(folders[0]) / "bin" / "python"


class Bench:
    """What the sections share."""

    def __init__(self, asked, work):
        self.work, self.quick, self.say = work, asked.quick, say
        self.turns = asked.turns or (1 if asked.quick else 5)
        self.dtypes = (asked.dtype,) if asked.dtype else ("bfloat16", "float32")
        self.without_compile = asked.without_compile or asked.quick
        self.build, self.window = asked.build, asked.build / "bin" / "rankwright"
        self.cores = len(os.sched_getaffinity(0))
        self.python, self.llama_python = python_with(asked.peers, "peft"), python_with(asked.peers, "llama_cpp")
        self.ours = Ours(asked.build / "bin" / "rankwright-cli", work / "data", "default", work)
        cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
        self.gguf = cache / "rankwright" / "models" / "SmolLM2-135M-Instruct.Q4_1.gguf"
        self.peer_model = work / "model"

    def prepare(self):
        """The model as a folder that transformers opens in a second: its reading of GGUF files is a row of its own."""
        if (self.peer_model / "config.json").exists():
            return
        say("Writing the model for the peers (half a minute).")
        run([self.python, machine.PEERS / "save_model.py", json.dumps({"gguf": str(self.gguf), "out": str(self.peer_model)})], limit=900)


def measured(section, bench):
    """The section's rows; what goes wrong outside of a side's turns is a row too."""
    try:
        yield from SECTIONS[section](bench)
    except (Failure, OSError, ValueError, KeyError, IndexError) as problem:
        yield Row(section, "", failures={"this section": f"{type(problem).__name__}: {problem}"})


def write(asked, document):
    asked.out.mkdir(parents=True, exist_ok=True)
    (asked.out / "benchmarks.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    text = report.markdown(document, {file.name for file in asked.out.iterdir()})
    (asked.out / "benchmarks.md").write_text(text, encoding="utf-8")
    return text


def earlier(asked, facts):
    """Rows and dates, by section, of an earlier run into the same folder, where it was on this machine."""
    try:
        document = json.loads((asked.out / "benchmarks.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}, {}
    same = all(document["machine"].get(key) == facts[key] for key in ("processor", "cores", "system"))
    sections = document.get("sections", {}) if same else {}
    return {name: [row for row in document["rows"] if row["section"] == name] for name in sections}, sections


def measure(asked, work):
    bench = Bench(asked, work)
    begun, limits = time.monotonic(), machine.Limits(bench.python)
    facts = machine.facts(bench.ours.cli, [bench.python, bench.llama_python], ROOT)
    rows, sections = earlier(asked, facts)
    try:
        bench.prepare()
    except Failure as failure:
        rows["peers"] = [Row("the model for the peers", "", failures={"transformers": str(failure)}).as_json() | {"section": "peers"}]
    text, command = "", shlex.join(["./benchmark", *sys.argv[1:]])
    for section in asked.names:
        say(f"{section} ({(time.monotonic() - begun) / 60:.1f} minutes so far)")
        limits.look()
        rows[section] = []
        sections[section] = {"date": facts["date"], "commit": facts["commit"], "command": command, "turns": bench.turns}
        for row in measured(section, bench):
            rows[section].append(report.with_share(row.as_json() | {"section": section}, limits.as_json()))
            document = {"machine": facts, "limits": limits.as_json(), "turns": bench.turns, "firstSteps": FIRST_STEPS, "command": command,
                        "minutes": (time.monotonic() - begun) / 60, "sections": sections,
                        "rows": [one for name in [*SECTIONS, "peers"] for one in rows.get(name, [])]}
            text = write(asked, document)
    print(text)


def main():
    asked = arguments()
    if asked.data_dir:
        asked.data_dir.mkdir(parents=True, exist_ok=True)
        return measure(asked, asked.data_dir.resolve())
    work = pathlib.Path(tempfile.mkdtemp(prefix="rankwright-benchmark-"))
    try:
        return measure(asked, work)
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
