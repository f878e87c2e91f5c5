# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""What the numbers were measured on: processor, memory, versions, commit, and the limits of the machine in the same run."""

import datetime
import json
import os
import pathlib
import platform
import statistics
import subprocess

from processes import Failure, run

PEERS = pathlib.Path(__file__).resolve().parent / "peers"


def first_line(command, folder=None):
    try:
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.strip().splitlines()[0]
    except (OSError, subprocess.CalledProcessError, IndexError):
        return ""


def value_of(file, key):
    try:
        lines = pathlib.Path(file).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.split(":", 1)[1].strip() for line in lines if line.split(":", 1)[0].strip() == key and ":" in line), "")


def processor():
    wanted = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "amx_tile")
    flags = set(value_of("/proc/cpuinfo", "flags").split())
    name = value_of("/proc/cpuinfo", "model name") or platform.processor() or platform.machine()
    return name + (f" ({', '.join(flag for flag in wanted if flag in flags)})" if flags else "")


VERSIONS = """
import importlib.metadata, json, sys
found = {}
for name in sys.argv[1:]:
    try:
        found[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        pass
print(json.dumps(found))
"""


def facts(cli, pythons, root):
    """`pythons` are those of the peers, the one whose versions count first."""
    modules = "torch transformers peft bitsandbytes tokenizers numpy llama-cpp-python".split()
    peers = {}
    for python in pythons:
        peers = json.loads(first_line([str(python), "-c", VERSIONS, *modules]) or "{}") | peers
    memory = value_of("/proc/meminfo", "MemTotal").split()
    changed = bool(first_line(["git", "status", "--porcelain", "--untracked-files=no"], root))
    return {"date": datetime.datetime.now().astimezone().isoformat(timespec="minutes"), "processor": processor(),
            "cores": len(os.sched_getaffinity(0)), "memoryBytes": int(memory[0]) * 1024 if memory else 0, "system": platform.platform(),
            "commit": first_line(["git", "rev-parse", "--short", "HEAD"], root) + (" with changes" if changed else ""),
            "rankwright": first_line([str(cli), "--version"]), "peers": peers, "python": platform.python_version()}


class Limits:
    """Asked before each section: the limits move with whoever else uses the machine."""

    def __init__(self, python):
        self.python, self.found, self.loads = python, [], []

    def look(self):
        self.loads.append(os.getloadavg()[0])
        try:
            self.found.append(json.loads(run([self.python, PEERS / "limits.py"], limit=120).lines[-1][0]))
        except (Failure, IndexError, ValueError):
            pass

    def median(self, key):
        values = [found[key] for found in self.found]
        return statistics.median(values) if values else None

    def as_json(self):
        keys = self.found[0].keys() if self.found else ()
        return {key: {"median": self.median(key), "least": min(found[key] for found in self.found),
                      "most": max(found[key] for found in self.found)} for key in keys} | {"loads": self.loads}
