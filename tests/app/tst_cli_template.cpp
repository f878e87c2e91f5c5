// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// `template`: conversations as text, and what it says where it cannot.
#include "tests/support/cli_fixture.h"

#include <QTest>

using namespace rankwright;

class TestCliTemplate : public QObject, private CliFixture
{
    Q_OBJECT

private slots:
    void init()
    {
        QVERIFY(renew());
        m_chat = write("chat.json", R"([{"role": "user", "content": "Why?"}])");
    }

    void builtinTemplate()
    {
        const Answer answer = cli({"template", "chatml", m_chat}, withoutEngine());
        QVERIFY2(answer.status == 0, answer.err.constData());
        QCOMPARE(answer.out, QByteArray("<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\n"));
        QCOMPARE(cli({"template", "chatml", m_chat, "--no-generation-prompt"}).out, QByteArray("<|im_start|>user\nWhy?<|im_end|>\n"));
    }

    void fileWithToolsVariablesAndDay()
    {
        const QString file = write("t.jinja",
            "{{ bos_token }}{{ tools[0].name }} {{ thinking }} {{ strftime_now('%d %b %Y') }} {{ messages[0].content }}{{ eos_token }}");
        const QString tools = write("tools.json", R"([{"name": "add"}])");
        const QStringList ask{"template", file, m_chat, "--bos", "<s>", "--eos", "</s>", "--tools", tools, "--variables",
            R"({"thinking": false})", "--json"};
        const Answer answer = cli(ask);
        QVERIFY2(answer.status == 0, answer.err.constData());
        QCOMPARE(QJsonDocument::fromJson(answer.out).object()["text"].toString(), "<s>add False 26 Jul 2024 Why?</s>");
        QVERIFY(cli(ask + QStringList{"--date", "2031-01-02"}).out.contains("02 Jan 2031"));
    }

    void refusals_data()
    {
        QTest::addColumn<QString>("source");
        QTest::addColumn<QString>("conversation");
        QTest::addColumn<QStringList>("more");
        QTest::addColumn<int>("status");
        QTest::addColumn<QByteArray>("says");
        const QString chat = R"([{"role": "user", "content": "x"}])";
        QTest::newRow("CT05") << "a\n{% include '/etc/passwd' %}" << chat << QStringList() << 65 << QByteArray("line 2:4: the tag \"include\"");
        QTest::newRow("CT07") << "{{ raise_exception('<b>x</b>\\x1b[2J') }}" << chat << QStringList() << 65
                              << QByteArray("<b>x</b>\\x1b[2J");
        QTest::newRow("no role") << "x" << R"([{"content": "x"}])" << QStringList() << 65 << QByteArray("message 1: no role");
        QTest::newRow("no JSON") << "x" << "hello" << QStringList() << 65 << QByteArray("not valid JSON");
        QTest::newRow("a day that is none") << "x" << chat << QStringList{"--date", "2023-02-30"} << 2 << QByteArray("--date: 2023-02-30");
        QTest::newRow("variables that are no object") << "x" << chat << QStringList{"--variables", "[]"} << 2 << QByteArray("a JSON array");
        QTest::newRow("tools that are not there") << "x" << chat << QStringList{"--tools", "none.json"} << 66 << QByteArray("none.json");
    }

    void refusals()
    {
        QFETCH(QString, source);
        QFETCH(QString, conversation);
        QFETCH(QStringList, more);
        QFETCH(int, status);
        QFETCH(QByteArray, says);
        const Answer answer
            = cli(QStringList{"template", write("t.jinja", source.toUtf8()), write("c.json", conversation.toUtf8())} + more);
        QVERIFY2(answer.status == status, answer.err.constData());
        QVERIFY2(answer.err.contains(says) && !answer.err.contains('\x1b'), answer.err.constData());
        QCOMPARE(answer.out, QByteArray());
    }

    // CT10
    void modelWithoutATemplate()
    {
        const Answer answer = cli({"template", QStringLiteral(RANKWRIGHT_SOURCE_DIR "/tests/golden/tiny"), m_chat});
        QCOMPARE(answer.status, 65);
        QVERIFY2(answer.err.contains("chatml, llama2, llama3, alpaca"), answer.err.constData());
    }

private:
    QString write(const char* name, const QByteArray& bytes) const
    {
        QFile file(m_folder->filePath(name));
        return file.open(QIODevice::WriteOnly) && file.write(bytes) == bytes.size() ? file.fileName() : QString();
    }

    QString m_chat;
};

QTEST_GUILESS_MAIN(TestCliTemplate)
#include "tst_cli_template.moc"
