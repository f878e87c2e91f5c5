# SPDX-License-Identifier: GPL-3.0-or-later
# Whether there is a CUDA compiler. Kernels are compiled wherever there is one, so that they stay compilable; the engine uses them
# where LibTorch has its CUDA libraries too (cmake/torch.cmake). -DRANKWRIGHT_CUDA=OFF leaves both out, ON insists on both.
# Defines RANKWRIGHT_NVCC_WORKS and, where it does, the object library rankwright_cuda. To be included before any folder is added.
set(RANKWRIGHT_CUDA AUTO CACHE STRING "Training on CUDA GPUs: AUTO (where nvcc and a LibTorch with CUDA are found), ON or OFF")
set_property(CACHE RANKWRIGHT_CUDA PROPERTY STRINGS AUTO ON OFF)
set(RANKWRIGHT_NVCC_WORKS OFF)

# The sanitizers' options are for every language, and nvcc does not know them.
if(RANKWRIGHT_CUDA AND NOT RANKWRIGHT_SANITIZE)
    if(NOT CMAKE_CUDA_COMPILER AND "$ENV{CUDACXX}" STREQUAL "")
        find_program(RANKWRIGHT_NVCC nvcc HINTS $ENV{CUDA_HOME}/bin $ENV{CUDA_PATH}/bin /usr/local/cuda/bin)
        if(RANKWRIGHT_NVCC)
            set(CMAKE_CUDA_COMPILER ${RANKWRIGHT_NVCC})
        endif()
    endif()
    # A100 and the cards of its generation; H100, and as PTX for what comes after. CMake 3.25 does not know CUDA 13's C++20.
    set(CMAKE_CUDA_ARCHITECTURES 80-real 90)
    set(CMAKE_CUDA_STANDARD 17)
    include(CheckLanguage)
    check_language(CUDA)
    if(CMAKE_CUDA_COMPILER)
        enable_language(CUDA)
        set(RANKWRIGHT_NVCC_WORKS ON)
    endif()
endif()

if(RANKWRIGHT_NVCC_WORKS)
    add_library(rankwright_cuda OBJECT training/quant/nf4_cuda.cu training/device/cuda_facts.cu)
    target_include_directories(rankwright_cuda PRIVATE ${CMAKE_SOURCE_DIR})
    set_target_properties(rankwright_cuda PROPERTIES CUDA_STANDARD_REQUIRED ON POSITION_INDEPENDENT_CODE ON)
elseif(RANKWRIGHT_CUDA STREQUAL "ON")
    message(FATAL_ERROR "RANKWRIGHT_CUDA is ON, and no CUDA compiler works here. Install the CUDA toolkit, name its nvcc "
        "(CUDACXX=/path/to/nvcc), or leave RANKWRIGHT_CUDA at AUTO.")
endif()
