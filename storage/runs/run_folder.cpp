// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// run.json, metrics.jsonl and control/ of a run folder. The folder may have come from another machine, so its JSON is
// read with limits and links are not followed.
#include "storage/runs/run_folder.h"

#include "storage/file_lock.h"
#include "training/api/error.h"
#include "training/formats/atomic_file.h"
#include "training/formats/file_reader.h"
#include "training/formats/json.h"
#include "training/formats/limits.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <limits>
#include <sys/stat.h>
#include <unistd.h>

namespace rankwright {

namespace {

constexpr std::array<const char*, 3> kControls = {"pause", "checkpoint", "stop"};

[[noreturn]] void failed(const std::filesystem::path& file, const std::string& doing, int error)
{
    throw Error(ErrorParts{.code = error == ENOENT ? Code::missing : Code::io,
        .file = file,
        .place = "run folder",
        .found = doing + ": " + std::strerror(error),
        .allowed = "a folder that can be written to, with space",
        .advice = "Check that the run's folder is still there, its permissions and the free space."});
}

// Closes on every way out.
struct Descriptor
{
    int fd;
    explicit Descriptor(int opened) : fd(opened) { }
    ~Descriptor() { ::close(fd); }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
};

// Bytes up to and including the last newline: a kill may leave half a line behind.
int64_t wholeLines(const Descriptor& file, int64_t size)
{
    std::array<char, 4096> block{};
    while (size > 0) {
        const int64_t first = std::max<int64_t>(0, size - int64_t(block.size()));
        const ssize_t got = ::pread(file.fd, block.data(), size_t(size - first), first);
        if (got <= 0)
            return size;
        for (int64_t i = got - 1; i >= 0; --i) {
            if (block[size_t(i)] == '\n')
                return first + i + 1;
        }
        size = first;
    }
    return 0;
}

bool writeAll(int fd, std::string_view text)
{
    while (!text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        text.remove_prefix(size_t(written));
    }
    return true;
}

int64_t stepOf(const Event& event)
{
    return std::visit(
        [](const auto& value) -> int64_t {
            if constexpr (requires { value.step; })
                return value.step;
            else
                return std::numeric_limits<int64_t>::min();  // start and note belong to no step and stay
        },
        event);
}

}  // namespace

RunFolder::RunFolder(std::filesystem::path path) : m_path(std::move(path)) { }

nlohmann::json RunFolder::read() const
{
    const auto file = m_path / "run.json";
    nlohmann::json document = readJsonFile(file, limits::kJsonConfig);
    const auto format = document.is_object() ? document.find("format") : document.end();
    if (format == document.end() || !format->is_number_integer() || !document.contains("config"))
        throw Error(ErrorParts{.code = Code::format,
            .file = file,
            .place = "/format",
            .found = "no run description",
            .allowed = "{\"format\":1,\"id\":..,\"config\":{..}}",
            .advice = "Restore the file from a copy, or move the folder away."});
    if (*format != kFormat)
        throw Error(ErrorParts{.code = Code::unsupported,
            .file = file,
            .place = "/format",
            .found = "version " + format->dump(),
            .allowed = "version " + std::to_string(kFormat),
            .advice = "Use the newer program that wrote it."});
    return document;
}

void RunFolder::write(const nlohmann::json& document) const
{
    writeFileAtomically(m_path / "run.json", document.dump(2) + "\n");
}

void RunFolder::update(const std::function<void(nlohmann::json&)>& change) const
{
    const FileLock others = FileLock::wait(m_path / "run.json.lock");
    nlohmann::json document = read();
    change(document);
    write(document);
}

int64_t RunFolder::appendMetrics(const std::vector<Event>& events) const
{
    std::string lines;
    for (const Event& event : events)
        lines += toJson(event).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    const auto path = m_path / "metrics.jsonl";
    const Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644));
    struct stat status{};
    if (file.fd < 0 || ::fstat(file.fd, &status) != 0)
        failed(path, "cannot be opened", errno);
    const int64_t before = wholeLines(file, status.st_size);
    if (before != status.st_size && ::ftruncate(file.fd, before) != 0)
        failed(path, "a half line cannot be removed", errno);
    if (!writeAll(file.fd, lines) || ::fdatasync(file.fd) != 0) {
        const int error = errno;
        // Back to what was there: the caller keeps these events and writes them again.
        if (::ftruncate(file.fd, before) != 0)
            failed(path, "a half line cannot be removed", errno);
        failed(path, "cannot be written", error);
    }
    return before + int64_t(lines.size());
}

int64_t RunFolder::metricsBytes() const
{
    const auto path = m_path / "metrics.jsonl";
    struct stat status{};
    return ::lstat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) ? int64_t(status.st_size) : 0;
}

int64_t RunFolder::visitMetrics(int64_t firstByte,
    const std::function<void(std::string_view line, const Event& event)>& visit) const
{
    constexpr uint64_t kBlock = 1 << 20;
    const auto path = m_path / "metrics.jsonl";
    if (metricsBytes() <= firstByte)
        return firstByte;
    const FileReader file(path);
    std::string waiting;  // the start of a line whose end has not been read
    uint64_t offset = uint64_t(firstByte);
    int64_t good = firstByte;
    while (offset < file.size() && waiting.size() <= limits::kJsonLine) {
        const uint64_t bytes = std::min(kBlock, file.size() - offset);
        waiting += file.text(offset, bytes);
        offset += bytes;
        size_t start = 0;
        for (size_t end = waiting.find('\n'); end != std::string::npos; end = waiting.find('\n', start)) {
            const std::string_view line(waiting.data() + start, end - start);
            std::optional<Event> event;
            try {
                event = eventFromJson(parseUntrusted(line, path, uint64_t(good)));
            } catch (const Error&) {
                return good;  // damage: what stands before it counts
            }
            visit(line, *event);
            good += int64_t(line.size()) + 1;
            start = end + 1;
        }
        waiting.erase(0, start);
    }
    return good;
}

std::vector<Event> RunFolder::readMetrics() const
{
    std::vector<Event> events;
    visitMetrics(0, [&](std::string_view, const Event& event) { events.push_back(event); });
    return events;
}

void RunFolder::cutMetricsAfter(int64_t step) const
{
    if (metricsBytes() == 0)
        return;
    AtomicFile file(m_path / "metrics.jsonl");
    visitMetrics(0, [&](std::string_view line, const Event& event) {
        if (stepOf(event) <= step) {
            file.write(line);
            file.write(std::string_view("\n"));
        }
    });
    file.commit();
}

void RunFolder::request(const std::string& control, bool on) const
{
    if (std::find(kControls.begin(), kControls.end(), control) == kControls.end())
        throw Error(ErrorParts{.code = Code::usage,
            .file = m_path,
            .place = "control",
            .found = control,
            .allowed = "pause, checkpoint, stop",
            .advice = "Ask for one of these."});
    const auto folder = m_path / "control";
    const auto path = folder / control;
    std::error_code error;
    if (!on) {
        std::filesystem::remove(path, error);
        return;
    }
    std::filesystem::create_directory(folder, error);
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        failed(path, "cannot be created", errno);
    ::close(fd);
}

Controls RunFolder::controls() const
{
    const auto folder = m_path / "control";
    const auto asked = [&](const char* name) { return ::access((folder / name).c_str(), F_OK) == 0; };
    return {.pause = asked("pause"), .checkpoint = asked("checkpoint"), .stop = asked("stop")};
}

void RunFolder::clearControls() const
{
    for (const char* control : kControls)
        request(control, false);
}

}  // namespace rankwright
