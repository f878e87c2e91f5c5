// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What the machine uses: read from files of a known content, from this machine, and from a library that stands in for NVML.
#include "ui/async/machine_sample.h"
#include "ui/theme.h"
#include "ui/widgets/machine_meters.h"

#include <QElapsedTimer>
#include <QTemporaryDir>
#include <QTest>

#include <fstream>
#include <thread>

using namespace rankwright;

class TestMachineMeters : public QObject
{
    Q_OBJECT
private slots:
    void initTestCase() { theme::apply(*qApp, theme::Mode::light); }
    void sharesAreThoseBetweenTwoSamples();
    void thisMachineAnswers();
    void filesThatAreNotThereGiveNothing();
    void gpusAreAskedThroughNvml();
    void metersShowFiguresAndSayThem();
    void withoutAGpuThereIsNoMeterForIt();
    void samplesComeByThemselves();
};

namespace {

struct Proc
{
    QTemporaryDir folder;
    Proc() { std::filesystem::create_directories((folder.path() + "/self").toStdString()); }
    void write(const char* file, const std::string& text) const { std::ofstream((folder.filePath(file)).toStdString()) << text; }
    void ticks(int user, int idle, int own) const
    {
        const auto line = std::to_string(user) + " 0 100 " + std::to_string(idle) + " 50 0 0 0 7 7\n";
        write("stat", "cpu  " + line + "cpu0 " + line + "cpu1 " + line + "cpu2 " + line + "cpu3 " + line + "intr 12345\nctxt 5\n");
        write("self/stat", "42 (a (very) odd) name) S 1 2 3 4 5 6 7 8 9 10 " + std::to_string(own) + " 30 0 0 20 0 9 0 100 0 0\n");
    }
};

}  // namespace

void TestMachineMeters::sharesAreThoseBetweenTwoSamples()
{
    const Proc proc;
    proc.write("meminfo", "MemTotal:       16000000 kB\nMemFree:         1000000 kB\nMemAvailable:    4000000 kB\n");
    proc.write("self/status", "Name:\tx\nVmPeak:\t  900 kB\nVmHWM:\t  700 kB\nVmRSS:\t  500 kB\n");
    proc.ticks(1000, 5000, 200);
    MachineSampler sampler(proc.folder.path().toStdString(), "no such library");
    QCOMPARE(sampler.sample().machineUse, 0.0);   // nothing to compare with yet
    proc.ticks(1300, 5100, 350);
    const MachineSample sample = sampler.sample();
    QCOMPARE(sample.cores, 4);
    QCOMPARE(sample.machineUse, 0.75);            // 300 of 400 ticks
    QCOMPARE(sample.ownUse, 1.5);                 // 150 of 400 ticks of 4 cores
    QCOMPARE(sample.ownBytes, int64_t(500) * 1024);
    QCOMPARE(sample.ownPeakBytes, int64_t(700) * 1024);
    QCOMPARE(sample.freeBytes, int64_t(4'000'000) * 1024);
    QCOMPARE(sample.bytes, int64_t(16'000'000) * 1024);
    QVERIFY(sample.gpus.empty());
}

void TestMachineMeters::thisMachineAnswers()
{
    MachineSampler sampler;
    static_cast<void>(sampler.sample());
    QElapsedTimer clock;
    clock.start();
    volatile double busy = 0;
    while (clock.elapsed() < 300)
        busy = busy + 1;
    const MachineSample sample = sampler.sample();
    QCOMPARE(sample.cores, int(std::thread::hardware_concurrency()));
    QVERIFY2(sample.ownUse > 0.05 && sample.ownUse < sample.cores + 0.5, qPrintable(QString::number(sample.ownUse)));
    QVERIFY(sample.ownBytes > 1'000'000 && sample.ownPeakBytes >= sample.ownBytes);
    QVERIFY(sample.freeBytes > 0 && sample.freeBytes <= sample.bytes);
}

void TestMachineMeters::filesThatAreNotThereGiveNothing()
{
    MachineSampler sampler("/nonexistent", "no such library");
    const MachineSample sample = sampler.sample();
    QCOMPARE(sample.cores, 0);
    QCOMPARE(sample.bytes, int64_t(0));
    MachineMeters meters;
    meters.take(sample);
    for (const auto* meter : meters.findChildren<Meter*>())
        QVERIFY(meter->text().isEmpty());
}

void TestMachineMeters::gpusAreAskedThroughNvml()
{
    MachineSampler sampler("/proc", RANKWRIGHT_FAKE_NVML);
    const MachineSample sample = sampler.sample();
    QCOMPARE(sample.gpus.size(), size_t(2));
    QCOMPARE(sample.gpus[1].name, std::string("Fake GPU 1"));
    QCOMPARE(sample.gpus[1].use, 0.87);
    QCOMPARE(sample.gpus[1].usedBytes, int64_t(9) << 30);
    QCOMPARE(sample.gpus[1].bytes, int64_t(80) << 30);
}

void TestMachineMeters::metersShowFiguresAndSayThem()
{
    MachineMeters meters;
    MachineSample sample{.cores = 2, .machineUse = 0.92, .ownUse = 1.8, .ownBytes = int64_t(2) << 30, .ownPeakBytes = int64_t(3) << 30,
        .freeBytes = int64_t(6) << 30, .bytes = int64_t(24) << 30};
    sample.gpus = {{.name = "Small", .use = 0.1, .usedBytes = 1, .bytes = 2}, {.name = "Large", .use = 0.6, .usedBytes = int64_t(9) << 30, .bytes = int64_t(80) << 30}};
    meters.take(sample);
    meters.take(sample);
    const auto* processor = meters.findChild<Meter*>("processorMeter");
    const auto* memory = meters.findChild<Meter*>("memoryMeter");
    const auto* gpu = meters.findChild<Meter*>("gpuMeter");
    QCOMPARE(processor->text(), QString("92 %"));
    QVERIFY(processor->accessibleDescription().contains("1.8 cores by this program"));
    QVERIFY(memory->text().startsWith("2.0 GiB"));
    QVERIFY(memory->accessibleDescription().contains("6.0 GiB"));
    QVERIFY(!gpu->isHidden());
    QCOMPARE(gpu->text(), QString("60 %"));   // the busiest
    QVERIFY(gpu->accessibleDescription().contains("Small") && gpu->accessibleDescription().contains("9.0 GiB of 80.0 GiB"));
    for (const auto* meter : {processor, memory, gpu})
        QVERIFY(!meter->accessibleName().isEmpty());
    meters.resize(meters.sizeHint());
    QVERIFY(!meters.grab().isNull());
}

void TestMachineMeters::withoutAGpuThereIsNoMeterForIt()
{
    MachineMeters meters;
    meters.take({.cores = 2, .machineUse = 0.5, .ownBytes = 1, .freeBytes = 1, .bytes = 2});
    QVERIFY(meters.findChild<Meter*>("gpuMeter")->isHidden());
    QVERIFY(!meters.findChild<Meter*>("memoryMeter")->isHidden());
}

void TestMachineMeters::samplesComeByThemselves()
{
    MachineMeters meters;
    meters.show();
    auto* processor = meters.findChild<Meter*>("processorMeter");
    QVERIFY(QTest::qWaitFor([&] { return !processor->text().isEmpty(); }, 20'000));
    meters.hide();
}

QTEST_MAIN(TestMachineMeters)
#include "tst_machine_meters.moc"
