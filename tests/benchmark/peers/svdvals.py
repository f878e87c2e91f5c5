# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""A process of the benchmark: seconds for the singular values of every projection in float32, by torch.linalg.svdvals or, asked with
"vectors", by the whole torch.linalg.svd that PEFT's start takes."""

import json
import sys
import time

import torch
from transformers import AutoModelForCausalLM
from transformers.utils import logging

from train import PROJECTIONS


def main():
    logging.set_verbosity_error()
    asked = json.loads(sys.argv[1])
    model = AutoModelForCausalLM.from_pretrained(asked["model"], dtype=torch.float32)
    weights = [module.weight for name, module in model.named_modules() if name.rsplit(".", 1)[-1] in PROJECTIONS]
    begun, worked = time.monotonic(), time.process_time()
    values_of = (lambda weight: torch.linalg.svd(weight, full_matrices=False).S) if asked.get("vectors") else torch.linalg.svdvals
    count = sum(values_of(weight).numel() for weight in weights)
    print(json.dumps({"value": time.monotonic() - begun, "cpu": time.process_time() - worked, "matrices": len(weights), "values": count}))


if __name__ == "__main__":
    with torch.no_grad():
        main()
