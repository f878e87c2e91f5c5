# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""Loads exported adapters in PEFT and compares logits with rankwright-cli's.

    python3 -m venv /tmp/oracle
    /tmp/oracle/bin/pip install transformers==5.23 peft==0.21.2 gguf safetensors
    /tmp/oracle/bin/python tests/peer/check_peft.py CLI MODEL RUN

CLI is build/release/bin/rankwright-cli, MODEL a folder or .gguf file, RUN a finished run of it. Prints missing and unexpected keys
and the largest difference for the formats lora (on the original base) and peft (on the base beside it, or the original).
"""

import pathlib
import subprocess
import sys
import tempfile
import warnings

import torch
from peft import PeftConfig, PeftModel, get_peft_model, set_peft_model_state_dict
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

cli, model, run = sys.argv[1:4]
IDS = [5, 80, 101, 7, 33, 250, 9, 400, 12, 77, 3, 91]


def load(path):
    path = pathlib.Path(path)
    where = {"gguf_file": path.name} if path.suffix == ".gguf" else {}
    return AutoModelForCausalLM.from_pretrained(path.parent if where else path, dtype=torch.float32, **where).eval()


def check(name, base, adapter, work):
    config = PeftConfig.from_pretrained(adapter)
    wrapped = get_peft_model(load(base), config)
    found = set_peft_model_state_dict(wrapped, load_file(adapter / "adapter_model.safetensors"))
    missing = [k for k in found.missing_keys if "lora_" in k]
    out = work / f"{name}.safetensors"
    subprocess.run([cli, "--quiet", "logits", str(base), "--adapter", str(adapter), "--ids", ",".join(map(str, IDS)), "--out",
                    str(out)], check=True, stdout=subprocess.DEVNULL)
    ours = load_file(out)["logits"]
    with torch.no_grad():
        theirs = wrapped(torch.tensor([IDS])).logits[0]
        again = PeftModel.from_pretrained(load(base), str(adapter))(torch.tensor([IDS])).logits[0]
    print(f"{name}: missing {len(missing)}, unexpected {len(found.unexpected_keys)}, largest difference of logits "
          f"{(ours - theirs).abs().max():.2e} (from_pretrained {(ours - again).abs().max():.2e}), logits reach "
          f"{theirs.abs().max():.1f}")
    bar = 1e-4 if theirs.abs().max() < 20 else 5e-4
    return not missing and not found.unexpected_keys and (ours - theirs).abs().max() < bar


warnings.filterwarnings("ignore")
with tempfile.TemporaryDirectory() as folder:
    work, good = pathlib.Path(folder), True
    for form in ("lora", "peft"):
        subprocess.run([cli, "--quiet", "export", run, "--format", form, "--out", str(work / form)], check=True,
                       stdout=subprocess.DEVNULL)
        base = work / form / "base"
        good &= check(form, base if base.exists() else model, work / form, work)
sys.exit(0 if good else 1)
