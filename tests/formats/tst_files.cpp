// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Reading other people's files, writing ours so that no half file is ever seen, hashes, and where things live.
#include "tests/formats/rejection.h"
#include "tests/support/test_data.h"
#include "training/api/paths.h"
#include "training/formats/atomic_file.h"
#include "training/formats/file_reader.h"
#include "training/formats/sha256.h"

#include <QTemporaryDir>

#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>

using namespace rankwright;
namespace fs = std::filesystem;

class TestFiles : public QObject
{
    Q_OBJECT

private slots:
    void init();
    void readsWithinBounds();
    void refusesWhatIsNoRegularFile();
    void recognisesWhatFilesAre_data();
    void recognisesWhatFilesAre();
    void findsPicklesDeepInZipArchives();
    void hashesLikeTheStandard();
    void hashesFilesAndCanBeStopped();
    void replacesAFileOnlyWhenCommitted();
    void writesTwiceAtOnce();
    void saysWhenTheDiskTakesNoMore();
    void refusesPlacesItCannotWriteTo();
    void createsOnlyNewOrEmptyFolders();
    void findsDirectoriesByTheEnvironment();
    void asksForHomeWhereNothingElseIsSet();
    void setsTheDataDirectoryForTheWholeProcess();

private:
    [[nodiscard]] int entries() const
    {
        return static_cast<int>(std::distance(fs::directory_iterator(m_folder), fs::directory_iterator()));
    }

    fs::path m_folder;
    std::unique_ptr<QTemporaryDir> m_temporary;
};

void TestFiles::init()
{
    m_temporary = std::make_unique<QTemporaryDir>();
    m_folder = m_temporary->path().toStdString();
}

void TestFiles::readsWithinBounds()
{
    const auto path = m_folder / "f";
    writeBytes(path, "0123456789");
    FileReader first(path);
    const FileReader file(std::move(first));
    QCOMPARE(file.size(), uint64_t {10});
    QCOMPARE(file.text(3, 4), std::string("3456"));
    QCOMPARE(file.text(10, 0), std::string());
    QCOMPARE(readWholeFile(path, 10), std::string("0123456789"));
    requireRejection([&] { (void)readWholeFile(path, 9); }, Code::limit, "size: 10 bytes");
    requireRejection(
        [&] { (void)file.text(4, 7); }, Code::changed, "byte offset 4.*7 bytes wanted, the file ends at 10");
    requireRejection([&] { (void)file.text(11, 0); }, Code::changed, "byte offset 11");
    requireRejection([&] { (void)file.text(1, ~0ull); }, Code::changed, "byte offset 1");
    requireRejection([&] { (void)file.text(~0ull, 2); }, Code::changed, "byte offset 18446744073709551615");
}

void TestFiles::refusesWhatIsNoRegularFile()
{
    const auto refused = [](const fs::path& path, Code code, const QString& pattern) {
        requireRejection([&] { const FileReader file(path); }, code, pattern);
    };
    refused(m_folder / "absent", Code::missing, "absent: path: no such file");
    refused(m_folder, Code::unsupported, "not a regular file but a folder");
    refused("/dev/zero", Code::unsupported, "not a regular file but a device");
    QCOMPARE(::mkfifo((m_folder / "fifo").c_str(), 0600), 0);
    refused(m_folder / "fifo", Code::unsupported, "not a regular file but a FIFO");
    QCOMPARE(::mknod((m_folder / "socket").c_str(), S_IFSOCK | 0600, 0), 0);
    refused(m_folder / "socket", Code::unsupported, "not a regular file");
    fs::create_symlink("loop", m_folder / "loop");
    refused(m_folder / "loop", Code::unsupported, "symbolic link");
    writeBytes(m_folder / "f", "x");
    fs::create_symlink("f", m_folder / "link");
    QCOMPARE(FileReader(m_folder / "link").size(), uint64_t {1});
    requireRejection([&] { const FileReader file(m_folder / "link", FileReader::Links::refuse); }, Code::unsupported,
        "not a regular file but a symbolic link");
    refused(m_folder / "name\x1b[2J\n", Code::missing, "name\\\\x1b\\[2J\\\\x0a: path");
}

void TestFiles::recognisesWhatFilesAre_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QString>("kind");
    const auto row = [](const char* id, const QByteArray& bytes, const char* kind) {
        QTest::newRow(id) << bytes << QString(kind);
    };
    row("empty", "", "");
    row("text", "hello", "");
    row("JSON", "{\"a\": 1}", "");
    row("GGUF", QByteArray("GGUF\3\0\0\0", 8), "");
    row("pickle 2", QByteArray("\x80\x02}q\0.", 6), "a pickle (PyTorch checkpoint)");
    row("pickle 4", QByteArray("\x80\x04\x95\0\0\0", 6), "a pickle (PyTorch checkpoint)");
    row("safetensors with a header of 0x280 bytes", QByteArray("\x80\x02\0\0\0\0\0\0{", 9), "");
    row("safetensors with a header of 0x7d0280 bytes", QByteArray("\x80\x02}\0\0\0\0\0{", 9), "");
    row("safetensors with a header of 0x4034b50 bytes", QByteArray("PK\3\4\0\0\0\0{", 9), "");
    row("torch zip", QByteArray("PK\3\4\0\0\x08\x08\0\0...archive/data.pkl", 29),
        "a pickle in a zip archive (PyTorch checkpoint)");
    row("zip", QByteArray("PK\3\4\x14\0\0\0\x08\0", 10), "a zip archive");
    row("Git LFS", "version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer");
    row("HTML", " \r\n<!doctype HTML>", "an HTML page");
    row("HTML with BOM", "\xef\xbb\xbf<HTML lang=en>", "an HTML page");
    row("gzip", "\x1f\x8b\x08", "gzip data");
    row("zstd", "\x28\xb5\x2f\xfd", "Zstandard data");
    row("UTF-16", QByteArray("\xff\xfe{\0", 4), "UTF-16 text");
    row("Parquet", "PAR1", "a Parquet file");
    row("tar", QByteArray(257, 'n') + "ustar", "a tar archive");
}

void TestFiles::recognisesWhatFilesAre()
{
    QFETCH(QByteArray, bytes);
    QFETCH(QString, kind);
    QCOMPARE(QString::fromStdString(recognisedKind(bytes.toStdString())), kind);
}

// The name of the pickle may be far behind, in the archive's directory.
void TestFiles::findsPicklesDeepInZipArchives()
{
    const std::string start("PK\x03\x04\x14\x00\x00\x00", 8);
    writeBytes(m_folder / "a.ckpt", start + std::string(200'000, 'x') + "archive/data.pkl" + std::string(22, 'e'));
    requireRejection([&] { refuseKnownWrongKinds(FileReader(m_folder / "a.ckpt")); }, Code::pickle, "never loaded");
    writeBytes(m_folder / "b.zip", start + std::string(200'000, 'x'));
    requireRejection(
        [&] { refuseKnownWrongKinds(FileReader(m_folder / "b.zip")); }, Code::format, "a zip archive.*Unpack");
    writeBytes(m_folder / "c", "plain");
    refuseKnownWrongKinds(FileReader(m_folder / "c"));
}

void TestFiles::hashesLikeTheStandard()
{
    QCOMPARE(sha256(""), std::string("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
    QCOMPARE(sha256("abc"), std::string("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    Sha256 hash;
    hash.update("a");
    hash.update(std::as_bytes(std::span("bc", 2)));
    QCOMPARE(hash.hex(), sha256("abc"));
}

void TestFiles::hashesFilesAndCanBeStopped()
{
    const std::string bytes((3 << 20) + 17, 'z');
    writeBytes(m_folder / "f", bytes);
    QCOMPARE(sha256OfFile(m_folder / "f"), sha256(bytes));
    writeBytes(m_folder / "empty", "");
    QCOMPARE(sha256OfFile(m_folder / "empty"), sha256(""));
    int asked = 0;
    try {
        (void)sha256OfFile(m_folder / "f", [&] { return ++asked == 3; });
        QFAIL("not stopped");
    } catch (const Error& error) {
        QCOMPARE(error.code(), Code::stopped);
        QCOMPARE(error.parts().place, std::string("byte offset 2097152"));
    }
}

void TestFiles::replacesAFileOnlyWhenCommitted()
{
    const auto path = m_folder / "f";
    writeBytes(path, "old");
    {
        AtomicFile file(path);
        file.write("new");
        QCOMPARE(entries(), 2);
        QVERIFY(fs::exists(path.native() + ".tmp-" + std::to_string(::getpid())));
    }
    QCOMPARE(readWholeFile(path, 10), std::string("old"));
    QCOMPARE(entries(), 1);
    AtomicFile file(path);
    file.write("ne");
    file.write(std::as_bytes(std::span("w", 1)));
    QCOMPARE(readWholeFile(path, 10), std::string("old"));
    file.commit();
    QCOMPARE(readWholeFile(path, 10), std::string("new"));
    QCOMPARE(entries(), 1);

    // A link is replaced, its target stays as it is; a left-over temporary file is not in the way.
    fs::create_symlink("f", m_folder / "link");
    writeBytes((m_folder / "link").native() + ".tmp-" + std::to_string(::getpid()), "left over");
    writeFileAtomically(m_folder / "link", "other");
    QVERIFY(!fs::is_symlink(m_folder / "link"));
    QCOMPARE(readWholeFile(path, 10), std::string("new"));
    QCOMPARE(readWholeFile(m_folder / "link", 10), std::string("other"));
}

void TestFiles::writesTwiceAtOnce()
{
    const auto path = m_folder / "f";
    AtomicFile first(path), second(path);
    first.write("first");
    second.write("second");
    first.commit();
    second.commit();
    QCOMPARE(readWholeFile(path, 10), std::string("second"));
    QCOMPARE(entries(), 1);
}

void TestFiles::saysWhenTheDiskTakesNoMore()
{
    const auto path = m_folder / "f";
    writeBytes(path, "old");
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit before {};
    QCOMPARE(::getrlimit(RLIMIT_FSIZE, &before), 0);
    const rlimit small {.rlim_cur = 100'000, .rlim_max = before.rlim_max};
    QCOMPARE(::setrlimit(RLIMIT_FSIZE, &small), 0);
    requireRejection([&] {
        AtomicFile file(path);
        file.write(std::string(300'000, 'x'));
    }, Code::io, "/f: writing: .*at least 200000 bytes more are needed, [0-9]+ are free");
    QCOMPARE(::setrlimit(RLIMIT_FSIZE, &before), 0);
    QCOMPARE(readWholeFile(path, 10), std::string("old"));
    QCOMPARE(entries(), 1);
}

void TestFiles::refusesPlacesItCannotWriteTo()
{
    requireRejection(
        [&] { writeFileAtomically(m_folder / "no" / "f", "x"); }, Code::exists, "no/f: creating: No such file");
    writeBytes(m_folder / "file", "x");
    requireRejection([&] { writeFileAtomically(m_folder / "file" / "f", "x"); }, Code::exists, "Not a directory");
    fs::create_directory(m_folder / "folder");
    requireRejection([&] { writeFileAtomically(m_folder / "folder", "x"); }, Code::io, "renaming folder\\.tmp-");
    requireRejection([&] { syncDirectory(m_folder / "no"); }, Code::io, "opening the folder");
    QCOMPARE(entries(), 2);
}

void TestFiles::createsOnlyNewOrEmptyFolders()
{
    createOutputFolder(m_folder / "new" / "inner");
    QVERIFY(fs::is_directory(m_folder / "new" / "inner"));
    createOutputFolder(m_folder / "new" / "inner");
    requireRejection(
        [&] { createOutputFolder(m_folder / "new"); }, Code::exists, "new: output folder: the folder is not empty");
    writeBytes(m_folder / "file", "x");
    requireRejection([&] { createOutputFolder(m_folder / "file"); }, Code::exists, "there is a file of this name");
    fs::create_symlink("new/inner", m_folder / "link");
    requireRejection([&] { createOutputFolder(m_folder / "link"); }, Code::exists, "a symbolic link");
    fs::create_symlink("nowhere", m_folder / "dangling");
    requireRejection([&] { createOutputFolder(m_folder / "dangling"); }, Code::exists, "a symbolic link");
    requireRejection([&] { createOutputFolder(m_folder / "file" / "x"); }, Code::exists, "output folder");
}

void TestFiles::findsDirectoriesByTheEnvironment()
{
    const auto unsetAll = [] {
        for (const char* name : {"RANKWRIGHT_DATA_DIR", "RANKWRIGHT_DEFAULT_MODEL", "XDG_DATA_HOME", "XDG_CACHE_HOME",
                 "XDG_CONFIG_HOME", "XDG_STATE_HOME", "HF_HUB_CACHE", "HF_HOME"})
            qunsetenv(name);
    };
    unsetAll();
    qputenv("HOME", "/home/me");
    QCOMPARE(dataDirectory(), fs::path("/home/me/.local/share/rankwright"));
    QCOMPARE(cacheDirectory(), fs::path("/home/me/.cache/rankwright"));
    QCOMPARE(settingsFile(), fs::path("/home/me/.config/rankwright/window.ini"));
    QCOMPARE(stateDirectory(), fs::path("/home/me/.local/state/rankwright"));
    QCOMPARE(defaultModelFile(), fs::path("/home/me/.cache/rankwright/models/SmolLM2-135M-Instruct.Q4_1.gguf"));
    QCOMPARE(huggingFaceCache(), fs::path("/home/me/.cache/huggingface/hub"));
    qputenv("XDG_DATA_HOME", "/d");
    qputenv("XDG_CACHE_HOME", "relative");  // ignored, as the XDG specification says
    qputenv("XDG_CONFIG_HOME", "/c");
    qputenv("XDG_STATE_HOME", "/s");
    QCOMPARE(dataDirectory(), fs::path("/d/rankwright"));
    QCOMPARE(cacheDirectory(), fs::path("/home/me/.cache/rankwright"));
    QCOMPARE(settingsFile(), fs::path("/c/rankwright/window.ini"));
    QCOMPARE(stateDirectory(), fs::path("/s/rankwright"));
    qputenv("HF_HOME", "/hf");
    QCOMPARE(huggingFaceCache(), fs::path("/hf/hub"));
    qputenv("HF_HUB_CACHE", "/hub");
    QCOMPARE(huggingFaceCache(), fs::path("/hub"));
    qputenv("RANKWRIGHT_DEFAULT_MODEL", "/m.gguf");
    QCOMPARE(defaultModelFile(), fs::path("/m.gguf"));
    qputenv("RANKWRIGHT_DATA_DIR", "/runs");
    QCOMPARE(dataDirectory(), fs::path("/runs"));
    unsetAll();
}

void TestFiles::asksForHomeWhereNothingElseIsSet()
{
    qunsetenv("HOME");
    requireRejection([] { (void)dataDirectory(); }, Code::missing, "^HOME: .*not set.*XDG_DATA_HOME or --data-dir");
    qputenv("XDG_DATA_HOME", "/d");
    QCOMPARE(dataDirectory(), fs::path("/d/rankwright"));
    qunsetenv("XDG_DATA_HOME");
}

void TestFiles::setsTheDataDirectoryForTheWholeProcess()
{
    qputenv("RANKWRIGHT_DATA_DIR", "/runs");
    setDataDirectory("relative/runs");
    QCOMPARE(dataDirectory(), fs::current_path() / "relative/runs");
    QCOMPARE(fs::path(qgetenv("RANKWRIGHT_DATA_DIR").toStdString()), fs::current_path() / "relative/runs");
    requireRejection([] { setDataDirectory(""); }, Code::usage, "--data-dir: an empty path");
}

QTEST_GUILESS_MAIN(TestFiles)
#include "tst_files.moc"
