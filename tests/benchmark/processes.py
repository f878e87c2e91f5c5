# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""A measured process: its lines of output with the processor time used up to each, its time and its peak memory."""

import dataclasses
import os
import re
import signal
import subprocess
import tempfile
import threading
import time


class Failure(Exception):
    """A side that cannot be measured: its last words become a line of the table."""


@dataclasses.dataclass
class Done:
    lines: list      # (text, seconds since the start, processor seconds so far)
    seconds: float
    cpu: float       # user and system, of the process and its threads
    peak: int        # bytes, VmHWM


def cpu_of(pid):
    """Processor seconds of a process that is alive, all threads; 0 where nobody says."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, IndexError, ValueError):
        return 0.0


def environment(**more):
    """How OpenMP's threads wait is left to each side, as its users have it: rankwright chooses for itself."""
    kept = {name: value for name, value in os.environ.items() if name not in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")}
    return kept | {"LC_ALL": "C.UTF-8", "TOKENIZERS_PARALLELISM": "false"} | more


def last_words(text):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "no message"


def until(command, pattern, limit=60, **more):
    """Runs until standard error has a line with the pattern, and ends it then. The match, and the processor seconds used by then."""
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment(**more))
    clock = threading.Timer(limit, process.kill)
    clock.start()
    last = "no message"
    try:
        for line in process.stderr:
            if found := re.search(pattern, line):
                return found, cpu_of(process.pid)
            last = line.strip() or last
        raise Failure(f"never said {pattern}: {last[:300]}")
    finally:
        clock.cancel()
        process.terminate()
        process.wait()
        process.stderr.close()


def run(command, limit=1800, keep_output=True, **more):
    """Runs to the end, at most `limit` seconds. Throws Failure where it is missing, fails or takes longer."""
    lines = []
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors:
        begun = time.monotonic()
        try:
            process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE if keep_output else subprocess.DEVNULL,
                                       stderr=errors, text=True, env=environment(**more), start_new_session=True)
        except OSError as error:
            raise Failure(f"{command[0]}: {error.strerror}") from error
        expired = threading.Event()
        clock = threading.Timer(limit, lambda: (expired.set(), os.killpg(process.pid, signal.SIGKILL)))   # with what it has started
        clock.start()
        try:
            for line in process.stdout or ():
                lines.append((line.rstrip("\n"), time.monotonic() - begun, cpu_of(process.pid)))
            _, status, usage = os.wait4(process.pid, 0)
        finally:
            clock.cancel()
            if process.poll() is None:   # Ctrl-C does not reach a session of its own
                os.killpg(process.pid, signal.SIGKILL)
        process.returncode = os.waitstatus_to_exitcode(status)   # so that Popen does not wait for it again
        seconds = time.monotonic() - begun
        errors.seek(0)
        if expired.is_set():
            raise Failure(f"took longer than {limit} s")
        if process.returncode != 0:
            raise Failure(f"ended with {process.returncode}: {last_words(errors.read())}")
    return Done(lines, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)
