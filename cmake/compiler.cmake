# SPDX-License-Identifier: GPL-3.0-or-later
# Language level, warnings, ccache and linker for all targets of ours.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release)
endif()

# ccache only hits with a precompiled header when GCC keeps the include (-fpch-preprocess) and time stamps are forgiven.
find_program(RANKWRIGHT_CCACHE ccache)
if(RANKWRIGHT_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER
        "${CMAKE_COMMAND};-E;env;CCACHE_SLOPPINESS=pch_defines,time_macros;CCACHE_BASEDIR=${CMAKE_SOURCE_DIR};CCACHE_NOHASHDIR=1;${RANKWRIGHT_CCACHE}")
endif()
find_program(RANKWRIGHT_MOLD mold)
if(RANKWRIGHT_MOLD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_link_options(-fuse-ld=mold)
endif()

add_library(rankwright_compiler INTERFACE)
# Designated initialisers leave members to their defaults on purpose; GCC 12 sees overflows in std::string that are not there
# (GCC bugs 105329 and 105651).
target_compile_options(rankwright_compiler INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
    -Wno-missing-field-initializers
    $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds> $<$<BOOL:${RANKWRIGHT_WERROR}>:-Werror>)
target_include_directories(rankwright_compiler INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_definitions(rankwright_compiler INTERFACE RANKWRIGHT_VERSION="${PROJECT_VERSION}")
if(RANKWRIGHT_SANITIZE)
    add_compile_options(-fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize=vptr)
    add_link_options(-fsanitize=address,undefined)
endif()
