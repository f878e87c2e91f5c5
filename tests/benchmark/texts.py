# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""The rows that both sides work on: word problems, written here from a fixed seed, or GSM8K where it is at hand."""

import json
import os
import pathlib
import random

NAMES = "Tom Anna Mia Paul Lena Omar Nina Igor Ruth Sam Eva Karl Joan Hugo Iris Adam Vera Emil Rosa Finn".split()
THINGS = "apples marbles books coins stamps pencils tickets shells cards oranges stones buttons".split()


def problem(rng):
    """A question and its worked answer."""
    one, other = rng.sample(NAMES, 2)
    thing, a, b = rng.choice(THINGS), rng.randint(12, 90), rng.randint(2, 60)
    kinds = [
        (f"{one} has {a} {thing} and {other} brings {b} more. How many {thing} are there now?",
         f"{one} starts with {a} {thing}. With the {b} of {other} there are {a} + {b} = {a + b} {thing}."),
        (f"{one} packs {thing} into {a} boxes with {b} in each of them. How many {thing} are packed?",
         f"There are {a} boxes of {b} {thing}. That makes {a} * {b} = {a * b} {thing}."),
        (f"A shop had {a + b} {thing} in the morning. {one} and {other} bought {a} of them. How many are left in the evening?",
         f"Of {a + b} {thing}, {a} were bought. So {a + b} - {a} = {b} {thing} are left."),
    ]
    return rng.choice(kinds)


def long_rows(count, words=420, seed=1):
    """Rows of several problems, each row longer than any length that is measured needs (a word is 1.3 to 1.6 tokens)."""
    rng = random.Random(seed)
    rows = []
    for _ in range(count):
        question, answer = problem(rng)
        while len(answer.split()) < words:
            answer += " " + " ".join(problem(rng))
        rows.append({"prompt": question, "response": answer})
    return rows


def natural_rows(count, seed=2):
    """Rows of one to five problems: lengths vary as in GSM8K, and so does the share of the answer."""
    rng = random.Random(seed)
    rows = []
    for _ in range(count):
        pairs = [problem(rng) for _ in range(rng.choice((1, 1, 2, 2, 2, 3, 3, 4, 5)))]
        rows.append({"prompt": " ".join(question for question, _ in pairs), "response": "\n".join(answer for _, answer in pairs)})
    return rows


def gsm8k():
    """Its training rows, where $RANKWRIGHT_TEST_DATA or shared/data beside the checkout has them; else nothing."""
    beside = pathlib.Path(__file__).resolve().parents[3] / "shared" / "data"
    file = pathlib.Path(os.environ.get("RANKWRIGHT_TEST_DATA", beside)) / "gsm8k" / "train.jsonl"
    if not file.exists():
        return []
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [{"prompt": row["question"], "response": row["answer"]} for row in rows]


def write_rows(file, rows):
    with open(file, "w", encoding="utf-8") as out:
        for row in rows:
            out.write(json.dumps(row) + "\n")
    return file


def write_megabytes(file, megabytes, rows):
    """JSONL of about so many megabytes: the rows over and over, numbered so that no two are equal."""
    written, number = 0, 0
    with open(file, "w", encoding="utf-8") as out:
        while written < megabytes * 1_000_000:
            row = rows[number % len(rows)]
            number += 1
            written += out.write(json.dumps({"prompt": f"{number}. {row['prompt']}", "response": row["response"]}) + "\n")
    return file
