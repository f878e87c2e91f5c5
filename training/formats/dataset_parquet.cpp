// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Starting rankwright-parquet and saying what its end means.
#include "training/formats/dataset_parquet.h"

#include "training/api/error.h"
#include "training/api/paths.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <thread>
#include <utility>

extern char** environ;

namespace rankwright {

namespace {

namespace fs = std::filesystem;

constexpr const char* kProgram = "rankwright-parquet";
constexpr const char* kHowToGet = "Build it with scripts/parquet (it fetches pyarrow, 55 MB, into the cache), or convert the file to .jsonl";
constexpr size_t kMostMessage = 2000;   // bytes of what the program says

// An open file that has no name any more: nothing is left behind, however this program ends.
class Nameless
{
public:
    Nameless()
    {
        const auto folder = cacheDirectory();
        std::error_code ignored;
        fs::create_directories(folder, ignored);
        auto name = (folder / "rows.tmp-XXXXXX").string();
        m_fd = ::mkostemp(name.data(), O_CLOEXEC);
        if (m_fd < 0) {
            throw Error({.code = Code::io, .file = folder, .place = "temporary file",
                .found = "it cannot be made: " + std::generic_category().message(errno), .allowed = "a folder that can be written to",
                .advice = "Free some space, or choose another folder with XDG_CACHE_HOME"});
        }
        ::unlink(name.c_str());
    }
    ~Nameless() { ::close(m_fd); }
    Nameless(const Nameless&) = delete;
    Nameless& operator=(const Nameless&) = delete;
    [[nodiscard]] int descriptor() const { return m_fd; }
    [[nodiscard]] fs::path path() const { return "/proc/self/fd/" + std::to_string(m_fd); }
    [[nodiscard]] uint64_t size() const
    {
        const auto end = ::lseek(m_fd, 0, SEEK_END);
        return end > 0 ? uint64_t(end) : 0;
    }
    [[nodiscard]] std::string text(size_t most) const
    {
        std::string out(most, '\0');
        const auto got = ::pread(m_fd, out.data(), out.size(), 0);
        out.resize(got > 0 ? size_t(got) : 0);
        return out;
    }

private:
    int m_fd = -1;
};

pid_t start(const fs::path& program, const fs::path& file, const ParquetLimits& limits, const Nameless& rows, const Nameless& messages)
{
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, 0, file.c_str(), O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions, rows.descriptor(), 1);
    ::posix_spawn_file_actions_adddup2(&actions, messages.descriptor(), 2);
    std::string most = std::to_string(limits.rows), bytes = std::to_string(limits.bytes), name = kProgram;
    std::array<char*, 4> arguments {name.data(), most.data(), bytes.data(), nullptr};
    pid_t child = -1;
    const int error = ::posix_spawn(&child, program.c_str(), &actions, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (error != 0) {
        throw Error({.code = Code::io, .file = program, .place = "starting", .found = std::generic_category().message(error),
            .allowed = "a program that can be started", .advice = kHowToGet});
    }
    return child;
}

// Waits for the end of the program; one that is not wanted any more is ended.
int waitFor(pid_t child, const fs::path& file, const ReadingWatch& watch)
{
    int status = 0;
    for (;;) {
        const auto ended = ::waitpid(child, &status, WNOHANG);
        if (ended == child)
            return status;
        if (ended < 0 && errno != EINTR) {
            throw Error({.code = Code::io, .file = file, .place = "rows",
                .found = "how the reader of Parquet files ended is not known: " + std::generic_category().message(errno),
                .allowed = "a process that can be waited for", .advice = "Do not ignore SIGCHLD where this program is started"});
        }
        if (watch && !watch(0)) {
            ::kill(child, SIGKILL);
            ::waitpid(child, &status, 0);
            throw Error({.code = Code::stopped, .file = file, .place = "rows", .found = "reading was cancelled", .allowed = {},
                .advice = "Nothing was changed"});
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
}

[[noreturn]] void failSignal(const fs::path& file, int signal)
{
    const bool size = signal == SIGXFSZ, time = signal == SIGXCPU || signal == SIGKILL;
    if (size || time) {
        throw Error({.code = Code::limit, .file = file, .place = "rows",
            .found = size ? "rows that unpack to more than 200 times the file" : "rows that take longer to unpack than a file of this size may",
            .allowed = size ? "at most 64 MiB and 200 times the file's size" : "two minutes, and a second more a megabyte",
            .advice = "Check where the file is from; a file that is meant so can be converted to .jsonl"});
    }
    throw Error({.code = Code::format, .file = file, .place = "rows",
        .found = "the reader of Parquet files ended with signal " + std::to_string(signal) + " (its own process, nothing else is harmed)",
        .allowed = "a whole Parquet file", .advice = "The file seems damaged; fetch it again, or convert it to .jsonl"});
}

// What the program's exit status says: app/parquet_rows.cpp has the other half of this.
void checkEnd(const fs::path& file, int status, const std::string& message)
{
    if (WIFSIGNALED(status))
        failSignal(file, WTERMSIG(status));
    const int code = WEXITSTATUS(status);
    if (code == 0)
        return;
    const std::pair<int, Code> codes[] {{65, Code::format}, {66, Code::unsupported}, {67, Code::limit}, {74, Code::io}};
    auto kind = Code::missing;
    for (const auto& [number, meaning] : codes)
        kind = code == number ? meaning : kind;
    if (kind == Code::missing) {
        throw Error({.code = kind, .file = parquetProgram(), .place = "exit status " + std::to_string(code),
            .found = "it could not be run: " + message, .allowed = "a program that finds its libraries", .advice = kHowToGet});
    }
    throw Error({.code = kind, .file = file, .place = "Parquet", .found = message.empty() ? "it cannot be read" : message,
        .allowed = kind == Code::io ? "room in the cache folder" : "a whole, unencrypted Parquet file",
        .advice = kind == Code::io ? "Free some space, or choose another folder with XDG_CACHE_HOME"
                                   : "Fetch the file again, or convert it to .jsonl"});
}

}  // namespace

struct ParquetRows::Spool
{
    Nameless rows;
    std::optional<FileReader> file;
    std::optional<RowReader> reader;
};

fs::path parquetProgram()
{
    std::error_code error;
    if (const char* set = std::getenv("RANKWRIGHT_PARQUET"); set != nullptr && *set != '\0')
        return fs::is_regular_file(set, error) ? fs::absolute(set) : fs::path();
    const auto folder = fs::read_symlink("/proc/self/exe", error).parent_path();
    for (const auto& candidate : {folder / kProgram, folder.parent_path() / "bin" / kProgram}) {
        if (fs::is_regular_file(candidate, error))
            return candidate;
    }
    return {};
}

ParquetRows::ParquetRows(const FileReader& file, ParquetLimits limits, ReadingWatch watch)
    : m_file(file)
{
    const auto program = parquetProgram();
    if (program.empty()) {
        throw Error({.code = Code::missing, .file = file.path(), .place = kProgram,
            .found = "the program that reads Parquet files is not there", .allowed = "it beside this program, or named by RANKWRIGHT_PARQUET",
            .advice = kHowToGet});
    }
    m_spool = std::make_unique<Spool>();
    const Nameless messages;
    const auto child = start(program, file.path(), limits, m_spool->rows, messages);
    const int status = waitFor(child, file.path(), watch);
    auto message = messages.text(kMostMessage);
    while (message.ends_with('\n'))
        message.pop_back();
    checkEnd(file.path(), status, message);
    file.checkUnchanged();
    m_spool->file.emplace(m_spool->rows.path());
    m_spool->reader.emplace(*m_spool->file, RowReader::Layout::lines, TextStream::kWholeFile, std::move(watch));
}

ParquetRows::~ParquetRows() = default;

std::optional<FileRow> ParquetRows::next() { return m_spool->reader->next(); }

FileRow ParquetRows::at(uint64_t byte) { return m_spool->reader->at(byte); }

uint64_t ParquetRows::position() const { return m_spool->reader->position(); }

uint64_t ParquetRows::bytes() const { return m_spool->file->size(); }

std::string ParquetRows::hash() { return sha256OfFile(m_file.path()); }

}  // namespace rankwright
