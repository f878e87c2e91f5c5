# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""Makes tests/golden/families: what transformers 5.23 computes with a tiny random model of each family of decoders. Run by hand
when it has to change, never by a test.

    python3 -m venv /tmp/oracle
    /tmp/oracle/bin/pip install torch transformers==5.23 safetensors gguf==0.19
    /tmp/oracle/bin/python tests/golden/make_family_golden.py

NAME/config.json, model.safetensors   as save_pretrained writes them
NAME/model.gguf                       the same weights in llama.cpp's layout, written with PyPI's gguf in F32
NAME/numbers.safetensors              ids and weights of two rows, logits, grad.MODULE.weight of sum(weights * cross entropy) over
                                      both rows; for families with experts the routers' balancing loss over both rows, `balance`,
                                      and balance.MODULE.weight, its gradients in layer 0

DeepSeek-MoE v1 is not part of transformers: its reference is below, from the formulas of Dai and others 2024, arXiv 2401.06066.
"""

import json
import pathlib
import shutil

import gguf
import numpy
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F
from transformers import AutoModelForCausalLM, AutoConfig
from transformers.models.mixtral.modeling_mixtral import load_balancing_loss_func

HERE = pathlib.Path(__file__).parent / "families"
LENGTHS = (23, 14)
COMMON = dict(vocab_size=128, hidden_size=32, intermediate_size=48, num_attention_heads=4, num_key_value_heads=2,
              num_hidden_layers=2, max_position_embeddings=256, bos_token_id=1, eos_token_id=2, pad_token_id=0)
LLAMA3 = {"rope_type": "llama3", "rope_theta": 10000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
          "original_max_position_embeddings": 128}
FAMILIES = {
    # name: (architecture in GGUF or None, changes to COMMON)
    "llama": ("llama", dict(model_type="llama", head_dim=8, rope_parameters=LLAMA3, attention_bias=True, mlp_bias=True,
                            tie_word_embeddings=False, rms_norm_eps=1e-5)),
    "mistral": ("llama", dict(model_type="mistral", head_dim=12, sliding_window=5, tie_word_embeddings=False)),
    "qwen2": ("qwen2", dict(model_type="qwen2", tie_word_embeddings=True, rope_parameters={"rope_theta": 1e6, "rope_type": "default"})),
    "qwen2_window": (None, dict(model_type="qwen2", num_hidden_layers=3, use_sliding_window=True, sliding_window=6,
                                max_window_layers=1)),
    "qwen3": ("qwen3", dict(model_type="qwen3", head_dim=16, tie_word_embeddings=False)),
    "gemma": ("gemma", dict(model_type="gemma", head_dim=16, num_key_value_heads=1)),
    "gemma3": ("gemma3", dict(model_type="gemma3_text", head_dim=8, num_hidden_layers=7, sliding_window=5, query_pre_attn_scalar=8,
                              hidden_size=24, intermediate_size=32,
                              rope_parameters={"full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1e6},
                                               "sliding_attention": {"rope_type": "default", "rope_theta": 1e4}})),
    "gemma3_scale": (None, dict(model_type="gemma3_text", head_dim=8, num_hidden_layers=2, sliding_window=4,
                                query_pre_attn_scalar=20, layer_types=["full_attention", "sliding_attention"],
                                final_logit_softcapping=5.0, hidden_size=24, intermediate_size=32)),
    "seed_oss": (None, dict(model_type="seed_oss", head_dim=8, tie_word_embeddings=False)),   # of CONTRIBUTING.md
    "mixtral": ("llama", dict(model_type="mixtral", intermediate_size=24, num_local_experts=4, num_experts_per_tok=2,
                              output_router_logits=True, router_aux_loss_coef=0.02)),
}
DEEPSEEK = COMMON | dict(
    model_type="deepseek", architectures=["DeepseekForCausalLM"], num_key_value_heads=4, num_hidden_layers=3, rms_norm_eps=1e-6,
    moe_intermediate_size=12, n_routed_experts=6, n_shared_experts=2, num_experts_per_tok=3, first_k_dense_replace=1,
    moe_layer_freq=1, norm_topk_prob=False, scoring_func="softmax", aux_loss_alpha=0.001, seq_aux=True, hidden_act="silu",
    rope_theta=10000.0, rope_scaling=None, attention_bias=False, tie_word_embeddings=False, torch_dtype="float32",
    auto_map={"AutoModelForCausalLM": "modeling_deepseek.DeepseekForCausalLM"})


def randomise(model, adds_one):
    """Far from any start: norms away from 1, biases away from 0."""
    with torch.no_grad():
        for name, p in model.named_parameters():
            noise = torch.randn(p.shape)
            p.copy_(0.2 * noise + (0 if adds_one else 1) if "norm" in name else 0.25 * noise)


def draw_rows():
    rows = [torch.randint(3, 128, (n,)) for n in LENGTHS]
    return rows, [0.2 + 1.6 * torch.rand(n - 1) for n in LENGTHS]


def weighted_loss(logits, row, weights):
    return (F.cross_entropy(logits[:-1], row[1:], reduction="none") * weights).sum()


# DeepSeek-MoE v1: attention as Llama's with as many keys as queries; an MLP of experts from `first_k_dense_replace` on.
class Norm(nn.Module):
    def __init__(self, width, eps):
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones(width)), eps

    def forward(self, x):
        return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps))


class Gated(nn.Module):
    def __init__(self, hidden, inner):
        super().__init__()
        self.gate_proj = nn.Linear(hidden, inner, bias=False)
        self.up_proj = nn.Linear(hidden, inner, bias=False)
        self.down_proj = nn.Linear(inner, hidden, bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Routed(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.gate = nn.Linear(c["hidden_size"], c["n_routed_experts"], bias=False)
        self.experts = nn.ModuleList(Gated(c["hidden_size"], c["moe_intermediate_size"]) for _ in range(c["n_routed_experts"]))
        self.shared_experts = Gated(c["hidden_size"], c["moe_intermediate_size"] * c["n_shared_experts"])
        self.k = c["num_experts_per_tok"]

    def forward(self, x):
        """Every expert computes every token, which is wasteful and plain; also the balancing loss of this sequence."""
        shares = self.gate(x).softmax(-1)
        weight, chosen = shares.topk(self.k, -1)
        y = self.shared_experts(x)
        for e, expert in enumerate(self.experts):
            y = y + expert(x) * (weight * (chosen == e)).sum(-1, keepdim=True)
        count = torch.stack([(chosen == e).sum() for e in range(len(self.experts))]).float()
        load = count / (len(x) * self.k / len(self.experts))
        return y, (load * shares.mean(0)).sum()


class Attention(nn.Module):
    def __init__(self, c):
        super().__init__()
        h = c["hidden_size"]
        self.heads, self.theta = c["num_attention_heads"], c["rope_theta"]
        self.q_proj, self.k_proj, self.v_proj, self.o_proj = (nn.Linear(h, h, bias=False) for _ in range(4))

    def turn(self, x):
        d, n = x.shape[-1], x.shape[-2]
        angle = torch.arange(n)[:, None] * self.theta ** (-torch.arange(0, d, 2) / d)
        a, b = x[..., : d // 2], x[..., d // 2:]
        return torch.cat([a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin()], -1)

    def forward(self, x):
        n, h = x.shape
        q, k, v = (p(x).view(n, self.heads, -1).transpose(0, 1) for p in (self.q_proj, self.k_proj, self.v_proj))
        scores = self.turn(q) @ self.turn(k).transpose(1, 2) / (h // self.heads) ** 0.5
        scores = scores.masked_fill(torch.ones(n, n, dtype=torch.bool).triu(1), -torch.inf)
        return self.o_proj((scores.softmax(-1) @ v).transpose(0, 1).reshape(n, h))


class DeepseekLayer(nn.Module):
    def __init__(self, c, i):
        super().__init__()
        self.self_attn = Attention(c)
        routed = i >= c["first_k_dense_replace"] and i % c["moe_layer_freq"] == 0
        self.mlp = Routed(c) if routed else Gated(c["hidden_size"], c["intermediate_size"])
        self.input_layernorm = Norm(c["hidden_size"], c["rms_norm_eps"])
        self.post_attention_layernorm = Norm(c["hidden_size"], c["rms_norm_eps"])

    def forward(self, x):
        x = x + self.self_attn(self.input_layernorm(x))
        y = self.mlp(self.post_attention_layernorm(x))
        y, balance = y if isinstance(y, tuple) else (y, 0)
        return x + y, balance


class Deepseek(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.model = nn.Module()
        self.model.embed_tokens = nn.Embedding(c["vocab_size"], c["hidden_size"])
        self.model.layers = nn.ModuleList(DeepseekLayer(c, i) for i in range(c["num_hidden_layers"]))
        self.model.norm = Norm(c["hidden_size"], c["rms_norm_eps"])
        self.lm_head = nn.Linear(c["hidden_size"], c["vocab_size"], bias=False)

    def forward(self, row):
        x, balance = self.model.embed_tokens(row), 0
        for layer in self.model.layers:
            x, more = layer(x)
            balance = balance + more
        return self.lm_head(self.model.norm(x)), balance


def per_expert(name, tensor):
    """Gradients of Mixtral's stacks under the names of the released files; everything else as it is."""
    block, _, part = name.partition(".mlp.experts.")
    if part not in ("gate_up_proj", "down_proj"):
        return {name: tensor}
    inner = tensor.shape[1] // 2
    out = {}
    for e, matrix in enumerate(tensor):
        prefix = f"{block}.block_sparse_moe.experts.{e}."
        if part == "down_proj":
            out[prefix + "w2.weight"] = matrix.clone()
        else:
            out[prefix + "w1.weight"], out[prefix + "w3.weight"] = matrix[:inner].clone(), matrix[inner:].clone()
    return out


def gradients(model, prefix, only=""):
    found = {}
    for name, p in model.named_parameters():
        if p.grad is None or not name.startswith("model.layers." + only) or "norm" in name or name.endswith("bias"):
            continue
        if not name.endswith("mlp.gate.weight"):   # routers stay frozen
            found |= {prefix + n: g for n, g in per_expert(name, p.grad.clone()).items()}
    model.zero_grad()
    return found


def record(model, folder, forward, balance):
    rows, weights = draw_rows()
    numbers = {"ids": torch.cat(rows).float(), "weights": torch.cat(weights)}
    logits = [forward(row) for row in rows]
    sum(weighted_loss(*three) for three in zip(logits, rows, weights)).backward()
    numbers["logits"] = torch.cat(logits).detach()
    numbers |= gradients(model, "grad.")
    if balance is not None:
        value = balance(rows)
        value.backward()
        numbers["balance"] = value.detach()
        numbers |= gradients(model, "balance.", "0.")
    save_file({k: v.contiguous() for k, v in numbers.items()}, folder / "numbers.safetensors")
    print(folder.name, "logits up to", numbers["logits"].abs().max().item(), sum(f.stat().st_size for f in folder.iterdir()) >> 10, "KiB")


# llama.cpp's layout (convert_hf_to_gguf.py's rules as methods.md has them: names of PyPI's gguf).
def interleaved(w, heads):
    return w.reshape(heads, 2, w.shape[0] // heads // 2, *w.shape[1:]).swapaxes(1, 2).reshape(w.shape)


def rope_divisors(c):
    d, scaling = c["head_dim"], c["rope_parameters"]
    factor, low, high = scaling["factor"], scaling["low_freq_factor"], scaling["high_freq_factor"]
    context, out = scaling["original_max_position_embeddings"], []
    for i in range(0, d, 2):
        wave = 2 * numpy.pi * scaling["rope_theta"] ** (i / d)
        smooth = (context / wave - low) / (high - low)
        out.append(1 if wave < context / high else factor if wave > context / low else 1 / ((1 - smooth) / factor + smooth))
    return numpy.array(out, dtype=numpy.float32)


def stacked_experts(tensors):
    """Matrices of experts put together (E, out, in) under the name that PyPI's gguf maps."""
    out, stacks = {}, {}
    for name, tensor in tensors.items():
        if ".experts." not in name:
            out[name] = tensor
            continue
        block, rest = name.split(".experts.")
        e, part = rest.split(".", 1)
        stacks.setdefault(f"{block}.experts.{part}".replace("model.layers", "layers").replace("block_sparse_moe", "feed_forward")
                          if part.startswith("w") else f"{block}.experts.{part}", {})[int(e)] = tensor
    return out | {name: numpy.stack([parts[e] for e in range(len(parts))]) for name, parts in stacks.items()}


def write_metadata(w, arch, c):
    heads, kv = c["num_attention_heads"], c["num_key_value_heads"]
    d = c.get("head_dim") or c["hidden_size"] // heads
    rope = c.get("rope_parameters") or {"rope_theta": c["rope_theta"]}
    rope = rope.get("full_attention", rope)
    w.add_type("model")
    w.add_vocab_size(c["vocab_size"])
    w.add_context_length(c["max_position_embeddings"])
    w.add_embedding_length(c["hidden_size"])
    w.add_block_count(c["num_hidden_layers"])
    w.add_feed_forward_length(c["intermediate_size"])
    w.add_head_count(heads)
    w.add_head_count_kv(kv)
    w.add_key_length(d)
    w.add_value_length(d)
    w.add_layer_norm_rms_eps(c["rms_norm_eps"])
    w.add_rope_freq_base(rope["rope_theta"])
    if arch in ("llama", "deepseek"):
        w.add_rope_dimension_count(d)
    if rope.get("rope_type") == "linear":
        w.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        w.add_rope_scaling_factor(rope["factor"])
    if c.get("sliding_window") and arch in ("llama", "gemma3"):
        w.add_sliding_window(c["sliding_window"])
    if "num_local_experts" in c:
        w.add_expert_count(c["num_local_experts"])
        w.add_expert_used_count(c["num_experts_per_tok"])
    if "n_routed_experts" in c:
        w.add_expert_count(c["n_routed_experts"])
        w.add_expert_used_count(c["num_experts_per_tok"])
        w.add_expert_shared_count(c["n_shared_experts"])
        w.add_expert_feed_forward_length(c["moe_intermediate_size"])
        w.add_leading_dense_block_count(c["first_k_dense_replace"])
        w.add_expert_weights_scale(1.0)


def write_gguf(file, arch, c, tensors):
    writer = gguf.GGUFWriter(file, arch)
    write_metadata(writer, arch, c)
    kind = next(a for a, name in gguf.MODEL_ARCH_NAMES.items() if name == arch)
    names = gguf.get_tensor_name_map(kind, c["num_hidden_layers"])
    for name, tensor in stacked_experts({k: v.numpy() for k, v in tensors.items()}).items():
        if c.get("tie_word_embeddings") and name == "lm_head.weight":
            continue
        if arch in ("llama", "deepseek") and ("q_proj" in name or "k_proj" in name):
            tensor = interleaved(tensor, c["num_attention_heads" if "q_proj" in name else "num_key_value_heads"])
        if arch.startswith("gemma") and name.endswith("norm.weight"):
            tensor = tensor + numpy.float32(1)
        theirs = names.get_name(name, try_suffixes=(".weight", ".bias"))
        assert theirs, name
        writer.add_tensor(theirs, numpy.ascontiguousarray(tensor))
    if (c.get("rope_parameters") or {}).get("rope_type") == "llama3":
        writer.add_tensor("rope_freqs.weight", rope_divisors(c))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def mixtral_balance(model):
    def value(rows):
        found = [model(row[None], output_router_logits=True).router_logits for row in rows]
        layers = tuple(torch.cat([row[i].reshape(-1, row[i].shape[-1]) for row in found]) for i in range(len(found[0])))
        return load_balancing_loss_func(layers, model.config.num_local_experts, model.config.num_experts_per_tok)
    return value


def make(name, arch, changes):
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    torch.manual_seed(sum(map(ord, name)))
    changes = COMMON | changes
    config = AutoConfig.for_model(changes.pop("model_type"), **changes)
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval()
    randomise(model, name.startswith("gemma"))
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    record(model, folder, lambda row: model(row[None]).logits[0], mixtral_balance(model) if name == "mixtral" else None)
    if arch:
        tensors = {}
        for key, tensor in model.state_dict().items():
            tensors |= per_expert(key, tensor)
        tensors = {k.replace("mlp.gate.", "block_sparse_moe.gate."): v for k, v in tensors.items()}
        write_gguf(folder / "model.gguf", arch, config.to_dict(), tensors)


def make_deepseek():
    folder = HERE / "deepseek"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    torch.manual_seed(9)
    model = Deepseek(DEEPSEEK)
    randomise(model, False)
    (folder / "config.json").write_text(json.dumps(DEEPSEEK, indent=2) + "\n")
    save_file(model.state_dict(), folder / "model.safetensors", {"format": "pt"})
    # By sequence and layer, then the mean over the sequences.
    record(model, folder, lambda row: model(row)[0], lambda rows: sum(model(row)[1] for row in rows) / len(rows))
    write_gguf(folder / "model.gguf", "deepseek", DEEPSEEK, dict(model.state_dict()))


if __name__ == "__main__":
    for family, (architecture, settings) in FAMILIES.items():
        make(family, architecture, settings)
    make_deepseek()
    for file in HERE.glob("*/*"):
        file.chmod(0o644)
