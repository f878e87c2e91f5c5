# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""A process of the benchmark: seconds from a GGUF file to a model of transformers in memory, without the imports."""

import json
import pathlib
import sys
import time

import torch
from transformers import AutoModelForCausalLM
from transformers.utils import logging


def main():
    asked = json.loads(sys.argv[1])
    file = pathlib.Path(asked["gguf"])
    logging.set_verbosity_error()
    begun, worked = time.monotonic(), time.process_time()
    AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name, dtype=getattr(torch, asked["dtype"]))
    print(json.dumps({"value": time.monotonic() - begun, "cpu": time.process_time() - worked}))


if __name__ == "__main__":
    main()
