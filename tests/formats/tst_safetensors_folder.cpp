// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Model folders with one safetensors file or with an index and shards: rows ST24 to ST28 of the catalogue of bad files.
#include "tests/formats/safetensors_bytes.h"
#include "training/formats/safetensors.h"

#include <QTemporaryDir>

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace rankwright;
namespace fs = std::filesystem;

namespace {

// Tells whether anybody opened a file.
class OpenWatch
{
public:
    explicit OpenWatch(const fs::path& path)
        : m_fd(inotify_init1(IN_NONBLOCK))
    {
        inotify_add_watch(m_fd, path.c_str(), IN_OPEN);
    }
    ~OpenWatch() { ::close(m_fd); }
    OpenWatch(const OpenWatch&) = delete;
    OpenWatch& operator=(const OpenWatch&) = delete;
    [[nodiscard]] bool seen() const
    {
        char event[1024];
        return ::read(m_fd, event, sizeof(event)) > 0;
    }

private:
    int m_fd;
};

std::string shard(const std::string& tensor)
{
    return fileOf("{" + entry(tensor, "U8", "[4]", 0, 4) + "}", "1234");
}

void writeIndex(const fs::path& folder, const std::string& weightMap)
{
    writeBytes(
        folder / "model.safetensors.index.json", R"({"metadata":{"total_size":8},"weight_map":)" + weightMap + "}");
}

}  // namespace

class TestSafetensorsFolder : public QObject
{
    Q_OBJECT

private slots:
    void init();
    void refusesShardNamesThatLeaveTheFolder_data();
    void refusesShardNamesThatLeaveTheFolder();
    void listsAllMissingShards();
    void refusesIndexAndShardsThatDisagree();
    void refusesShardsThatAreNoFiles_data();
    void refusesShardsThatAreNoFiles();
    void followsLinksOnlyInsideTheFolderAndTheCache();
    void refusesFoldersWithoutSafetensors();

private:
    fs::path m_folder;
    std::unique_ptr<QTemporaryDir> m_temporary;
};

void TestSafetensorsFolder::init()
{
    m_temporary = std::make_unique<QTemporaryDir>();
    m_folder = fs::path(m_temporary->path().toStdString()) / "model";
    fs::create_directory(m_folder);
}

void TestSafetensorsFolder::refusesShardNamesThatLeaveTheFolder_data()
{
    QTest::addColumn<QByteArray>("name");
    QTest::newRow("ST24 parent") << QByteArray("../outside.safetensors");
    QTest::newRow("ST24 absolute") << QByteArray("/etc/passwd");
    QTest::newRow("ST24 inner parent") << QByteArray("a/../../outside.safetensors");
    QTest::newRow("ST24 dots") << QByteArray("..");
    QTest::newRow("ST24 dot") << QByteArray(".");
    QTest::newRow("ST24 empty") << QByteArray("");
    QTest::newRow("ST24 NUL") << QByteArray("x\\u0000y");
    QTest::newRow("ST24 subfolder") << QByteArray("sub/x.safetensors");
}

void TestSafetensorsFolder::refusesShardNamesThatLeaveTheFolder()
{
    QFETCH(QByteArray, name);
    const fs::path outside = m_folder.parent_path() / "outside.safetensors";
    writeBytes(outside, shard("evil"));
    fs::create_directory(m_folder / "a");
    writeBytes(m_folder / "good.safetensors", shard("good"));
    writeIndex(m_folder, R"({"good":"good.safetensors","evil":")" + name.toStdString() + "\"}");
    const OpenWatch outsideWatch(outside), passwdWatch("/etc/passwd"), shardWatch(m_folder / "good.safetensors");
    requireRejection([&] { (void)readSafetensorsFolder(m_folder); }, Code::format,
        "index\\.json: weight_map, key \"evil\": the file name");
    QVERIFY(!outsideWatch.seen());
    QVERIFY(!passwdWatch.seen());
    QVERIFY(!shardWatch.seen());
}

// ST25.
void TestSafetensorsFolder::listsAllMissingShards()
{
    writeBytes(m_folder / "a.safetensors", shard("a"));
    writeIndex(m_folder, R"({"a":"a.safetensors","b":"b.safetensors","c":"c.safetensors"})");
    requireRejection([&] { (void)readSafetensorsFolder(m_folder); }, Code::missing,
        "weight_map: 2 of 3 files are missing: b\\.safetensors, c\\.safetensors");
    fs::create_symlink("nowhere", m_folder / "b.safetensors");
    requireRejection([&] { (void)readSafetensorsFolder(m_folder); }, Code::missing, "2 of 3 files are missing: b\\.");
    for (const char* map : {"{}", "[]", "1", R"({"a":1})", R"({"a":null})"}) {
        writeIndex(m_folder, map);
        requireRejection([&] { (void)readSafetensorsFolder(m_folder); }, Code::format, "index\\.json: weight_map");
    }
}

// ST26.
void TestSafetensorsFolder::refusesIndexAndShardsThatDisagree()
{
    writeBytes(m_folder / "a.safetensors", shard("a"));
    writeBytes(m_folder / "b.safetensors", shard("b"));
    writeIndex(m_folder, R"({"a":"a.safetensors","b":"b.safetensors"})");
    std::vector<std::string> warnings;
    QCOMPARE(readSafetensorsFolder(m_folder, &warnings).size(), size_t {2});
    QVERIFY(warnings.empty());

    writeIndex(m_folder, R"({"a":"a.safetensors","b":"b.safetensors","c":"b.safetensors","d":"b.safetensors"})");
    requireRejection([&] { (void)readSafetensorsFolder(m_folder); }, Code::mismatch,
        "weight_map, key \"c\": b\\.safetensors does not have it, nor 1 others");

    writeBytes(m_folder / "b.safetensors",
        fileOf("{" + entry("b", "U8", "[1]", 0, 1) + "," + entry("extra", "U8", "[1]", 1, 2) + "}", "12"));
    writeIndex(m_folder, R"({"a":"a.safetensors","b":"b.safetensors"})");
    QCOMPARE(readSafetensorsFolder(m_folder, &warnings).size(), size_t {3});
    QCOMPARE(warnings.size(), size_t {1});
    QVERIFY(warnings.front().find("b.safetensors has the tensor \"extra\"") != std::string::npos);

    writeBytes(m_folder / "b.safetensors",
        fileOf("{" + entry("b", "U8", "[1]", 0, 1) + "," + entry("a", "U8", "[1]", 1, 2) + "}", "12"));
    requireRejection([&] { (void)readSafetensorsFolder(m_folder); }, Code::mismatch,
        "tensor \"a\": it is in a\\.safetensors and in b\\.safetensors");
}

void TestSafetensorsFolder::refusesShardsThatAreNoFiles_data()
{
    QTest::addColumn<QString>("kind");
    QTest::newRow("ST27 FIFO") << "FIFO";
    QTest::newRow("ST27 folder") << "folder";
    QTest::newRow("ST27 socket") << "socket";
    QTest::newRow("ST27 link to a device") << "/dev/zero";
}

void TestSafetensorsFolder::refusesShardsThatAreNoFiles()
{
    QFETCH(QString, kind);
    const fs::path path = m_folder / "x.safetensors";
    if (kind == "FIFO")
        QCOMPARE(::mkfifo(path.c_str(), 0600), 0);
    else if (kind == "folder")
        fs::create_directory(path);
    else if (kind == "socket")
        QCOMPARE(::mknod(path.c_str(), S_IFSOCK | 0600, 0), 0);
    else
        fs::create_symlink("/dev/zero", path);
    writeIndex(m_folder, R"({"a":"x.safetensors"})");
    requireRejection([&] { (void)readSafetensorsFolder(m_folder); }, Code::unsupported,
        "x\\.safetensors: .*not a regular file.*" + kind);
}

// ST28.
void TestSafetensorsFolder::followsLinksOnlyInsideTheFolderAndTheCache()
{
    const fs::path cache = m_folder.parent_path() / "hub";
    const fs::path blob = cache / "models--org--name" / "blobs" / "0123";
    fs::create_directories(blob.parent_path());
    writeBytes(blob, shard("a"));
    fs::create_symlink(blob, m_folder / "model.safetensors");
    qputenv("HF_HUB_CACHE", "/nowhere");
    const OpenWatch watch(blob);
    requireRejection([&] { (void)readSafetensorsFolder(m_folder); }, Code::unsupported,
        "model\\.safetensors: symbolic link: it leads out of the folder, to .*/blobs/0123");
    QVERIFY(!watch.seen());
    qputenv("HF_HUB_CACHE", QByteArray::fromStdString(cache.native()));
    QCOMPARE(readSafetensorsFolder(m_folder).front().file, fs::canonical(blob));
    qunsetenv("HF_HUB_CACHE");

    fs::remove(m_folder / "model.safetensors");
    writeBytes(m_folder / "real.safetensors", shard("a"));
    fs::create_symlink("real.safetensors", m_folder / "model.safetensors");
    QCOMPARE(readSafetensorsFolder(m_folder).size(), size_t {1});

    // A folder whose name begins like the model's is another folder.
    const fs::path neighbour = m_folder.parent_path() / "model-2";
    fs::create_directory(neighbour);
    writeBytes(neighbour / "x", shard("a"));
    fs::remove(m_folder / "model.safetensors");
    fs::create_symlink(neighbour / "x", m_folder / "model.safetensors");
    requireRejection([&] { (void)readSafetensorsFolder(m_folder); }, Code::unsupported, "leads out of the folder");
}

void TestSafetensorsFolder::refusesFoldersWithoutSafetensors()
{
    requireRejection(
        [&] { (void)readSafetensorsFolder(m_folder); }, Code::missing, "model\\.safetensors: no such file");
    requireRejection([&] { (void)readSafetensorsFolder(m_folder / "no"); }, Code::missing, "no such folder");
    writeBytes(m_folder / "pytorch_model.bin", "PK");
    requireRejection([&] { (void)readSafetensorsFolder(m_folder); }, Code::pickle, "pytorch_model\\.bin: .*pickles");
}

QTEST_GUILESS_MAIN(TestSafetensorsFolder)
#include "tst_safetensors_folder.moc"
