// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// One loop, compiled for the vector widths of x86-64 and picked when the program runs: the build itself stays at the baseline, so
// that it starts on every machine. Loops that code weights multiply and compare but never add products, so no width can fuse a product
// with a sum and round differently: codes are the same everywhere. Loops that sum products differ in rounding: they may fuse (_SUMS).
#pragma once

#include <cstdlib>
#include <string_view>

#define RANKWRIGHT_INLINE inline __attribute__((always_inline))
#if defined(__x86_64__)
#define RANKWRIGHT_AVX2 __attribute__((target("avx2")))
#define RANKWRIGHT_AVX2_SUMS __attribute__((target("avx2,fma,f16c")))
#define RANKWRIGHT_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,prefer-vector-width=512")))
#endif

namespace rankwright {

enum class Width { baseline, avx2, avx512 };

// What the processor has, or less where LibTorch is held to less: ATEN_CPU_CAPABILITY=default or avx2.
inline Width widestVectors()
{
#if defined(__x86_64__)
    static const Width width = [] {
        const char* set = std::getenv("ATEN_CPU_CAPABILITY");
        const std::string_view most = set ? set : "";
        __builtin_cpu_init();
        if (most == "default")
            return Width::baseline;
        if (most != "avx2" && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") 
            && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
            return Width::avx512;
        const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
        return avx2 ? Width::avx2 : Width::baseline;
    }();
    return width;
#else
    return Width::baseline;
#endif
}

#if defined(__x86_64__)
template <auto loop, class... Arguments>
RANKWRIGHT_AVX2 void runAvx2(Arguments... arguments) { loop(arguments...); }
template <auto loop, class... Arguments>
RANKWRIGHT_AVX512 void runAvx512(Arguments... arguments) { loop(arguments...); }
#endif

// Calls `loop`, a RANKWRIGHT_INLINE function of plain pointers and numbers.
template <auto loop, class... Arguments>
void runWidest(Arguments... arguments)
{
#if defined(__x86_64__)
    switch (widestVectors()) {
    case Width::avx512: return runAvx512<loop>(arguments...);
    case Width::avx2: return runAvx2<loop>(arguments...);
    case Width::baseline: break;
    }
#endif
    loop(arguments...);
}

}  // namespace rankwright
