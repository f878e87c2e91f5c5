# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""Our side, driven as a person drives it: through rankwright-cli."""

import array
import itertools
import json
import math
import pathlib
import statistics
import tempfile

from processes import Failure, run

FIRST_STEPS = 2   # dropped on both sides: the first steps fill caches and allocators


class Ours:
    def __init__(self, cli, data_dir, model, work):
        self.cli, self.data_dir, self.model, self.work = pathlib.Path(cli), pathlib.Path(data_dir), model, pathlib.Path(work)

    def run(self, *words, limit=1800, keep_output=True, data_dir=None, **more):
        return run([self.cli, "--quiet", "--data-dir", data_dir or self.data_dir, *words], limit, keep_output, **more)

    def ask(self, *words, **more):
        """The JSON that the command prints, and the process."""
        done = self.run("--json", *words, **more)
        try:
            return json.loads("\n".join(line for line, _, _ in done.lines)), done
        except ValueError as error:
            raise Failure(f"{words[0]}: {error}") from error

    def tokens_of(self, data, count, length, loss):
        """Of the file's first rows, as `train --template none` sees them: ids and the first of them with a loss."""
        answer, _ = self.ask("data", data, self.model, "--template", "none", "--loss", loss, "--max-length", length, "--samples", count)
        found = []
        for row in answer["samples"]:
            trained = [piece["trained"] for piece in row["pieces"]]
            found.append({"ids": [piece["id"] for piece in row["pieces"]], "first": trained.index(True) if any(trained) else len(trained)})
        return found

    def train(self, data, *options, steps):
        """Trains; what the steps after the first ones took, with loss, gradient norm and how far the parameters went."""
        with tempfile.TemporaryDirectory(dir=self.work) as folder:
            done = self.run("train", self.model, data, "--events", "--order", "sequential", "--template", "none", "--lr", "2e-4",
                            "--clip", "1", "--steps", steps, *options, data_dir=folder)
            events = [(json.loads(line), at, cpu) for line, at, cpu in done.lines]
            moved = change(pathlib.Path(folder))
        taken = [(event, cpu) for event, _, cpu in events if event["event"] == "step"]
        start = next(event for event, _, _ in events if event["event"] == "start")
        if len(taken) <= FIRST_STEPS:
            raise Failure(f"only {len(taken)} steps were taken")
        nothing = {"seconds": 0, "tokens": 0, "targets": 0}
        steps = [{"seconds": now["seconds"] - was["seconds"], "tokens": now["tokens"] - was["tokens"],
                  "targets": now["targets"] - was["targets"], "loss": now["loss"], "norm": now["gradNorm"]}
                 for was, now in itertools.pairwise([nothing] + [event for event, _ in taken])]
        cpu = taken[-1][1] - taken[FIRST_STEPS - 1][1]
        return measured(steps, cpu) | {"peak": done.peak, "change": moved, "trained": start["trainable"],
                                       "prepare": start.get("prepareSeconds"), "whole": done.seconds, "start": start}


def measured(steps, cpu):
    """Tokens a second of the steps after the first ones: by the median of their times, so that a guest on the machine spoils one step
    and not the result. `cpu`: processor seconds of all of these steps."""
    kept = steps[FIRST_STEPS:]
    mean = {key: statistics.fmean(step[key] for step in kept) for key in ("tokens", "targets")}
    seconds = statistics.median(step["seconds"] / step["tokens"] for step in kept) * mean["tokens"]
    return {"tokens": mean["tokens"] / seconds, "targets": mean["targets"] / seconds, "tokensPerStep": mean["tokens"],
            "targetsPerStep": mean["targets"], "stepSeconds": [step["seconds"] for step in steps],
            "cpuTokens": mean["tokens"] * len(kept) / cpu if cpu > 0 else None, "cpuTargets": mean["targets"] * len(kept) / cpu if cpu > 0 else None,
            "losses": [step["loss"] for step in steps], "norms": [step["norm"] for step in steps]}


def tensors(file):
    """name -> values of the float32 tensors of a safetensors file."""
    with open(file, "rb") as stream:
        header = json.loads(stream.read(int.from_bytes(stream.read(8), "little")))
        begin, found = stream.tell(), {}
        for name, about in header.items():
            if name == "__metadata__" or about["dtype"] != "F32":
                continue
            stream.seek(begin + about["data_offsets"][0])
            found[name] = array.array("f", stream.read(about["data_offsets"][1] - about["data_offsets"][0]))
    return found


def change(folder):
    """Norm of what training did to A and B: the newest checkpoint's parameters against those of step 0; None where they cannot be read."""
    found = sorted(folder.glob("runs/*/checkpoints/*/*.safetensors"))
    flat = {}
    for file in found:
        values = tensors(file).get("parameters")
        if values is not None:
            flat[file.parent.name] = values
    if len(flat) < 2:
        return None
    names = sorted(flat, key=lambda name: int("".join(filter(str.isdigit, name)) or 0))
    return math.sqrt(sum((a - b) ** 2 for a, b in zip(flat[names[-1]], flat[names[0]], strict=True)))
