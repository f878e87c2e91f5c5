// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// nf4_launch.h of a build without CUDA: no weight gets onto a device (deviceOf() refuses it), so nothing here is reached but by a
// defect, which these answers name.
#include "training/quant/nf4_launch.h"

namespace rankwright::cuda {

namespace {

constexpr const char* kNone = "this build has no CUDA";

}  // namespace

const char* encodeNf4(const float*, int64_t, uint8_t*, float*, void*)
{
    return kNone;
}

const char* encodeNf4Scales(const float*, int64_t, const float*, const uint8_t*, uint8_t*, float*, void*)
{
    return kNone;
}

const char* decodeNf4(const uint8_t*, const Nf4Scales&, int64_t, int64_t, float*, void*)
{
    return kNone;
}

const char* decodeNf4(const uint8_t*, const Nf4Scales&, int64_t, int64_t, uint16_t*, void*)
{
    return kNone;
}

const char* timesRowNf4(const uint8_t*, const Nf4Scales&, const float*, int64_t, int64_t, float*, void*)
{
    return kNone;
}

const char* timesRowNf4(const uint8_t*, const Nf4Scales&, const uint16_t*, int64_t, int64_t, uint16_t*, void*)
{
    return kNone;
}

}  // namespace rankwright::cuda
