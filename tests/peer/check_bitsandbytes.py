# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""Compares our NF4, double-quantised NF4 and INT8 with bitsandbytes on 20 matrices, byte for byte.

    python3 -m venv /tmp/oracle
    /tmp/oracle/bin/pip install torch bitsandbytes==0.50.2 safetensors gguf numpy
    /tmp/oracle/bin/python tests/peer/check_bitsandbytes.py build/release/tests/tst_quant MODEL

MODEL is a .gguf file, a .safetensors file or a folder of them: ten random matrices of several shapes and ten of the model's, spread
over its layers and widened to float32. The tensors go into one file of the form of tests/golden/make_quant_golden.py, and the test
program compares. Both sides use the same number of threads: the mean that double quantisation subtracts depends on it from 32769
scales (2.1 million values) on.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

import torch
from safetensors import safe_open
from safetensors.torch import save_file

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "golden"))
from make_quant_golden import describe  # noqa: E402

RANDOM = [(64, 64), (576, 1536), (1536, 576), (333, 77), (77, 333), (1, 4096), (4096, 1), (129, 65), (512, 48), (2048, 1088)]


def gguf_tensors(path):
    import gguf

    for tensor in gguf.GGUFReader(path).tensors:
        if len(tensor.shape) == 2:
            yield tensor.name, lambda t=tensor: torch.from_numpy(gguf.quants.dequantize(t.data, t.tensor_type)).float().contiguous()


def safetensors_tensors(path):
    for file in sorted(path.glob("*.safetensors")) if path.is_dir() else [path]:
        with safe_open(file, "pt") as found:
            names = [n for n in found.keys() if len(found.get_slice(n).get_shape()) == 2]
        for name in names:
            yield name, lambda f=file, n=name: safe_open(f, "pt").get_tensor(n).float().contiguous()


def matrices(model):
    torch.manual_seed(11)
    for rows, columns in RANDOM:
        spread = torch.rand(rows, 1) * 2 + 0.1
        yield f"random {rows}x{columns}", torch.randn(rows, columns) * 0.02 * spread
    found = list(gguf_tensors(model) if model.suffix == ".gguf" else safetensors_tensors(model))
    inner = [entry for entry in found if "embd" not in entry[0] and "embed" not in entry[0]] or found
    for k in range(10):
        name, load = inner[k * (len(inner) - 1) // 9]
        yield f"{k} {name}", load()


def main():
    program, model = sys.argv[1], pathlib.Path(sys.argv[2])
    tensors, differs, count, values = {}, [], 0, 0
    for name, weight in matrices(model):
        made, agrees = describe(name, weight, small=1 << 40)
        tensors |= made
        differs += [] if agrees else [name]
        count, values = count + 1, values + weight.numel()
        print(f"  {name}: {tuple(weight.shape)}")
    print(f"{count} matrices, {values} values, {torch.get_num_threads()} threads")
    print("bitsandbytes' AVX-512 loop differs from its general one on:", ", ".join(differs) or "none")
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "bitsandbytes.safetensors"
        save_file(tensors, file)
        environment = os.environ | {"RANKWRIGHT_BNB_FILE": str(file), "OMP_NUM_THREADS": str(torch.get_num_threads())}
        return subprocess.run([program, "bytesOfAnotherFile"], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
