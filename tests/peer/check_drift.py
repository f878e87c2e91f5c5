#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""Checks `rankwright-cli drift RUN --json` against numpy, for a run on a safetensors model in float32 without a quantised base.

    python3 tests/peer/check_drift.py MODEL RUN_FOLDER drift.json

MODEL is the folder of the original model, RUN_FOLDER the run's: its adapter/ is the update s B A as PEFT stores it (of twice the
rank where the method edited the base). Angles are checked where the adapter has the module's own rank, since only then its B is the
trained one. Needs numpy and safetensors.
"""
import json
import math
import pathlib
import sys

import numpy as np
from safetensors.numpy import load_file


def scale(config, module, rank):
    return config["alpha_pattern"].get(module, config["lora_alpha"]) / rank


def measured(W, B, A, rank, trained, top, cosine):
    """The row of one module: W original, B A the update with its scale in B, `trained` the B whose span is compared or None."""
    update = B @ A
    U, S, Vt = np.linalg.svd(W, full_matrices=False)
    sigma = np.linalg.svd(update, compute_uv=False)
    share = sigma / sigma.sum()
    share = share[share > 0]
    inside = U[:, :rank].T @ update @ Vt[:rank].T
    row = {
        "update": np.linalg.norm(update) / np.linalg.norm(W),
        "inside": (np.linalg.norm(inside) / np.linalg.norm(update)) ** 2,
        "effectiveRank": math.exp(-(share * np.log(share)).sum()),
    }
    if trained is not None:
        Q, _ = np.linalg.qr(trained)
        angles = np.degrees(np.arccos(np.clip(np.linalg.svd(U[:, :rank].T @ Q, compute_uv=False), -1, 1)))
        row["angleMean"], row["angleLargest"] = angles.mean(), angles.max()
    first = np.linalg.svd(W + update)[0][:, :top]
    row["intruders"] = int((np.abs(U.T @ first).max(axis=0) < cosine).sum())
    return row


def main():
    model, run, report = map(pathlib.Path, sys.argv[1:4])
    report = json.loads(report.read_text())
    weights = load_file(model / "model.safetensors")
    adapter = load_file(run / "adapter" / "adapter_model.safetensors")
    config = json.loads((run / "adapter" / "adapter_config.json").read_text())
    worst = {}
    for said in report["modules"]:
        name = said["name"]
        A = adapter[f"base_model.model.{name}.lora_A.weight"].astype(np.float64)
        B = adapter[f"base_model.model.{name}.lora_B.weight"].astype(np.float64)
        W = weights[name + ".weight"].astype(np.float64)
        trained = B if A.shape[0] == said["rank"] else None
        row = measured(W, B * scale(config, name, A.shape[0]), A, said["rank"], trained, report["intruderTop"], report["intruderCosine"])
        for key, value in row.items():
            size = max(abs(value), 1.0) if key in ("inside", "intruders") else max(abs(value), 1e-12)
            worst[key] = max(worst.get(key, 0.0), abs(said[key] - value) / size)
    for key, value in worst.items():
        print(f"{key:14} largest difference {value:.2e} over {len(report['modules'])} modules")
    if not worst or max(worst.values()) > 1e-4:
        sys.exit("drift disagrees with numpy")


if __name__ == "__main__":
    main()
