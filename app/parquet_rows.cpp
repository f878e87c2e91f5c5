// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// rankwright-parquet ROWS BYTES < FILE: the rows of a Parquet file as lines of JSON, by Arrow's C++ libraries. A program of its own, since
// files from outside can make those libraries fail in ways that a caller cannot survive: it limits its memory, time and output, and can
// neither open files nor use the network. training/formats/dataset_parquet.cpp starts it. ROWS and BYTES are how much is wanted, 0: all.
// With --self-check for ROWS it first checks that it has no rights left, for the test. Exit status: 65 not a whole Parquet file, 66
// encrypted or an unknown codec or type, 67 too large, 70 the check failed, 74 writing failed.
#include "app/parquet_json.h"

#include <arrow/io/file.h>
#include <arrow/memory_pool.h>
#include <arrow/util/utf8.h>
#include <parquet/arrow/reader.h>
#include <parquet/exception.h>
#include <parquet/properties.h>

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <utility>

namespace {

constexpr int kDamaged = 65, kUnsupported = 66, kTooLarge = 67, kAllowedAfterAll = 70, kWriting = 74;
constexpr rlim_t kMemory = 3ull << 30;        // address space: the libraries alone map 0.3 GiB, threads' stacks and arenas more
constexpr int64_t kPool = 1ll << 30;          // of Arrow's allocations
constexpr rlim_t kOutput = 64ull << 20;       // and 200 times the file
constexpr int64_t kBatch = 256;               // rows in memory at a time
constexpr int32_t kThriftString = 8 << 20, kThriftContainer = 1'000'000;
constexpr size_t kWrittenAtOnce = 64 << 10;   // bytes
constexpr size_t kLongestRow = 64ull << 20;   // as limits::kJsonLine

[[noreturn]] void finish(int status, const std::string& message)
{
    std::fprintf(stderr, "%s\n", message.c_str());
    std::fflush(stderr);
    std::_Exit(status);
}

void limit(int resource, rlim_t most)
{
    const rlimit both {most, most};
    ::setrlimit(resource, &both);
}

#if defined(__x86_64__)
constexpr uint32_t kMachine = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t kMachine = AUDIT_ARCH_AARCH64;
#else
#error "the numbers of the system calls that may stay are known for x86_64 and aarch64 only"
#endif

// What reading an open file, memory and the end of a program take (the reader has one thread). Everything else is refused.
constexpr auto kAllowed = std::to_array<uint32_t>({__NR_read, __NR_pread64, __NR_write, __NR_lseek, __NR_fstat, __NR_close, __NR_mmap,
    __NR_munmap, __NR_mremap, __NR_mprotect, __NR_brk, __NR_madvise, __NR_futex, __NR_rt_sigaction, __NR_rt_sigprocmask,
    __NR_rt_sigreturn, __NR_sigaltstack, __NR_getrandom, __NR_clock_gettime, __NR_clock_nanosleep, __NR_sched_yield,
    __NR_sched_getaffinity, __NR_sysinfo, __NR_getpid, __NR_gettid, __NR_tgkill, __NR_exit, __NR_exit_group});

// No sockets, no programs, no files by name from here on: the file to read is already open. Another machine's system calls (32 bits, for
// one) have other numbers and end the program; x32's have a bit that no number in the list has. Both architectures are little endian.
bool giveUpRights()
{
    ::prctl(PR_SET_DUMPABLE, 0);
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return false;
    constexpr size_t kBefore = 4;   // instructions before the list
    std::array<sock_filter, kBefore + kAllowed.size() + 2> code {};
    code[0] = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch));
    code[1] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kMachine, 1, 0);
    code[2] = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    code[3] = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr));
    for (size_t i = 0; i < kAllowed.size(); ++i)
        code[kBefore + i] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kAllowed[i], uint8_t(kAllowed.size() - i), 0);
    code[kBefore + kAllowed.size()] = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
    code[kBefore + kAllowed.size() + 1] = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    const sock_fprog program {static_cast<unsigned short>(code.size()), code.data()};
    return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

// For the test: nothing of this may work any more. A call that only fails for another reason has not been refused.
void checkRights()
{
    const auto mustFail = [](const char* name, long result) {
        if (result != -1 || errno != EPERM)
            finish(kAllowedAfterAll, std::string(name) + " is not refused");
    };
    const char* file = "/proc/self/status";
    std::array<uint64_t, 3> how {};
    char* const none[] {nullptr};
#ifdef __NR_open
    mustFail("open", ::syscall(__NR_open, file, O_RDONLY));
    mustFail("fork", ::syscall(__NR_fork));
#endif
    mustFail("openat", ::syscall(__NR_openat, AT_FDCWD, file, O_RDONLY));
    mustFail("openat2", ::syscall(__NR_openat2, AT_FDCWD, file, how.data(), sizeof how));
    mustFail("socket", ::syscall(__NR_socket, AF_UNIX, SOCK_STREAM, 0));
    mustFail("execve", ::syscall(__NR_execve, "/bin/true", none, none));
    mustFail("execveat", ::syscall(__NR_execveat, AT_FDCWD, "/bin/true", none, none, 0));
    mustFail("io_uring_setup", ::syscall(__NR_io_uring_setup, 1, nullptr));
    mustFail("unlinkat", ::syscall(__NR_unlinkat, AT_FDCWD, "/nowhere", 0));
    mustFail("kill", ::syscall(__NR_kill, ::getpid(), 0));
    mustFail("process_vm_readv", ::syscall(__NR_process_vm_readv, ::getpid(), nullptr, 0, nullptr, 0, 0));
}

// Arrow says in words whether a file is damaged or one that it does not know.
int meaningOf(const std::string& message)
{
    for (const char* word : {"crypt", "codec", "compression"}) {
        if (message.find(word) != std::string::npos)
            return kUnsupported;
    }
    return kDamaged;
}

void check(const arrow::Status& status)
{
    if (status.ok())
        return;
    const bool unknown = status.IsNotImplemented();
    const bool large = status.IsOutOfMemory() || status.IsCapacityError();
    finish(large ? kTooLarge : unknown ? kUnsupported : meaningOf(status.message()), status.message());
}

template <class T> T valueOf(arrow::Result<T> result)
{
    check(result.status());
    return std::move(result).ValueUnsafe();
}

void writeOut(const std::string& text)
{
    size_t done = 0;
    while (done < text.size()) {
        const auto got = ::write(1, text.data() + done, text.size() - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            finish(kWriting, std::string("the rows cannot be written: ") + std::strerror(errno));
        done += size_t(got);
    }
}

std::unique_ptr<parquet::arrow::FileReader> open(arrow::MemoryPool* pool)
{
    parquet::ReaderProperties properties(pool);
    properties.set_thrift_string_size_limit(kThriftString);
    properties.set_thrift_container_size_limit(kThriftContainer);
    properties.enable_buffered_stream();
    parquet::ArrowReaderProperties arrowProperties(false);
    arrowProperties.set_batch_size(kBatch);
    arrowProperties.set_pre_buffer(false);
    parquet::arrow::FileReaderBuilder builder;
    check(builder.Open(valueOf(arrow::io::ReadableFile::Open(0, pool)), properties));
    std::unique_ptr<parquet::arrow::FileReader> reader;
    check(builder.memory_pool(pool)->properties(arrowProperties)->Build(&reader));
    return reader;
}

// Rows as lines until there are no more, or as many rows or bytes as are wanted.
void writeRows(parquet::arrow::FileReader& reader, int64_t rows, uint64_t bytes)
{
    const auto batches = valueOf(reader.GetRecordBatchReader());
    int64_t done = 0;
    uint64_t written = 0;
    std::string text;   // of rows that are not written yet
    for (;;) {
        std::shared_ptr<arrow::RecordBatch> batch;
        check(batches->ReadNext(&batch));
        if (batch == nullptr)
            break;
        for (int64_t row = 0; row < batch->num_rows(); ++row) {
            if ((rows > 0 && done == rows) || (bytes > 0 && written + text.size() >= bytes))
                break;
            const auto before = text.size();
            rankwright::appendRow(text, *batch, row);
            text += '\n';
            if (text.size() - before > kLongestRow)
                finish(kTooLarge, "row " + std::to_string(done + 1) + " is longer than 64 MiB");
            ++done;
            if (text.size() < kWrittenAtOnce)
                continue;
            writeOut(text);
            written += std::exchange(text, {}).size();
        }
        if ((rows > 0 && done == rows) || (bytes > 0 && written + text.size() >= bytes))
            break;
    }
    writeOut(text);
}

int64_t numberOf(const char* text) { return std::strtoll(text, nullptr, 10); }

}  // namespace

int main(int argc, char** argv)
{
    struct stat status {};
    if (argc != 3 || ::fstat(0, &status) != 0 || !S_ISREG(status.st_mode))
        finish(kDamaged, "usage: rankwright-parquet ROWS BYTES < FILE");
    const auto megabytes = rlim_t(status.st_size) >> 20;
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_AS, kMemory);
    limit(RLIMIT_CPU, 120 + megabytes);
    limit(RLIMIT_FSIZE, kOutput + 200 * rlim_t(status.st_size));
    ::setenv("ARROW_DEFAULT_MEMORY_POOL", "system", 1);   // the other pools reserve address space
    try {
        arrow::CappedMemoryPool pool(arrow::system_memory_pool(), kPool);
        arrow::util::InitializeUTF8();
        if (!giveUpRights())
            finish(kUnsupported, "this system cannot take the right to open files away from a program, without which no file is read here");
        if (std::strcmp(argv[1], "--self-check") == 0)
            checkRights();
        const auto reader = open(&pool);
        writeRows(*reader, numberOf(argv[1]), uint64_t(numberOf(argv[2])));
    } catch (const std::bad_alloc&) {
        finish(kTooLarge, "the file asks for more memory than a file may");
    } catch (const rankwright::UnknownType& type) {
        finish(kUnsupported, "the column \"" + type.column + "\" has the type " + type.name + ", which has no form as text");
    } catch (const std::exception& error) {
        const std::string text = error.what();
        finish(meaningOf(text), text);
    }
    std::_Exit(0);   // the pool and the reader are done with; nothing needs their destructors
}
