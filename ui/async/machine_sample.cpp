// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Reads four small files, 60 us a sample, and asks NVML two questions a GPU.
#include "ui/async/machine_sample.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <dlfcn.h>
#include <fstream>
#include <sstream>

namespace rankwright {

namespace {

std::string contentOf(const std::string& file)
{
    std::ifstream in(file, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

std::vector<int64_t> numbersIn(std::string_view text)
{
    std::vector<int64_t> found;
    for (size_t at = 0; at < text.size();) {
        int64_t value = 0;
        const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), value);
        if (error == std::errc())
            found.push_back(value);
        at = std::max(at + 1, size_t(end - text.data()));
    }
    return found;
}

// The number after `key` at the start of a line, in KiB as these files have it; 0 where there is none.
int64_t bytesOf(const std::string& text, const std::string& key)
{
    const auto at = text.starts_with(key) ? 0 : text.find('\n' + key);
    if (at == std::string::npos)
        return 0;
    const auto line = std::string_view(text).substr(at + key.size());
    const auto numbers = numbersIn(line.substr(0, line.find('\n', 1)));
    return numbers.empty() ? 0 : numbers.front() * 1024;
}

// What `name` is in the library; the caller gives the function's type, as nvml.h documents it.
template <class F>
bool bind(void* library, F& function, const char* name)
{
    function = reinterpret_cast<F>(dlsym(library, name));
    return function != nullptr;
}

}  // namespace

// NVML's interface is stable C: structures and names of nvml.h, results are 0 where all is well.
struct MachineSampler::Nvml
{
    struct Use { unsigned gpu = 0, memory = 0; };                            // nvmlUtilization_t, per cent
    struct Memory { unsigned long long total = 0, free = 0, used = 0; };     // nvmlMemory_t, bytes
    void* library = nullptr;
    int (*init)() = nullptr;
    int (*shutdown)() = nullptr;
    int (*count)(unsigned*) = nullptr;
    int (*handle)(unsigned, void**) = nullptr;
    int (*use)(void*, Use*) = nullptr;
    int (*memory)(void*, Memory*) = nullptr;
    int (*name)(void*, char*, unsigned) = nullptr;
    std::vector<void*> devices;

    static std::unique_ptr<Nvml> open(const std::string& file)
    {
        auto found = std::make_unique<Nvml>();
        found->library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
        if (found->library == nullptr)
            return nullptr;
        void* library = found->library;
        const bool whole = bind(library, found->init, "nvmlInit_v2") && bind(library, found->shutdown, "nvmlShutdown")
            && bind(library, found->count, "nvmlDeviceGetCount_v2") && bind(library, found->handle, "nvmlDeviceGetHandleByIndex_v2")
            && bind(library, found->use, "nvmlDeviceGetUtilizationRates") && bind(library, found->memory, "nvmlDeviceGetMemoryInfo")
            && bind(library, found->name, "nvmlDeviceGetName");
        if (!whole || found->init() != 0) {
            found->shutdown = nullptr;
            return nullptr;
        }
        unsigned devices = 0;
        if (found->count(&devices) != 0)
            devices = 0;
        for (unsigned i = 0; i < devices; ++i) {
            void* device = nullptr;
            if (found->handle(i, &device) == 0)
                found->devices.push_back(device);
        }
        return found->devices.empty() ? nullptr : std::move(found);
    }
    ~Nvml()
    {
        if (shutdown != nullptr)
            shutdown();
        if (library != nullptr)
            dlclose(library);
    }
    [[nodiscard]] GpuSample sample(void* device) const
    {
        constexpr unsigned kName = 96;   // NVML_DEVICE_NAME_V2_BUFFER_SIZE
        Use now;
        Memory bytes;
        std::array<char, kName> text{};
        GpuSample sample;
        if (use(device, &now) == 0)
            sample.use = std::min(now.gpu, 100u) / 100.0;
        if (memory(device, &bytes) == 0) {
            sample.usedBytes = int64_t(bytes.used);
            sample.bytes = int64_t(bytes.total);
        }
        if (name(device, text.data(), kName - 1) == 0)
            sample.name = text.data();
        return sample;
    }
};

MachineSampler::MachineSampler(std::string proc, std::string nvml) : m_proc(std::move(proc)), m_nvml(Nvml::open(nvml)) {}

MachineSampler::~MachineSampler() = default;

MachineSample MachineSampler::sample()
{
    MachineSample found;
    const std::string stat = contentOf(m_proc + "/stat");
    for (size_t at = 0; at != std::string::npos; at = stat.find("\ncpu", at + 1))   // "cpu " is the sum, "cpu0" a core
        found.cores += stat.compare(at + (at > 0), 3, "cpu") == 0 && at + 4 < stat.size() && stat[at + (at > 0) + 3] != ' ';
    // user nice system idle iowait irq softirq steal; guests are in user already
    auto ticks = numbersIn(std::string_view(stat).substr(0, stat.find('\n')));
    ticks.resize(8);
    int64_t all = 0;
    for (const int64_t tick : ticks)
        all += tick;
    const int64_t busy = all - ticks[3] - ticks[4];
    // After the name in parentheses: utime and stime are the 12th and 13th.
    const std::string self = contentOf(m_proc + "/self/stat");
    const auto name = self.rfind(')');
    auto fields = numbersIn(name == std::string::npos ? std::string_view() : std::string_view(self).substr(name + 3));
    fields.resize(12);
    const int64_t own = fields[10] + fields[11];
    if (const int64_t passed = all - m_all; passed > 0 && m_all > 0) {
        found.machineUse = std::clamp(double(busy - m_busy) / double(passed), 0.0, 1.0);
        found.ownUse = std::max(0.0, double(own - m_own) / double(passed) * found.cores);
    }
    m_busy = busy;
    m_all = all;
    m_own = own;
    const std::string status = contentOf(m_proc + "/self/status"), memory = contentOf(m_proc + "/meminfo");
    found.ownBytes = bytesOf(status, "VmRSS:");
    found.ownPeakBytes = bytesOf(status, "VmHWM:");
    found.freeBytes = bytesOf(memory, "MemAvailable:");
    found.bytes = bytesOf(memory, "MemTotal:");
    if (m_nvml)
        for (void* device : m_nvml->devices)
            found.gpus.push_back(m_nvml->sample(device));
    return found;
}

}  // namespace rankwright
