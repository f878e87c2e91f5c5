# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""Makes the golden files of tests/training: run by hand when they have to change, never by a test.

    python3 -m venv /tmp/oracle
    /tmp/oracle/bin/pip install torch==2.11.0 transformers==5.23 peft==0.21.2 safetensors sentencepiece
    /tmp/oracle/bin/python tests/golden/make_golden.py [path of stories260K/hf]

tiny/    a random Llama of ours (28,000 parameters) with a byte tokenizer, rows to train on, a LoRA start made by PEFT, and what
         transformers and PEFT compute with them
stories/ the same numbers for stories260K, whose files are not part of the project
"""

import json
import pathlib
import sys

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

HERE = pathlib.Path(__file__).parent
STEPS, BATCH, RATE, RANK, ALPHA = 20, 2, 2e-3, 4, 8
MODULES = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def byte_characters():
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table, extra = {b: chr(b) for b in plain}, 0
    for b in range(256):
        if b not in table:
            table[b], extra = chr(256 + extra), extra + 1
    return table


def write_tiny(folder):
    folder.mkdir(exist_ok=True)
    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=260, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, head_dim=8, max_position_embeddings=256, rms_norm_eps=1e-5, tie_word_embeddings=True,
        bos_token_id=256, eos_token_id=257)
    model = LlamaForCausalLM(config)
    with torch.no_grad():
        for name, p in model.named_parameters():
            p.copy_(1 + 0.1 * torch.randn_like(p) if "norm" in name else 0.2 * torch.randn_like(p))
    tensors = {k: v.clone() for k, v in model.state_dict().items() if k != "lm_head.weight"}
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    old = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 32, "intermediate_size": 64,
        "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8, "vocab_size": 260,
        "max_position_embeddings": 256, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "hidden_act": "silu",
        "tie_word_embeddings": True, "bos_token_id": 256, "eos_token_id": 257, "torch_dtype": "float32"}
    (folder / "config.json").write_text(json.dumps(old, indent=2) + "\n")
    vocab = {c: b for b, c in byte_characters().items()} | {"<s>": 256, "</s>": 257}
    special = [{"id": i, "content": c, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
                "special": True} for c, i in (("<s>", 256), ("</s>", 257))]
    (folder / "tokenizer.json").write_text(json.dumps({
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": special, "normalizer": None,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
        "post_processor": None, "decoder": {"type": "ByteLevel"},
        "model": {"type": "BPE", "unk_token": None, "vocab": vocab, "merges": []}}, indent=1) + "\n")
    (folder / "tokenizer_config.json").write_text(json.dumps({"bos_token": "<s>", "eos_token": "</s>"}) + "\n")


def write_rows(file):
    rows = []
    for i in range(10):
        a, b = 3 + 2 * i, 5 + i
        rows.append({"prompt": f"Tom has {a} apples and finds {b} more. How many has he?",
                     "response": f"{a} + {b} = {a + b}\n#### {a + b}"})
    file.write_text("".join(json.dumps(r) + "\n" for r in rows))
    return rows


def train(model, rows, encode):
    trained = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=RATE, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01)
    losses, norms = [], []
    for step in range(STEPS):
        batch = [encode(rows[(step * BATCH + i) % len(rows)]) for i in range(BATCH)]
        width = max(map(len, batch))
        ids = torch.tensor([r + [0] * (width - len(r)) for r in batch])
        mask = torch.tensor([[1] * len(r) + [0] * (width - len(r)) for r in batch])
        labels = ids.masked_fill(mask == 0, -100)
        loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
        optimiser.zero_grad()
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(trained, 1.0).item())
        optimiser.step()
        losses.append(loss.item())
    return losses, norms


def golden(folder, source, rows, encode):
    folder.mkdir(exist_ok=True)
    load = lambda: AutoModelForCausalLM.from_pretrained(source, dtype=torch.float32, attn_implementation="eager").eval()
    model = load()
    torch.manual_seed(2)
    ids = torch.randint(3, model.config.vocab_size - 3, (1, 24))
    with torch.no_grad():
        out = model(input_ids=ids, output_hidden_states=True)
    save_file({"ids": ids[0].float(), "logits": out.logits[0].contiguous(), "hidden": torch.stack(out.hidden_states)[:, 0].contiguous()},
              folder / "logits.safetensors")
    found = {"rank": RANK, "alpha": ALPHA, "rate": RATE, "batch": BATCH, "clip": 1.0, "weightDecay": 0.01}
    for name, init in (("pissa", "pissa"), ("lora", True)):
        torch.manual_seed(3)
        peft = get_peft_model(load(), LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=MODULES,
                                                 init_lora_weights=init, task_type="CAUSAL_LM"))
        if name == "lora":
            with torch.no_grad():  # B away from zero: a start that a mistake in B would show in
                for key, p in peft.named_parameters():
                    if "lora_B" in key:
                        p.copy_(0.02 * torch.randn_like(p))
            peft.save_pretrained(folder / "lora_start")
            (folder / "lora_start" / "README.md").unlink()
            text = (folder / "lora_start" / "adapter_config.json").read_text()
            (folder / "lora_start" / "adapter_config.json").write_text(text.replace(str(source), folder.name))
        losses, norms = train(peft, rows, encode)
        found[name] = {"losses": losses, "gradNorms": norms}
    (folder / "peft.json").write_text(json.dumps(found, indent=1) + "\n")


write_tiny(HERE / "tiny")
rows = write_rows(HERE / "rows.jsonl")
text = lambda row: row["prompt"] + "\n" + row["response"]
golden(HERE / "tiny", HERE / "tiny", rows, lambda row: list(text(row).encode()))
if len(sys.argv) > 1:
    import sentencepiece
    stories = pathlib.Path(sys.argv[1])
    pieces = sentencepiece.SentencePieceProcessor(str(stories / "tokenizer.model"))
    golden(HERE / "stories", stories, rows, lambda row: pieces.encode(text(row)))
