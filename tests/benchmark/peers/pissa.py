# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""A process of the benchmark: seconds that PEFT takes to put PiSSA adapters on a loaded model, and how good they are. {"model", "rank",
"init", "quantise": afterwards each residual goes to NF4 with bitsandbytes, which is QPiSSA}."""

import json
import sys
import time

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM
from transformers.utils import logging

from train import PROJECTIONS


def main():
    asked = json.loads(sys.argv[1])
    logging.set_verbosity_error()
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_pretrained(asked["model"], dtype=torch.float32)
    settings = LoraConfig(r=asked["rank"], lora_alpha=asked["rank"], target_modules=PROJECTIONS, init_lora_weights=asked["init"],
                          task_type="CAUSAL_LM")
    begun, worked = time.monotonic(), time.process_time()
    model = get_peft_model(model, settings)
    if asked.get("quantise"):
        from bitsandbytes.functional import quantize_4bit
        kept = [quantize_4bit(module.weight.reshape(-1, 64), blocksize=64, quant_type="nf4")
                for name, module in model.named_modules() if name.endswith("base_layer")]
        assert len(kept) == 210, len(kept)
    seconds, cpu = time.monotonic() - begun, time.process_time() - worked
    residual = sum(float(module.weight.double().square().sum()) for name, module in model.named_modules() if name.endswith("base_layer"))
    print(json.dumps({"value": seconds, "cpu": cpu, "residualNorm": residual ** 0.5}))


if __name__ == "__main__":
    with torch.no_grad():
        main()
