# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""Makes quant/bitsandbytes.safetensors: what bitsandbytes makes of small matrices, for tests/training/tst_quant.cpp. Run by hand when
it has to change, never by a test.

    python3 -m venv /tmp/oracle
    /tmp/oracle/bin/pip install torch bitsandbytes==0.50.2 safetensors numpy
    /tmp/oracle/bin/python tests/golden/make_quant_golden.py

For each matrix NAME: NAME.weight (float32), NAME.nf4.{codes,absmax}, NAME.nf4-dq.{codes,absmax,nested_absmax,nested_offset},
NAME.int8.{codes,absmax}, and where the matrix is small NAME.{nf4,nf4-dq}.{dense,bf16,fp16}. Dense values come from bitsandbytes'
general loop: its AVX-512 loop takes wrong scales where rows are a multiple of 16 but not of 64 values, and nobody wants those.
tests/peer/check_bitsandbytes.py makes the same of other matrices with describe().
"""

import pathlib

import bitsandbytes
import torch
from bitsandbytes import functional
from bitsandbytes.backends.default.ops import _dequantize_4bit_compute
from safetensors.torch import save_file

SMALL = 2200   # values up to which the dequantised matrix is kept too (INT8: codes up to four times that)


def dense(codes, state, dtype):
    absmax = state.absmax
    if state.nested:
        absmax = functional.dequantize_blockwise(absmax, state.state2) + state.offset
    book = functional.get_4bit_type("nf4", device="cpu")
    return _dequantize_4bit_compute.__wrapped__(codes.reshape(-1), absmax, book, 64, state.shape, dtype)


def describe(name, weight, small=SMALL):
    """The tensors of one matrix, and whether bitsandbytes' own CPU dequantisation agrees with its general loop."""
    tensors, agrees = {f"{name}.weight": weight}, True
    for form, compressed in (("nf4", False), ("nf4-dq", True)):
        codes, state = functional.quantize_4bit(weight, blocksize=64, quant_type="nf4", compress_statistics=compressed)
        tensors |= {f"{name}.{form}.codes": codes, f"{name}.{form}.absmax": state.absmax}
        if compressed:
            tensors |= {f"{name}.{form}.nested_absmax": state.state2.absmax,
                        f"{name}.{form}.nested_offset": state.offset.reshape(1)}
        agrees &= torch.equal(functional.dequantize_4bit(codes, state).reshape(-1), dense(codes, state, torch.float32).reshape(-1))
        if weight.numel() <= small:
            for suffix, dtype in (("dense", torch.float32), ("bf16", torch.bfloat16), ("fp16", torch.float16)):
                tensors[f"{name}.{form}.{suffix}"] = dense(codes, state, dtype).reshape(weight.shape)
    # A row of zeros or of subnormal numbers divides 127 by 0 there, or overflows.
    if weight.numel() <= 4 * small and (weight.abs().amax(1) > 1e-30).all():
        codes, absmax, _ = functional.int8_vectorwise_quant(weight)
        tensors |= {f"{name}.int8.codes": codes, f"{name}.int8.absmax": absmax}
        if weight.numel() <= small:
            tensors[f"{name}.int8.dense"] = functional.int8_vectorwise_dequant(codes, absmax)
    return {k: v.contiguous().clone() for k, v in tensors.items()}, agrees


def matrices():
    torch.manual_seed(4)
    yield "plain", torch.randn(16, 64) * 0.02
    yield "straddling", torch.randn(12, 100)
    yield "odd", torch.randn(7, 33)
    yield "short_rows", torch.randn(40, 5) * 1e-3
    yield "one_row", torch.randn(1, 333)
    yield "one_column", torch.randn(129, 1)
    yield "one_value", torch.tensor([[-0.75]])
    yield "multiple_of_16", torch.randn(20, 48) * 3
    zeros = torch.randn(6, 64)
    zeros[2] = 0
    zeros[3, ::2] = -0.0
    yield "zero_block", zeros
    yield "zero_tail", torch.cat([torch.randn(1, 64), torch.zeros(1, 64), torch.zeros(1, 64)]).reshape(3, 64)[:, :50].contiguous()
    yield "all_zero", torch.zeros(3, 40)
    book = functional.get_4bit_type("nf4", device="cpu")
    between = (book[:-1] + book[1:]) / 2
    beside = [torch.nextafter(between, torch.tensor(s)) for s in (-2.0, 2.0)]
    yield "thresholds", torch.cat([torch.ones(1), between, *beside, book, torch.zeros(2)]).reshape(1, -1)[:, :64].contiguous()
    yield "tiny", torch.randn(5, 64) * torch.tensor([1e-30, 1e-37, 1e-38, 1e-39, 1e-41]).reshape(-1, 1)
    yield "wide_range", torch.randn(9, 200) * torch.logspace(-6, 3, 9).reshape(-1, 1)
    # More than two blocks of 256 scales, the last one short.
    yield "nested_blocks", torch.randn(130, 260) * torch.rand(130, 1)


if __name__ == "__main__":
    tensors, differs = {}, []
    for name, weight in matrices():
        made, agrees = describe(name, weight)
        tensors |= made
        differs += [] if agrees else [name]
    folder = pathlib.Path(__file__).parent / "quant"
    folder.mkdir(exist_ok=True)
    save_file(tensors, folder / "bitsandbytes.safetensors", {"bitsandbytes": bitsandbytes.__version__, "torch": torch.__version__})
    print(f"{len(tensors)} tensors, {(folder / 'bitsandbytes.safetensors').stat().st_size} bytes")
    print("bitsandbytes' AVX-512 loop differs from its general one on:", ", ".join(differs) or "none")
