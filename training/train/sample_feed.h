// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Where a run takes its training rows from: out of memory, or, of a large file, out of the file when their turn comes. Then 8 bytes a row
// are kept (its place in the file), with a sequential order none, and a thread of its own reads and tokenises a few batches ahead.
#pragma once

#include "training/formats/samples.h"

#include <condition_variable>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <thread>

namespace rankwright {

class SampleFeed
{
public:
    virtual ~SampleFeed() = default;
    [[nodiscard]] virtual int64_t rows() const = 0;
    // Training row 0 .. rows() - 1. Throws what reading or tokenising it throws, Error{changed} where the file is not what it was.
    virtual std::shared_ptr<const Sample> at(int64_t row) = 0;
    // The rows that will be asked for next, in that order.
    virtual void expect(const std::vector<int64_t>& rows) = 0;
    [[nodiscard]] virtual bool streams() const = 0;   // whether expect() helps
    // Rows that were tokenised so far, and of these the ones that were cut or have nothing to learn from.
    struct Counts { int64_t rows = 0, truncated = 0, withoutTargets = 0; };
    [[nodiscard]] virtual Counts counts() = 0;
};

// Rows that are all in memory; they must outlive the feed.
class MemoryFeed final : public SampleFeed
{
public:
    explicit MemoryFeed(const std::vector<Sample>& samples) : m_samples(samples) {}
    [[nodiscard]] int64_t rows() const override { return int64_t(m_samples.size()); }
    std::shared_ptr<const Sample> at(int64_t row) override { return {std::shared_ptr<void>(), &m_samples.at(size_t(row))}; }
    void expect(const std::vector<int64_t>&) override {}
    [[nodiscard]] bool streams() const override { return false; }
    [[nodiscard]] Counts counts() override { return {}; }

private:
    const std::vector<Sample>& m_samples;
};

class FileFeed final : public SampleFeed
{
public:
    struct Options
    {
        std::filesystem::path file;
        DatasetOptions reading;
        int64_t first = 0, last = INT64_MAX;         // rows of the file that are used
        bool sequential = false;                     // rows are asked for in the order of the file: no index is kept
        std::function<bool(int64_t row)> aside = {}; // rows of the file that are not trained on
        std::function<void(const Example& example, int64_t row)> see = {};   // every used row, once, those set aside too
    };
    // Reads the file once: finds the rows and checks that every one can be used.
    explicit FileFeed(Options options);
    ~FileFeed() override;
    // Name, format, columns, labels and hash; no examples.
    [[nodiscard]] const Dataset& dataset() const { return m_dataset; }
    // Before the first row: how an example becomes a sample. Called in the feed's own thread.
    void setTokeniser(std::function<Sample(const Example& example, int64_t row)> tokenise) { m_tokenise = std::move(tokenise); }

    [[nodiscard]] int64_t rows() const override { return m_rows; }
    std::shared_ptr<const Sample> at(int64_t row) override;
    void expect(const std::vector<int64_t>& rows) override;
    [[nodiscard]] bool streams() const override { return true; }
    [[nodiscard]] Counts counts() override;

private:
    struct Place { uint64_t byte = 0; int64_t fileRow = 0; };
    struct Ready { std::shared_ptr<const Sample> sample; std::exception_ptr failure; };
    void readOnce();
    [[nodiscard]] bool isTrained(int64_t fileRow) const;
    [[nodiscard]] int64_t fileRowOf(int64_t row) const;
    Example next(int64_t row);
    Sample read(int64_t row);
    void work(const std::stop_token& stop);

    Options m_options;
    DatasetRows m_file;
    Dataset m_dataset;
    std::function<Sample(const Example&, int64_t)> m_tokenise;
    int64_t m_rows = 0;
    std::deque<uint64_t> m_bytes;                // shuffled: where each row begins (a deque never holds twice what it needs)
    std::vector<Place> m_stations;               // of every 4,096th row
    int64_t m_next = -1, m_nextFileRow = 0;      // sequential: the row whose turn it is, and the one that m_file.next() would give

    std::mutex m_mutex;
    std::condition_variable_any m_changed;
    std::deque<int64_t> m_wanted;
    int64_t m_working = -1;
    std::map<int64_t, Ready> m_ready;
    Counts m_counts;
    std::jthread m_thread;                       // last: ends before what it uses
};

}  // namespace rankwright
