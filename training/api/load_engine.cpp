// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Finds and opens rankwright_engine.so. It is never closed again: LibTorch's threads and static objects do not survive
// that. Needs libdl only.
#include "training/api/engine.h"
#include "training/api/error.h"

#include <cstdlib>
#include <dlfcn.h>

namespace rankwright {

namespace {

constexpr const char* kLibrary = "rankwright_engine.so";
using MakeEngine = Engine* (*)();

Error missing(const std::filesystem::path& file, std::string place, std::string found, std::string advice)
{
    return Error(ErrorParts{.code = Code::missing,
        .file = file,
        .place = std::move(place),
        .found = std::move(found),
        .allowed = {},
        .advice = std::move(advice)});
}

std::filesystem::path findEngine()
{
    std::error_code ignored;
    if (const char* set = std::getenv("RANKWRIGHT_ENGINE"); set != nullptr && *set != '\0') {
        if (!std::filesystem::is_regular_file(set, ignored))
            throw missing(set, "RANKWRIGHT_ENGINE", "no such file", "Unset the variable or name the engine's file.");
        return std::filesystem::absolute(set);
    }
    const auto program = std::filesystem::read_symlink("/proc/self/exe", ignored);
    if (ignored)
        throw missing("/proc/self/exe", "engine", "the program's own place is not known",
            "Mount /proc, or set RANKWRIGHT_ENGINE to the engine's file.");
    const auto folder = program.parent_path();
    const std::filesystem::path candidates[]{
        folder.parent_path() / "lib" / "rankwright" / kLibrary,
        folder / kLibrary,
    };
    for (const auto& candidate : candidates) {
        if (std::filesystem::is_regular_file(candidate, ignored))
            return candidate;
    }
    throw missing(candidates[0], "engine", "not there, nor beside the program",
        "Build with LibTorch (./run does), or set RANKWRIGHT_ENGINE to the engine's file.");
}

std::string loaderMessage()
{
    const char* text = ::dlerror();
    return text == nullptr ? "unknown" : text;
}

}  // namespace

// Some microseconds of spinning, then sleep. A bfloat16 step of SmolLM2 (4 x 256 tokens, 2 cores) has some ten thousand barriers: it took
// 2.15 s without any spinning, 1.55 s so, and not less with more. Beside one busy process: 2.6 s without, 2.9 so, 6 s with ten times
// as much, and 5.5 s as libgomp does it when left alone.
bool chooseHowThreadsWait()
{
    if (std::getenv("OMP_WAIT_POLICY") != nullptr || std::getenv("GOMP_SPINCOUNT") != nullptr)
        return false;
    // "active" keeps the spinning where several threads train at one time, each with a pool of its own: with more threads in its pools than
    // cores libgomp would spin no more (four arms together: 9 to 10 s a step instead of 6 to 7).
    ::setenv("OMP_WAIT_POLICY", "active", 1);
    ::setenv("GOMP_SPINCOUNT", "1000", 1);
    return true;
}

std::shared_ptr<Engine> loadEngine()
{
    const auto file = findEngine();
    chooseHowThreadsWait();
    // oneDNN keeps 1,024 compiled products, one for every shape it has seen: rows without padding have another number of tokens in
    // every batch, and after a few dozen steps that was 140 MB of SmolLM2's 1.5 GB for nothing that comes again. But the layers of a
    // step ask for the same ones in a circle, 30 for each thread's share of the rows and some for each row in the attention: with 64
    // all were compiled anew in every layer (16 of GSM8K's rows: 790 instead of 960 tokens/s). Read likewise.
    ::setenv("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "512", 0);
    void* library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr)
        throw missing(file, "loading", loaderMessage(),
            "LibTorch must stay where it was when the engine was built; build again.");
    void* symbol = ::dlsym(library, "makeEngine");
    if (symbol == nullptr)
        throw missing(
            file, "symbol makeEngine", "not there", "This file is not Rankwright's engine, or of another version.");
    Engine* engine = reinterpret_cast<MakeEngine>(symbol)();
    if (engine == nullptr)
        throw missing(file, "makeEngine", "made no engine", "Build the engine again.");
    return std::shared_ptr<Engine>(engine);
}

}  // namespace rankwright
