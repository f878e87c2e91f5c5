#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""Compares rankwright-cli's tokenizers with Hugging Face's tokenizers and with SentencePiece on random Unicode text.

    check_tokenizers.py CLI [--data shared/data] [--strings 10000] [--seed 1] [--only NAME] [--minilm FOLDER]

For every tokenizer: ids with and without added tokens, offsets, decoded text, and pairs of texts. Strings mix scripts,
combining marks, emoji, control characters, kinds of white space, unassigned code points, digits and texts that look like
special tokens. Generated tokenizers (tests/golden/tokenizers) cover parts that no real file here has. Needs tokenizers
0.23 and sentencepiece 0.2; prints a line a tokenizer and ends with 1 where anything differs.
"""
import argparse
import json
import pathlib
import random
import struct
import subprocess
import sys
import tempfile

import sentencepiece
import tokenizers

ROOT = pathlib.Path(__file__).resolve().parents[2]

WORDS = """The quick brown fox jumps over the lazy dog's tail; it's 3.14159 and 1,000,000 — naïve café Ünïcödé straße İstanbul
Привет мир нещо на Български Ελληνικά γλώσσα 我想在apple工作1314151天～ 日本語のテキスト 한국어 텍스트 ไทย កាន់តែពិសេស हिन्दी भाषा
العربية עברית ﷺ ﷻ ﬁne Ⅷ ½ ² ①②③ ｆｕｌｌ ｗｉｄｔｈ ＡＢＣ don't I'll we've THEY'RE 'RE 'LL foo_bar x=y*z; int main(){} http://a.b/c?d=e
#### 42 $5.00 50% (a) [b] {c} <d> "q" `r` |s| ~t~ ^u^ @v \\n \\t ... !!! ??? ---- ==== the of and to in is that for was""".split()
SPACES = [" ", "  ", "   ", "\t", "\n", "\r\n", "\r", "\n\n", "\v", "\f", "\x85", "\u00a0", "\u1680", "\u2000", "\u2003", "\u2009",
          "\u200a", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000", "\u200b", "\ufeff", "\u2581", "\u180e"]
MARKS = ["\u0301", "\u0300", "\u0308", "\u0323", "\u0327", "\u0345", "\u05b0", "\u0651", "\u093c", "\u094d", "\u0e47", "\u1dc0",
         "\u20d0", "\u3099", "\ufe0f", "\u200d", "\u200c", "\u034f", "\u0897", "\U0001e8d0"]
EMOJI = ["😀", "🦙", "👩\u200d👩\u200d👧", "🏳️\u200d🌈", "👍🏽", "🇩🇪", "1️⃣", "❤️", "🫠", "😶\u200d🌫️"]
CONTROLS = ["\x01", "\x07", "\x1b", "\x7f", "\x8f", "\x9f", "\xad", "\u200e", "\u202e", "\u2066", "\ufffd", "\ufff9", "\ue000",
            "\U000f0000", "\ufffe"]
LOOKALIKES = ["<s>", "</s>", "<unk>", "<pad>", "<mask>", "[CLS]", "[SEP]", "[MASK]", "[UNK]", "[PAD]", "<|endoftext|>",
              "<|im_start|>", "<|im_end|>", "<0x0A>", "<0xFF>", "<extra_id_0>", "<extra_id_99>", "<unused1>", "##ing", "Ġ", "▁",
              "<mask", "[cls]", "< s >", "<begin_of_text>", "<|begin_of_text|>"]


def random_character(draw):
    kind = draw.random()
    if kind < 0.35:
        return chr(draw.randrange(0x20, 0x250))
    if kind < 0.75:
        code = draw.randrange(0x250, 0x10000)
    elif kind < 0.95:
        code = draw.randrange(0x10000, 0x32400)
    else:
        code = draw.randrange(0xE0000, 0x110000)
    return "?" if 0xD800 <= code < 0xE000 else chr(code)


def random_text(draw):
    parts = []
    for _ in range(draw.choice([1, 2, 3, 5, 8, 13, 30])):
        kind = draw.random()
        if kind < 0.35:
            parts.append(draw.choice(WORDS))
        elif kind < 0.55:
            parts.append(draw.choice(SPACES))
        elif kind < 0.65:
            parts.append(draw.choice("aeoAunsçйか각कא") + "".join(draw.choices(MARKS, k=draw.randrange(1, 4))))
        elif kind < 0.70:
            parts.append(draw.choice(EMOJI))
        elif kind < 0.75:
            parts.append(draw.choice(CONTROLS))
        elif kind < 0.80:
            parts.append(draw.choice(LOOKALIKES))
        elif kind < 0.87:
            parts.append(str(draw.randrange(10 ** draw.randrange(1, 12))))
        else:
            parts.append("".join(random_character(draw) for _ in range(draw.randrange(1, 6))))
        if draw.random() < 0.3:
            parts.append(" ")
    return "".join(parts)


def every_character():
    """Each code point between letters, several hundred to a line."""
    codes = [c for c in range(1, 0x110000) if not 0xD800 <= c < 0xE000]
    for at in range(0, len(codes), 300):
        yield "".join("a" + chr(c) + " " + chr(c) for c in codes[at:at + 300])


def ask(cli, model, lines, *options):
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
        for line in lines:
            file.write(json.dumps(line) + "\n")
        file.flush()
        command = [cli, "tokenize", str(model), "--file", file.name, "--lines", "--json", *options]
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: {done.stderr[-2000:]}")
    return [json.loads(line) for line in done.stdout.split("\n") if line]


def characters(text):
    """Character index by byte offset."""
    table, count = {}, 0
    at = 0
    for character in text:
        table[at] = count
        at += len(character.encode())
        count += 1
    table[at] = count
    return table


def hugging_face_offsets(answer, texts, specials):
    """Ours in characters, with (0, 0) for added tokens as Hugging Face has it."""
    tables = [characters(text) for text in texts]
    second = answer.get("second", len(answer["ids"]) + 1)
    out = []
    for i, (begin, end) in enumerate(answer["offsets"]):
        table = tables[1 if i >= second and len(tables) > 1 else 0]
        out.append((0, 0) if i in specials else (table.get(begin, -1), table.get(end, -1)))
    return out


class Failures:
    def __init__(self, name):
        self.name, self.compared, self.failed = name, 0, 0

    def check(self, what, text, ours, theirs):
        self.compared += 1
        if ours == theirs:
            return
        self.failed += 1
        if self.failed <= 4:
            print(f"  {self.name}: {what} differ for {text!r:.300}\n    ours   {ours!r:.300}\n    theirs {theirs!r:.300}")

    def report(self):
        print(f"{self.name:32} {self.compared:7} compared, {self.failed} differ", flush=True)
        return self.failed == 0


def compare_hugging_face(cli, name, file, texts, model=None):
    """`model` is what the command line opens; the same file unless given."""
    theirs = tokenizers.Tokenizer.from_file(str(file))
    theirs.no_truncation()
    theirs.no_padding()
    failures = Failures(name)
    model = model or file
    for added in (True, False):
        options = ["--parse-special"] + ([] if added else ["--no-special"])
        answers = ask(cli, model, texts, *options)
        for text, ours, other in zip(texts, answers, theirs.encode_batch(texts, add_special_tokens=added), strict=True):
            failures.check("ids", text, ours["ids"], other.ids)
            specials = {i for i, mask in enumerate(other.special_tokens_mask) if mask}
            if ours["ids"] == other.ids:
                failures.check("offsets", text, hugging_face_offsets(ours, [text], specials), other.offsets)
            if not added:
                failures.check("decoded texts", text, ours["text"], theirs.decode(ours["ids"], skip_special_tokens=False))
    pairs = [[a, b] for a, b in zip(texts[:500], texts[500:1000], strict=False)]
    for pair, ours in zip(pairs, ask(cli, model, pairs, "--parse-special"), strict=True):
        other = theirs.encode(*pair)
        failures.check("ids of pairs", pair, ours["ids"], other.ids)
        failures.check("types of pairs", pair, ours.get("types") or [0] * len(ours["ids"]), other.type_ids)
        specials = {i for i, mask in enumerate(other.special_tokens_mask) if mask}
        if ours["ids"] == other.ids:
            failures.check("offsets of pairs", pair, hugging_face_offsets(ours, pair, specials), other.offsets)
    return failures.report()


def compare_sentencepiece(cli, name, file, texts, model=None):
    theirs = sentencepiece.SentencePieceProcessor(model_file=str(file))
    failures = Failures(name)
    for text, ours in zip(texts, ask(cli, model or file, texts, "--no-special"), strict=True):
        ids = theirs.encode(text)
        failures.check("ids", text, ours["ids"], ids)
        failures.check("decoded texts", text, ours["text"], theirs.decode(ids))
    return failures.report()


def varint(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def sentencepiece_of_gguf(file, unigram):
    """The ModelProto that a GGUF vocabulary was made from, as far as SentencePiece needs it."""
    import gguf

    reader = gguf.GGUFReader(file)

    def value(key, default=None):
        entry = reader.fields.get("tokenizer.ggml." + key)
        return default if entry is None else entry.contents()

    out = b""
    for text, score, kind in zip(value("tokens"), value("scores"), value("token_type"), strict=True):
        piece = field(1, text.encode()) + b"\x15" + struct.pack("<f", score) + b"\x18" + varint(kind)
        out += field(1, piece)
    trainer = b"\x18" + varint(1 if unigram else 2)
    for number, key in ((40, "unknown_token_id"), (41, "bos_token_id"), (42, "eos_token_id")):
        trainer += varint(number << 3) + varint(value(key, 0))
    byte_fallback = any(kind == 6 for kind in value("token_type"))
    trainer += varint(35 << 3) + varint(int(byte_fallback)) + varint(43 << 3) + b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
    normalizer = b""
    charsmap = value("precompiled_charsmap")
    if charsmap is not None:
        normalizer += field(2, bytes(b & 255 for b in charsmap))
    normalizer += b"\x18" + varint(int(value("add_space_prefix", True)))
    normalizer += b"\x20" + varint(int(value("remove_extra_whitespaces", False)))
    return out + field(2, trainer) + field(3, normalizer)


def jobs(arguments, texts):
    """(name, what to do) for every tokenizer here."""
    cli, data = arguments.cli, arguments.data
    hf = {"gpt2": data / "tokenizers/hf/gpt2", "roberta-base": data / "tokenizers/hf/roberta-base",
          "t5-small": data / "tokenizers/hf/t5-small", "bert-tiny-splade": data / "models/bert-tiny-splade"}
    if arguments.minilm:
        hf["minilm"] = arguments.minilm
    for name, folder in hf.items():
        if (folder / "tokenizer.json").exists():
            yield name, lambda n=name, f=folder: compare_hugging_face(cli, n, f / "tokenizer.json", texts)
    for file in sorted((ROOT / "tests/golden/tokenizers").glob("*.json")):
        name = "made-" + file.stem
        if file.stem == "parts":
            yield name, lambda f=file: compare_parts(cli, f, texts, arguments.every_character)
            continue
        yield name, lambda n=name, f=file: compare_hugging_face(cli, n, f, texts)
    yield from jobs_without_json(arguments, texts)


def compare_parts(cli, file, texts, every):
    """Each normaliser, pre-tokenizer and post-processor of the made cases around the vocabulary of characters."""
    made, ok = json.loads(file.read_text()), True
    model = {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
             "vocab": {name: i for i, name in enumerate(made["vocabulary"])}}
    for case in made["cases"]:
        if case["name"] == "decode-strip":
            continue  # tokenizers 0.23.3 panics where both ends would take the same character
        document = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
                    "pre_tokenizer": None, "post_processor": None, "decoder": None, "model": model} | case["set"]
        with tempfile.NamedTemporaryFile("w", suffix=".json") as whole:
            json.dump(document, whole)
            whole.flush()
            ok = compare_hugging_face(cli, "part-" + case["name"], whole.name, texts if every else texts[:max(1000, len(texts) // 10)]) and ok
    return ok


def jobs_without_json(arguments, texts):
    """Vocabularies that are compared through another form of themselves."""
    cli, data = arguments.cli, arguments.data
    spm = {"llama2": "spm/llama2/tokenizer.model", "mistral-v1": "spm/mistral/tokenizer.model.v1",
           "albert": "spm/transformers-fixtures/spiece.model",
           "fixture-unigram": "spm/transformers-fixtures/test_sentencepiece.model",
           "fixture-bpe": "spm/transformers-fixtures/test_sentencepiece_bpe.model",
           "fixture-no-bos": "spm/transformers-fixtures/test_sentencepiece_no_bos.model"}
    for name, path in spm.items():
        file = data / "tokenizers" / path
        if file.exists():
            yield "spm-" + name, lambda n="spm-" + name, f=file: compare_sentencepiece(cli, n, f, texts)
    for name, unigram in (("llama-spm", False), ("nomic-bert-moe", True)):
        file = data / f"tokenizers/llama.cpp-vocab/ggml-vocab-{name}.gguf"
        if file.exists():
            yield "gguf-" + name, lambda n="gguf-" + name, f=file, u=unigram: compare_gguf_scores(cli, n, f, texts, u)
    bert = data / "tokenizers/llama.cpp-vocab/ggml-vocab-bert-bge.gguf"
    twin = data / "models/bert-tiny-splade/tokenizer.json"  # of the same vocabulary
    if bert.exists() and twin.exists():
        yield "gguf-bert-bge", lambda: compare_hugging_face(cli, "gguf-bert-bge", twin, texts, bert)
        yield "vocab.txt", lambda: compare_vocabulary_text(cli, twin, texts)
    gpt2 = data / "tokenizers/hf/gpt2"
    if (gpt2 / "merges.txt").exists():
        yield "gguf-gpt-2", lambda: compare_hugging_face(
            cli, "gguf-gpt-2", gpt2 / "tokenizer.json", texts, data / "tokenizers/llama.cpp-vocab/ggml-vocab-gpt-2.gguf")
        for name in ("gpt2", "roberta-base"):
            yield "vocab.json-" + name, lambda n=name: compare_merges(cli, n, data / "tokenizers/hf" / n, texts)
    for name in ("llama-bpe", "qwen2"):
        file = data / f"tokenizers/llama.cpp-vocab/ggml-vocab-{name}.gguf"
        if file.exists():
            yield "gguf-" + name, lambda n=name, f=file: compare_gguf_merges(cli, n, f, texts)


def compare_gguf_scores(cli, name, file, texts, unigram):
    with tempfile.NamedTemporaryFile(suffix=".model") as model:
        model.write(sentencepiece_of_gguf(file, unigram))
        model.flush()
        return compare_sentencepiece(cli, name, model.name, texts, file)


def compare_vocabulary_text(cli, twin, texts):
    vocabulary = json.loads(twin.read_text())["model"]["vocab"]
    with tempfile.TemporaryDirectory() as folder:
        lines = sorted(vocabulary, key=vocabulary.get)
        (pathlib.Path(folder) / "vocab.txt").write_text("\n".join(lines) + "\n")
        return compare_hugging_face(cli, "vocab.txt", twin, texts, folder)


def compare_merges(cli, name, folder, texts):
    with tempfile.TemporaryDirectory() as alone:
        for file in ("vocab.json", "merges.txt"):
            (pathlib.Path(alone) / file).write_bytes((folder / file).read_bytes())
        return compare_hugging_face(cli, "vocab.json-" + name, folder / "tokenizer.json", texts, alone)


CL100K = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{DIGITS}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")


def compare_gguf_merges(cli, name, file, texts):
    """Against a tokenizer.json made of the same vocabulary and merges by the family's rules."""
    import gguf

    reader = gguf.GGUFReader(file)
    tokens, kinds = (reader.fields["tokenizer.ggml." + key].contents() for key in ("tokens", "token_type"))
    merges = reader.fields["tokenizer.ggml.merges"].contents()
    llama = name == "llama-bpe"
    added = [{"id": i, "content": t, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
              "special": kinds[i] == 3} for i, t in enumerate(tokens) if kinds[i] in (3, 4)]
    pattern = CL100K.replace("{DIGITS}", "{1,3}" if llama else "")
    bos = reader.fields["tokenizer.ggml.bos_token_id"].contents()
    document = {
        "version": "1.0", "added_tokens": added, "normalizer": None if llama else {"type": "NFC"},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False},
            {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}]},
        "post_processor": {"type": "TemplateProcessing", "pair": [
            *([{"SpecialToken": {"id": "B", "type_id": 0}}] if llama else []), {"Sequence": {"id": "A", "type_id": 0}},
            *([{"SpecialToken": {"id": "B", "type_id": 1}}] if llama else []), {"Sequence": {"id": "B", "type_id": 1}}],
            "single": [*([{"SpecialToken": {"id": "B", "type_id": 0}}] if llama else []), {"Sequence": {"id": "A", "type_id": 0}}],
            "special_tokens": {"B": {"id": "B", "ids": [bos], "tokens": [tokens[bos]]}}},
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True},
        "model": {"type": "BPE", "ignore_merges": llama, "vocab": {t: i for i, t in enumerate(tokens)},
                  "merges": merges}}
    with tempfile.NamedTemporaryFile("w", suffix=".json") as made:
        json.dump(document, made)
        made.flush()
        return compare_hugging_face(cli, "gguf-" + name, made.name, texts, file)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cli")
    parser.add_argument("--data", type=pathlib.Path, default=ROOT.parent / "shared/data")
    parser.add_argument("--minilm", type=pathlib.Path, help="folder with MiniLM's tokenizer.json")
    parser.add_argument("--strings", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", help="tokenizers whose name contains this")
    parser.add_argument("--every-character", action="store_true", help="every code point instead of random strings")
    arguments = parser.parse_args()
    draw = random.Random(arguments.seed)
    texts = list(every_character()) if arguments.every_character else [random_text(draw) for _ in range(arguments.strings)]
    ok = True
    for name, job in jobs(arguments, texts):
        if not arguments.only or arguments.only in name:
            ok = job() and ok
    sys.exit(0 if ok else 1)


if __name__ == "__main__":
    main()
