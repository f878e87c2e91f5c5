# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""A process of the benchmark: writes a GGUF file's dequantised weights as a folder that transformers opens fast. {"gguf", "out"}."""

import json
import pathlib
import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging


def main():
    asked = json.loads(sys.argv[1])
    file = pathlib.Path(asked["gguf"])
    logging.set_verbosity_error()
    model = AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name, dtype=torch.float32)
    # The weights are dense by now; what remembers that the file was quantised would refuse to save them.
    model.hf_quantizer, model.is_quantized = None, False
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.save_pretrained(asked["out"])
    AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name).save_pretrained(asked["out"])


if __name__ == "__main__":
    main()
