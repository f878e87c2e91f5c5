# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""A process of the benchmark: what this machine can do at this moment. One JSON line: multiply-add pairs count as two operations;
bytes a second read and written by a copy, and read by a sum, of 256 MB, far more than the caches hold."""

import json
import statistics
import time

import torch

ROWS, HIDDEN, INNER = 1024, 576, 1536   # the wide products of a SmolLM2-135M layer with 1,024 tokens in flight
SECONDS = 0.4


def rate(work):
    """Median of calls a second over SECONDS, after a warm-up."""
    for _ in range(3):
        work()
    times, begun = [], time.monotonic()
    while time.monotonic() - begun < SECONDS or len(times) < 3:
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return 1 / statistics.median(times)


def products(dtype, inner, columns):
    """Operations a second of x (ROWS, inner) times a weight (columns, inner), by the faster of torch's way and oneDNN's."""
    x, w = torch.randn(ROWS, inner).to(dtype), torch.randn(columns, inner).to(dtype)
    ways = [lambda: torch.nn.functional.linear(x, w)]
    if dtype is torch.float32 and torch.backends.mkldnn.is_available():
        blocked, weight = x.to_mkldnn(), w.to_mkldnn()
        ways.append(lambda: torch.nn.functional.linear(blocked, weight))
    return 2 * ROWS * inner * columns * max(map(rate, ways))


def main():
    torch.manual_seed(0)
    found = {}
    for name in ("bfloat16", "float32"):
        found["matrix " + name] = max(products(getattr(torch, name), *sides) for sides in ((HIDDEN, INNER), (INNER, HIDDEN)))
    source = torch.randn(64 << 20)
    target = torch.empty_like(source)
    found["copy"] = 2 * source.nbytes * rate(lambda: target.copy_(source))
    found["read"] = source.nbytes * rate(lambda: source.sum())
    print(json.dumps(found))


if __name__ == "__main__":
    main()
