#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""Our GGUF files in llama.cpp: trains an adapter for a few steps, exports the model in every type and the adapter, loads each with
llama-cpp-python and compares its logits with ours.

    python3 -m venv llama && CMAKE_ARGS=-DGGML_NATIVE=OFF llama/bin/pip install llama-cpp-python==0.3.36 gguf numpy
    llama/bin/python tests/peer/check_llama_cpp.py build/release/bin/rankwright-cli /tmp/work [MODEL] [DATA]

Bars: float32 1e-3 (float32 cache, no flash attention); float16 0.1, bfloat16 0.5 (llama.cpp rounds what goes into
a product to the weights' type, and bfloat16 has an eighth of float16's steps); of the quantised types the tensors' bytes equal those that
PyPI's gguf makes of the float32 file, and the most probable next token is the same for 95 of 100; the LoRA file on a float32 export of the
base 1e-3. MODEL is the bundled one unless given, and may be a tiny folder: then the share of equal tokens is printed and not judged, since
logits of a model that has learned nothing lie too close together.
"""
import argparse
import ctypes
import json
import pathlib
import subprocess
import sys

import gguf
import llama_cpp
import numpy as np

TYPES = ["float32", "float16", "bfloat16", "q8_0", "q4_1", "q4_0"]
QUANTISED = {"q8_0": gguf.GGMLQuantizationType.Q8_0, "q4_0": gguf.GGMLQuantizationType.Q4_0, "q4_1": gguf.GGMLQuantizationType.Q4_1}


def cli(program, *arguments):
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"rankwright-cli {' '.join(map(str, arguments))}\n{done.stderr}")
    return done.stdout


def read_safetensors(path, name):
    data = pathlib.Path(path).read_bytes()
    size = int.from_bytes(data[:8], "little")
    entry = json.loads(data[8:8 + size])[name]
    begin, end = entry["data_offsets"]
    return np.frombuffer(data[8 + size + begin:8 + size + end], dtype=np.float32).reshape(entry["shape"])


def logits_of_ours(program, work, model, ids, adapter=None):
    out = work / "logits.safetensors"
    out.unlink(missing_ok=True)
    extra = ["--adapter", adapter] if adapter else []
    cli(program, "logits", model, "--ids", ",".join(map(str, ids)), "--out", out, *extra)
    return read_safetensors(out, "logits")


def logits_of_llama_cpp(path, ids, lora=None):
    """(tokens, vocabulary) float32 of the low-level interface: its high-level one offers no setting of the extra buffers."""
    parameters = llama_cpp.llama_model_default_params()
    parameters.n_gpu_layers = 0
    parameters.use_extra_bufts = False   # some virtual machines stop with an illegal instruction in repacked kernels
    model = llama_cpp.llama_model_load_from_file(str(path).encode(), parameters)
    assert model, f"llama.cpp does not load {path}"
    settings = llama_cpp.llama_context_default_params()
    settings.n_ctx = settings.n_batch = settings.n_ubatch = max(64, len(ids))
    settings.n_threads = settings.n_threads_batch = 2
    settings.type_k = settings.type_v = llama_cpp.GGML_TYPE_F32
    settings.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED
    context = llama_cpp.llama_init_from_model(model, settings)
    if lora:
        adapter = llama_cpp.llama_adapter_lora_init(model, str(lora).encode())
        assert adapter, f"llama.cpp does not load {lora}"
        apply_adapter(context, adapter)
    batch = llama_cpp.llama_batch_init(len(ids), 0, 1)
    batch.n_tokens = len(ids)
    for i, token in enumerate(ids):
        batch.token[i], batch.pos[i], batch.n_seq_id[i], batch.seq_id[i][0], batch.logits[i] = token, i, 1, 0, 1
    assert llama_cpp.llama_decode(context, batch) == 0
    size = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(model))
    rows = [np.ctypeslib.as_array(llama_cpp.llama_get_logits_ith(context, i), shape=(size,)).copy() for i in range(len(ids))]
    llama_cpp.llama_batch_free(batch)
    llama_cpp.llama_free(context)
    llama_cpp.llama_model_free(model)
    return np.stack(rows)


def apply_adapter(context, adapter):
    """With scale 1; the function's name changed between versions."""
    if hasattr(llama_cpp, "llama_set_adapters_lora"):
        adapters = (llama_cpp.llama_adapter_lora_p_ctypes * 1)(adapter)
        scales = (ctypes.c_float * 1)(1.0)
        assert llama_cpp.llama_set_adapters_lora(context, adapters, 1, scales) == 0
    else:
        assert llama_cpp.llama_set_adapter_lora(context, adapter, 1.0) == 0


def tensors_of(path):
    return {tensor.name: tensor for tensor in gguf.GGUFReader(str(path)).tensors}


def count_other_bytes(path, exact, kind):
    """Tensors of `path` in `kind` or Q8_0 whose bytes are not what PyPI's gguf makes of the float32 file's."""
    wrong = compared = 0
    original = tensors_of(exact)
    for name, tensor in tensors_of(path).items():
        values = np.array(original[name].data, dtype=np.float32).reshape([int(n) for n in reversed(original[name].shape)])
        if tensor.tensor_type in (gguf.GGMLQuantizationType.F32, gguf.GGMLQuantizationType.F16):
            expected = values.astype(np.float32 if tensor.tensor_type == gguf.GGMLQuantizationType.F32 else np.float16)
        else:
            expected = gguf.quants.quantize(values, tensor.tensor_type)
            compared += 1
        wrong += np.ascontiguousarray(tensor.data).tobytes() != np.ascontiguousarray(expected).tobytes()
    assert compared > 0, f"no tensor of {path} is in {kind}"
    return wrong, compared


def compare_files(program, work, files):
    """Each file's logits of both within 1e-3; 1e-2 where llama.cpp looks GELU up in a table of float16. Of a Llama with a sliding window
    (Mistral) only as many tokens as it sees: llama.cpp has no windows in that architecture."""
    report = Report()
    for path in files:
        if path.stem.endswith(("-lora", "-merged")):
            continue
        ids = [int(i) for i in np.random.default_rng(7).integers(5, 90, 24)]
        fields = gguf.GGUFReader(str(path)).fields
        architecture = fields["general.architecture"].contents()
        if architecture == "llama" and "llama.attention.sliding_window" in fields:
            ids = ids[:fields["llama.attention.sliding_window"].contents()]
        ours, theirs = logits_of_ours(program, work, path, ids), logits_of_llama_cpp(path, ids)
        largest = float(np.abs(ours - theirs).max())
        bar = 1e-2 if architecture.startswith("gemma") else 1e-3
        report.say(path.name, largest < bar, f"{len(ids)} tokens, largest difference {largest:.2e} of logits up to {np.abs(ours).max():.1f}")
        lora, merged = (path.with_name(path.stem + ending) for ending in ("-lora.gguf", "-merged.gguf"))
        if lora.exists() and merged.exists():
            adapted, added = logits_of_llama_cpp(path, ids, lora), logits_of_llama_cpp(merged, ids)
            largest, moved = float(np.abs(adapted - added).max()), float(np.abs(adapted - theirs).max())
            report.say(f"{lora.name} on it", largest < bar and moved > 0.1,
                       f"largest difference to the merged model {largest:.2e}, moved by {moved:.2e}")
    return report.failed


class Report:
    def __init__(self):
        self.failed = False

    def say(self, what, good, text):
        self.failed |= not good
        print(f"{'ok  ' if good else 'FAIL'} {what}: {text}", flush=True)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("cli", type=pathlib.Path)
    options.add_argument("work", type=pathlib.Path)
    options.add_argument("model", nargs="?", default="default")
    options.add_argument("data", nargs="?", default="default")
    options.add_argument("--steps", type=int, default=3)
    options.add_argument("--rank", type=int, default=8)
    options.add_argument("--only", default="", help="types, separated by commas")
    options.add_argument("--files", nargs="*", type=pathlib.Path, default=[],
                         help="float32 files to compare instead, such as those that RANKWRIGHT_KEEP_GGUF=DIR tst_gguf_export leaves")
    asked = options.parse_args()
    program, work = asked.cli.resolve(), asked.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    if asked.files:
        sys.exit(compare_files(program, work, asked.files))
    data = ["--data-dir", work / "data"]
    tiny = asked.model != "default"
    report = Report()

    def trained(name, method, steps, rate):
        done = cli(program, *data, "train", asked.model, asked.data, "--method", method, "--rank", asked.rank, "--steps", steps,
                   "--batch", 2, "--max-length", 128, "--rows", ":32", "--lr", rate, "--name", name, "--json",
                   *(["--template", "none", "--loss", "all"] if tiny else []))
        return json.loads(done)["run"]

    def export(run, kind, name, *more):
        folder = work / name
        if not folder.exists():
            cli(program, *data, "export", run, "--format", kind, "--out", folder, *more)
        return folder

    marker = work / "run.txt"
    if not marker.exists():
        marker.write_text(trained("llama.cpp check", "pissa", asked.steps, "1e-3"))
    run = marker.read_text()

    ids = [int(i) for i in np.random.default_rng(7).integers(5, 200, 24)]
    if not tiny:
        text = "Janet's ducks lay 16 eggs per day. She eats three for breakfast and bakes muffins with four. How much does she make " \
               "every day at the farmers' market? The answer is the number of eggs that are left times two dollars, which is eighteen. " \
               "A robe takes 2 bolts of blue fiber and half that much white fiber. How many bolts in total does it take?"
        ids = json.loads(cli(program, "tokenize", asked.model, "--text", text, "--json"))["ids"]
    exact = export(run, "gguf", "float32") / "model.gguf"
    live = logits_of_ours(program, work, exact, ids)
    for kind in [k for k in TYPES if not asked.only or k in asked.only.split(",")]:
        path = export(run, "gguf", kind, "--dtype", kind) / "model.gguf"
        ours, theirs = logits_of_ours(program, work, path, ids), logits_of_llama_cpp(path, ids)
        largest = float(np.abs(ours - theirs).max())
        if kind == "float32":
            report.say(kind, largest < 1e-3, f"largest difference {largest:.2e} of logits up to {np.abs(ours).max():.1f}")
        elif kind in ("float16", "bfloat16"):
            report.say(kind, largest < (0.1 if kind == "float16" else 0.5), f"largest difference {largest:.2e}")
        else:
            wrong, compared = count_other_bytes(path, exact, kind)
            same = float((ours.argmax(1) == theirs.argmax(1)).mean())
            report.say(kind, wrong == 0 and (tiny or same >= 0.95),
                       f"{compared} quantised tensors, {wrong} of other bytes than PyPI's gguf; same first token {100 * same:.1f} %, "
                       f"largest difference {largest:.2e}; against the float32 file {100 * float((live.argmax(1) == theirs.argmax(1)).mean()):.1f} %")
    # The adapter goes on the base that was not trained: LoRA starts at the base and such a small step leaves it there in float32.
    base_marker = work / "base.txt"
    if not base_marker.exists():
        base_marker.write_text(trained("the base itself", "lora", 1, "1e-12"))
    base = export(base_marker.read_text(), "gguf", "base") / "model.gguf"
    lora = export(run, "gguf-lora", "lora") / "adapter.gguf"
    peft = export(run, "lora", "peft")
    ours, theirs = logits_of_ours(program, work, asked.model, ids, peft), logits_of_llama_cpp(base, ids, lora)
    largest, moved = float(np.abs(ours - theirs).max()), float(np.abs(logits_of_llama_cpp(base, ids) - theirs).max())
    report.say("LoRA file on the float32 base", largest < 1e-3 and moved > 10 * largest,
               f"largest difference {largest:.2e}; the adapter itself moves logits by {moved:.2e}")
    sys.exit(report.failed)


if __name__ == "__main__":
    main()
