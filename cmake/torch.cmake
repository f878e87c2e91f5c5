# SPDX-License-Identifier: GPL-3.0-or-later
# Finds LibTorch without asking for a CUDA toolkit: a folder that holds include/torch and lib/libtorch_cpu.so. In this order:
# -DRANKWRIGHT_LIBTORCH, CMAKE_PREFIX_PATH, Torch_DIR, the active virtual environment, the user's cache (where ./run puts it).
# Defines the imported target rankwright_torch.
set(candidates ${RANKWRIGHT_LIBTORCH} ${CMAKE_PREFIX_PATH})
if(Torch_DIR)
    list(APPEND candidates ${Torch_DIR}/../../..)
endif()
if(DEFINED ENV{VIRTUAL_ENV})
    file(GLOB found $ENV{VIRTUAL_ENV}/lib/python3*/site-packages/torch)
    list(APPEND candidates ${found})
endif()
if(DEFINED ENV{XDG_CACHE_HOME} AND NOT "$ENV{XDG_CACHE_HOME}" STREQUAL "")
    set(cache $ENV{XDG_CACHE_HOME}/rankwright)
else()
    set(cache $ENV{HOME}/.cache/rankwright)
endif()
file(GLOB found ${cache}/libtorch-2.11.0/lib/python3*/site-packages/torch)
list(APPEND candidates ${found})

set(torch_root "")
foreach(candidate IN LISTS candidates)
    if(NOT torch_root AND EXISTS ${candidate}/lib/libtorch_cpu.so AND EXISTS ${candidate}/include/torch)
        get_filename_component(torch_root ${candidate} REALPATH)
    endif()
endforeach()
if(NOT torch_root)
    message(FATAL_ERROR "LibTorch was not found. Run ./run or ./test once (they put it into ${cache}), or give its "
        "folder: -DRANKWRIGHT_LIBTORCH=/path/to/site-packages/torch")
endif()
message(STATUS "LibTorch: ${torch_root}")

add_library(rankwright_torch INTERFACE)
target_include_directories(rankwright_torch SYSTEM INTERFACE ${torch_root}/include
    ${torch_root}/include/torch/csrc/api/include)
target_link_libraries(rankwright_torch INTERFACE ${torch_root}/lib/libtorch_cpu.so ${torch_root}/lib/libc10.so)
target_link_options(rankwright_torch INTERFACE -Wl,--unresolved-symbols=ignore-in-shared-libs
    -Wl,-rpath,${torch_root}/lib)

# CUDA: the wheel always has libtorch_cuda.so, but what that needs (cuBLAS, cuDNN, ...) are wheels of their own, which scripts/setup.sh
# fetches where there is a GPU. Linked by path: nothing names a symbol of it, it only has to be loaded.
set(RANKWRIGHT_USES_CUDA OFF)
if(RANKWRIGHT_NVCC_WORKS)
    set(missing "")
    foreach(library torch_cuda c10_cuda)
        if(NOT EXISTS ${torch_root}/lib/lib${library}.so)
            list(APPEND missing lib${library}.so)
        endif()
    endforeach()
    if(NOT missing)
        execute_process(COMMAND ldd ${torch_root}/lib/libtorch_cuda.so OUTPUT_VARIABLE needs ERROR_QUIET)
        string(REGEX MATCHALL "[^ \t\n]+ => not found" lines "${needs}")
        string(REPLACE " => not found" "" missing "${lines}")
        string(REGEX MATCH "libcudart[^ ]* => ([^ ]+)" unused "${needs}")
        set(cuda_runtime ${CMAKE_MATCH_1})
    endif()
    if(NOT missing)
        set(RANKWRIGHT_USES_CUDA ON)
        target_link_libraries(rankwright_torch INTERFACE ${cuda_runtime}
            "-Wl,--no-as-needed,${torch_root}/lib/libtorch_cuda.so,${torch_root}/lib/libc10_cuda.so,--as-needed")
        message(STATUS "CUDA: ${CMAKE_CUDA_COMPILER_VERSION}, with LibTorch's libraries")
    else()
        list(JOIN missing ", " missing)
        message(STATUS "CUDA: kernels are compiled, not used: LibTorch misses ${missing}")
        if(RANKWRIGHT_CUDA STREQUAL "ON")
            message(FATAL_ERROR "RANKWRIGHT_CUDA is ON. Install torch with its CUDA packages (pip install torch), and give its folder: "
                "-DRANKWRIGHT_LIBTORCH=/path/to/site-packages/torch")
        endif()
    endif()
endif()
