# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""A process of the benchmark: seconds for quantising every projection to NF4 with bitsandbytes on the processor, and for turning all of
them back. {"model"}."""

import hashlib
import json
import sys
import time

import torch
from bitsandbytes.functional import dequantize_4bit, quantize_4bit
from transformers import AutoModelForCausalLM
from transformers.utils import logging

from train import PROJECTIONS

ROUNDS = 3


def main():
    logging.set_verbosity_error()
    model = AutoModelForCausalLM.from_pretrained(json.loads(sys.argv[1])["model"], dtype=torch.float32)
    weights = [module.weight.reshape(-1, 64) for name, module in model.named_modules() if name.rsplit(".", 1)[-1] in PROJECTIONS]
    quantise, dequantise, cpu = [], [], []
    for _ in range(ROUNDS):
        worked, started = time.process_time(), time.monotonic()
        packed = [quantize_4bit(weight, blocksize=64, quant_type="nf4") for weight in weights]
        middle = time.monotonic()
        for codes, state in packed:
            dequantize_4bit(codes, state)
        ended = time.monotonic()
        quantise.append(middle - started)
        dequantise.append(ended - middle)
        cpu.append(time.process_time() - worked)
    digest = hashlib.sha256()
    for codes, _ in packed:
        digest.update(codes.numpy().tobytes())
    print(json.dumps({"value": min(quantise) + min(dequantise), "cpu": min(cpu), "quantise": min(quantise), "dequantise": min(dequantise),
                      "codes": digest.hexdigest(), "values": sum(weight.numel() for weight in weights)}))


if __name__ == "__main__":
    with torch.no_grad():
        main()
