# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""Loads what `export` writes in transformers and PEFT and compares logits with rankwright-cli's, for runs of any method.

    python3 -m venv /tmp/oracle
    /tmp/oracle/bin/pip install transformers==5.23 peft==0.21.2 bitsandbytes==0.50.2 gguf safetensors
    /tmp/oracle/bin/python tests/peer/check_peft.py CLI MODEL RUN [RUN ...]
    /tmp/oracle/bin/python tests/peer/check_peft.py CLI MODEL --methods all [options of `train`, as --steps 3 --modules '*q_proj']

CLI is build/release/bin/rankwright-cli, MODEL a folder, a .gguf file or `default`, RUN a finished run of it. With --methods the runs are
made first, in a folder of their own that is removed. For each run the formats lora (on the original base), peft (on the base beside it, or
the original) and merged (a model by itself) are written: printed are missing and unexpected keys, and the largest differences of the logits:
of the export from the live model (as `export` found it), of PEFT from ours, and of the formats among each other. An adapter that was
trained on a base in NF4 without being made for it (QLoRA) is compared with the other formats on a base that bitsandbytes has quantised. A
format that `export` refuses is listed with its reason.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import warnings

import torch
from bitsandbytes.functional import dequantize_4bit, quantize_4bit
from peft import PeftConfig, PeftModel, get_peft_model, set_peft_model_state_dict
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

IDS = [5, 80, 101, 7, 33, 250, 9, 400, 12, 77, 3, 91]
METHODS = ("lora rslora lora-plus dora pissa olora sorsa lora-ga lora-xs delta-lora cora qlora qpissa loftq lq-lora lora-rite full")
REFUSED = 65  # the status of an answer that says why not
FORMATS = ("lora", "peft", "merged")


def load(path):
    path = pathlib.Path(path)
    where = {"gguf_file": path.name} if path.suffix == ".gguf" else {}
    return AutoModelForCausalLM.from_pretrained(path.parent if where else path, dtype=torch.float32, **where).eval()


def compute(model, ids):
    with torch.no_grad():
        return model(torch.tensor([ids])).logits[0]


def quantise(model, form):
    """Every Linear but the head and the adapters, in place. A block a row: the CPU kernel errs for widths that are no multiple of 64."""
    with torch.no_grad():
        for name, module in model.named_modules():
            if type(module) is torch.nn.Linear and "lora_" not in name and "lm_head" not in name:
                codes, state = quantize_4bit(module.weight.reshape(-1, 64), blocksize=64, quant_type="nf4",
                                             compress_statistics=form == "nf4-dq")
                module.weight.copy_(dequantize_4bit(codes, state).reshape(module.weight.shape))


class Checker:
    def __init__(self, cli, model, data_dir, work):
        self.command = [cli, "--quiet", "--json"] + (["--data-dir", str(data_dir)] if data_dir else [])
        self.model = self.ask("inspect", model)["path"]
        self.work = work

    def ask(self, *arguments):
        done = subprocess.run([*self.command, *map(str, arguments)], capture_output=True, text=True)
        if done.returncode:
            raise subprocess.CalledProcessError(done.returncode, arguments[0], stderr=done.stderr.strip())
        return json.loads(done.stdout) if done.stdout.strip() else None

    def logits(self, model, ids, adapter=None):
        out = self.work / "logits.safetensors"
        out.unlink(missing_ok=True)
        self.ask("logits", model, "--ids", ",".join(map(str, ids)), "--out", out, *(["--adapter", adapter] if adapter else []))
        return load_file(out)["logits"].clone()

    def merged(self, folder):
        theirs = load(folder)
        ids = [i % theirs.config.vocab_size for i in IDS]
        ours = self.logits(folder, ids)
        return ours, compute(theirs, ids), ours, "", True

    def adapter(self, folder):
        base = folder / "base" if (folder / "base").exists() else self.model
        config = PeftConfig.from_pretrained(folder)
        named = pathlib.Path(config.base_model_name_or_path)
        points = base == self.model or named.resolve() == base.resolve() or (folder / named).resolve() == base.resolve()
        plain = load(base)
        ids = [i % plain.config.vocab_size for i in IDS]
        again = compute(PeftModel.from_pretrained(plain, str(folder)), ids)
        wrapped = get_peft_model(load(base), config)
        found = set_peft_model_state_dict(wrapped, load_file(folder / "adapter_model.safetensors"))
        theirs = compute(wrapped.eval(), ids)
        missing = [k for k in found.missing_keys if "lora_" in k or "modules_to_save" in k]
        keys = f"missing {len(missing)}, unexpected {len(found.unexpected_keys)}, "
        if not points:
            keys += f"base is named {named}, "
        good = not missing and not found.unexpected_keys and points and torch.equal(again, theirs)
        if not torch.equal(again, theirs):
            keys += f"from_pretrained differs by {(again - theirs).abs().max():.2e}, "
        ours = trained = self.logits(base, ids, folder)
        form = re.search(r"trained on a base in (nf4(?:-dq)?)\.", (folder / "README.md").read_text())
        if form:
            quantise(wrapped, form[1])
            trained = compute(wrapped, ids)
            keys += f"goes on a base in {form[1]}, "
        return ours, theirs, trained, keys, good

    def check(self, run, name):
        """True where everything that was written is right, and something was written."""
        trained, good = {}, True
        for form in FORMATS:
            with tempfile.TemporaryDirectory(dir=self.work) as folder:
                out = pathlib.Path(folder) / form
                try:
                    live = self.ask("export", run, "--format", form, "--out", out)["largestDifference"]
                except subprocess.CalledProcessError as error:
                    print(f"{name} as {form}: {'refused' if error.returncode == REFUSED else 'FAILED'}: {error.stderr}", flush=True)
                    good &= error.returncode == REFUSED
                    continue
                ours, theirs, trained[form], keys, fits = self.merged(out) if form == "merged" else self.adapter(out)
            difference, reach = (ours - theirs).abs().max().item(), theirs.abs().max().item()
            fits &= difference < (1e-4 if reach < 20 else 5e-4)
            print(f"{name} as {form}: {keys}live model {live:.2e}, PEFT {difference:.2e}, logits reach {reach:.1f}"
                  f"{'' if fits else '  WRONG'}", flush=True)
            good &= fits
        spread = max((float((a - b).abs().max()) for a in trained.values() for b in trained.values()), default=float("nan"))
        print(f"{name}: {len(trained)} formats, which differ by {spread:.2e} among each other", flush=True)
        return good and bool(trained) and spread < 5e-4


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cli")
    parser.add_argument("model")
    parser.add_argument("runs", nargs="*")
    parser.add_argument("--methods", help="train these first, separated by commas; or all")
    parser.add_argument("--data", default=pathlib.Path(__file__).parent.parent / "golden" / "rows.jsonl", help="for --methods")
    asked, train = parser.parse_known_args()
    if bool(asked.methods) == bool(asked.runs) or (train and not asked.methods):
        parser.error("give runs, or --methods and options of `train`")
    warnings.filterwarnings("ignore")
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        checker = Checker(asked.cli, asked.model, work / "data" if asked.methods else None, work)
        wrong = []
        methods = METHODS.split() if asked.methods == "all" else (asked.methods or "").split(",")
        for name in asked.runs or methods:
            try:
                run = name if asked.runs else checker.ask(
                    "train", asked.model, asked.data, "--template", "none", "--rank", 4, "--alpha", 8, "--lr", 2e-3, "--steps", 3,
                    "--batch", 2, "--max-length", 128, "--method", name, *train)["run"]
            except subprocess.CalledProcessError as error:
                print(f"{name}: not trained: {error.stderr}", flush=True)
                wrong.append(name)
                continue
            if not checker.check(run, name):
                wrong.append(name)
    print("wrong: " + ", ".join(wrong) if wrong else "all right")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
