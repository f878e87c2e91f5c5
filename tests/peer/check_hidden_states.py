# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""Compares `logits --hidden` with transformers in float64, layer by layer, on random tokens.

    python3 -m venv /tmp/oracle
    /tmp/oracle/bin/pip install torch==2.11.0 transformers==5.23 gguf==0.19.0 safetensors
    /tmp/oracle/bin/python tests/peer/check_hidden_states.py CLI MODEL [--tokens N] [--seed S]

CLI is build/release/bin/rankwright-cli, MODEL a folder of a decoder or an encoder, or a .gguf file, whose weights PyPI's gguf dequantises.
Bars: each layer 1e-5 of that layer's largest value, the last hidden state 2e-4 absolutely, logits 1e-4 of the largest; the status is 1
where one is missed.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

import torch
from safetensors.torch import load_file
from transformers import (AutoConfig, AutoModel, AutoModelForCausalLM, AutoModelForSequenceClassification, BertConfig, BertModel,
                          logging)

LAYER_BAR, LAST_BAR, LOGITS_BAR = 1e-5, 2e-4, 1e-4


def gguf_encoder(path):
    """transformers reads no GGUF of the architecture bert: names by PyPI's gguf, numbers by its metadata."""
    import gguf

    reader = gguf.GGUFReader(path)
    value = lambda key: reader.fields["bert." + key].contents()
    found = {t.name: torch.tensor(gguf.dequantize(t.data, t.tensor_type)) for t in reader.tensors}
    config = BertConfig(
        vocab_size=found["token_embd.weight"].shape[0], hidden_size=value("embedding_length"), num_hidden_layers=value("block_count"),
        num_attention_heads=value("attention.head_count"), intermediate_size=value("feed_forward_length"),
        max_position_embeddings=found["position_embd.weight"].shape[0], type_vocab_size=found["token_types.weight"].shape[0],
        layer_norm_eps=value("attention.layer_norm_epsilon"), attn_implementation="eager")
    model = BertModel(config, add_pooling_layer=False)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.BERT, config.num_hidden_layers)
    model.load_state_dict({k: found[names.get_name(k, try_suffixes=(".weight", ".bias"))] for k in model.state_dict()})
    return model


def gguf_model(path):
    from gguf import GGUFReader

    if GGUFReader(path).fields["general.architecture"].contents() == "bert":
        return gguf_encoder(path)
    return AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32, attn_implementation="eager")


def folder_model(path):
    architecture = (AutoConfig.from_pretrained(path).architectures or ["Model"])[0]
    kind = (AutoModelForCausalLM if architecture.endswith("ForCausalLM")
            else AutoModelForSequenceClassification if architecture.endswith("ForSequenceClassification") else AutoModel)
    return kind.from_pretrained(path, dtype=torch.float32, attn_implementation="eager")


def ours(cli, model, ids):
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out.safetensors"
        subprocess.run([cli, "logits", model, "--ids", ",".join(map(str, ids)), "--hidden", "--out", out, "--quiet"], check=True,
                       stdout=subprocess.DEVNULL)
        return {name: tensor.double() for name, tensor in load_file(out).items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("cli", type=pathlib.Path)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--tokens", type=int, default=48)
    parser.add_argument("--seed", type=int, default=1)
    ask = parser.parse_args()
    logging.set_verbosity_error()   # heads that are not loaded
    model = (gguf_model if ask.model.is_file() else folder_model)(ask.model).eval().double()
    torch.manual_seed(ask.seed)
    ids = torch.randint(5, model.config.vocab_size, (1, ask.tokens))
    with torch.no_grad():
        theirs = model(input_ids=ids, output_hidden_states=True)
    found = ours(ask.cli, ask.model, ids[0].tolist())
    missed = False
    for i, expected in enumerate(theirs.hidden_states):
        share = ((found["hidden_states"][i] - expected[0]).abs().max() / expected.abs().max()).item()
        missed |= not share < LAYER_BAR
        print(f"layer {i:3d}: {share:.2e} of the largest, {expected.abs().max().item():.4g}")
    last = (found["hidden_states"][-1] - theirs.hidden_states[-1][0]).abs().max().item()
    print(f"last hidden state: {last:.2e} (bar {LAST_BAR:g})")
    missed |= not last < LAST_BAR
    if "logits" in theirs and "logits" in found:
        share = ((found["logits"] - theirs.logits.view_as(found["logits"])).abs().max() / theirs.logits.abs().max()).item()
        print(f"logits: {share:.2e} of the largest (bar {LOGITS_BAR:g})")
        missed |= not share < LOGITS_BAR
    sys.exit(missed)


if __name__ == "__main__":
    main()
