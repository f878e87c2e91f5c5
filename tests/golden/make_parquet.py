#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
# Writes tests/golden/parquet: small files that tst_dataset_parquet reads. Needs pyarrow; run in the repository's root.
import datetime
import decimal
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq

here = pathlib.Path("tests/golden/parquet")
here.mkdir(parents=True, exist_ok=True)
turn = lambda role, text: {"role": role, "content": text}
chats = pa.table({
    "messages": [[turn("user", f"How much is {i} + {i}?"), turn("assistant", f"{i + i}, \"of course\".\n")] for i in range(40)],
    "day": pa.array([datetime.date(2024, 2, 29)] * 40),
    "price": pa.array([decimal.Decimal("1.50")] * 40),
    "scores": [[0.5, None], []] * 20,
    "source": pa.array(["a", "b"] * 20).dictionary_encode(),
    "bytes": pa.array([b"\xff\xfe", b"text"] * 20),
})
pq.write_table(chats, here / "messages.parquet", compression="zstd", row_group_size=16)
pairs = pa.table({
    "sentence1": [f"First {i} \u00e9" for i in range(12)],
    "sentence2": pa.array([f"Second {i}" for i in range(12)], pa.large_string()),
    "label": pa.array([i % 3 for i in range(12)], pa.int8()),
    "score": pa.array([i / 4 for i in range(12)], pa.float32()),
    "idx": pa.array(range(12), pa.int64()),
})
pq.write_table(pairs, here / "pairs.parquet", compression="snappy", data_page_version="2.0")
