# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""Makes tests/golden/optimisers: run by hand when it has to change, never by a test. Environment: see make_golden.py.

    /tmp/oracle/bin/python tests/golden/make_optimiser_golden.py

adamw.safetensors  three tensors, STEPS gradients of each and what torch.optim.AdamW makes of them, with one learning rate and with a
                   group of its own for the second tensor (LoRA+)
rite.safetensors   pairs, gradients with respect to their product, and the factors after 1 and after STEPS steps of LoRA-RITE, computed
                   in float64 from the formulas of the paper (arXiv 2410.20625), which are written out below
cases.json         the settings
"""

import json
import pathlib

import numpy as np
import torch
from safetensors.numpy import save_file

HERE = pathlib.Path(__file__).parent / "optimisers"
STEPS = 10


# ---- LoRA-RITE: a pair is the dictionary {A, B, and what is remembered of each factor} ----

def corrected(beta, t):
    return beta * (1 - beta ** (t - 1)) / (1 - beta ** t)


def inverse_root(v, lost, eps):
    w, e = np.linalg.eigh(v)
    return e @ np.diag(1 / (np.sqrt(np.maximum(w, 0) + lost) + eps)) @ e.T


def rite_step(pairs, gradients, t, c):
    """One step over all pairs with G = dL/d(B A) each; returns the norm before clipping and the number of skipped factors."""
    total, skipped, work = 0.0, 0, []
    for p, G in zip(pairs, gradients):
        QA, RA = np.linalg.qr(p["A"].T)
        QB, RB = np.linalg.qr(p["B"])
        tiny = np.finfo(float).eps
        IA = np.linalg.pinv(RA, rcond=tiny * p["A"].shape[1])
        IB = np.linalg.pinv(RB, rcond=tiny * p["B"].shape[0])
        h = {"A": (p["B"].T @ G).T @ IB, "B": (G @ p["A"].T) @ IA}
        for side in "AB":
            if np.sqrt(np.mean(h[side] ** 2)) > 1.0:
                h[side] = np.zeros_like(h[side])
                skipped += 1
            total += np.sum(h[side] ** 2)
        work.append({"h": h, "inverse": {"A": IB, "B": IA}, "turn": {"A": QB.T @ p["QB"], "B": QA.T @ p["QA"]}})
        p["QA"], p["QB"] = QA, QB
    norm = np.sqrt(total)
    for p, now in zip(pairs, work):
        for side in "AB":
            X = p["A"].T if side == "A" else p["B"]
            h, P, inverse = now["h"][side], now["turn"][side], now["inverse"][side]
            if c["clip"] > 0 and norm > c["clip"]:
                h = h * (c["clip"] / norm)
            b1, b2 = corrected(c["beta1"], t), corrected(c["beta2"], t)
            v_old, v_turned = p["v" + side], P @ p["v" + side] @ P.T
            lost = 0.0
            if c["escape"]:
                drop = np.max(np.linalg.eigvalsh(v_old) - np.linalg.eigvalsh(v_turned))
                lost = b2 * (p["lost" + side] + min(max(0.0, drop), max(0.0, np.trace(v_old) - np.trace(v_turned))))
            p["lost" + side] = lost
            v = b2 * v_turned + (1 - b2) * h.T @ h / h.shape[0]
            m = b1 * p["m" + side] @ P.T + (1 - b1) * h @ inverse_root(v, lost, c["epsilon"])
            p["v" + side], p["m" + side] = v, m
            rate = c["rate"] * (c["rateFactorB"] if side == "B" else 1)
            X = X - rate * (m @ inverse.T + c["weightDecay"] * X)
            p[side] = X.T if side == "A" else X
    return norm, skipped


def remember(A, B):
    (r, n), m = A.shape, B.shape[0]
    zero = np.zeros
    return {"A": A, "B": B, "QA": zero((n, r)), "QB": zero((m, r)), "mA": zero((n, r)), "mB": zero((m, r)), "vA": zero((r, r)),
            "vB": zero((r, r)), "lostA": 0.0, "lostB": 0.0}


def singles(x):
    """Values that float32 holds exactly, so that every reader starts from the same numbers."""
    return np.asarray(x, dtype=np.float32).astype(np.float64)


# out, in, rank. The last has full rank: a square factor comes near to singular on its way, so it is a test of float64 alone.
SHAPES = [(12, 20, 4), (17, 9, 3), (20, 12, 6), (6, 9, 6)]
CASES = {
    "plain": dict(start="random"),
    "clipped": dict(start="random", clip=0.5, large=True),
    "from-zero": dict(start="zero"),
    "principal": dict(start="principal", weightDecay=0.1, rateFactorB=4.0),
    "escape": dict(start="random", escape=True, beta2=0.9),
}


def starts(kind, rng):
    for m, n, r in SHAPES:
        if kind == "principal":
            U, S, Vt = np.linalg.svd(rng.standard_normal((m, n)), full_matrices=False)
            root = np.sqrt(S[:r])
            yield (root[:, None] * Vt[:r]), U[:, :r] * root
        else:
            A = rng.uniform(-1, 1, (r, n)) / np.sqrt(n)
            yield A, np.zeros((m, r)) if kind == "zero" else rng.standard_normal((m, r)) * 0.5


def make_rite():
    tensors, described = {}, {}
    for number, (name, given) in enumerate(CASES.items()):
        rng = np.random.default_rng(number)
        c = dict(beta1=0.9, beta2=0.999, epsilon=1e-6, rate=0.02, clip=0.0, weightDecay=0.0, rateFactorB=1.0, escape=False, large=False)
        c |= given
        pairs = [remember(singles(A), singles(B)) for A, B in starts(c["start"], rng)]
        for i, p in enumerate(pairs):
            tensors[f"{name}.{i}.A.0"], tensors[f"{name}.{i}.B.0"] = p["A"], p["B"]
        norms, skips = [], 0
        for t in range(1, STEPS + 1):
            size = 40.0 if c["large"] and t == 4 else 0.3
            # In step 4 of a `large` case the first pair's gradient is beyond what is accepted.
            gradients = [singles(rng.standard_normal((m, n)) * (size if i == 0 else 0.3)) for i, (m, n, _) in enumerate(SHAPES)]
            norm, skipped = rite_step(pairs, gradients, t, c)
            norms.append(norm)
            skips += skipped
            for i, (p, G) in enumerate(zip(pairs, gradients)):
                tensors[f"{name}.{i}.G.{t}"] = G
                if t in (1, STEPS):
                    tensors[f"{name}.{i}.A.{t}"], tensors[f"{name}.{i}.B.{t}"] = p["A"], p["B"]
        described[name] = c | {"norms": norms, "skipped": skips}
        print(name, "norms", np.round(norms, 3), "skipped", skips)
    save_file({k: np.ascontiguousarray(v, dtype=np.float32) for k, v in tensors.items()}, HERE / "rite.safetensors")
    return described


# ---- AdamW ----

def make_adamw():
    c = dict(rate=0.01, beta1=0.9, beta2=0.999, epsilon=1e-8, weightDecay=0.1, ratio=16.0)
    torch.manual_seed(5)
    start = [torch.randn(shape) for shape in ((3, 7), (5, 3), (11,))]
    gradients = [[torch.randn_like(p) * 0.1 for p in start] for _ in range(STEPS)]
    tensors = {f"start.{i}": p.clone() for i, p in enumerate(start)}
    tensors |= {f"gradient.{i}.{t + 1}": g for t, step in enumerate(gradients) for i, g in enumerate(step)}
    for name, ratio in (("equal", 1.0), ("plus", c["ratio"])):
        ps = [torch.nn.Parameter(p.clone()) for p in start]
        groups = [{"params": [p], "lr": c["rate"] * (ratio if i == 1 else 1)} for i, p in enumerate(ps)]
        optimiser = torch.optim.AdamW(groups, betas=(c["beta1"], c["beta2"]), eps=c["epsilon"], weight_decay=c["weightDecay"])
        for step in gradients:
            for p, g in zip(ps, step):
                p.grad = g.clone()
            optimiser.step()
        tensors |= {f"{name}.{i}": p.detach().clone() for i, p in enumerate(ps)}
    save_file({k: v.numpy() for k, v in tensors.items()}, HERE / "adamw.safetensors")
    return c


if __name__ == "__main__":
    HERE.mkdir(exist_ok=True)
    cases = {"steps": STEPS, "pairs": len(SHAPES), "adamw": make_adamw(), "rite": make_rite()}
    (HERE / "cases.json").write_text(json.dumps(cases, indent=1) + "\n")
