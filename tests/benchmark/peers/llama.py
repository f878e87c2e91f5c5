# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""A process of the benchmark: tokens a second of llama.cpp after the prompt, by its low-level interface. {"gguf", "prompt", "tokens",
"threads"}."""

import ctypes
import json
import sys
import time

import llama_cpp

QUIET = llama_cpp.llama_log_callback(lambda *_: None)   # kept: C holds no reference


def opened(asked):
    parameters = llama_cpp.llama_model_default_params()
    parameters.n_gpu_layers = 0
    parameters.use_extra_bufts = False   # some virtual machines stop with an illegal instruction in repacked kernels
    model = llama_cpp.llama_model_load_from_file(asked["gguf"].encode(), parameters)
    assert model, "llama.cpp does not load the file"
    settings = llama_cpp.llama_context_default_params()
    settings.n_ctx, settings.n_batch = 512, 512
    settings.n_threads = settings.n_threads_batch = asked["threads"]
    return model, llama_cpp.llama_init_from_model(model, settings)


def text_of(vocabulary, tokens):
    piece, text = ctypes.create_string_buffer(64), b""
    for token in tokens:
        length = llama_cpp.llama_token_to_piece(vocabulary, token, piece, 64, 0, False)
        text += piece.raw[:length]
    return text.decode(errors="replace")


def main():
    asked = json.loads(sys.argv[1])
    llama_cpp.llama_log_set(QUIET, None)
    model, context = opened(asked)
    vocabulary = llama_cpp.llama_model_get_vocab(model)
    text = asked["prompt"].encode()
    ids = (llama_cpp.llama_token * 512)()
    count = llama_cpp.llama_tokenize(vocabulary, text, len(text), ids, 512, False, False)
    sampler = llama_cpp.llama_sampler_init_greedy()

    def decoded(tokens):
        given = (llama_cpp.llama_token * len(tokens))(*tokens)
        assert llama_cpp.llama_decode(context, llama_cpp.llama_batch_get_one(given, len(tokens))) == 0
        return llama_cpp.llama_sampler_sample(sampler, context, -1)

    token, found = decoded(ids[:count]), []
    started, worked = time.monotonic(), time.process_time()
    for _ in range(asked["tokens"]):
        token = decoded([token])
        found.append(token)
    seconds, cpu = time.monotonic() - started, time.process_time() - worked
    print(json.dumps({"value": asked["tokens"] / seconds, "cpu": asked["tokens"] / cpu, "text": text_of(vocabulary, found)[:120]}))


if __name__ == "__main__":
    main()
