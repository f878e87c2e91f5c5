# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""Makes tests/golden/statistics: run by hand when it has to change, never by a test. Needs numpy and scipy.

    python tests/golden/make_statistics_golden.py                           scipy.json once more, from the curves that are there
    python tests/golden/make_statistics_golden.py RANKWRIGHT_CLI COMPARISON curves.json, too: of the first two arms of a stored comparison

curves.json  recorded training losses: {"arms": [..], "seeds": [..], "losses": {arm: [a list of losses a seed]}}
scipy.json   what scipy and numpy say of the arms' paired differences, step by step and at the end; see tests/peer/check_statistics.py
"""

import argparse
import json
import pathlib
import sys

import numpy as np

HERE = pathlib.Path(__file__).parent / "statistics"
sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "peer"))
from check_statistics import ask, interval, recorded, sign_flip_p, smoothed  # noqa: E402


def record(options):
    report = ask(options, "report", options.comparison)
    arms = [arm["label"] for arm in report["comparison"]["arms"]][:2]
    rate = report["rates"][0]["points"][0]["rate"]
    losses = {}
    for arm in arms:
        cells = sorted((c for c in report["cells"] if c["arm"] == arm and c["rate"] == rate), key=lambda c: c["seed"])
        losses[arm] = [[p[1] for p in recorded(options, c["run"], "loss")] for c in cells]
    seeds = sorted(c["seed"] for c in report["cells"] if c["arm"] == arms[0] and c["rate"] == rate)
    HERE.mkdir(exist_ok=True)
    (HERE / "curves.json").write_text(json.dumps({"arms": arms, "seeds": seeds, "losses": losses}) + "\n")


def answers(values):
    low, high = interval(values)
    wide_low, wide_high = interval(values, level=0.5)
    return {"n": len(values), "values": values, "mean": float(np.mean(values)),
            "deviation": float(np.std(values, ddof=1)) if len(values) > 1 else None,
            "quantiles": [float(q) for q in np.quantile(values, [0, 0.025, 0.3, 0.5, 0.975, 1])], "low": low, "high": high,
            "low50": wide_low, "high50": wide_high, "p": sign_flip_p(values)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cli", nargs="?")
    parser.add_argument("comparison", nargs="?")
    parser.add_argument("--data-dir", default="")
    options = parser.parse_args()
    if options.cli:
        record(options)
    curves = json.loads((HERE / "curves.json").read_text())
    baseline, arm = curves["arms"]
    differences = []
    for own, other in zip(curves["losses"][arm], curves["losses"][baseline]):
        differences.append([a - b for a, b in zip(smoothed(own), smoothed(other))])
    steps = len(differences[0])
    cases = []
    for n in range(1, len(differences) + 1):
        for step in sorted({1, steps // 3, steps - 1}):
            cases.append({"step": step + 1, **answers([d[step] for d in differences[:n]])})
    # Many pairs: differences of neighbouring steps of all seeds.
    for n in (15, 20, 24):
        cases.append({"step": 0, **answers([d[step] for step in range(steps) for d in differences][:n])})
    smooth = {name: [smoothed(one) for one in curves["losses"][name]] for name in curves["arms"]}
    (HERE / "scipy.json").write_text(json.dumps({"cases": cases, "smoothed": smooth}) + "\n")
    print(f"{len(cases)} cases over {steps} steps")


if __name__ == "__main__":
    main()
