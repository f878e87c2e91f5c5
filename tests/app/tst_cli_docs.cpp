// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// docs/cli.md against --help: every command has a row, every option of a command stands in its row (the keys of a run's configuration in
// the section on training), and nothing is promised that is not there.
#include "tests/support/cli_fixture.h"
#include "training/api/config_fields.h"

#include <QMap>
#include <QRegularExpression>
#include <QSet>
#include <QTest>

using namespace rankwright;

using Names = QSet<QString>;

class TestCliDocs : public QObject, private CliFixture
{
    Q_OBJECT

private slots:
    void initTestCase();
    void everyCommandHasARow();
    void everyOptionIsInItsRow();
    void everyOptionOfARowIsThere();
    void everyOptionInTheTextIsThere_data();
    void everyOptionInTheTextIsThere();

private:
    static QString page(const QString& name)
    {
        QFile file(QString(RANKWRIGHT_SOURCE_DIR) + '/' + name);
        return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
    }
    // "--word" with word of letters, digits and inner dashes.
    static Names optionsIn(const QString& text)
    {
        static const QRegularExpression kOption("(?<![-\\w])--([a-z][a-z0-9]*(?:-[a-z0-9]+)*)");
        Names names;
        for (auto match = kOption.globalMatch(text); match.hasNext();)
            names.insert("--" + match.next().captured(1));
        return names;
    }
    static QString listed(const Names& names)
    {
        QStringList list(names.begin(), names.end());
        list.sort();
        return list.join(' ');
    }
    // Options of the configuration: those of methods are in docs/methods.md, which is made from the same table.
    static Names configurationOptions()
    {
        Names names;
        for (const Field& field : configFields()) {
            if (!field.option.empty())
                names.insert(QString::fromStdString(field.option));
        }
        return names;
    }

    QMap<QString, Names> m_options;   // command -> what its --help lists, without the global options and --help
    QMap<QString, QString> m_rows;    // command -> its row of the table, the first cell and the text
    Names m_global{"--data-dir", "--quiet", "--json", "--help", "--version"};
    QString m_training;               // the section on training
};

void TestCliDocs::initTestCase()
{
    QVERIFY(renew());
    const QString program = QString::fromUtf8(cli({"--help"}, withoutEngine()).out);
    const QString subcommands = program.mid(program.indexOf("Subcommands:"));
    static const QRegularExpression kCommand("^  ([a-z][a-z-]*)", QRegularExpression::MultilineOption);
    // An option's line begins with its name; texts go on further to the right.
    static const QRegularExpression kLine("^  (?:-[a-z],)?(--[a-z][a-z0-9-]*)", QRegularExpression::MultilineOption);
    for (auto match = kCommand.globalMatch(subcommands); match.hasNext();) {
        const QString command = match.next().captured(1);
        Names& names = m_options[command];
        const QString help = QString::fromUtf8(cli({command, "--help"}, withoutEngine()).out);
        for (auto option = kLine.globalMatch(help); option.hasNext();) {
            const QString name = option.next().captured(1);
            if (!m_global.contains(name))
                names.insert(name);
        }
    }
    QVERIFY2(m_options.size() > 20, qPrintable(program));
    const QString text = page("docs/cli.md");
    const qsizetype table = text.indexOf("## Commands"), end = text.indexOf("\n## ", table + 5);
    static const QRegularExpression kCell("`([a-z][a-z-]*)[ `]");
    for (const QString& line : text.mid(table, end - table).split('\n')) {
        if (!line.startsWith("| `"))
            continue;
        for (auto match = kCell.globalMatch(line.section(" | ", 0, 0)); match.hasNext();)
            m_rows[match.next().captured(1)] += line;
    }
    const qsizetype training = text.indexOf("## Training");
    m_training = text.mid(training, text.indexOf("\n## ", training + 5) - training);
    QVERIFY(!m_training.isEmpty());
}

void TestCliDocs::everyCommandHasARow()
{
    QCOMPARE(m_rows.keys(), m_options.keys());
}

void TestCliDocs::everyOptionIsInItsRow()
{
    const Names ofMethods = optionsIn(page("docs/methods.md")), training = optionsIn(m_training);
    for (auto command = m_options.begin(); command != m_options.end(); ++command) {
        Names missing = command.value() - optionsIn(m_rows[command.key()]);
        if (command.key() == "train" || command.key() == "compare" || command.key() == "resume")
            missing -= training + ofMethods;
        QVERIFY2(missing.isEmpty(), qPrintable(command.key() + ": docs/cli.md says nothing of " + listed(missing)));
    }
    const Names unsaid = configurationOptions() - training - ofMethods;
    QVERIFY2(unsaid.isEmpty(), qPrintable(listed(unsaid)));
}

void TestCliDocs::everyOptionOfARowIsThere()
{
    for (auto command = m_rows.begin(); command != m_rows.end(); ++command) {
        Names known = m_global;
        // A row may name another command's option as what comes next: `train --plan FILE`.
        for (const QString& other : m_options.keys()) {
            if (other == command.key() || command.value().contains('`' + other + ' '))
                known += m_options[other];
        }
        const Names unknown = optionsIn(command.value()) - known;
        QVERIFY2(unknown.isEmpty(), qPrintable(command.key() + ": docs/cli.md promises " + listed(unknown)));
    }
}

void TestCliDocs::everyOptionInTheTextIsThere_data()
{
    QTest::addColumn<QString>("file");
    for (const char* file : {"README.md", "docs/cli.md", "docs/data.md", "docs/comparing.md", "docs/methods.md"})
        QTest::newRow(file) << file;
}

void TestCliDocs::everyOptionInTheTextIsThere()
{
    QFETCH(QString, file);
    QString text = page(file);
    QVERIFY(!text.isEmpty());
    // Commands of other programs.
    text.remove(QRegularExpression("`[^`\\n]*(llama-cli|lm_eval|cmake|ctest|python3?|./test)\\b[^`\\n]*`"));
    Names known = m_global;
    for (const Names& options : m_options)
        known += options;
    const QString window = page("app/main.cpp");   // the window has a few of its own
    const Names unknown = optionsIn(text) - known - optionsIn(window);
    QVERIFY2(unknown.isEmpty(), qPrintable(file + " names " + listed(unknown)));
}

QTEST_GUILESS_MAIN(TestCliDocs)
#include "tst_cli_docs.moc"
