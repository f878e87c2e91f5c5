# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""Trains a tiny model of every family, exports it, and loads the exports in transformers and PEFT.

    python3 -m venv /tmp/oracle
    /tmp/oracle/bin/pip install torch transformers==5.23 peft==0.21.2 gguf safetensors
    /tmp/oracle/bin/python tests/peer/check_family_exports.py build/release/bin/rankwright-cli [--families llama,bert] [--methods lora,pissa]

The models are those of tests/golden/families, with a tokenizer of single bytes beside them. Decoders are trained on text, as folders and, where
there is one, as their GGUF file, and with labels; encoders with labels and with numbers. For each run the formats `lora` and `merged` are written
and loaded: no key may be missing or unexpected, and logits, of the tokens or of the labels, differ from ours by less than 1e-4. transformers has
no DeepSeek-MoE v1: its exports are only read back by us.
"""

import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import warnings

import gguf
import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification
from transformers.utils import logging

FAMILIES = pathlib.Path(__file__).resolve().parent.parent / "golden" / "families"
IDS = [5, 80, 31, 7, 33, 25, 9, 40, 12, 77, 3, 91]
BAR = 1e-4
WORDS = "a warm film with heart|dull and far too long|the cast is a joy|no plot at all|it works|it does not".split("|")


def tokenizer():
    """Bytes of plain lines, and tokens around a text as BERT has them."""
    letters = ["Ġ", "Ċ"] + [chr(c) for c in range(ord("a"), ord("z") + 1)] + list("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,?!'-") + ["th"]
    special = ["<pad>", "<s>", "</s>"]
    vocabulary = {token: number for number, token in enumerate(special + letters)}
    added = [{"id": vocabulary[token], "content": token, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
              "special": True} for token in special]

    def part(kind, name, of):
        return {kind: {"id": name, "type_id": of}}

    one = [part("SpecialToken", "<s>", 0), part("Sequence", "A", 0), part("SpecialToken", "</s>", 0)]
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": None,
            "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
            "post_processor": {"type": "TemplateProcessing", "single": one,
                               "pair": one + [part("Sequence", "B", 0), part("SpecialToken", "</s>", 0)],
                               "special_tokens": {t: {"id": t, "ids": [vocabulary[t]], "tokens": [t]} for t in special[1:]}},
            "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
            "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None,
                      "fuse_unk": False, "byte_fallback": False, "vocab": vocabulary, "merges": [["t", "h"]]}}


def with_tokenizer(source, target, size):
    """The GGUF file with the same tokenizer in it."""
    reader = gguf.GGUFReader(source)
    writer = gguf.GGUFWriter(target, reader.fields["general.architecture"].contents())
    for name, field in reader.fields.items():
        if not name.startswith("GGUF.") and name != "general.architecture":
            inner = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
            writer.add_key_value(name, field.contents(), field.types[0], sub_type=inner)
    vocabulary = tokenizer()["model"]["vocab"]
    tokens = list(vocabulary) + [f"<unused{i}>" for i in range(len(vocabulary), size)]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([3 if i < 3 else 1 if i < len(vocabulary) else 5 for i in range(size)])
    writer.add_token_merges(["t h"])
    for tensor in reader.tensors:
        writer.add_tensor(tensor.name, tensor.data.copy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return target


def lines(file, rows):
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


class Checker:
    def __init__(self, cli, work):
        self.command = [cli, "--quiet", "--json", "--data-dir", work / "data"]
        self.work = work
        self.data = {
            "lm": lines(work / "lm.jsonl", [{"prompt": text, "response": text[::-1]} for text in WORDS]),
            "classify": lines(work / "classify.jsonl", [{"text": t, "label": ["bad", "fine", "good"][i % 3]} for i, t in enumerate(WORDS)]),
            "regress": lines(work / "regress.jsonl", [{"text": t, "label": i / 4} for i, t in enumerate(WORDS)]),
        }

    def ask(self, *what):
        done = subprocess.run([*map(str, self.command), *map(str, what)], capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{' '.join(map(str, what))}: {done.stderr.strip()}")
        return json.loads(done.stdout) if done.stdout.strip() else None

    def logits(self, model, ids, adapter=None):
        out = self.work / "logits.safetensors"
        out.unlink(missing_ok=True)
        self.ask("logits", model, "--ids", ",".join(map(str, ids)), "--out", out, *(["--adapter", adapter] if adapter else []))
        return load_file(out)["logits"].clone()

    def train(self, model, task, method):
        full = ["--lr", 1e-3] if method == "full" else ["--rank", 4, "--alpha", 8, "--lr", 2e-3]
        columns = [] if task == "lm" else ["--columns", "text=text,label=label", "--task", task]
        return self.ask("train", model, self.data[task], "--template", "none", *full, *columns, "--steps", 3, "--batch", 2,
                        "--max-length", 24, "--method", method)["run"]

    def check(self, name, model, base, task, method):
        """The largest difference of its exports, and what is wrong with them; `base`: the same model as transformers reads it."""
        run = self.train(model, task, method)
        wrong, worst = [], 0.0
        for form in ("merged",) if method == "full" else ("lora", "merged"):
            with tempfile.TemporaryDirectory(dir=self.work) as folder:
                out = pathlib.Path(folder) / form
                live = self.ask("export", run, "--format", form, "--out", out)["largestDifference"]
                difference, keys = self.compare(model, base, out, task, form) if "deepseek" not in name else (live, [])
                worst = max(worst, difference)
                if keys or difference >= BAR or live >= BAR:
                    wrong.append(f"{form}: {difference:.1e} from transformers, {live:.1e} from the live model {' '.join(keys)}")
        print(f"{name}, {task}, {method}: {worst:.1e}{'  WRONG ' + '; '.join(wrong) if wrong else ''}", flush=True)
        return not wrong

    def compare(self, model, base, out, task, form):
        if form == "merged":
            theirs, keys = self.load(out, task)
            ids = [i % theirs.config.vocab_size for i in IDS]
            return self.distance(self.logits(out, ids), theirs, ids), keys
        base, _ = self.load(base, task, self.outputs(out))
        ids = [i % base.config.vocab_size for i in IDS]
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            adapted = PeftModel.from_pretrained(base, str(out)).eval()
        keys = [str(one.message).splitlines()[0] for one in caught if "missing" in str(one.message) or "unexpected" in str(one.message)]
        return self.distance(self.logits(model, ids, out), adapted, ids), keys

    @staticmethod
    def outputs(adapter):
        tensors = load_file(adapter / "adapter_model.safetensors")
        heads = [t.shape[0] for n, t in tensors.items() if n.endswith(("score.weight", "classifier.weight", "out_proj.weight")) and t.dim() == 2
                 and "lora" not in n]
        return heads[0] if heads else 2

    @staticmethod
    def load(path, task, outputs=None):
        more = {}
        kind = AutoModelForCausalLM if task == "lm" else AutoModelForSequenceClassification
        if outputs and task != "lm":
            more |= {"num_labels": outputs, "ignore_mismatched_sizes": True}
        model, report = kind.from_pretrained(path, dtype=torch.float32, output_loading_info=True, **more)
        keys = [] if outputs else [f"{what} {key}" for what in ("missing_keys", "unexpected_keys", "mismatched_keys")
                                   for key in report.get(what, [])]
        return model.eval(), keys

    @staticmethod
    def distance(ours, theirs, ids):
        with torch.no_grad():
            logits = theirs(torch.tensor([ids])).logits
        logits = logits[0] if logits.dim() == 3 else logits
        return (ours - logits).abs().max().item()


def cases(asked):
    """Name, golden folder, whether as GGUF, task."""
    for folder in sorted(FAMILIES.iterdir()):
        name = folder.name
        if asked and name not in asked or not (folder / "model.safetensors").exists() or name == "seed_oss":
            continue
        kind = json.loads((folder / "config.json").read_text())["architectures"][0]
        if "CausalLM" in kind:
            yield name, folder, False, "lm"
            if (folder / "model.gguf").exists():
                yield name, folder, True, "lm"
            if name in ("llama", "qwen2", "gemma3"):
                yield name, folder, False, "classify"
        else:
            yield name, folder, False, "regress" if name.endswith("regress") else "classify"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cli", type=pathlib.Path)
    parser.add_argument("--families", help="names of folders, separated by commas")
    parser.add_argument("--methods", default="lora,pissa,full")
    asked = parser.parse_args()
    warnings.filterwarnings("ignore")
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        checker = Checker(asked.cli.resolve(), work)
        for name, golden, as_gguf, task in cases(asked.families and asked.families.split(",")):
            base = work / name
            if not base.exists():
                shutil.copytree(golden, base, ignore=shutil.ignore_patterns("*.gguf", "numbers*"))
                (base / "tokenizer.json").write_text(json.dumps(tokenizer()))
                (base / "tokenizer_config.json").write_text('{"bos_token": "<s>", "eos_token": "</s>"}')
            model, label = base, name
            if as_gguf:
                size = json.loads((golden / "config.json").read_text())["vocab_size"]
                model, label = with_tokenizer(golden / "model.gguf", work / f"{name}.gguf", size), f"{name} as GGUF"
            for method in asked.methods.split(","):
                try:
                    good = checker.check(label, model, base, task, method)
                except (RuntimeError, ValueError, KeyError, OSError) as error:
                    print(f"{label}, {task}, {method}: FAILED {error}", flush=True)
                    good = False
                if not good:
                    wrong.append(f"{label} {task} {method}")
    print("wrong: " + ", ".join(wrong) if wrong else "all right")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
