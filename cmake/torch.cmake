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
