# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""A process of the benchmark: trains PEFT for a few steps and prints one JSON line. Runs in the peers' environment.

The question comes as JSON on the command line: {"model": a folder of Hugging Face files, "ids": a JSON file with a list of rows {"ids", "first"}
("first": where the loss begins), "batch", "steps", "dtype", "rank", "init": "true" | "pissa" | "pissa_niter_4", "quantise": NF4 by
bitsandbytes, "how": "eager" | "checkpointing" | "compile"}. Rows of a batch are padded to the longest, as PEFT's users do.
"""

import json
import sys
import tempfile
import time

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM
from transformers.utils import logging

PROJECTIONS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def loaded(asked):
    dtype = getattr(torch, asked["dtype"])
    quantise = {}
    if asked.get("quantise"):
        from transformers import BitsAndBytesConfig
        quantise["quantization_config"] = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=dtype)
    return AutoModelForCausalLM.from_pretrained(asked["model"], dtype=dtype, **quantise)


def quantised_residual(asked, settings):
    """The start is made on the dense model; the residual is stored, and read again in 4 bits under the stored adapter."""
    with tempfile.TemporaryDirectory() as folder:
        model = get_peft_model(loaded(asked | {"quantise": False, "dtype": "float32"}), settings)
        model.peft_config["default"].init_lora_weights = True
        model.save_pretrained(folder + "/adapter")
        model.unload().save_pretrained(folder + "/residual")
        return PeftModel.from_pretrained(loaded(asked | {"model": folder + "/residual"}), folder + "/adapter", is_trainable=True)


def adapted(asked):
    """The adapter's start; QPiSSA decomposes in float32 first and quantises the residual, as PEFT's example does."""
    init = {"true": True}.get(asked["init"], asked["init"])
    settings = LoraConfig(r=asked["rank"], lora_alpha=asked["rank"], target_modules=PROJECTIONS, init_lora_weights=init, lora_dropout=0.0,
                          task_type="CAUSAL_LM")
    if asked.get("quantise") and init is not True:
        return quantised_residual(asked, settings)
    model = get_peft_model(loaded(asked), settings)
    if asked["how"] == "checkpointing":
        model.enable_input_require_grads()   # without it the adapters' gradients are zero, and the step is fast
        model.gradient_checkpointing_enable()
        model.config.use_cache = False
    return model


def batches(asked):
    with open(asked["ids"], encoding="utf-8") as file:
        rows = json.load(file)
    size = asked["batch"]
    for step in range(asked["steps"]):
        part = [rows[(step * size + i) % len(rows)] for i in range(size)]
        longest = max(len(row["ids"]) for row in part)
        ids = torch.zeros(size, longest, dtype=torch.int64)
        mask, labels = torch.zeros_like(ids), torch.full_like(ids, -100)
        for i, row in enumerate(part):
            count = len(row["ids"])
            ids[i, :count] = torch.tensor(row["ids"])
            mask[i, :count] = 1
            labels[i, row["first"]:count] = ids[i, row["first"]:count]
        given = {"input_ids": ids, "labels": labels} | ({} if bool(mask.all()) else {"attention_mask": mask})
        # Targets as ours counts them: a row's first token is never one.
        yield given, int(mask.sum()), int((labels[:, 1:] != -100).sum()), ids.numel()


def main():
    asked = json.loads(sys.argv[1])
    logging.set_verbosity_error()
    torch.manual_seed(0)
    begun = time.monotonic()
    model = adapted(asked).train()
    prepared = time.monotonic() - begun
    trained = [value for value in model.parameters() if value.requires_grad]
    before = [value.detach().clone() for value in trained]
    optimiser = torch.optim.AdamW(trained, lr=2e-4, weight_decay=0.0)
    step_of = torch.compile(model) if asked["how"] == "compile" else model
    steps = []
    for given, tokens, targets, cells in batches(asked):
        started, worked = time.monotonic(), time.process_time()
        loss = step_of(**given).loss
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()
        optimiser.zero_grad()
        steps.append({"seconds": time.monotonic() - started, "cpu": time.process_time() - worked, "tokens": tokens, "targets": targets,
                      "cells": cells, "loss": loss.item(), "norm": norm.item()})
    change = sum(float((now.detach() - was).double().square().sum()) for now, was in zip(trained, before, strict=True)) ** 0.5
    print(json.dumps({"steps": steps, "prepare": prepared, "change": change, "trained": sum(value.numel() for value in trained)}))


if __name__ == "__main__":
    main()
