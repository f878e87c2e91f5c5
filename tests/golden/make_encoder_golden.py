# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""Makes the golden files of tests/training/tst_encoders: run by hand when they have to change, never by a test.

    python3 -m venv /tmp/oracle
    /tmp/oracle/bin/pip install torch==2.11.0 transformers==5.23 peft==0.21.2 gguf==0.19.0 safetensors
    /tmp/oracle/bin/python tests/golden/make_encoder_golden.py [path of models/bert-tiny-splade and of MiniLM-L6]

families/NAME/       a small random model as transformers saves it: every tensor far from its usual start, so that a mistake shows
  numbers.safetensors  rows, and what transformers computes with them in float64:
    ids.R, types.R, label.R               row R
    hidden.R (layers + 1, tokens, width), logits.R (classes)
    loss                                  mean over the rows: cross entropy, or squared error for one class
    gradient.NAME                         of the loss, for every matrix that an adapter can sit on and for the head
    lora.NAME.{A,B}, lora.hidden.R, lora.logits.R, lora.gradient.NAME.{A,B}
                                          the same with an adapter by PEFT on all these matrices, B away from zero
  model.gguf           the same weights under the names of PyPI's gguf, for architectures that it knows
hidden_states/NAME.safetensors  ids, types and hidden (layers + 1, tokens, width) of real models, whose files are not part of the project
"""

import json
import pathlib
import shutil
import sys

import gguf
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from transformers import (AutoModel, AutoTokenizer, BertConfig, BertForSequenceClassification, DebertaV2Config,
                          DebertaV2ForSequenceClassification, RobertaConfig, RobertaForSequenceClassification)

FOLDER = pathlib.Path(__file__).parent / "families"
RANK, ALPHA = 2, 3
PADDING = 1     # where RoBERTa's is; the others ignore it behind the mask
SMALL = {"vocab_size": 97, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48,
         "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, "attn_implementation": "eager"}
DEBERTA = SMALL | {"relative_attention": True, "position_biased_input": False, "pos_att_type": "p2c|c2p", "share_att_key": True,
                   "norm_rel_ebd": "layer_norm", "type_vocab_size": 0, "layer_norm_eps": 1e-7}
LENGTHS = [9, 17, 1, 24]

MODELS = {
    "bert": (BertForSequenceClassification, BertConfig, SMALL | {"max_position_embeddings": 40}, 3, LENGTHS),
    "bert-regress": (BertForSequenceClassification, BertConfig,
                     SMALL | {"max_position_embeddings": 40, "type_vocab_size": 3, "hidden_act": "gelu_new"}, 1, LENGTHS),
    "roberta": (RobertaForSequenceClassification, RobertaConfig,
                SMALL | {"max_position_embeddings": 42, "type_vocab_size": 1, "layer_norm_eps": 1e-5}, 3, LENGTHS),
    "roberta-regress": (RobertaForSequenceClassification, RobertaConfig,
                        SMALL | {"max_position_embeddings": 42, "type_vocab_size": 1, "layer_norm_eps": 1e-5}, 1, LENGTHS),
    "deberta": (DebertaV2ForSequenceClassification, DebertaV2Config,
                DEBERTA | {"max_position_embeddings": 32, "position_buckets": 8}, 3, LENGTHS),
    # the classes of distances that v3's models have, on a row long enough to use them
    "deberta-regress": (DebertaV2ForSequenceClassification, DebertaV2Config,
                        DEBERTA | {"max_position_embeddings": 512, "position_buckets": 256, "num_attention_heads": 2}, 1, [9, 300]),
}


def scatter(model):
    with torch.no_grad():
        for name, p in model.named_parameters():
            spread = torch.randn_like(p)
            p.copy_(1 + 0.1 * spread if "LayerNorm.weight" in name else (0.1 if p.dim() == 1 else 0.2) * spread)


def make_rows(config, labels, lengths):
    rows = []
    for i, length in enumerate(lengths):
        ids = torch.randint(3, config.vocab_size, (length,))
        if i == 1:
            ids[5] = PADDING   # written in a text, not behind it: RoBERTa does not count it
        second = torch.arange(length) >= (length + 1) // 2
        types = second.long() * max(0, config.type_vocab_size - 1)
        rows.append((ids, types, float(i % labels) if labels > 1 else 0.7 * i - 0.4))
    return rows


def forward(model, rows):
    """Padded together behind a mask, as transformers runs batches: hidden states, logits, loss."""
    width = max(len(ids) for ids, _, _ in rows)
    pad = lambda x, value: torch.nn.functional.pad(x, (0, width - len(x)), value=value)
    ids = torch.stack([pad(ids, PADDING) for ids, _, _ in rows])
    types = torch.stack([pad(types, 0) for _, types, _ in rows])
    mask = torch.stack([pad(torch.ones_like(ids), 0) for ids, _, _ in rows])
    out = model(input_ids=ids, attention_mask=mask, token_type_ids=types, output_hidden_states=True)
    labels = torch.tensor([label for _, _, label in rows])
    if out.logits.shape[1] == 1:
        loss = (out.logits[:, 0] - labels.double()).square().mean()
    else:
        loss = torch.nn.functional.cross_entropy(out.logits, labels.long())
    hidden = [torch.stack([h[r, :len(ids)] for h in out.hidden_states]) for r, (ids, _, _) in enumerate(rows)]
    return hidden, out.logits, loss


def adaptable(name):
    return name.endswith("weight") and ".encoder.layer." in name and "LayerNorm" not in name


def add_outputs(stored, prefix, hidden, logits, loss):
    for r, states in enumerate(hidden):
        stored[f"{prefix}hidden.{r}"] = states
        stored[f"{prefix}logits.{r}"] = logits[r]
    stored[prefix + "loss"] = loss


def with_adapter(model, rows, stored):
    targets = [n.removesuffix(".weight") for n, _ in model.named_parameters() if adaptable(n)]
    peft = get_peft_model(model, LoraConfig(r=RANK, lora_alpha=ALPHA, lora_dropout=0.0, target_modules=targets)).double()
    with torch.no_grad():
        for name, p in peft.named_parameters():
            if "lora_" in name:
                p.copy_(0.2 * torch.randn_like(p))
    hidden, logits, loss = forward(peft, rows)
    loss.backward()
    add_outputs(stored, "lora.", hidden, logits, loss)
    for name, p in peft.named_parameters():
        if "lora_" not in name:
            continue
        module, letter = name.removeprefix("base_model.model.").removesuffix(".default.weight").rsplit(".lora_", 1)
        stored[f"lora.{module}.{letter}"] = p
        stored[f"lora.gradient.{module}.{letter}"] = p.grad


def write_gguf(folder, model, config):
    """As llama.cpp's converter does it: RoBERTa's positions begin at 0, one architecture for both."""
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.BERT, config.num_hidden_layers)
    writer = gguf.GGUFWriter(folder / "model.gguf", "bert")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_layer_norm_eps(config.layer_norm_eps)
    writer.add_causal_attention(False)
    writer.add_array("bert.classifier.output_labels", [config.id2label[i] for i in range(config.num_labels)])
    for key, p in model.state_dict().items():
        if key.startswith(("bert.pooler", "classifier.dense")):
            key = key.replace("bert.pooler", "classifier")
        elif key.startswith("classifier."):
            key = key.replace("classifier", "classifier.out_proj") if "out_proj" not in key else key
        bare = key.removeprefix("bert.").removeprefix("roberta.")
        if "position_embeddings" in bare and config.model_type == "roberta":
            p = p[config.pad_token_id + 1:]
        name = names.get_name(bare, try_suffixes=(".weight", ".bias"))
        writer.add_tensor(name, p.float().contiguous().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def real_model(path):
    """Two texts where the model has two types."""
    path = pathlib.Path(path)
    tokenizer, model = AutoTokenizer.from_pretrained(path), AutoModel.from_pretrained(path, attn_implementation="eager").eval().double()
    row = tokenizer("The quick brown fox jumps over the lazy dog.", "A second text, with 42 numbers!", return_tensors="pt")
    with torch.no_grad():
        hidden = model(**row, output_hidden_states=True).hidden_states
    name = "bert-tiny" if model.config.hidden_size == 128 else "minilm"
    (FOLDER.parent / "hidden_states").mkdir(exist_ok=True)
    file = FOLDER.parent / "hidden_states" / f"{name}.safetensors"
    save_file({"ids": row["input_ids"][0].float(), "types": row["token_type_ids"][0].float(),
               "hidden": torch.cat(hidden).float().contiguous()}, file)
    file.chmod(0o644)


def make(name, kind, config_kind, settings, labels, lengths):
    torch.manual_seed(len(name))
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    config = config_kind(num_labels=labels, **settings)
    model = kind(config).eval()
    scatter(model)
    model.save_pretrained(folder)
    if config.model_type != "deberta-v2" and labels > 1:
        write_gguf(folder, model, config)
    rows = make_rows(config, labels, lengths)
    model = model.double()
    stored = {}
    for r, (ids, types, label) in enumerate(rows):
        stored |= {f"ids.{r}": ids, f"types.{r}": types, f"label.{r}": torch.tensor(label)}
    hidden, logits, loss = forward(model, rows)
    loss.backward()
    add_outputs(stored, "", hidden, logits, loss)
    for key, p in model.named_parameters():
        if adaptable(key) or key.startswith(("classifier", "pooler", "bert.pooler")):
            stored["gradient." + key] = p.grad
    with_adapter(model, rows, stored)
    save_file({k: v.detach().float().contiguous() for k, v in stored.items()}, folder / "numbers.safetensors")
    for file in folder.iterdir():
        file.chmod(0o644)
    print(name, json.dumps({f.name: f.stat().st_size for f in sorted(folder.iterdir())}))


def main():
    for name, model in MODELS.items():
        make(name, *model)
    for path in sys.argv[1:]:
        real_model(path)


if __name__ == "__main__":
    main()
