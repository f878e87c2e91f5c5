# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""Makes the golden files of tests/training: run by hand when they have to change, never by a test.

    python3 -m venv /tmp/oracle
    /tmp/oracle/bin/pip install torch==2.11.0 transformers==5.23 peft==0.21.2 bitsandbytes==0.50.2 safetensors sentencepiece
    /tmp/oracle/bin/python tests/golden/make_golden.py [path of stories260K/hf]

tiny/    a random Llama of ours (28,000 parameters) with a byte tokenizer, rows to train on, starts made by PEFT, and what
         transformers and PEFT compute with them
  peft.json, curves.json     losses and gradient norms of 20 steps a method, from NAME_start/ where the start is random
  adapters/                  what PEFT saves after these steps; adapters.safetensors holds PEFT's logits with each of them
stories/ the same numbers for stories260K, whose files are not part of the project; no adapters/
"""

import json
import pathlib
import shutil
import sys
import tempfile

import torch
from bitsandbytes.functional import dequantize_4bit, quantize_4bit
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

HERE = pathlib.Path(__file__).parent
STEPS, BATCH, RATE, RANK, ALPHA = 20, 2, 2e-3, 4, 8
MODULES = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
QUANTISED_ALPHA = RANK  # LoftQ and QPiSSA are exact for a scaling of 1 only


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


def train(model, rows, encode, steps=STEPS, batch_size=BATCH, rate=RATE):
    """Losses and gradient norms of some steps over the rows in turn; every token of a row counts.

    The mean is taken in float64: over a vocabulary of 49,152 the model's own loss, in float32, is 3.5e-6 too small, which PiSSA's
    20 steps at a high rate make 2e-3 of.
    """
    trained = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=rate, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01)
    losses, norms = [], []
    for step in range(steps):
        batch = [encode(rows[(step * batch_size + i) % len(rows)]) for i in range(batch_size)]
        width = max(map(len, batch))
        ids = torch.tensor([r + [0] * (width - len(r)) for r in batch])
        mask = torch.tensor([[1] * len(r) + [0] * (width - len(r)) for r in batch])
        labels = ids.masked_fill(mask == 0, -100)
        logits = model(input_ids=ids, attention_mask=mask).logits[:, :-1]
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1).double(), labels[:, 1:].flatten())
        optimiser.zero_grad()
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(trained, 1.0).item())
        optimiser.step()
        losses.append(loss.item())
    return losses, norms


def loader(source):
    return lambda: AutoModelForCausalLM.from_pretrained(source, dtype=torch.float32, attn_implementation="eager").eval()


def adapted(load, init=True, **more):
    torch.manual_seed(3)
    settings = {"r": RANK, "lora_alpha": ALPHA, "target_modules": MODULES, "task_type": "CAUSAL_LM"} | more
    return get_peft_model(load(), LoraConfig(init_lora_weights=init, **settings))


def move_from_zero(peft):
    """B away from zero and DoRA's magnitudes away from the row norms: a start that a mistake in them would show in."""
    with torch.no_grad():
        for key, p in peft.named_parameters():
            if "lora_B" in key:
                p.copy_(0.02 * torch.randn_like(p))
            elif "lora_magnitude" in key:
                p.mul_(1 + 0.05 * torch.randn_like(p))
    return peft


def save(peft, folder, **more):
    """As PEFT saves it, but for the model card, the path of the base and the order of a set."""
    shutil.rmtree(folder, ignore_errors=True)
    peft.save_pretrained(folder, **more)
    (folder / "README.md").unlink()
    file = folder / "adapter_config.json"
    config = json.loads(file.read_text())
    config["base_model_name_or_path"] = next(p.name for p in folder.parents if p.parent == HERE)
    config["target_modules"] = sorted(config["target_modules"])
    file.write_text(json.dumps(config, indent=2, sort_keys=True))
    (folder / "adapter_model.safetensors").chmod(0o644)


def golden(folder, source, rows, encode):
    folder.mkdir(exist_ok=True)
    load = loader(source)
    model = load()
    torch.manual_seed(2)
    ids = torch.randint(3, model.config.vocab_size - 3, (1, 24))
    with torch.no_grad():
        out = model(input_ids=ids, output_hidden_states=True)
    save_file({"ids": ids[0].float(), "logits": out.logits[0].contiguous(), "hidden": torch.stack(out.hidden_states)[:, 0].contiguous()},
              folder / "logits.safetensors")
    found = {"rank": RANK, "alpha": ALPHA, "rate": RATE, "batch": BATCH, "clip": 1.0, "weightDecay": 0.01}
    for name, init in (("pissa", "pissa"), ("lora", True)):
        peft = adapted(load, init)
        if name == "lora":
            save(move_from_zero(peft), folder / "lora_start")
        losses, norms = train(peft, rows, encode)
        found[name] = {"losses": losses, "gradNorms": norms}
    (folder / "peft.json").write_text(json.dumps(found, indent=1) + "\n")


def nf4(weight, double=False):
    """bitsandbytes' round trip: blocks of 64 over the flattened matrix, whose rows they may straddle.

    Given to it with a block a row: 0.50.2's CPU kernel dequantises widths of 32 or 96 with wrong scales, while codes and
    statistics, which know no rows, are right.
    """
    codes, state = quantize_4bit(weight.reshape(-1, 64), blocksize=64, compress_statistics=double, quant_type="nf4")
    return dequantize_4bit(codes, state).reshape(weight.shape)


def principal(matrix, rank):
    """The best L R of this rank, singular values shared evenly."""
    u, s, vt = torch.linalg.svd(matrix, full_matrices=False)
    root = s[:rank].sqrt()
    return u[:, :rank] * root, root[:, None] * vt[:rank]


def loftq(weight, rank, rounds):
    """LoftQ's loop: quantise what the adapter leaves, then let the adapter be the best one for the error."""
    left = weight
    for _ in range(rounds):
        base = nf4(left)
        b, a = principal(weight - base, rank)
        left = weight - b @ a
    return base, b, a


def qpissa(weight, rank, rounds):
    """QPiSSA's loop as its authors released it: decompose first, quantise last."""
    left = weight
    for _ in range(rounds):
        b, a = principal(left, rank)
        base = nf4(weight - b @ a)
        left = weight - base
    return base, b, a


def quantised(load, start, **more):
    """A plain LoRA with a scaling of 1 over the base that `start(weight) -> base, B, A` gives; with Frobenius errors a module: of NF4
    alone, of base and adapter together."""
    peft, errors = adapted(load, **({"lora_alpha": QUANTISED_ALPHA} | more)), {}
    with torch.no_grad():
        for name, module in peft.named_modules():
            if not hasattr(module, "lora_A"):
                continue
            weight = module.base_layer.weight.detach().clone()
            base, b, a = start(weight)
            module.base_layer.weight.copy_(base)
            module.lora_B["default"].weight.copy_(b)
            module.lora_A["default"].weight.copy_(a)
            errors[name.removeprefix("base_model.model.")] = [
                (weight - nf4(weight)).norm().item(), (weight - base - b @ a).norm().item()]
    return peft, errors


def curves(folder, source, rows, encode):
    """Every method of PEFT's that ours has a peer in, and the reference loops over bitsandbytes' quantiser."""
    load, found = loader(source), {}
    for name, init, more in (("rslora", True, {"use_rslora": True}), ("dora", True, {"use_dora": True}), ("olora", "olora", {})):
        peft = adapted(load, init, **more)
        if init is True:
            save(move_from_zero(peft), folder / f"{name}_start")
        losses, norms = train(peft, rows, encode)
        found[name] = {"alpha": ALPHA, "losses": losses, "gradNorms": norms}
    for name, loop in (("loftq", loftq), ("qpissa", qpissa)):
        for rounds in (1, 5):
            peft, errors = quantised(load, lambda weight: loop(weight, RANK, rounds))
            losses, norms = train(peft, rows, encode)
            found[f"{name}-{rounds}"] = {"alpha": QUANTISED_ALPHA, "rounds": rounds, "losses": losses, "gradNorms": norms,
                                         "errors": errors}
    started = load_file(folder / "lora_start" / "adapter_model.safetensors")
    for name, double in (("nf4", False), ("nf4-dq", True)):  # QLoRA: LoRA's own start over the quantised base
        peft = adapted(load)
        with torch.no_grad():
            for key, module in peft.named_modules():
                if hasattr(module, "lora_A"):
                    module.base_layer.weight.copy_(nf4(module.base_layer.weight, double))
                    module.lora_A["default"].weight.copy_(started[f"{key}.lora_A.weight"])
                    module.lora_B["default"].weight.copy_(started[f"{key}.lora_B.weight"])
        losses, norms = train(peft, rows, encode)
        found[f"qlora-{name}"] = {"alpha": ALPHA, "base": name, "losses": losses, "gradNorms": norms}
    (folder / "curves.json").write_text(json.dumps(found, indent=1) + "\n")


def adapters(folder, source, rows, encode):
    """Folders as PEFT saves them after training, and PEFT's logits with the trained model in memory."""
    load, ids = loader(source), [5, 80, 101, 7, 33, 250, 9, 200]
    few = {"target_modules": ["q_proj", "v_proj"]}
    patterns = {
        "rank_pattern": {"q_proj": 2, "model.layers.1.mlp.down_proj": 6},
        "alpha_pattern": {"k_proj": 3, "model.layers.1.mlp.down_proj": 9, "self_attn.v_proj": 5}}
    expression = {"rank_pattern": {r"layers\.\d+\.self_attn\.v_proj": 2}} | few
    kinds = {
        "lora": (True, {}), "rslora": (True, {"use_rslora": True}), "dora": (True, {"use_dora": True}),
        "pissa_converted": ("pissa", {}), "pissa_rslora_converted": ("pissa", {"use_rslora": True} | few),
        "patterns": (True, patterns), "patterns_regex": (True, expression), "saved_head": (True, {"modules_to_save": ["lm_head"]} | few),
        "saved_embedding": (True, {"modules_to_save": ["embed_tokens"]} | few),
        "saved_norms": (True, {"modules_to_save": ["norm"]} | few)}
    stored = {"ids": torch.tensor(ids).float()}
    for name, (init, more) in kinds.items():
        peft = adapted(load, init, **more)
        with tempfile.TemporaryDirectory() as start:
            conversion = {}
            if init is not True:  # PEFT wants the start saved as if it were plain LoRA
                peft.peft_config["default"].init_lora_weights = True
                peft.save_pretrained(start)
                peft.peft_config["default"].init_lora_weights = init
                conversion["path_initial_model_for_weight_conversion"] = start
            train(peft, rows, encode)
            with torch.no_grad():  # before saving: a conversion leaves the start as a second adapter
                stored[f"logits.{name}"] = peft.eval()(input_ids=torch.tensor([ids])).logits[0].contiguous()
            save(peft, folder / "adapters" / name, **conversion)
    save_file(stored, folder / "adapters.safetensors")
    (folder / "adapters.safetensors").chmod(0o644)


def main():
    write_tiny(HERE / "tiny")
    rows = write_rows(HERE / "rows.jsonl")
    text = lambda row: row["prompt"] + "\n" + row["response"]
    sets = [(HERE / "tiny", HERE / "tiny", rows, lambda row: list(text(row).encode()))]
    if len(sys.argv) > 1:
        import sentencepiece
        stories = pathlib.Path(sys.argv[1])
        pieces = sentencepiece.SentencePieceProcessor(str(stories / "tokenizer.model"))
        sets.append((HERE / "stories", stories, rows, lambda row: pieces.encode(text(row))))
    for one in sets:
        golden(*one)
        curves(*one)
    adapters(*sets[0])


if __name__ == "__main__":
    main()
