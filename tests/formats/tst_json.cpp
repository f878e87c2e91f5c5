// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// JSON from outside: what is refused, and where the message says it is.
#include "tests/formats/rejection.h"
#include "training/formats/json.h"
#include "training/formats/limits.h"

#include <QTemporaryDir>

using namespace rankwright;

class TestJson : public QObject
{
    Q_OBJECT

private slots:
    void buildsEveryKindOfValue();
    void refusesWithPosition_data();
    void refusesWithPosition();
    void addsTheOriginToOffsets();
    void allowsTheGreatestDepthAndNoMore();
    void allowsTheGreatestNumberOfValuesAndNoMore();
    void survivesHundredsOfThousandsOfBrackets();
    void readsFilesUpToTheLimit();
    void readsNumbersInEveryLocale();
};

void TestJson::buildsEveryKindOfValue()
{
    const auto value = parseUntrusted(
        R"( {"a": [1, -2, 3.5, true, null, "é"], "b": {"c": {}, "d": []}, "": 18446744073709551615} )", "x.json");
    QCOMPARE(value, nlohmann::json::parse(
        R"({"a": [1, -2, 3.5, true, null, "é"], "b": {"c": {}, "d": []}, "": 18446744073709551615})"));
    QVERIFY(value["a"][0].is_number_unsigned());
    QVERIFY(value["a"][1].is_number_integer());
    QCOMPARE(value[""].get<uint64_t>(), 18446744073709551615u);
    QCOMPARE(parseUntrusted("7", "x.json").get<int>(), 7);
}

void TestJson::refusesWithPosition_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QString>("pattern");
    QTest::newRow("empty") << QByteArray() << "byte offset 0 \\(line 1:1\\)";
    QTest::newRow("cut short") << QByteArray("{\"a\": 1") << "byte offset 7 \\(line 1:8\\).*end of input";
    QTest::newRow("second line") << QByteArray("{\n  \"a\": x}") << "byte offset 9 \\(line 2:8\\)";
    QTest::newRow("something after the value") << QByteArray("{} {}") << "byte offset 3";
    QTest::newRow("comment") << QByteArray("{} // c") << "byte offset 4|byte offset 3";
    QTest::newRow("trailing comma") << QByteArray("[1,]") << "byte offset 3";
    QTest::newRow("NaN") << QByteArray("[NaN]") << "byte offset 1";
    QTest::newRow("number too large") << QByteArray("[1e400]") << "byte offset 5 .*1e400";
    QTest::newRow("duplicate key") << QByteArray(R"({"a": 1, "b": 2, "a": 3})")
                                   << "byte offset 17 \\(line 1:18\\): the key \"a\" occurs twice";
    QTest::newRow("duplicate key, written otherwise") << QByteArray(R"({"a\"b": 1, "a\u0022b": 2})")
                                                      << "byte offset 12.*occurs twice";
    QTest::newRow("duplicate empty key") << QByteArray(R"({"":1,"":2})") << "byte offset 6 ";
    QTest::newRow("duplicate key inside")
        << QByteArray("[{\"k\": {\"x\": 1,\n\"x\": 2}}]") << "byte offset 16 \\(line 2:1\\)";
    QTest::newRow("duplicate key with escape") << QByteArray("{\"\\u001b[2J\": 1, \"\\u001b[2J\": 2}")
                                               << "the key \"\\\\x1b\\[2J\" occurs twice";
    QTest::newRow("byte FF in a string") << QByteArray("[\"a\xff\"]") << "byte offset 3.*UTF-8";
    QTest::newRow("byte FF outside") << QByteArray("{\xff}") << "byte offset 1";
    QTest::newRow("overlong") << QByteArray("[\"\xc0\xaf\"]") << "byte offset 2";
    QTest::newRow("TK08 lone surrogate") << QByteArray(R"(["\ud800"])") << "byte offset [0-9].*surrogate";
    QTest::newRow("text after a NUL") << QByteArray("{\"a\":1}\0 x", 10) << "byte offset 7.*NUL";
    QTest::newRow("raw newline in a string") << QByteArray("[\"a\nb\"]") << "byte offset 3";
}

void TestJson::refusesWithPosition()
{
    QFETCH(QByteArray, text);
    QFETCH(QString, pattern);
    requireRejection([&] { (void)parseUntrusted(text.toStdString(), "dir/x.json"); }, Code::format,
        "^dir/x\\.json: .*" + pattern);
}

void TestJson::addsTheOriginToOffsets()
{
    requireRejection([] { (void)parseUntrusted("{\"a\"}", "x.safetensors", 8); }, Code::format,
        "byte offset 12 \\(line 1:5\\)");
}

void TestJson::allowsTheGreatestDepthAndNoMore()
{
    const auto nested = [](int depth) {
        std::string text;
        for (int i = 0; i < depth; ++i)
            text += i % 2 == 0 ? "[" : "{\"k\":";
        text += "1";
        for (int i = depth; i-- > 0;)
            text += i % 2 == 0 ? "]" : "}";
        return text;
    };
    QVERIFY(parseUntrusted(nested(limits::kJsonDepth), "x.json").is_array());
    requireRejection([&] { (void)parseUntrusted(nested(limits::kJsonDepth + 1), "x.json"); }, Code::limit,
        "byte offset 192 .*deeper than 64");
}

void TestJson::allowsTheGreatestNumberOfValuesAndNoMore()
{
    const auto zeros = [](uint64_t values) {  // the array counts too
        std::string text(2 * values - 1, ',');
        for (size_t i = 1; i < text.size(); i += 2)
            text[i] = '0';
        text.front() = '[';
        text.back() = ']';
        return text;
    };
    QCOMPARE(parseUntrusted(zeros(limits::kJsonValues), "x.json").size(), limits::kJsonValues - 1);
    const std::string tooMany = zeros(limits::kJsonValues + 1);
    requireRejection([&] { (void)parseUntrusted(tooMany, "x.json"); }, Code::limit, "more than 8000000 values");
}

void TestJson::survivesHundredsOfThousandsOfBrackets()
{
    requireRejection([] { (void)parseUntrusted(std::string(100'000, '['), "config.json"); }, Code::limit, "depth 64");
    std::string objects;
    for (int i = 0; i < 100'000; ++i)
        objects += "{\"a\":";
    requireRejection([&] { (void)parseUntrusted(objects, "config.json"); }, Code::limit, "depth 64");
}

void TestJson::readsFilesUpToTheLimit()
{
    const QTemporaryDir dir;
    const auto path = std::filesystem::path(dir.path().toStdString()) / "c.json";
    writeBytes(path, "[1, 2]");
    QCOMPARE(readJsonFile(path, 6).size(), size_t {2});
    requireRejection(
        [&] { (void)readJsonFile(path, 5); }, Code::limit, "c\\.json: size: 6 bytes .allowed: at most 5 bytes");
    requireRejection([&] { (void)readJsonFile(path.parent_path() / "no.json", 5); }, Code::missing, "no such file");
}

void TestJson::readsNumbersInEveryLocale()
{
    const std::string before = std::setlocale(LC_ALL, nullptr);
    const bool german
        = std::setlocale(LC_ALL, "de_DE.UTF-8") != nullptr || std::setlocale(LC_ALL, "de_DE.utf8") != nullptr;
    const double value = parseUntrusted("1.5", "x.json").get<double>();
    std::setlocale(LC_ALL, before.c_str());
    QCOMPARE(value, 1.5);
    if (!german)
        QSKIP("no German locale here; checked in the C locale only");
}

QTEST_GUILESS_MAIN(TestJson)
#include "tst_json.moc"
