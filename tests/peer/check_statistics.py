#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""Computes every figure of a comparison's report again with numpy and scipy, from the recorded curves, and compares them to 1e-9.

    python tests/peer/check_statistics.py RANKWRIGHT_CLI COMPARISON [--data-dir DIR]

Curves and states come from `sql`, hashes and the figures from `report COMPARISON --json`. Sign-flip p: scipy.stats.permutation_test over all
assignments (permutation_type="samples"); intervals: scipy.stats.bootstrap on the whole distribution over resamples, handed over as
bootstrap_result with n_resamples=0; bands, smoothing, U-curves, differences and what it takes to reach a loss: numpy.
Needs numpy and scipy.
"""

import argparse
import itertools
import json
import math
import subprocess
import types

import numpy as np
from scipy import stats

TOLERANCE = 1e-9
MASK = (1 << 64) - 1


# ---- the definitions, written down a second time ----

def mix(state):
    """One output of splitmix64 from this state."""
    state = (state + 0x9E3779B97F4A7C15) & MASK
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & MASK
    return state ^ (state >> 31)


def resampled_index(seed, resample, position, n):
    return mix(mix(mix(seed & MASK) ^ resample) ^ position) % n


def resamples(n, seed=0):
    """Rows of indices: all n^n of them, or 10,000 drawn ones."""
    if n <= 6:
        return np.array(list(itertools.product(range(n), repeat=n)))
    return np.array([[resampled_index(seed, r, i, n) for i in range(n)] for r in range(10_000)])


RESAMPLES = {}


def interval(values, level=0.95, seed=0):
    values = np.asarray(values, float)
    if len(values) == 1:
        return float(values[0]), float(values[0])
    key = (len(values), seed)
    if key not in RESAMPLES:
        RESAMPLES[key] = resamples(*key)
    means = values[RESAMPLES[key]].mean(axis=1)
    result = stats.bootstrap((values,), np.mean, n_resamples=0, confidence_level=level, method="percentile",
                             bootstrap_result=types.SimpleNamespace(bootstrap_distribution=means))
    return float(result.confidence_interval.low), float(result.confidence_interval.high)


def sign_flip_p(values, seed=0):
    values = np.asarray(values, float)
    if len(values) == 1:
        return 1.0   # which scipy does not take: both signs are as far from 0
    if len(values) <= 20:
        return float(stats.permutation_test((values,), lambda x, axis: np.mean(x, axis=axis), permutation_type="samples",
                                            n_resamples=np.inf, vectorized=True, batch=1 << 16).pvalue)
    seen = abs(values.sum()) - 1e-14 * np.abs(values).sum()
    beyond = sum(abs(sum(-v if resampled_index(seed, r, i, 2) else v for i, v in enumerate(values))) >= seen for r in range(100_000))
    return (beyond + 1) / 100_001


def window_of(curve):
    return max(1, len(curve) // 10)


def smoothed(values, window=None):
    window = window or window_of(values)
    return [float(np.mean(values[max(0, i + 1 - window):i + 1])) for i in range(len(values))]


# ---- the report ----

class Checker:
    def __init__(self):
        self.figures = 0
        self.largest = 0.0
        self.wrong = []

    def equal(self, what, ours, theirs):
        self.figures += 1
        if ours is None or theirs is None or (isinstance(theirs, float) and math.isnan(theirs)):
            if ours is not None or not (theirs is None or math.isnan(theirs)):
                self.wrong.append(f"{what}: {ours} for {theirs}")
            return
        difference = abs(ours - theirs) / max(1.0, abs(theirs))
        self.largest = max(self.largest, difference)
        if not difference <= TOLERANCE:
            self.wrong.append(f"{what}: {ours!r} for {theirs!r}")

    def same(self, what, ours, theirs):
        self.figures += 1
        if ours != theirs:
            self.wrong.append(f"{what}: {ours!r} for {theirs!r}")


def ask(options, *words):
    command = [options.cli, "--json", *(["--data-dir", options.data_dir] if options.data_dir else []), *words]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: {done.stderr}")
    return json.loads(done.stdout)


def recorded(options, run, series):
    """Points (step, value, tokens, seconds) of one curve."""
    rows = ask(options, "sql", "SELECT metric.step, value, metric.tokens, metric.seconds FROM metric JOIN series ON series.id = metric.series JOIN run ON"
               f" run.key = metric.run WHERE run.id = '{run}' AND series.name = '{series}' ORDER BY metric.step")["rows"]
    return [(int(r[0]), float(r[1]) if r[1] is not None else math.nan, int(r[2]), float(r[3])) for r in rows]


def interval_or_none(values):
    return interval(values) if len(values) > 1 else (math.nan, math.nan)


def mean_or_nan(values):
    return float(np.mean(values)) if len(values) else math.nan


class Report:
    def __init__(self, options, checker):
        self.check = checker
        self.report = ask(options, "report", options.comparison)
        self.cells = self.report["cells"]
        self.arms = [arm["label"] for arm in self.report["comparison"]["arms"]]
        self.loss = {c["run"]: recorded(options, c["run"], "loss") for c in self.cells}
        self.evaluations = {c["run"]: recorded(options, c["run"], "evalLoss") for c in self.cells}
        for cell in self.cells:
            if any(math.isnan(p[1]) for p in self.loss[cell["run"]]):
                raise SystemExit(f"run {cell['run']} has skipped steps: this script checks whole curves")
        self.best = {}

        self.planned = {c["run"]: int(ask(options, "sql", f"SELECT steps FROM run WHERE id = '{c['run']}'")["rows"][0][0]) for c in self.cells}
        self.keeps = {arm["label"]: arm["config"].get("keep", "last") for arm in self.report["comparison"]["arms"]}

    def finished(self, arm, rate):
        return [c for c in self.cells if c["arm"] == arm and c["rate"] == rate and c["state"] == "finished" and c["value"] is not None]

    def window(self, cells, series):
        """Of all curves that meet in one: a tenth of the planned steps."""
        return max([1] + [self.planned[c["run"]] // 10 for c in cells if series == "loss"])

    def curve(self, cell, series):
        points = self.loss[cell["run"]] if series == "loss" else self.evaluations[cell["run"]]
        return {p[0]: p for p in points}

    def smooth(self, curve, window):
        values = smoothed([p[1] for p in curve.values()], window)
        return {s: (s, v, p[2], p[3]) for (s, p), v in zip(curve.items(), values)}

    def check_cells(self):
        for cell in self.cells:
            loss, evaluations = self.loss[cell["run"]], self.evaluations[cell["run"]]
            if self.report["judge"] == "evalLoss":
                trained = bool(evaluations) and evaluations[-1][0] > 0
                if self.keeps[cell["arm"]] == "best":
                    value = min((p[1] for p in evaluations if math.isfinite(p[1])), default=math.nan) if trained else math.nan
                else:
                    value = evaluations[-1][1] if trained and evaluations[-1][0] == cell["step"] else math.nan
            else:
                value = mean_or_nan([p[1] for p in loss[-window_of(loss):]])
            self.check.equal(f"value of {cell['run']}", cell["value"], value)

    def check_rates(self):
        for rates in self.report["rates"]:
            arm = rates["arm"]
            found = {p["rate"]: {c["seed"]: c["value"] for c in self.finished(arm, p["rate"])} for p in rates["points"] if p["diverged"] == 0}
            found = {rate: values for rate, values in found.items() if values}
            shared = set.intersection(*map(set, found.values())) if found else set()
            if not shared:
                most = max(map(len, found.values()), default=0)
                found = {rate: values for rate, values in found.items() if len(values) == most}
                shared = set.intersection(*map(set, found.values())) if found else set()
            means = {rate: np.mean([values[seed] for seed in sorted(shared)]) for rate, values in found.items()} if shared else {}
            for point in rates["points"]:
                values = [c["value"] for c in self.finished(arm, point["rate"])]
                self.check.equal(f"{arm} at {point['rate']}", point["value"], mean_or_nan(values))
                low, high = interval_or_none(values)
                self.check.equal(f"{arm} at {point['rate']}: low", point["low"], low)
                self.check.equal(f"{arm} at {point['rate']}: high", point["high"], high)
            self.best[arm] = min(means, key=means.get) if means else None
            self.check.same(f"best rate of {arm}", rates["best"], self.best[arm])

    def pairs(self, arm, rate, baseline, baseline_rate):
        keys = ("seed", "orderHash", "dataHash", "modelHash")
        return [(a, b) for a in self.finished(arm, rate) for b in self.finished(baseline, baseline_rate)
                if all(a[k] == b[k] for k in keys) and (not a["evalHash"] or not b["evalHash"] or a["evalHash"] == b["evalHash"])]

    def check_results(self):
        for result in self.report["results"]:
            what = f"{result['arm']} less {result['baseline']} ({result['question']}, {result['rate']})"
            if result["question"] == "bestRate":
                self.check.same(what + ": rates", [result["rate"], result["baselineRate"]],
                                [self.best[result["arm"]], self.best[result["baseline"]]])
            found = {a["seed"]: a["value"] - b["value"]
                     for a, b in self.pairs(result["arm"], result["rate"], result["baseline"], result["baselineRate"])}
            self.check.same(what + ": seeds", sorted(result["seeds"]), sorted(found))
            differences = [found[seed] for seed in result["seeds"]]
            for ours, theirs in zip(result["differences"], differences):
                self.check.equal(what + ": difference", ours, theirs)
            self.check.equal(what + ": mean", result["mean"], float(np.mean(differences)))
            self.check.equal(what + ": deviation", result["deviation"], float(np.std(differences, ddof=1)) if len(differences) > 1 else math.nan)
            low, high = interval_or_none(differences)
            self.check.equal(what + ": low", result["low"], low)
            self.check.equal(what + ": high", result["high"], high)
            self.check.equal(what + ": p", result["p"], sign_flip_p(differences))
            self.check.equal(what + ": least p", result["leastP"], 2.0 / 2 ** len(differences))
            self.check.same(what + ": decides", result["decides"],
                            result["p"] <= 0.05 and result["divergedArm"] + result["divergedBaseline"] == 0)

    def check_band(self, what, points, curves):
        """Every step that all curves have, or 2,000 of them; 500 of more than six seeds."""
        steps = sorted(set.intersection(*[set(c) for c in curves]))
        most = 2000 if len(curves) <= 6 else 500
        if len(steps) > most:
            steps = [steps[i * (len(steps) - 1) // (most - 1)] for i in range(most)]
        self.check.same(what + ": steps", [p["step"] for p in points], steps)
        for point in points:
            here = [c[point["step"]] for c in curves]
            self.check.same(what + ": runs", point["runs"], len(curves))
            low, high = interval_or_none([p[1] for p in here])
            for key, theirs in (("middle", np.mean([p[1] for p in here])), ("low", low), ("high", high),
                                ("tokens", np.mean([p[2] for p in here])), ("seconds", np.mean([p[3] for p in here]))):
                self.check.equal(f"{what} at {point['step']}: {key}", point[key], float(theirs))

    def check_curves(self):
        for curve in self.report["curves"]:
            cells = [c for c in self.finished(curve["arm"], curve["rate"])]
            if cells:
                window = self.window(cells, curve["series"])
                self.check_band(f"{curve['series']} of {curve['arm']} at {curve['rate']}", curve["points"],
                                [self.smooth(self.curve(c, curve["series"]), window) for c in cells])
        for curve in self.report["differences"]:
            pairs = self.pairs(curve["arm"], curve["rate"], curve["baseline"], curve["baselineRate"])
            if not pairs:
                continue
            differences = []
            window = self.window([c for pair in pairs for c in pair], curve["series"])
            for a, b in pairs:
                own, other = self.curve(a, curve["series"]), self.curve(b, curve["series"])
                raw = {s: (s, own[s][1] - other[s][1], own[s][2], own[s][3]) for s in own if s in other}
                differences.append(self.smooth(raw, window))
            self.check_band(f"difference in {curve['series']} of {curve['arm']}", curve["points"], differences)

    def check_reach(self):
        for row in self.report["reach"]:
            baseline = self.arms[0]
            targets, hits = [], []
            for a, b in self.pairs(row["arm"], row["rate"], baseline, self.best[baseline]):
                points = self.loss if row["series"] == "loss" else self.evaluations
                window = window_of(points[b["run"]]) if row["series"] == "loss" else 1
                targets.append(np.mean([p[1] for p in points[b["run"]][-window:]]) if row["series"] == "loss" else b["value"])
                curve = points[a["run"]]
                # To the last digit, as the baseline reaches its own end exactly there.
                reached = [curve[i] for i in range(window - 1, len(curve))
                           if np.mean([p[1] for p in curve[i + 1 - window:i + 1]]) <= targets[-1] * (1 + 1e-15)]
                hits += reached[:1]
            what = f"reach of {row['arm']}"
            self.check.same(what + ": seeds", [row["reached"], row["runs"]], [len(hits), len(targets)])
            self.check.equal(what + ": target", row["target"], mean_or_nan(targets))
            for i, key in ((0, "steps"), (2, "tokens"), (3, "seconds")):
                self.check.equal(f"{what}: {key}", row[key], mean_or_nan([h[i] for h in hits]) if len(hits) == len(targets) else math.nan)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cli")
    parser.add_argument("comparison", help="id or name of a stored comparison")
    parser.add_argument("--data-dir", default="")
    options = parser.parse_args()
    checker = Checker()
    report = Report(options, checker)
    for part in (report.check_cells, report.check_rates, report.check_results, report.check_curves, report.check_reach):
        part()
    for line in checker.wrong[:20]:
        print("WRONG", line)
    print(f"{checker.figures} figures of {len(report.cells)} runs, {len(checker.wrong)} wrong, largest difference {checker.largest:.3g}")
    raise SystemExit(1 if checker.wrong or not checker.figures else 0)


if __name__ == "__main__":
    main()
