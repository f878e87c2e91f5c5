// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What every row of the catalogue of bad files must keep: the right error, a message with place and advice and without
// control bytes, within 2 seconds and 256 MiB.
#pragma once

#include "training/api/error.h"

#include <QtTest/QtTest>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

namespace rankwright {

inline void writeBytes(const std::filesystem::path& path, std::string_view bytes)
{
    std::ofstream(path, std::ios::binary) << bytes;
}

// A number as the file stores it, little-endian.
template<typename T>
std::string bytesOf(T value)
{
    return {reinterpret_cast<const char*>(&value), sizeof(T)};
}

// Peak or present memory in MiB ("VmHWM:" or "VmRSS:").
inline int64_t memoryMiB(const std::string& field)
{
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;) {
        int64_t kilobytes = 0;
        if (word == field && status >> kilobytes)
            return kilobytes / 1024;
    }
    return -1;
}

inline void resetPeakMemory()
{
    std::ofstream("/proc/self/clear_refs") << 5;
}

// The sanitizers keep freed memory and take several times as long.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr int kSlower = 8;
#else
inline constexpr int kSlower = 1;
#endif

inline void requireRejection(const std::function<void()>& action, Code code, const QString& pattern)
{
    resetPeakMemory();
    const int64_t before = memoryMiB("VmRSS:");
    QElapsedTimer timer;
    timer.start();
    bool rejected = false;
    try {
        action();
    } catch (const Error& error) {
        rejected = true;
        const QString message = QString::fromUtf8(error.what());
        const std::string text = error.what();
        QVERIFY2(QRegularExpression(pattern).match(message).hasMatch(), qPrintable(message));
        QVERIFY2(error.code() == code, qPrintable(message));
        QVERIFY2(!error.parts().place.empty() && !error.parts().found.empty(), qPrintable(message));
        QVERIFY2(!error.parts().allowed.empty() && !error.parts().advice.empty(), qPrintable(message));
        const bool clean = std::none_of(text.begin(), text.end(),
            [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
        QVERIFY2(clean, qPrintable(message));
    }
    QVERIFY2(rejected, "it was accepted");
    QVERIFY2(timer.elapsed() < 2000 * kSlower, qPrintable(QString::number(timer.elapsed()) + " ms"));
    const int64_t grown = memoryMiB("VmHWM:") - before;
    QVERIFY2(grown <= 256 * kSlower, qPrintable(QString::number(grown) + " MiB"));
}

}  // namespace rankwright
