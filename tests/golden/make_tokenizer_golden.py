#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""Makes tests/golden/tokenizers: small tokenizer.json files and what Hugging Face's tokenizers 0.23.3 say about texts.

parts.json holds normalisers, pre-tokenizers, decoders and post-processors, one a case, around one vocabulary of single
characters (WordPiece, whose "##" shows where pieces begin). unigram.json, unigram-bytes.json, wordpiece.json and
bpe-bytes.json are whole tokenizers trained on the sentences below. NAME.jsonl has a line a text.

    python make_tokenizer_golden.py
"""
import base64
import json
import pathlib
import struct

import tokenizers
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

HERE = pathlib.Path(__file__).resolve().parent / "tokenizers"
TEXTS = ["", " ", "a", "Hello, world!", "  two  spaces\t\tand\na line\r\n", "Äpfel und Übermut", "e\u0301 cafe\u0301 A\u030a\u0323",
         "ﬁne ① ½ ﷺ ｆｕｌｌ", "don't I'll THEY'RE", "12 345 6,789.01 ٣ Ⅷ ²", "我想在apple工作", "ひらがなカタカナー 漢字 Latin Ελλ кир", "a-b_c.d!e?f",
         "x\u00a0y\u3000z\u2003w", "tab\x07bell\x00\u200bzero\ufeff", "İstanbul ẞ Σς", "😀 👩\u200d👧 🇩🇪", "\u0645\u064f \u05d0\u05b8", "a\u2581b \u2581 c",
         "<s>a</s> <mask> <s> b[SEP]", "aaa bbb aaaa", "The fox's tail; it is 3.14!", "\u1e9b\u0323 \u212b \u2126", "한국어 \u1100\u1161\u11a8"]
PAIRS = [("a b", "c"), ("Hello", ""), ("", "x y"), ("don't", " 12 ")]


def character_map(rules):
    """SentencePiece's precompiled_charsmap for {key: replacement}: a double-array trie (Darts-clone's units) and texts."""
    texts, positions = b"", {}
    for key, to in rules.items():
        positions[key.encode()] = len(texts)
        texts += to.encode() + b"\0"
    root = {}
    for key, position in positions.items():
        node = root
        for byte in key:
            node = node.setdefault(byte, {})
        node[0] = position
    units, taken = {}, {0}

    def place(node, at):
        labels = sorted(node)
        base = 1
        while any((base ^ label) in taken for label in labels):
            base += 1
        offset = at ^ base
        assert offset < 1 << 21
        units[at] = units.get(at, 0) | offset << 10 | (1 << 8 if 0 in node else 0)
        taken.update(base ^ label for label in labels)
        for label in labels:
            if label == 0:
                units[base] = node[0] | 1 << 31
            else:
                units[base ^ label] = label
        for label in labels:
            if label:
                place(node[label], base ^ label)

    place(root, 0)
    size = (max(units) | 255) + 1
    trie = b"".join(struct.pack("<I", units.get(i, 0)) for i in range(size))
    return base64.b64encode(struct.pack("<I", len(trie)) + trie + texts).decode()


RULES = {"ﬁ": "fi", "①": "1", "½": "1⁄2", "\u00a0": " ", "\u3000": " ", "\t": " ", "\n": " ", "\x07": "", "\u200b": "", "ﷺ": "صلى الله",
         "e\u0301": "é", "ｆ": "f", "ｕ": "u", "ｌ": "l", "A\u030a\u0323": "Å"}


def split(pattern, behavior, invert=False):
    return {"type": "Split", "pattern": pattern, "behavior": behavior, "invert": invert}


def sequence(key, *parts):
    return {"type": "Sequence", key: list(parts)}


def cases():
    plain = {"type": "WhitespaceSplit"}
    for kind in ("NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Nmt"):
        yield kind.lower(), {"normalizer": {"type": kind}}
    yield "strip", {"normalizer": {"type": "Strip", "strip_left": True, "strip_right": True}}
    yield "strip-right", {"normalizer": {"type": "Strip", "strip_left": False, "strip_right": True}}
    yield "replace-text", {"normalizer": {"type": "Replace", "pattern": {"String": "aa"}, "content": "xyz"}}
    yield "replace-regex", {"normalizer": {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": "_"}}
    yield "prepend", {"normalizer": {"type": "Prepend", "prepend": "xy"}}
    yield "precompiled", {"normalizer": {"type": "Precompiled", "precompiled_charsmap": character_map(RULES)}}
    yield "bert", {"normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True,
                                  "strip_accents": None, "lowercase": True}, "pre_tokenizer": {"type": "BertPreTokenizer"}}
    yield "bert-cased", {"normalizer": {"type": "BertNormalizer", "clean_text": False, "handle_chinese_chars": True,
                                        "strip_accents": True, "lowercase": False}}
    yield "bytes", {"normalizer": {"type": "ByteLevel"}}
    yield "several", {"normalizer": sequence("normalizers", {"type": "NFKD"}, {"type": "StripAccents"}, {"type": "Lowercase"},
                                             {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "},
                                             {"type": "Strip", "strip_left": False, "strip_right": True}),
                      "pre_tokenizer": sequence("pretokenizers", plain, {"type": "Metaspace", "replacement": "▁",
                                                                         "prepend_scheme": "always", "split": True})}
    for kind in ("Whitespace", "WhitespaceSplit", "BertPreTokenizer", "UnicodeScripts"):
        yield "pre-" + kind.lower(), {"pre_tokenizer": {"type": kind}}
    for behavior in ("Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"):
        yield "punctuation-" + behavior.lower(), {"pre_tokenizer": {"type": "Punctuation", "behavior": behavior}}
        yield "split-" + behavior.lower(), {"pre_tokenizer": split({"Regex": r"\p{L}"}, behavior)}
        yield "inverted-" + behavior.lower(), {"pre_tokenizer": split({"Regex": r"\w+"}, behavior, True)}
        yield "text-" + behavior.lower(), {"pre_tokenizer": split({"String": "a"}, behavior)}
    yield "line-ends", {"pre_tokenizer": split({"Regex": r"\s+$"}, "Isolated")}
    yield "repeated-repetition", {"pre_tokenizer": split({"Regex": r"\p{N}{1,3}+|[a-d]{2}?-|(?:l|o){2,3}+"}, "Isolated")}
    yield "dot-and-line-ends", {"pre_tokenizer": split({"Regex": r"(?m:a.l)|s.a"}, "Isolated")}
    yield "repetition-from-0", {"pre_tokenizer": split({"Regex": r"a{,3}b|\d{,2}\."}, "Isolated")}
    yield "digits", {"pre_tokenizer": {"type": "Digits", "individual_digits": False}}
    yield "each-digit", {"pre_tokenizer": {"type": "Digits", "individual_digits": True}}
    yield "delimiter", {"pre_tokenizer": {"type": "CharDelimiterSplit", "delimiter": "-"}}
    yield "length", {"pre_tokenizer": {"type": "FixedLength", "length": 3}}
    for scheme in ("always", "first", "never"):
        for cut in (True, False):
            yield f"metaspace-{scheme}-{cut}".lower(), {"pre_tokenizer": {
                "type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": cut},
                "added_tokens": ADDED}
    for space in (True, False):
        for regex in (True, False):
            yield f"bytelevel-{space}-{regex}".lower(), {"pre_tokenizer": {
                "type": "ByteLevel", "add_prefix_space": space, "trim_offsets": True, "use_regex": regex}}
    yield "bytes-then-split", {"pre_tokenizer": sequence(
        "pretokenizers", {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False},
        split({"String": "Ġ"}, "MergedWithNext"))}
    yield "added", {"added_tokens": ADDED, "normalizer": {"type": "Lowercase"}, "pre_tokenizer": plain}
    roberta = {"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 1], "trim_offsets": True, "add_prefix_space": False}
    byte_level = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
    yield "post-roberta", {"added_tokens": ADDED, "pre_tokenizer": byte_level, "post_processor": roberta}
    yield "post-bert", {"added_tokens": ADDED, "post_processor": {"type": "BertProcessing", "sep": ["</s>", 2], "cls": ["<s>", 1]}}
    yield "post-sequence", {"added_tokens": ADDED, "pre_tokenizer": byte_level, "post_processor": sequence(
        "processors", byte_level, {
            "type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 3}}, {"SpecialToken": {"id": "x", "type_id": 2}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}, "x": {"id": "x", "ids": [2, 1], "tokens": ["</s>", "<s>"]}}})}
    yield from decoder_cases()


def decoder_cases():
    metaspace = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    fallback = {"type": "ByteFallback"}
    yield "decode-none", {"decoder": None}
    yield "decode-bytelevel", {"decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}}
    yield "decode-metaspace", {"decoder": metaspace}
    yield "decode-metaspace-never", {"decoder": metaspace | {"prepend_scheme": "never"}}
    yield "decode-llama", {"decoder": sequence("decoders", {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, fallback,
                                               {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0})}
    yield "decode-regex", {"decoder": sequence("decoders", {"type": "Replace", "pattern": {"Regex": "[ab]+"}, "content": "Z"}, fallback)}
    yield "decode-strip", {"decoder": {"type": "Strip", "content": "a", "start": 2, "stop": 1}}
    yield "decode-wordpiece", {"decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True}}
    yield "decode-wordpiece-plain", {"decoder": {"type": "WordPiece", "prefix": "##", "cleanup": False}}
    yield "decode-suffix", {"decoder": {"type": "BPEDecoder", "suffix": "</w>"}}


def added(content, identifier, **flags):
    return {"id": identifier, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
            "special": True} | flags


ADDED = [added("<s>", 1, rstrip=True), added("</s>", 2), added("<mask>", 3, lstrip=True), added("fox", 4, single_word=True, special=False),
         added("Hello", 5, normalized=True, special=False), added("aaa", 6, special=False, single_word=True)]
DECODED = ["Hello", "▁wor", "ld", "<0xE4>", "<0xBD>", "<0xA0>", "▁", "<0xFF>", "<0xE4>", "##ing", "##ed", "Ġthe", "ĠÃ", "¤", "end</w>", "aaba",
           "n't", "'s", ".", "do", "not", "!", "é", "▁▁a"]


def vocabulary():
    names = ["[UNK]", "<s>", "</s>", "<mask>", "fox", "Hello", "aaa"] + DECODED[1:]
    characters = sorted({c for t in TEXTS for form in ("NFC", "NFKD") for v in (t, normalizers_of(form, t)) for c in v + v.lower()}
                        | set("▁_xyzĠĊčĉÃ¤½éfi12⁄") | {chr(c) for c in range(33, 127)})
    kept = [c for c in characters if c not in "😀"]
    return list(dict.fromkeys(names + kept + ["##" + c for c in kept]))


def normalizers_of(form, text):
    return getattr(normalizers, form)().normalize_str(text)


def document(names, case):
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None, "pre_tokenizer": None,
            "post_processor": None, "decoder": None,
            "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
                      "vocab": {name: i for i, name in enumerate(names)}}} | case


def row_of(tokenizer, text):
    plain = tokenizer.encode(text, add_special_tokens=False)
    full = tokenizer.encode(text)
    row = {"text": text, "ids": plain.ids, "offsets": plain.offsets, "decoded": tokenizer.decode(plain.ids, skip_special_tokens=False)}
    return row if full.ids == plain.ids else row | {"ids_special": full.ids}


def pair_of(tokenizer, first, second):
    full = tokenizer.encode(first, second)
    specials = [i for i, mask in enumerate(full.special_tokens_mask) if mask]
    return {"text": first, "pair": second, "ids": full.ids, "types": full.type_ids,
            "offsets": [list(o) for i, o in enumerate(full.offsets) if i not in specials], "specials": specials}


def write_lines(name, rows):
    (HERE / name).write_text("".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows))


def write_parts():
    names = vocabulary()
    rows, listed = [], []
    for name, case in cases():
        tokenizer = Tokenizer.from_str(json.dumps(document(names, case)))
        listed.append({"name": name, "set": case})
        if name.startswith("decode-"):
            for count in range(1, len(DECODED) + 1, 2):
                ids = [names.index(piece) for piece in DECODED[:count]]
                rows.append({"case": name, "decode": ids, "decoded": tokenizer.decode(ids, skip_special_tokens=False)})
            continue
        for i, text in enumerate(TEXTS):
            row = row_of(tokenizer, text)
            row.pop("decoded" if "decoder" not in case else "text")
            rows.append({"case": name} | row | {"text": i})
        if "post_processor" in case:
            rows += [{"case": name} | pair_of(tokenizer, *pair) for pair in PAIRS]
    (HERE / "parts.json").write_text(json.dumps({"vocabulary": names, "texts": TEXTS, "cases": listed}, indent=0) + "\n")
    write_lines("parts.jsonl", rows)


SENTENCES = ["the cat sat on the mat and the dog sat on the log", "a robe takes two bolts of blue fiber and half that much white fiber",
             "she sells seashells by the seashore", "how many seashells does she sell by the seashore in two hours?",
             "unknown words are split into pieces: un-known, word-pieces!", "1 2 3 12 123 1234 twelve thirty-four", "naïve café über straße"]


def write_whole(name, tokenizer):
    tokenizer.save(str(HERE / f"{name}.json"), pretty=False)
    tokenizer = Tokenizer.from_file(str(HERE / f"{name}.json"))
    rows = [row_of(tokenizer, text) for text in TEXTS + SENTENCES] + [pair_of(tokenizer, *pair) for pair in PAIRS]
    write_lines(f"{name}.jsonl", rows)


def unigram(byte_fallback):
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(tokenizers.Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["<unk>", "<s>", "</s>"]
    tokenizer.train_from_iterator(SENTENCES * 4, trainers.UnigramTrainer(
        vocab_size=150, special_tokens=special, unk_token="<unk>", show_progress=False))
    made = json.loads(tokenizer.to_str())
    # The trainer's sums depend on its threads in the last digits.
    made["model"]["vocab"] = [[piece, round(score, 4)] for piece, score in made["model"]["vocab"]]
    if byte_fallback:
        made["model"]["byte_fallback"] = True
        made["model"]["vocab"] += [[f"<0x{byte:02X}>", 0.0] for byte in range(256)]
    tokenizer = Tokenizer.from_str(json.dumps(made))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B:1 </s>:1", special_tokens=[("</s>", 2)])
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace()]) if byte_fallback else decoders.Metaspace()
    return tokenizer


def wordpiece():
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer.train_from_iterator(SENTENCES * 4, trainers.WordPieceTrainer(vocab_size=220, special_tokens=special, show_progress=False))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer


def bpe_with_bytes():
    trained = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    trained.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    trained.train_from_iterator(SENTENCES * 4, trainers.BpeTrainer(vocab_size=420, special_tokens=special, show_progress=False))
    made = json.loads(trained.to_str())
    made["added_tokens"] = [token for token in made["added_tokens"] if token["id"] < 3]
    made["pre_tokenizer"] = None
    made["normalizer"] = sequence("normalizers", {"type": "Prepend", "prepend": "▁"},
                                  {"type": "Replace", "pattern": {"String": " "}, "content": "▁"})
    tokenizer = Tokenizer.from_str(json.dumps(made))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[("<s>", 1)])
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(),
                                           decoders.Strip(" ", 1, 0)])
    return tokenizer


def main():
    assert tokenizers.__version__ == "0.23.3", tokenizers.__version__
    HERE.mkdir(exist_ok=True)
    write_parts()
    write_whole("unigram", unigram(False))
    write_whole("unigram-bytes", unigram(True))
    write_whole("wordpiece", wordpiece())
    write_whole("bpe-bytes", bpe_with_bytes())


if __name__ == "__main__":
    main()
