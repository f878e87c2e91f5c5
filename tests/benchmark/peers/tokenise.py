# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""A process of the benchmark: processor seconds in which one thread turns a JSONL file of prompts and responses into ids with PyPI's tokenizers.
{"model", "file"}. The caller sets TOKENIZERS_PARALLELISM=false."""

import json
import pathlib
import sys
import time

from tokenizers import Tokenizer


def main():
    asked = json.loads(sys.argv[1])
    tokenizer = Tokenizer.from_file(str(pathlib.Path(asked["model"]) / "tokenizer.json"))
    texts, worked = [], time.process_time()
    with open(asked["file"], encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            texts.append(row["prompt"] + "\n" + row["response"])
    reading, worked = time.process_time() - worked, time.process_time()
    tokens = 0
    for first in range(0, len(texts), 1000):
        tokens += sum(len(encoding.ids) for encoding in tokenizer.encode_batch(texts[first:first + 1000], add_special_tokens=False))
    print(json.dumps({"value": time.process_time() - worked, "readingSeconds": reading, "tokens": tokens, "rows": len(texts)}))


if __name__ == "__main__":
    main()
