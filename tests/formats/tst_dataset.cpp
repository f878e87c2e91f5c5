// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Data sets: the catalogue of files that are refused (DS01 to DS23), and what the good ones become.
#include "tests/formats/rejection.h"
#include "tests/support/test_data.h"
#include "training/formats/dataset.h"
#include "training/formats/dataset_columns.h"
#include "training/formats/limits.h"
#include "training/formats/sha256.h"
#include "training/formats/word_problems.h"

#include <QTemporaryDir>
#include <QTest>

#include <sys/stat.h>

using namespace rankwright;

namespace {

const std::string kGood = "{\"prompt\": \"a\", \"response\": \"b\"}\n";

std::string repeated(const std::string& text, int count)
{
    std::string out;
    for (int i = 0; i < count; ++i)
        out += text;
    return out;
}

// A row of exactly `bytes` bytes without its line break.
std::string rowOfSize(size_t bytes)
{
    const std::string front = "{\"prompt\": \"a\", \"response\": \"", back = "\"}";
    return front + std::string(bytes - front.size() - back.size(), 'x') + back;
}

std::map<std::string, std::string> columnsFrom(const QString& text)
{
    std::map<std::string, std::string> out;
    for (const auto& part : text.split(',', Qt::SkipEmptyParts))
        out[part.section('=', 0, 0).toStdString()] = part.section('=', 1).toStdString();
    return out;
}

}  // namespace

class TestDataset : public QObject
{
    Q_OBJECT

private slots:
    void refusesBadFiles_data();
    void refusesBadFiles();
    void refusesWhatIsNoFile_data();
    void refusesWhatIsNoFile();
    void refusesBadColumns_data();
    void refusesBadColumns();
    void findsColumns_data();
    void findsColumns();
    void keepsRowsWithTheirLines_data();
    void keepsRowsWithTheirLines();
    void acceptsTheLongestRowInBoundedMemory();
    void readsManyRowsAndStopsWhenAsked();
    void hashTellsAnEditedFile();
    void keepsControlAndBidiCharactersOutOfMessages();
    void readsAlpacaWithAndWithoutInput();
    void readsConversations();
    void systemColumnMakesConversations();
    void textIsOneExample();
    void defaultDataIsTheWordProblems();
    void readsRealFiles_data();
    void readsRealFiles();

private:
    std::filesystem::path write(const QString& name, std::string_view bytes)
    {
        const auto path = std::filesystem::path(m_folder.path().toStdString()) / name.toStdString();
        writeBytes(path, bytes);
        return path;
    }
    Dataset open(const QString& name, std::string_view bytes, const QString& columns = {})
    {
        const DatasetOptions options {.columns = columnsFrom(columns), .cancelled = {}};
        return openDataset(write(name, bytes).string(), Split::train, options);
    }

    QTemporaryDir m_folder;
};

void TestDataset::refusesBadFiles_data()
{
    QTest::addColumn<QString>("name");
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<Code>("code");
    QTest::addColumn<QString>("pattern");
    const auto row = [](const char* id, const char* name, const std::string& bytes, Code code,
                         const char* pattern) {
        QTest::newRow(id) << QString(name) << QByteArray::fromStdString(bytes) << code << QString(pattern);
    };
    const auto good = [](int rows) { return repeated(kGood, rows); };
    using namespace std::string_literals;
    row("DS01 empty", "a.jsonl", "", Code::data, "a\\.jsonl.*no rows");
    row("DS01 empty text", "a.txt", "", Code::data, "no rows");
    row("DS01 blank lines", "a.jsonl", "\n \t\r\n\n", Code::data, "no rows");
    row("DS01 blank text", "a.txt", "\n \n", Code::data, "no rows");
    row("DS01 only a BOM", "a.jsonl", "\xef\xbb\xbf", Code::data, "no rows");
    row("DS01 empty array", "a.json", " [ ] ", Code::data, "no rows");
    row("DS01 blank json", "a.json", " \n", Code::data, "no rows");
    row("DS02 line 17", "a.jsonl", good(16) + "{\"prompt\": \"a\", \"response\" \"b\"}\n" + good(3), Code::data,
        "a\\.jsonl: ?17:30: not valid JSON");
    row("DS02 after non-ASCII", "a.jsonl", "{\"prompt\": \"\xc3\xa9\xc3\xa9\" 1}", Code::data, "a\\.jsonl: ?1:17: ");
    row("DS02 line cut", "a.jsonl", good(2) + "{\"prompt\": \"a\", ", Code::data,
        "a\\.jsonl: ?3:1[67]: not valid JSON");
    row("DS02 two objects", "a.jsonl", "{\"prompt\":\"a\",\"response\":\"b\"} {}", Code::data, ": ?1:31: ");
    row("DS02 duplicate key", "a.jsonl", good(1) + "{\"prompt\": \"a\", \"prompt\": \"b\"}", Code::data,
        ": ?2:17: .*\"prompt\" occurs twice");
    row("DS02 lone surrogate", "a.jsonl", "{\"prompt\": \"\\ud800\", \"response\": \"b\"}", Code::data,
        ": ?1:1[0-9]: ");
    row("DS02 deep", "a.jsonl", "{\"prompt\": " + repeated("[", 70) + repeated("]", 70) + "}", Code::limit, ": ?1:");
    row("DS02 json row 2", "a.json", "[\n  {\"prompt\": \"a\", \"response\": \"b\"},\n  {\"prompt\": }\n]", Code::data,
        "a\\.json: ?3:14: ");
    row("DS02 json without comma", "a.json", "[{\"prompt\": \"a\", \"response\": \"b\"} {}]", Code::data,
        ": ?1:35: .*without a comma");
    row("DS02 json last comma", "a.json", "[{\"prompt\": \"a\", \"response\": \"b\"},\n]", Code::data,
        ": ?2:1: a comma");
    row("DS02 json cut", "a.json", "[{\"prompt\": \"a\", \"response\": \"b\"},\n", Code::data, ": ?2:1: the file ends");
    row("DS02 json cut in row", "a.json", "[{\"prompt\": \"a\\", Code::data, ": ?1:1[0-9]: not valid JSON");
    row("DS02 json goes on", "a.json", "[{\"prompt\": \"a\", \"response\": \"b\"}]\n{}", Code::data,
        ": ?2:1: something after");
    row("DS02 json is lines", "a.json", good(2), Code::data, "does not begin with \\[.*\\.jsonl");
    row("DS02 lines are json", "a.jsonl", "[\n" + good(1) + "]", Code::data, "an array in a file of lines.*\\.json");
    row("DS03 not an object", "a.jsonl", good(1) + "\"text\"\n", Code::data, ": ?2:1: a row that is a string");
    row("DS03 number in json", "a.json", "[1]", Code::data, ": ?1:2: a row that is a number");
    row("DS03 column missing", "a.jsonl", good(2) + "{\"prompt\": \"a\"}", Code::data,
        ": ?3:1: the column \"response\" .*is missing");
    row("DS03 column a number", "a.jsonl", good(1) + "{\"prompt\": \"a\", \"response\": 4}", Code::data,
        ": ?2:1: the column \"response\" .*is a number");
    row("DS03 column null", "a.jsonl", "{\"prompt\": null, \"response\": \"b\"}", Code::data, "\"prompt\" .*is null");
    row("DS03 first row a number", "a.jsonl", "{\"text\": 3}", Code::data, "\"text\" .*is a number");
    row("DS03 no usual names", "a.jsonl", "{\"foo\": \"a\", \"bar\": \"b\"}", Code::data,
        "names among bar, foo.*--columns");
    row("DS03 only a prompt", "a.jsonl", "{\"question\": \"a\", \"bar\": \"b\"}", Code::data, "among bar, question");
    row("DS04 raw NUL", "a.jsonl", good(1) + "{\"prompt\": \"a\0b\", \"response\": \"b\"}"s, Code::data,
        ": ?2:14: a NUL byte at byte offset 46");
    row("DS04 raw NUL in text", "a.txt", "one\ntwo\0"s, Code::data, ": ?2:4: a NUL byte at byte offset 7");
    row("DS04 escaped NUL", "a.jsonl", good(1) + "{\"prompt\": \"a\\u0000\", \"response\": \"b\"}", Code::data,
        ": ?2:14: .*\"prompt\".*NUL character.*offset 46");
    row("DS04 NUL in message", "a.jsonl", R"({"messages": [{"role": "user", "content": "\u0000"}]})", Code::data,
        "message 1.*NUL");
    row("DS04 zeros", "a.jsonl", "{" + std::string(3 << 20, '\0'), Code::data, ": ?1:2: a NUL byte");
    row("DS05 invalid UTF-8", "a.jsonl", good(1) + "{\"prompt\": \"\xc3\xa9\xff\", \"response\": \"b\"}", Code::data,
        ": ?2:14: the byte 0xff at byte offset 47, which is not valid UTF-8");
    row("DS05 overlong", "a.txt", "ab\xc0\xaf", Code::data, ": ?1:3: the byte 0xc0");
    row("DS05 surrogate", "a.txt", "\xed\xa0\x80", Code::data, ": ?1:1: the byte 0xed");
    row("DS05 above U+10FFFF", "a.txt", "a\xf4\x90\x80\x80", Code::data, ": ?1:2: the byte 0xf4");
    row("DS05 cut sequence", "a.txt", "a\xe2\x82", Code::data, ": ?1:2: the byte 0xe2");
    row("DS05 UTF-16 LE", "a.jsonl", "\xff\xfe{\0\"\0"s, Code::format, "UTF-16.*iconv");
    row("DS05 UTF-16 BE", "a.txt", "\xfe\xff\0a\0b"s, Code::format, "UTF-16.*iconv");
    row("DS05 UTF-16 LE, no BOM", "a.jsonl", "{\0\"\0p\0"s, Code::format, "UTF-16.*iconv");
    row("DS05 UTF-16 BE, no BOM", "a.json", "\0[\0{\0\""s, Code::format, "UTF-16.*iconv");
    row("DS06 one byte too long", "a.jsonl", good(1) + rowOfSize(limits::kJsonLine + 1) + "\n", Code::limit,
        ": ?2:1: a row longer than 64 MiB");
    row("DS06 no line break", "a.jsonl", std::string(65 << 20, ' '), Code::limit, "a row longer than 64 MiB");
    row("DS06 json row", "a.json", "[" + rowOfSize(limits::kJsonLine + 1) + "]", Code::limit, "longer than 64 MiB");
    row("DS10 role robot", "a.jsonl", R"({"messages": [{"role": "robot", "content": "x"}]})", Code::data,
        ": ?1:1: message 1 has the role \"robot\".*assistant");
    row("DS10 no messages", "a.jsonl", R"({"messages": []})", Code::data, "an empty array");
    row("DS10 no content", "a.jsonl", R"({"messages": [{"role": "user"}]})", Code::data, "message 1 lacks");
    row("DS10 content a list", "a.jsonl", R"({"messages": [{"role": "user", "content": []}]})", Code::data,
        "message 1.* is an empty array");
    row("DS23 gzip", "a.jsonl", "\x1f\x8b\x08\0\0"s, Code::format, "gzip.*Unpack");
    row("DS23 zstd", "a.jsonl", "\x28\xb5\x2f\xfd\x04"s, Code::format, "Zstandard.*Unpack");
    row("DS23 zip", "a.json", "PK\x03\x04\x14\0"s, Code::format, "zip.*Unpack");
    row("DS23 parquet", "a.jsonl", "PAR1\x15\x04", Code::format, "Parquet");
    row("DS23 pickle", "a.jsonl", "\x80\x02}q\0"s, Code::pickle, "pickle");
    row("DS23 HTML", "a.jsonl", "<!DOCTYPE html><html>", Code::format, "HTML");
    row("DS23 Git LFS", "a.jsonl", "version https://git-lfs.github.com/spec/v1\n", Code::format, "git lfs pull");
    row("other", "a.xml", "<a/>", Code::unsupported, "\\.xml is not supported.*\\.jsonl");
    row("no extension", "rows", kGood, Code::unsupported, "no extension.*\\.jsonl");
}

void TestDataset::refusesBadFiles()
{
    QFETCH(QString, name);
    QFETCH(QByteArray, bytes);
    QFETCH(Code, code);
    QFETCH(QString, pattern);
    const auto path = write(name, std::string_view(bytes.constData(), size_t(bytes.size())));
    requireRejection([&] { static_cast<void>(openDataset(path.string(), Split::train)); }, code, pattern);
}

void TestDataset::refusesWhatIsNoFile_data()
{
    QTest::addColumn<QString>("path");
    QTest::addColumn<Code>("code");
    QTest::addColumn<QString>("pattern");
    const auto folder = m_folder.path();
    QVERIFY(::mkfifo((folder + "/fifo.jsonl").toUtf8().constData(), 0600) == 0);
    QTest::newRow("DS19 folder") << folder << Code::unsupported << "not a regular file.*folder";
    QTest::newRow("DS19 FIFO") << folder + "/fifo.jsonl" << Code::unsupported << "not a regular file.*FIFO";
    QTest::newRow("DS19 device") << QString("/dev/zero") << Code::unsupported << "not a regular file.*device";
    QTest::newRow("missing") << folder + "/nothing.jsonl" << Code::missing << "nothing\\.jsonl.*no such file";
}

void TestDataset::refusesWhatIsNoFile()
{
    QFETCH(QString, path);
    QFETCH(Code, code);
    QFETCH(QString, pattern);
    requireRejection([&] { static_cast<void>(openDataset(path.toStdString(), Split::train)); }, code, pattern);
}

void TestDataset::refusesBadColumns_data()
{
    QTest::addColumn<QString>("columns");
    QTest::addColumn<Code>("code");
    QTest::addColumn<QString>("pattern");
    QTest::newRow("nearest name") << "prompt=questoin" << Code::data
                                  << "no column \"questoin\" for the role prompt.*Did you mean \"question\"";
    QTest::newRow("nothing near") << "response=zzz" << Code::data << "\"zzz\".*allowed: answer, question";
    QTest::newRow("optional, nowhere") << "input=contxt" << Code::data << "no column \"contxt\" for the role input";
    QTest::newRow("unknown role") << "promt=question" << Code::config << "the role \"promt\".*Did you mean prompt";
    QTest::newRow("two formats") << "prompt=question,text=answer" << Code::config << "different formats";
}

void TestDataset::refusesBadColumns()
{
    QFETCH(QString, columns);
    QFETCH(Code, code);
    QFETCH(QString, pattern);
    requireRejection([&] { open("a.jsonl", R"({"question": "a", "answer": "b"})", columns); }, code, pattern);
}

void TestDataset::findsColumns_data()
{
    QTest::addColumn<QString>("row");
    QTest::addColumn<QString>("chosen");
    QTest::addColumn<QString>("format");
    QTest::addColumn<QString>("columns");
    const auto row = [](const char* id, const char* json, const char* chosen, const char* format, const char* columns) {
        QTest::newRow(id) << QString(json) << QString(chosen) << QString(format) << QString(columns);
    };
    const char* pair = "prompt/response";
    row("prompt, response", R"({"prompt": "a", "response": "b"})", "", pair, "prompt=prompt,response=response");
    row("question, answer", R"({"answer": "b", "question": "a"})", "", pair, "prompt=question,response=answer");
    row("input, output", R"({"input": "a", "output": "b"})", "", pair, "prompt=input,response=output");
    row("query, completion", R"({"query": "a", "completion": "b"})", "", pair, "prompt=query,response=completion");
    row("problem, solution", R"({"problem": "a", "solution": "b"})", "", pair, "prompt=problem,response=solution");
    row("capitals", R"({"Question": "a", "ANSWER": "b"})", "", pair, "prompt=Question,response=ANSWER");
    row("more usual first", R"({"query": "a", "question": "q", "answer": "b", "solution": "s"})", "", pair,
        "prompt=question,response=answer");
    row("chosen", R"({"prompt": "a", "response": "b", "worked": "c"})", "response=worked", pair,
        "prompt=prompt,response=worked");
    row("both chosen", R"({"text": "a", "code": "b"})", "prompt=text,response=code", pair, "prompt=text,response=code");
    row("the chosen name is taken", R"({"question": "a", "prompt": "b"})", "response=prompt", pair,
        "prompt=question,response=prompt");
    row("Alpaca", R"({"instruction": "a", "input": "", "output": "b"})", "", "Alpaca",
        "input=input,prompt=instruction,response=output");
    row("Alpaca without input", R"({"instruction": "a", "output": "b"})", "", "Alpaca",
        "prompt=instruction,response=output");
    row("Alpaca by choice", R"({"prompt": "a", "context": "c", "output": "b"})", "input=context", "Alpaca",
        "input=context,prompt=prompt,response=output");
    row("messages", R"({"messages": [{"role": "user", "content": "a"}], "prompt": "a", "response": "b"})", "",
        "messages", "messages=messages");
    row("conversations", R"({"conversations": [{"from": "human", "value": "a"}]})", "", "ShareGPT",
        "messages=conversations");
    row("messages by choice", R"({"turns": [{"role": "user", "content": "a"}]})", "messages=turns", "messages",
        "messages=turns");
    row("text", R"({"text": "a", "url": "b"})", "", "text", "text=text");
    row("content", R"({"content": "a", "prompt": "b"})", "", "text", "text=content");
    row("text by choice", R"({"prompt": "a", "response": "b", "note": "c"})", "text=note", "text", "text=note");
    row("system", R"({"system": "s", "prompt": "a", "response": "b"})", "", "messages",
        "prompt=prompt,response=response,system=system");
}

void TestDataset::findsColumns()
{
    QFETCH(QString, row);
    QFETCH(QString, chosen);
    QFETCH(QString, format);
    QFETCH(QString, columns);
    const auto dataset = open("a.jsonl", row.toStdString(), chosen);
    QCOMPARE(QString::fromStdString(dataset.format), format);
    QCOMPARE(dataset.columns, columnsFrom(columns));
}

void TestDataset::keepsRowsWithTheirLines_data()
{
    QTest::addColumn<QString>("name");
    QTest::addColumn<QByteArray>("bytes");
    const auto object = [](char c) { return QByteArray(R"({"prompt": "?", "response": "b"})").replace('?', c); };
    QTest::newRow("lines") << "a.jsonl" << object('x') + "\n\n" + object('y') + "\n";
    QTest::newRow("no last line break") << "a.ndjson" << object('x') + "\n \n" + object('y');
    QTest::newRow("CRLF") << "a.JSONL" << object('x') + "\r\n\r\n" + object('y') + "\r\n";
    QTest::newRow("DS05 BOM") << "a.jsonl" << "\xef\xbb\xbf" + object('x') + "\n\n" + object('y');
    QTest::newRow("array") << "a.json" << "[" + object('x') + ",\n\n" + object('y') + "]";
    QTest::newRow("array, BOM, spaces") << "a.json"
                                        << "\xef\xbb\xbf [ " + object('x') + "\n,\n " + object('y') + " ]\n ";
}

void TestDataset::keepsRowsWithTheirLines()
{
    QFETCH(QString, name);
    QFETCH(QByteArray, bytes);
    const auto dataset = open(name, bytes.toStdString());
    QCOMPARE(dataset.examples.size(), size_t(2));
    QCOMPARE(dataset.examples[0].prompt, std::string("x"));
    QCOMPARE(dataset.examples[1].prompt, std::string("y"));
    QCOMPARE(dataset.examples[1].response, std::string("b"));
    QCOMPARE(dataset.examples[0].line, 1);
    QCOMPARE(dataset.examples[1].line, 3);
    QCOMPARE(dataset.name, name.toStdString());
    QCOMPARE(dataset.hash, sha256(std::string_view(bytes.constData(), size_t(bytes.size()))));
}

void TestDataset::acceptsTheLongestRowInBoundedMemory()
{
    const auto path = write("long.jsonl", rowOfSize(limits::kJsonLine) + "\n" + kGood);
    resetPeakMemory();
    const auto before = memoryMiB("VmRSS:");
    const auto dataset = openDataset(path.string(), Split::train);
    QCOMPARE(dataset.examples.size(), size_t(2));
    QVERIFY(dataset.examples[0].response.size() > limits::kJsonLine - 100);
    const auto grown = memoryMiB("VmHWM:") - before;
    QVERIFY2(grown < 6 * 64 * kSlower, qPrintable(QString::number(grown) + " MiB"));
}

void TestDataset::readsManyRowsAndStopsWhenAsked()
{
    const auto path = write("many.jsonl", repeated(kGood, 300'000));  // DS07
    QCOMPARE(openDataset(path.string(), Split::train).examples.size(), size_t(300'000));
    int asked = 0;
    try {
        const DatasetOptions options {.columns = {}, .cancelled = [&] { return ++asked > 3; }};
        static_cast<void>(openDataset(path.string(), Split::train, options));
        QFAIL("it was not stopped");
    } catch (const Error& error) {
        QCOMPARE(error.code(), Code::stopped);
    }
    QCOMPARE(asked, 4);
}

void TestDataset::hashTellsAnEditedFile()
{
    const auto before = open("a.jsonl", repeated(kGood, 3)).hash;  // DS17
    auto edited = repeated(kGood, 3);
    edited[edited.size() - 4] = 'c';
    QVERIFY(open("a.jsonl", edited).hash != before);
    QCOMPARE(open("a.jsonl", repeated(kGood, 3)).hash, before);
    // And one that is written to while it is read.
    const auto path = write("growing.jsonl", repeated(kGood, 100'000));
    int asked = 0;
    const auto grow = [&] {
        if (++asked == 2)
            std::ofstream(path, std::ios::app) << kGood;
        return false;
    };
    try {
        static_cast<void>(openDataset(path.string(), Split::train, {.columns = {}, .cancelled = grow}));
        QFAIL("the change was not seen");
    } catch (const Error& error) {
        QCOMPARE(error.code(), Code::changed);
    }
}

void TestDataset::keepsControlAndBidiCharactersOutOfMessages()
{
    // DS20: the data is kept as it is, what is said about it is escaped.
    const auto dataset = open("a.jsonl", "{\"prompt\": \"\\u001b[2J\xe2\x80\xae\", \"response\": \"b\"}");
    QCOMPARE(dataset.examples[0].prompt, std::string("\x1b[2J\xe2\x80\xae"));
    QCOMPARE(escaped(dataset.examples[0].prompt), std::string("\\x1b[2J\\u202e"));
    requireRejection([&] { open("a.jsonl", "{\"\\u001b[2J\": \"\", \"\xe2\x80\xaex\": \"b\"}"); }, Code::data,
        "among \\\\x1b\\[2J, \\\\u202ex");
}

void TestDataset::readsAlpacaWithAndWithoutInput()
{
    const auto dataset = open("a.jsonl",
        "{\"instruction\": \"Add.\", \"output\": \"4\"}\n"
        "{\"instruction\": \"Add.\", \"input\": \"2 and 2\", \"output\": \"4\"}");
    QCOMPARE(dataset.columns.at("input"), std::string("input"));  // of the second row
    QCOMPARE(dataset.examples[0].prompt,
        std::string("Below is an instruction that describes a task. Write a response that appropriately completes the "
                    "request.\n\n### Instruction:\nAdd.\n\n### Response:"));
    QCOMPARE(dataset.examples[1].prompt,
        std::string("Below is an instruction that describes a task, paired with an input that provides further "
                    "context. Write a response that appropriately completes the request.\n\n### Instruction:\nAdd.\n\n"
                    "### Input:\n2 and 2\n\n### Response:"));
    QCOMPARE(withoutAlpacaHeader(dataset.examples[0].prompt), std::string("Add."));
    QCOMPARE(withoutAlpacaHeader(dataset.examples[1].prompt), std::string("Add.\n\n2 and 2"));
    QCOMPARE(withoutAlpacaHeader("Add."), std::string("Add."));
}

void TestDataset::readsConversations()
{
    const auto dataset = open("a.jsonl",
        R"({"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}], "system": "s"})"
        "\n"
        R"({"conversations": [{"role": "system", "content": "own"}, {"role": "user", "content": "c"}], )"
        R"("system": "s"})");
    QCOMPARE(dataset.format, std::string("ShareGPT"));
    const auto& first = dataset.examples[0].messages;
    QCOMPARE(first.size(), size_t(3));
    QCOMPARE(first[0].role + first[0].content, std::string("systems"));
    QCOMPARE(first[1].role + first[1].content, std::string("usera"));
    QCOMPARE(first[2].role + first[2].content, std::string("assistantb"));
    QCOMPARE(dataset.examples[1].messages.size(), size_t(2));
    QCOMPARE(dataset.examples[1].messages[0].content, std::string("own"));
}

void TestDataset::systemColumnMakesConversations()
{
    const auto dataset = open("a.jsonl",
        "{\"system\": \"Be brief.\", \"instruction\": \"Add.\", \"input\": \"2, 2\", \"output\": \"4\"}\n"
        "{\"system\": null, \"instruction\": \"Add.\", \"output\": \"4\"}");
    QCOMPARE(dataset.examples[0].messages.size(), size_t(3));
    QCOMPARE(dataset.examples[0].messages[1].content, std::string("Add.\n\n2, 2"));
    QCOMPARE(dataset.examples[1].messages.size(), size_t(2));
    QVERIFY(dataset.examples[0].prompt.empty() && dataset.examples[0].response.empty());
}

void TestDataset::textIsOneExample()
{
    const auto dataset = open("a.txt", "\xef\xbb\xbfOne.\r\n\r\nTwo.\rThree.\r", "text=body");
    QCOMPARE(dataset.format, std::string("text"));
    QCOMPARE(dataset.examples.size(), size_t(1));
    QCOMPARE(dataset.examples[0].response, std::string("One.\n\nTwo.\rThree.\r"));  // CR LF only
    QCOMPARE(dataset.warnings.size(), size_t(1));
}

void TestDataset::defaultDataIsTheWordProblems()
{
    for (const auto split : {Split::train, Split::test}) {
        const auto dataset = openDataset("default", split);
        const auto rows = wordProblems(split);
        QCOMPARE(dataset.examples.size(), rows.size());
        QCOMPARE(dataset.examples.back().prompt, rows.back().question);
        QCOMPARE(dataset.examples.back().response, rows.back().answer);
        QCOMPARE(dataset.hash, sha256(wordProblemsJsonl(split)));
        QCOMPARE(dataset.name, std::string(split == Split::train ? "default (train)" : "default (test)"));
        QVERIFY(dataset.file.empty());
    }
}

void TestDataset::readsRealFiles_data()
{
    QTest::addColumn<QString>("file");
    QTest::addColumn<QString>("chosen");
    QTest::addColumn<QString>("format");
    QTest::addColumn<int>("rows");
    QTest::newRow("GSM8K train") << "gsm8k/train.jsonl" << "" << "prompt/response" << 7473;
    QTest::newRow("GSM8K test") << "gsm8k/test.jsonl" << "" << "prompt/response" << 1319;
    QTest::newRow("identity") << "llamafactory-demo/identity.json" << "" << "Alpaca" << 91;
    QTest::newRow("MBPP") << "mbpp/mbpp.jsonl" << "prompt=text,response=code" << "prompt/response" << 974;
    QTest::newRow("self-instruct, nested") << "self-instruct/seed_tasks.jsonl" << "" << "" << 0;
}

void TestDataset::readsRealFiles()
{
    QFETCH(QString, file);
    QFETCH(QString, chosen);
    QFETCH(QString, format);
    QFETCH(int, rows);
    if (testData().empty())
        QSKIP("shared/data is not here");
    const auto path = (testData() / file.toStdString()).string();
    const DatasetOptions options {.columns = columnsFrom(chosen), .cancelled = {}};
    if (rows == 0) {
        requireRejection([&] { static_cast<void>(openDataset(path, Split::train, options)); }, Code::data,
            "1:1: .*among .*instances");
        return;
    }
    const auto dataset = openDataset(path, Split::train, options);
    QCOMPARE(QString::fromStdString(dataset.format), format);
    QCOMPARE(int(dataset.examples.size()), rows);
    QVERIFY(!dataset.examples.back().prompt.empty() && !dataset.examples.back().response.empty());
    QCOMPARE(dataset.hash, sha256OfFile(path));
}

QTEST_GUILESS_MAIN(TestDataset)
#include "tst_dataset.moc"
