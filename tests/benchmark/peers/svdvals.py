# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""A process of the benchmark: seconds for the singular values of every projection by torch.linalg.svdvals in float32."""

import json
import sys
import time

import torch
from transformers import AutoModelForCausalLM
from transformers.utils import logging

from train import PROJECTIONS


def main():
    logging.set_verbosity_error()
    model = AutoModelForCausalLM.from_pretrained(json.loads(sys.argv[1])["model"], dtype=torch.float32)
    weights = [module.weight for name, module in model.named_modules() if name.rsplit(".", 1)[-1] in PROJECTIONS]
    begun, worked = time.monotonic(), time.process_time()
    count = sum(torch.linalg.svdvals(weight).numel() for weight in weights)
    print(json.dumps({"value": time.monotonic() - begun, "cpu": time.process_time() - worked, "matrices": len(weights), "values": count}))


if __name__ == "__main__":
    with torch.no_grad():
        main()
