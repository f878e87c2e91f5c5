# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""A classifier trained by PEFT (transformers where everything is trained) and by rankwright-cli beside each other: BERT-tiny on SST-2.

    python3 -m venv /tmp/oracle
    /tmp/oracle/bin/pip install torch transformers==5.23 peft==0.21.2 safetensors
    /tmp/oracle/bin/python tests/peer/check_bert_sst2.py build/release/bin/rankwright-cli --data-dir ../shared/data

The data folder holds models/bert-tiny-splade and glue/SST-2. For each seed transformers draws a head (pooler and classifier), PEFT makes a
LoRA adapter with that head, and both sides train --steps steps of the same --batch sampled rows in float32 without dropout, weight decay or
clipping. LoRA starts from PEFT's adapter (`--init-adapter`); PiSSA decomposes on either side, the same start up to the signs of singular
vectors; full trains every parameter. PEFT trains pooler and classifier as modules_to_save, as we train a head. Printed are the largest
relative difference of a step's loss over the first --compared steps (bar 1e-3) and the accuracies on dev with the difference of their
means (bar 1.5 points); the status is 1 where one of them is missed.
"""

import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import warnings

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForSequenceClassification, AutoTokenizer
from transformers.utils import logging

RATES = {"lora": 5e-4, "pissa": 5e-4, "full": 1e-4}
LOSS_BAR, POINTS_BAR = 1e-3, 1.5
NO_DROPOUT = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, "classifier_dropout": 0.0}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cli", type=pathlib.Path)
    parser.add_argument("--data-dir", type=pathlib.Path, required=True)
    parser.add_argument("--methods", default=",".join(RATES))
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--compared", type=int, default=100)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rank", type=int, default=8)
    return parser.parse_args()


def table(file):
    lines = file.read_text(encoding="utf-8").splitlines()[1:]
    return [{"sentence": text, "label": label} for text, label in (line.rsplit("\t", 1) for line in lines if line)]


def written(rows, file):
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


def fresh(model, seed):
    """The body as it is, the head drawn from the seed."""
    torch.manual_seed(seed)
    return AutoModelForSequenceClassification.from_pretrained(model, num_labels=2, dtype=torch.float32, **NO_DROPOUT)


class Case:
    """One seed: rows, the model with its head as a folder, and both trainings."""

    def __init__(self, asked, seed, work):
        self.asked, self.seed, self.work = asked, seed, work
        self.model = asked.data_dir / "models" / "bert-tiny-splade"
        glue = asked.data_dir / "glue" / "SST-2"
        self.dev = table(glue / "dev.tsv")
        self.rows = random.Random(seed).sample(table(glue / "train.tsv"), asked.steps * asked.batch)
        self.files = written(self.rows, work / "train.jsonl"), written(self.dev, work / "dev.jsonl")
        self.tokenizer = AutoTokenizer.from_pretrained(self.model)
        self.headed = work / "headed"
        fresh(self.model, seed).save_pretrained(self.headed)
        self.tokenizer.save_pretrained(self.headed)
        about = json.loads(self.ask("inspect", self.model))
        self.modules = [module["name"] for module in about["modules"]]

    def ask(self, *what):
        done = subprocess.run([self.asked.cli, "--quiet", "--json", "--data-dir", self.work / "runs", *map(str, what)],
                              capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{' '.join(map(str, what))}\n{done.stderr}")
        return done.stdout

    def batch(self, rows):
        inputs = self.tokenizer([row["sentence"] for row in rows], padding=True, return_tensors="pt")
        return inputs, torch.tensor([int(row["label"]) for row in rows])

    def start(self, method):
        model = fresh(self.model, self.seed)
        if method == "full":
            return model
        return get_peft_model(model, LoraConfig(
            r=self.asked.rank, lora_alpha=self.asked.rank, lora_dropout=0.0, target_modules=self.modules, task_type="SEQ_CLS",
            modules_to_save=["classifier", "pooler"], init_lora_weights="pissa" if method == "pissa" else True))

    def theirs(self, method):
        model = self.start(method)
        if method == "lora":
            model.save_pretrained(self.work / "start")
        trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        optimiser = torch.optim.AdamW(trained, lr=RATES[method], weight_decay=0.0)
        losses, size = [], self.asked.batch
        model.train()
        for step in range(self.asked.steps):
            inputs, labels = self.batch(self.rows[step * size:(step + 1) * size])
            loss = model(**inputs, labels=labels).loss
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
        model.eval()
        right = 0
        with torch.no_grad():
            for first in range(0, len(self.dev), 64):
                inputs, labels = self.batch(self.dev[first:first + 64])
                right += (model(**inputs).logits.argmax(1) == labels).sum().item()
        return losses, right / len(self.dev), sum(parameter.numel() for parameter in trained)

    def ours(self, method):
        start = ["--init-adapter", self.work / "start"] if method == "lora" else []
        if method == "pissa":
            start = ["--rank", self.asked.rank, "--alpha", self.asked.rank]
        lines = self.ask(
            "train", self.model if method == "lora" else self.headed, self.files[0], "--eval-data", self.files[1], "--eval-rows", "0:",
            "--columns", "text=sentence,label=label", "--task", "classify", "--labels", "0,1", "--metrics", "accuracy", "--method", method,
            "--steps", self.asked.steps, "--batch", self.asked.batch, "--lr", RATES[method], "--order", "sequential", "--weight-decay", 0,
            "--clip", "none", "--max-length", 128, "--seed", self.seed, "--events", *start)
        events = [json.loads(line) for line in lines.splitlines()]
        accuracy = [event["metrics"]["accuracy"] for event in events if event["event"] == "eval"][-1]
        trained = next(event["trainable"] for event in events if event["event"] == "start")
        return [event["loss"] for event in events if event["event"] == "step"], accuracy, trained


def compare(asked, method, seed):
    with tempfile.TemporaryDirectory() as folder:
        case = Case(asked, seed, pathlib.Path(folder))
        theirs, their_accuracy, their_count = case.theirs(method)
        ours, our_accuracy, our_count = case.ours(method)
    differences = [abs(a - b) / abs(b) for a, b in zip(ours, theirs, strict=True)][:asked.compared]
    worst = max(differences)
    print(f"{method} seed {seed}: trained {our_count} and {their_count}, losses differ by {worst:.1e} (step "
          f"{differences.index(worst) + 1}), accuracy {100 * our_accuracy:.1f} and {100 * their_accuracy:.1f}", flush=True)
    return worst, 100 * our_accuracy, 100 * their_accuracy, our_count == their_count


def main():
    asked = arguments()
    warnings.filterwarnings("ignore")
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    failed = []
    for method in asked.methods.split(","):
        found = [compare(asked, method, int(seed)) for seed in asked.seeds.split(",")]
        worst = max(one[0] for one in found)
        ours, theirs = (sum(one[side] for one in found) / len(found) for side in (1, 2))
        fits = worst < LOSS_BAR and abs(ours - theirs) <= POINTS_BAR and all(one[3] for one in found)
        print(f"{method}: losses within {worst:.1e} over {asked.compared} steps (bar {LOSS_BAR:g}); mean accuracy {ours:.1f} beside "
              f"{theirs:.1f}, {abs(ours - theirs):.1f} points apart (bar {POINTS_BAR}){'' if fits else '  MISSED'}", flush=True)
        if not fits:
            failed.append(method)
    print("missed: " + ", ".join(failed) if failed else "all right")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
