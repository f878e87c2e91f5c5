// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// GGUF models split over several files: row GG23 of the catalogue of bad files.
#include "tests/formats/gguf_bytes.h"
#include "training/formats/gguf.h"

#include <QTemporaryDir>

using namespace rankwright;
namespace fs = std::filesystem;

namespace {

// Part `number` (counted from 1, as in names) of a split model with one tensor a part.
std::string part(uint16_t number, uint16_t count, const std::string& tensor, int32_t tensors)
{
    return GgufBytes().key("split.no", kU16, bytesOf<uint16_t>(static_cast<uint16_t>(number - 1)))
        .key("split.count", kU16, bytesOf(count)).key("split.tensors.count", kI32, bytesOf(tensors))
        .tensor(tensor, {4}, kTypeF32, 0).withData(16).bytes();
}

}  // namespace

class TestGgufSplit : public QObject
{
    Q_OBJECT

private slots:
    void init();
    void joinsSplitModels();
    void refusesBadSplits_data();
    void refusesBadSplits();

private:
    fs::path write(const std::string& bytes, const std::string& name) const
    {
        writeBytes(m_folder / name, bytes);
        return m_folder / name;
    }

    fs::path m_folder;
    std::unique_ptr<QTemporaryDir> m_temporary;
};

void TestGgufSplit::init()
{
    m_temporary = std::make_unique<QTemporaryDir>();
    m_folder = m_temporary->path().toStdString();
}

void TestGgufSplit::joinsSplitModels()
{
    write(part(1, 2, "a", 2), "m-00001-of-00002.gguf");
    const auto second = write(part(2, 2, "b", 2), "m-00002-of-00002.gguf");
    const auto file = readGguf(m_folder / "m-00001-of-00002.gguf");
    QCOMPARE(file.tensors.size(), size_t {2});
    QCOMPARE(file.tensors[1].name, std::string("b"));
    QCOMPARE(file.tensors[1].file, second);
    QCOMPARE(file.path, m_folder / "m-00001-of-00002.gguf");
    QCOMPARE(readGguf(write(part(1, 1, "a", 1), "single.gguf")).tensors.size(), size_t {1});
}

void TestGgufSplit::refusesBadSplits_data()
{
    QTest::addColumn<int>("code");
    QTest::addColumn<QString>("pattern");
    const auto row = [](const char* id, Code code, const char* pattern) {
        QTest::newRow(id) << static_cast<int>(code) << QString(pattern);
    };
    row("GG23 count 0", Code::format, "split\\.count: 0 ");
    row("GG23 count 65535", Code::missing,
        "65534 of 65535 parts are missing: m-00002-of-65535\\.gguf, .* and 65524 more");
    row("GG23 other name", Code::format, "split\\.no.*a name that ends in \"-00001-of-00003\\.gguf\"");
    row("GG23 missing", Code::missing, "2 of 3 parts are missing: m-00002-of-00003\\.gguf, m-00003-of-00003\\.gguf");
    row("GG23 second part", Code::usage, "split\\.no: part 2 of 3 .*Open m-00001-of-00003\\.gguf");
    row("GG23 parts of different models", Code::mismatch, "m-00002-of-00002\\.gguf: split\\.no, split\\.count: 1, 3");
    row("GG23 no numbers in a part", Code::mismatch, "split\\.no, split\\.count: -1, -1");
    row("GG23 tensor twice", Code::mismatch, "tensor \"a\": an earlier part has it");
    row("GG23 tensor count", Code::mismatch, "split\\.tensors\\.count: 2 tensors .*allowed: 5");
    row("GG23 part outside", Code::unsupported, "m-00002-of-00002\\.gguf: symbolic link: it leads out");
}

void TestGgufSplit::refusesBadSplits()
{
    QFETCH(int, code);
    QFETCH(QString, pattern);
    const QString id = QTest::currentDataTag();
    fs::path path = m_folder / "m-00001-of-00002.gguf";
    if (id.endsWith("count 0"))
        path = write(part(1, 0, "a", 1), "m-00001-of-00000.gguf");
    else if (id.endsWith("count 65535"))
        path = write(part(1, 65'535, "a", 1), "m-00001-of-65535.gguf");
    else if (id.endsWith("other name"))
        path = write(part(1, 3, "a", 3), "m-00002-of-00003.gguf");
    else if (id.endsWith("missing"))
        path = write(part(1, 3, "a", 3), "m-00001-of-00003.gguf");
    else if (id.endsWith("second part"))
        path = write(part(2, 3, "a", 3), "m-00002-of-00003.gguf");
    else
        write(part(1, 2, "a", id.endsWith("tensor count") ? 5 : 2), "m-00001-of-00002.gguf");
    const std::string second = "m-00002-of-00002.gguf";
    if (id.endsWith("different models"))
        write(part(2, 3, "b", 3), second);
    else if (id.endsWith("in a part"))
        write(fourFloats().bytes(), second);
    else if (id.endsWith("twice"))
        write(part(2, 2, "a", 2), second);
    else if (id.endsWith("tensor count"))
        write(part(2, 2, "b", 5), second);
    const QTemporaryDir outside;
    if (id.endsWith("outside")) {
        const fs::path target = fs::path(outside.path().toStdString()) / "x";
        writeBytes(target, part(2, 2, "b", 2));
        fs::create_symlink(target, m_folder / second);
    }
    requireRejection([&] { (void)readGguf(path); }, static_cast<Code>(code), pattern);
}

QTEST_GUILESS_MAIN(TestGgufSplit)
#include "tst_gguf_split.moc"
