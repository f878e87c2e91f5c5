# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""A process of the benchmark: tokens a second of transformers' generate() after the first token: the time for many tokens less that for
one. {"model", "prompt", "tokens", "dtype"}."""

import json
import sys
import time

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging


def main():
    asked = json.loads(sys.argv[1])
    logging.set_verbosity_error()
    tokenizer = AutoTokenizer.from_pretrained(asked["model"])
    model = AutoModelForCausalLM.from_pretrained(asked["model"], dtype=getattr(torch, asked["dtype"])).eval()
    given = tokenizer(asked["prompt"], return_tensors="pt")
    begin = given["input_ids"].shape[1]

    def timed(count):
        started, worked = time.monotonic(), time.process_time()
        ids = model.generate(**given, do_sample=False, min_new_tokens=count, max_new_tokens=count, pad_token_id=0)[0, begin:]
        assert len(ids) == count, len(ids)
        return time.monotonic() - started, time.process_time() - worked, ids

    timed(4)
    first, first_cpu, _ = timed(1)
    whole, whole_cpu, ids = timed(asked["tokens"] + 1)
    print(json.dumps({"value": asked["tokens"] / (whole - first), "cpu": asked["tokens"] / max(1e-9, whole_cpu - first_cpu), "promptSeconds": first,
                      "text": tokenizer.decode(ids)[:120]}))


if __name__ == "__main__":
    with torch.no_grad():
        main()
