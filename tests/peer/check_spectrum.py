# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""Compares `spectrum --json` with numpy's singular values (LAPACK's gesdd in float64) of the same weights, read here by other readers.

    python3 -m venv /tmp/oracle
    /tmp/oracle/bin/pip install numpy safetensors gguf
    /tmp/oracle/bin/python tests/peer/check_spectrum.py CLI MODEL [--modules GLOB] [--top K]

CLI is build/release/bin/rankwright-cli, MODEL a folder with model.safetensors (float32, float16 or bfloat16) or a .gguf file. The order of rows that GGUF
gives q_proj and k_proj does not change singular values. Printed is the largest relative error of the values above 1e-6 of each matrix'
largest (the bar is 1e-5), that of the energy, and that of the stable rank; the status is 1 where a bar is missed.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np

BAR = 1e-5
FLOOR = 1e-6
GGUF_NAMES = {"q_proj": "attn_q", "k_proj": "attn_k", "v_proj": "attn_v", "o_proj": "attn_output", "gate_proj": "ffn_gate",
              "up_proj": "ffn_up", "down_proj": "ffn_down"}


def gguf_weights(path):
    from gguf import GGUFReader
    from gguf.quants import dequantize

    tensors = {tensor.name: tensor for tensor in GGUFReader(path).tensors}

    def read(module):
        layer, kind = re.fullmatch(r"model\.layers\.(\d+)\..*?(\w+)", module).groups()
        tensor = tensors[f"blk.{layer}.{GGUF_NAMES[kind]}.weight"]
        return dequantize(tensor.data, tensor.tensor_type).astype(np.float64)

    return read


def folder_weights(path):
    """Safetensors by hand: eight bytes of length, a JSON header, the data. numpy has no bfloat16."""
    files = {}
    for file in sorted(path.glob("*.safetensors")):
        raw = np.memmap(file, dtype=np.uint8, mode="r")
        length = int(raw[:8].view("<u8")[0])
        header = json.loads(bytes(raw[8:8 + length]))
        for name, entry in header.items():
            if name != "__metadata__":
                files[name] = (raw[8 + length:], entry)

    def read(module):
        data, entry = files[module + ".weight"]
        begin, end = entry["data_offsets"]
        bits = np.array(data[begin:end])
        if entry["dtype"] == "BF16":
            values = (bits.view("<u2").astype(np.uint32) << 16).view(np.float32)
        else:
            values = bits.view({"F32": "<f4", "F16": "<f2", "F64": "<f8"}[entry["dtype"]])
        return values.astype(np.float64).reshape(entry["shape"])

    return read


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("cli")
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--modules", default="*")
    parser.add_argument("--top", help="passed on: the K largest values alone")
    args = parser.parse_args()
    read = gguf_weights(args.model) if args.model.suffix == ".gguf" else folder_weights(args.model)
    with tempfile.TemporaryDirectory() as data:   # nothing of an earlier run is in its cache
        command = [args.cli, "--data-dir", data, "--quiet", "--json", "spectrum", str(args.model), "--modules", args.modules]
        answer = subprocess.run(command + (["--top", args.top] if args.top else []), stdout=subprocess.PIPE, check=True)
    worst = {"values": (0.0, ""), "energy": (0.0, ""), "stable rank": (0.0, "")}
    counted = skipped = 0
    modules = json.loads(answer.stdout)["modules"]
    for module in modules:
        name = module["name"]
        weight = read(name)
        if list(weight.shape) != [module["rows"], module["cols"]]:
            sys.exit(f"{name}: {weight.shape} here, {module['rows']} x {module['cols']} there")
        exact = np.linalg.svd(weight, compute_uv=False)
        found = np.array(module["values"])
        if args.top is None and len(found) != min(weight.shape):
            sys.exit(f"{name}: {len(found)} values of {min(weight.shape)}")
        exact_listed = exact[:len(found)]
        above = exact_listed > FLOOR * exact[0]
        counted += int(above.sum())
        skipped += int((~above).sum())
        energy = float((weight ** 2).sum())
        errors = {"values": np.max(np.abs(found - exact_listed)[above] / exact_listed[above], initial=0.0),
                  "energy": abs(module["energy"] - energy) / energy if energy else 0.0,
                  "stable rank": abs(module["stableRank"] - energy / exact[0] ** 2) / (energy / exact[0] ** 2) if energy else 0.0}
        for what, error in errors.items():
            if error >= worst[what][0]:
                worst[what] = (float(error), name)
    print(f"{args.model}: {len(modules)} matrices, {counted} values compared, {skipped} at most {FLOOR:g} of the largest")
    for what, (error, name) in worst.items():
        print(f"  {what:12} largest relative error {error:.3e}  {name}")
    missed = any(error > BAR for error, _ in worst.values()) or counted == 0
    print("MISSED" if missed else f"within {BAR:g}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
