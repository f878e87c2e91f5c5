// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/device/device.h"

#include "training/api/error.h"
#include "training/api/number_text.h"
#include "training/device/cuda_facts.h"
#include "training/train/peak_memory.h"

#include <ATen/ATen.h>
#include <ATen/DeviceAccelerator.h>

#include <fstream>
#include <thread>

namespace rankwright {

namespace {

// How many CUDA devices this build can use here.
int deviceCount()
{
    if (cuda::builtWith().empty() || !at::hasCUDA() || !cuda::whyNone().empty())
        return 0;
    return int(at::accelerator::deviceCount());
}

// "AMD EPYC 9654 96-Core Processor", or "processor" where the system does not say.
std::string processorName()
{
    std::ifstream lines("/proc/cpuinfo");
    for (std::string line; std::getline(lines, line);) {
        const auto colon = line.find(": ");
        if (line.starts_with("model name") && colon != std::string::npos)
            return line.substr(colon + 2);
    }
    return "processor";
}

// The number in "cuda" (0) and "cuda:N"; -1 for anything else.
int numberOf(const std::string& device)
{
    if (device == "cuda")
        return 0;
    const std::string digits = device.starts_with("cuda:") ? device.substr(5) : "";
    const bool isNumber = !digits.empty() && digits.size() <= 3 && digits.find_first_not_of("0123456789") == std::string::npos;
    return isNumber ? std::stoi(digits) : -1;
}

}  // namespace

at::Device deviceOf(const std::string& device)
{
    if (device == "cpu")
        return at::kCPU;
    const int number = numberOf(device), count = deviceCount();
    if (number >= 0 && number < count)
        return {at::kCUDA, at::DeviceIndex(number)};
    std::string allowed = "cpu";
    for (int i = 0; i < count; ++i)
        allowed += ", cuda:" + std::to_string(i);
    const auto why = cuda::whyNone();
    throw Error({.code = Code::unsupported,
        .place = "/device",
        .found = "\"" + device + "\"" + (why.empty() ? "" : ": " + why),
        .allowed = allowed,
        .advice = cuda::builtWith().empty() ? "Train on the CPU, or build with CUDA (docs/devices.md)."
                                            : "Choose one that is there; `nvidia-smi` lists what the driver sees."});
}

at::Device deviceOrProcessor(const std::string& device)
{
    const int number = numberOf(device);
    return number >= 0 && number < deviceCount() ? at::Device(at::kCUDA, at::DeviceIndex(number)) : at::Device(at::kCPU);
}

DeviceList devices()
{
    DeviceList list;
    list.devices.push_back({"cpu", processorName(), memoryForThisProcess(), freeMemory()});
    const int count = deviceCount();
    for (int i = 0; i < count; ++i) {
        const auto [free, total] = at::accelerator::getMemoryInfo(at::DeviceIndex(i));
        list.devices.push_back({"cuda:" + std::to_string(i), cuda::nameOf(i), int64_t(total), int64_t(free)});
    }
    if (count == 0)
        list.note = cuda::whyNone();
    return list;
}

std::string cudaText()
{
    if (cuda::builtWith().empty())
        return "none";
    auto text = cuda::builtWith();
    const auto list = devices();
    for (size_t i = 1; i < list.devices.size(); ++i)
        text += ", " + list.devices[i].id + " " + list.devices[i].name + " (" + bytesText(list.devices[i].bytes) + ")";
    return list.devices.size() > 1 ? text : text + ", no device";
}

int64_t peakDeviceMemory(at::Device device)
{
    if (device.is_cpu())
        return 0;
    constexpr auto all = size_t(c10::CachingAllocator::StatType::AGGREGATE);
    return at::accelerator::getDeviceStats(device.index()).allocated_bytes[all].peak;
}

void resetPeakDeviceMemory(at::Device device)
{
    if (!device.is_cpu())
        at::accelerator::resetPeakStats(device.index());
}

int64_t freeDeviceMemory(at::Device device)
{
    constexpr auto all = size_t(c10::CachingAllocator::StatType::AGGREGATE);
    const auto stats = at::accelerator::getDeviceStats(device.index());
    const auto kept = stats.reserved_bytes[all].current - stats.allocated_bytes[all].current;
    return int64_t(at::accelerator::getMemoryInfo(device.index()).first) + kept;
}

void waitFor(at::Device device)
{
    if (!device.is_cpu())
        at::accelerator::synchronizeDevice(device.index());
}

void* streamOf(at::Device device)
{
    return device.is_cpu() ? nullptr : at::accelerator::getCurrentStream(device.index()).native_handle();
}

}  // namespace rankwright
