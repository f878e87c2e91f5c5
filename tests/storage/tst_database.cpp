// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The SQLite layer and the schema ladder: files that are not ours, damage, other versions, several processes, kills.
#include "storage/database.h"
#include "storage/migrations.h"
#include "tests/support/child_process.h"
#include "tests/support/thrown.h"

#include <QTemporaryDir>
#include <QTest>

#include <chrono>
#include <cmath>
#include <fstream>
#include <limits>
#include <random>
#include <thread>

using namespace rankwright;
using Access = Database::Access;

namespace {

void writeBytes(const std::filesystem::path& file, std::string_view bytes)
{
    std::ofstream(file, std::ios::binary).write(bytes.data(), std::streamsize(bytes.size()));
}

int64_t number(Database& database, const std::string& sql)
{
    Statement statement(database, sql);
    return statement.step() ? statement.integer(0) : -1;
}

std::string integrity(Database& database)
{
    Statement check(database, "PRAGMA integrity_check");
    check.step();
    return check.text(0);
}

constexpr const char* kInsertRun = "INSERT INTO run(id, name, method, model, state, created, config)"
                                   " VALUES ('abcd2345', 'one', 'lora', 'default', 'queued', '', '{}')";

}  // namespace

class TestDatabase : public QObject
{
    Q_OBJECT

    std::unique_ptr<QTemporaryDir> m_folder;
    std::filesystem::path m_file;

private slots:
    void init()
    {
        m_folder = std::make_unique<QTemporaryDir>();
        m_file = std::filesystem::path(m_folder->path().toStdString()) / "runs.db";
    }

    void zeroBytesAreANewDatabaseDB02()
    {
        writeBytes(m_file, "");
        Database database(m_file, Access::write);
        bringUpToDate(database);
        QCOMPARE(database.userVersion(), int64_t(schemaSteps().size()));
        QCOMPARE(number(database, "SELECT count(*) FROM run"), int64_t(0));
    }

    void refusesWhatIsNotADatabaseDB02_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::newRow("text") << QByteArray("hello, this is a text file\n");
        QTest::newRow("zip") << QByteArray("PK\x03\x04").append(QByteArray(5000, 'x'));
        QTest::newRow("zeros") << QByteArray(8192, '\0');
        QTest::newRow("cut header") << QByteArray("SQLite format 3");
    }
    void refusesWhatIsNotADatabaseDB02()
    {
        QFETCH(QByteArray, bytes);
        writeBytes(m_file, bytes.toStdString());
        const auto parts = errorOf([this] {
            Database database(m_file, Access::write);
            bringUpToDate(database);
        });
        QVERIFY(parts);
        QCOMPARE(int(parts->code), int(Code::format));
        QCOMPARE(parts->file, m_file);
        QVERIFY(!parts->advice.empty());
        QCOMPARE(bytesOf(m_file), bytes.toStdString());
    }

    void refusesAFolderAndAMissingFile()
    {
        std::filesystem::create_directory(m_file);
        QCOMPARE(codeOf([this] { Database(m_file, Access::write); }), int(Code::format));
        std::filesystem::remove(m_file);
        QCOMPARE(codeOf([this] { Database(m_file, Access::read); }), int(Code::missing));
        QVERIFY(!std::filesystem::exists(m_file));
    }

    void refusesADamagedPageAndLeavesItDB03()
    {
        {
            Database database(m_file, Access::write);
            bringUpToDate(database);
            database.execute(kInsertRun);
            Transaction transaction(database);
            for (int step = 0; step < 5000; ++step)
                database.execute("INSERT INTO metric VALUES (1, 1, " + std::to_string(step) + ", 0.5, 1, 1.0)");
            transaction.commit();
        }
        std::string bytes = bytesOf(m_file);
        QVERIFY(bytes.size() > 20 * 4096);
        bytes.replace(bytes.size() - 4096, 4096, std::string(4096, '\xa5'));
        writeBytes(m_file, bytes);
        const auto parts = errorOf([this] {
            Database database(m_file, Access::write);
            bringUpToDate(database);
        });
        QVERIFY(parts);
        QCOMPARE(int(parts->code), int(Code::format));
        QVERIFY2(parts->advice.find("left as it is") != std::string::npos, parts->advice.c_str());
        QCOMPARE(bytesOf(m_file), bytes);
    }

    void aLargeFileIsCheckedOnceADayDB03()
    {
        const auto open = [this] {
            return codeOf([this] {
                Database database(m_file, Access::write);
                bringUpToDate(database);
            });
        };
        {
            Database database(m_file, Access::write);
            bringUpToDate(database);
            database.execute("CREATE TABLE filler(x BLOB); INSERT INTO filler VALUES (randomblob(6000000))");
            database.execute(kInsertRun);
            Transaction transaction(database);
            for (int step = 0; step < 5000; ++step)
                database.execute("INSERT INTO metric VALUES (1, 1, " + std::to_string(step) + ", 0.5, 1, 1.0)");
            transaction.commit();
        }
        std::string bytes = bytesOf(m_file);
        bytes.replace(bytes.size() - 4096, 4096, std::string(4096, '\xa5'));
        writeBytes(m_file, bytes);
        QCOMPARE(open(), -1);  // checked a moment ago
        std::filesystem::last_write_time(m_file.string() + ".checked",
            std::filesystem::file_time_type::clock::now() - std::chrono::hours(25));
        QCOMPARE(open(), int(Code::format));
        QCOMPARE(bytesOf(m_file), bytes);
    }

    void refusesANewerVersionNamingBothDB04()
    {
        {
            Database database(m_file, Access::write);
            bringUpToDate(database);
            database.execute("PRAGMA user_version=77");
        }
        const std::string before = bytesOf(m_file);
        const auto parts = errorOf([this] {
            Database database(m_file, Access::write);
            bringUpToDate(database);
        });
        QVERIFY(parts);
        QCOMPARE(int(parts->code), int(Code::unsupported));
        QVERIFY(parts->found.find("77") != std::string::npos);
        QVERIFY(parts->allowed.find("version " + std::to_string(schemaSteps().size())) != std::string::npos);
        QCOMPARE(bytesOf(m_file), before);
        Database reader(m_file, Access::read);
        QCOMPARE(codeOf([&] { QVERIFY(isUpToDate(reader)); }), int(Code::unsupported));
    }

    void refusesADatabaseOfAnotherProgram()
    {
        {
            Database database(m_file, Access::write);
            database.execute("CREATE TABLE recipes(name TEXT)");
        }
        const std::string before = bytesOf(m_file);
        const auto parts = errorOf([this] {
            Database database(m_file, Access::write);
            bringUpToDate(database);
        });
        QVERIFY(parts);
        QCOMPARE(int(parts->code), int(Code::format));
        QCOMPARE(bytesOf(m_file), before);
    }

    void takesMissingStepsAfterACopy()
    {
        std::vector<std::string> steps(schemaSteps().begin(), schemaSteps().end());
        const auto old = int64_t(steps.size());
        Database database(m_file, Access::write);
        bringUpToDate(database);
        database.execute(kInsertRun);
        steps.emplace_back("ALTER TABLE run ADD COLUMN colour TEXT");
        steps.emplace_back("UPDATE run SET colour = 'blue'");
        bringUpToDate(database, steps);
        QCOMPARE(database.userVersion(), old + 2);
        QCOMPARE(number(database, "SELECT count(*) FROM run WHERE colour = 'blue'"), int64_t(1));
        Database copy(m_file.string() + ".version-" + std::to_string(old) + ".bak", Access::read);
        QCOMPARE(copy.userVersion(), old);
        QCOMPARE(number(copy, "SELECT count(*) FROM run"), int64_t(1));
        QCOMPARE(QString::fromStdString(integrity(copy)), QString("ok"));
    }

    void aFailingStepChangesNothing()
    {
        std::vector<std::string> steps(schemaSteps().begin(), schemaSteps().end());
        const auto old = int64_t(steps.size());
        Database database(m_file, Access::write);
        bringUpToDate(database);
        database.execute(kInsertRun);
        steps.emplace_back("ALTER TABLE run ADD COLUMN colour TEXT; DELETE FROM run");
        steps.emplace_back("UPDATE nowhere SET x = 1");
        QCOMPARE(codeOf([&] { bringUpToDate(database, steps); }), int(Code::usage));
        QCOMPARE(database.userVersion(), old);
        QCOMPARE(number(database, "SELECT count(*) FROM run"), int64_t(1));
        QCOMPARE(number(database, "SELECT count(*) FROM pragma_table_info('run') WHERE name = 'colour'"), int64_t(0));
    }

    void processesThatCreateAtTheSameTimeAllSucceed()
    {
        std::vector<std::unique_ptr<ChildProcess>> children;
        for (int64_t child = 0; child < 6; ++child) {
            children.push_back(std::make_unique<ChildProcess>([this, child](ChildProcess::Pipe) {
                Database database(m_file, Access::write);
                bringUpToDate(database);
                Statement(database, "INSERT INTO spectrum VALUES (?, '', 1, 1, 0.0, 0.0, 0.0, x'')")
                    .bind(1, std::string_view(std::to_string(child)))
                    .run();
            }));
        }
        for (auto& child : children)
            QCOMPARE(child->wait(), 0);
        Database database(m_file, Access::read);
        QVERIFY(isUpToDate(database));
        QCOMPARE(number(database, "SELECT count(*) FROM spectrum"), int64_t(6));
    }

    void storesNaNAsNullDB16()
    {
        Database database(m_file, Access::write);
        database.execute("CREATE TABLE t(x REAL)");
        Statement(database, "INSERT INTO t VALUES (?)").bind(1, std::numeric_limits<double>::quiet_NaN()).run();
        Statement select(database, "SELECT x FROM t");
        QVERIFY(select.step());
        QVERIFY(select.isNull(0));
        QVERIFY(std::isnan(select.number(0)));
    }

    void textKeepsNulAndQuotes()
    {
        Database database(m_file, Access::write);
        database.execute("CREATE TABLE t(x TEXT)");
        const std::string text("a\0b'); DROP TABLE t;--\xf0\x9f\x98\x80", 28);
        Statement(database, "INSERT INTO t VALUES (?)").bind(1, std::string_view(text)).run();
        Statement select(database, "SELECT x FROM t WHERE x = ?");
        select.bind(1, std::string_view(text));
        QVERIFY(select.step());
        QCOMPARE(select.text(0), text);
    }

    void takesOneStatementOnly()
    {
        Database database(m_file, Access::write);
        QCOMPARE(codeOf([&] { Statement(database, "SELECT 1; SELECT 2"); }), int(Code::usage));
        QCOMPARE(codeOf([&] { Statement(database, "  "); }), int(Code::usage));
        QCOMPARE(codeOf([&] { Statement(database, "SELECT nothing"); }), int(Code::usage));
        QCOMPARE(number(database, "SELECT 7 ; "), int64_t(7));
    }

    void aReaderCannotWrite()
    {
        Database database(m_file, Access::write);
        bringUpToDate(database);
        Database reader(m_file, Access::read);
        QCOMPARE(codeOf([&] { reader.execute(kInsertRun); }), int(Code::io));
        QCOMPARE(number(database, "SELECT count(*) FROM run"), int64_t(0));
    }

    void aBusyDatabaseIsLockedAfterTheTimeGivenDB05()
    {
        Database(m_file, Access::write).execute("CREATE TABLE t(x)");
        ChildProcess holder([this](ChildProcess::Pipe pipe) {
            Database database(m_file, Access::write);
            Transaction transaction(database, Transaction::Kind::exclusive);
            pipe.say(1);
            std::this_thread::sleep_for(std::chrono::seconds(20));
        });
        QVERIFY(holder.hear());
        const auto start = std::chrono::steady_clock::now();
        const auto parts = errorOf([this] {
            Database database(m_file, Access::write, 50);
            database.execute("INSERT INTO t VALUES (1)");
        });
        const auto waited = std::chrono::steady_clock::now() - start;
        QVERIFY(parts);
        QCOMPARE(int(parts->code), int(Code::locked));
        QVERIFY(waited < std::chrono::seconds(2));
        holder.kill();
        Database(m_file, Access::write).execute("INSERT INTO t VALUES (1)");
    }

    // A window and two command-line runs on one file.
    void severalProcessesLoseNoRowDB06()
    {
        Database database(m_file, Access::write);
        bringUpToDate(database);
        database.execute("CREATE TABLE t(writer INTEGER, n INTEGER)");
        constexpr int64_t kWriters = 3, kRows = 100;
        std::vector<std::unique_ptr<ChildProcess>> writers;
        for (int64_t writer = 0; writer < kWriters; ++writer) {
            writers.push_back(std::make_unique<ChildProcess>([this, writer](ChildProcess::Pipe) {
                std::optional<Database> own;
                for (int64_t n = 0; n < kRows;) {
                    try {
                        if (!own)
                            own.emplace(m_file, Access::write, 50);
                        Transaction transaction(*own);
                        Statement(*own, "INSERT INTO t VALUES (?,?)").bind(1, writer).bind(2, n).run();
                        transaction.commit();
                        ++n;
                    } catch (const Error& error) {
                        if (error.code() != Code::locked)
                            throw;
                    }
                    std::this_thread::sleep_for(std::chrono::milliseconds(2));
                }
            }));
        }
        // Meanwhile this process reads, as the window does.
        Database reader(m_file, Access::read);
        int64_t seen = 0;
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        while (seen < kWriters * kRows && std::chrono::steady_clock::now() < end) {
            if (codeOf([&] {
                    const int64_t now = number(reader, "SELECT count(*) FROM t");
                    seen = now >= seen ? now : -1;
                }) >= 0)
                continue;  // busy: the next look
            QVERIFY(seen >= 0);
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        }
        for (auto& writer : writers)
            QCOMPARE(writer->wait(), 0);
        QCOMPARE(number(database, "SELECT count(DISTINCT writer * 1000 + n) FROM t"), kWriters * kRows);
        QCOMPARE(QString::fromStdString(integrity(database)), QString("ok"));
    }

    void killsInATransactionLoseNothingAcknowledgedDB08()
    {
        {
            Database database(m_file, Access::write);
            database.execute("CREATE TABLE t(n INTEGER PRIMARY KEY, filler BLOB)");
        }
        std::mt19937 random(1);
        int64_t acknowledged = 0;
        for (int round = 0; round < 200; ++round) {
            const int64_t first = acknowledged + 1;
            ChildProcess writer([this, first](ChildProcess::Pipe pipe) {
                Database database(m_file, Access::write);
                for (int64_t n = first; n < first + 1000; ++n) {
                    Transaction transaction(database);
                    Statement(database, "INSERT OR REPLACE INTO t VALUES (?, randomblob(9000))").bind(1, n).run();
                    Statement(database, "UPDATE t SET filler = randomblob(9000) WHERE n = 1").run();
                    transaction.commit();
                    pipe.say(n);
                }
            });
            for (unsigned heard = random() % 4; heard > 0; --heard) {
                const auto number = writer.hear();
                QVERIFY(number);
                acknowledged = *number;
            }
            std::this_thread::sleep_for(std::chrono::microseconds(random() % 3000));
            writer.kill();
            while (const auto late = writer.hear())
                acknowledged = *late;
            Database database(m_file, Access::write);
            QCOMPARE(QString::fromStdString(integrity(database)), QString("ok"));
            QVERIFY(number(database, "SELECT coalesce(max(n), 0) FROM t") >= acknowledged);
        }
        QVERIFY(acknowledged > 100);
    }
};

QTEST_GUILESS_MAIN(TestDatabase)
#include "tst_database.moc"
