// Figures of the journal; run with --gtest_also_run_disabled_tests --gtest_filter='*DISABLED_Bench*'.
#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <ctime>
#include <filesystem>
#include <mutex>
#include <thread>

#include "journal.h"

namespace pawl::journal {
namespace {

double cpu_seconds(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}
double seconds_of(const std::function<void()>& work) {
  const double begun = cpu_seconds(CLOCK_MONOTONIC);
  work();
  return cpu_seconds(CLOCK_MONOTONIC) - begun;
}

// A disk that takes everything and costs nothing: what remains is ours.
class NoFile final : public File {
 public:
  Result<std::size_t> write(std::span<const std::string_view> parts, std::uint64_t) override {
    std::size_t bytes = 0;
    for (const std::string_view part : parts) bytes += part.size();
    return bytes;
  }
  Result<std::size_t> read(std::span<char>, std::uint64_t) override { return 0; }
  Result<> sync() override { return {}; }
  Result<> preallocate(std::uint64_t) override { return {}; }
  Result<> truncate(std::uint64_t) override { return {}; }
  Result<std::uint64_t> size() override { return 0; }
};
class NoFiles final : public Files {
 public:
  Result<std::unique_ptr<File>> open(const std::string&, OpenMode) override { return std::make_unique<NoFile>(); }
  Result<> make_folders(const std::string&) override { return {}; }
  Result<> sync_folder(const std::string&) override { return {}; }
  Result<> rename(const std::string&, const std::string&) override { return {}; }
  Result<> remove(const std::string&) override { return {}; }
  Result<std::vector<FileEntry>> list(const std::string&) override { return std::vector<FileEntry>{}; }
  Result<std::unique_ptr<FileLock>> lock(const std::string&, std::string_view) override {
    return std::make_unique<FileLock>();
  }
};

TEST(DISABLED_Bench, FramingWithoutADisk) {
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{2'000}, std::size_t{100'000}, std::size_t{8'000'000}}) {
    NoFiles files;
    SystemClock clock;
    SystemRandom random;
    const auto journal = Journal::open(files, clock, random, {.data = "none", .thread = false}).value();
    const std::string body(bytes, 'b');
    const std::size_t count =
        std::max<std::size_t>(100, std::min<std::size_t>(1'000'000, 4'000'000'000 / (bytes + 100)));
    std::size_t answered = 0;
    const double begun = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (std::size_t i = 0; i < count; ++i) {
      journal->append({.project = 1, .body = body}, [&](const Result<Position>& at) { answered += at ? 1U : 0U; });
      if (i % 16 == 15) journal->step();
    }
    while (journal->step()) continue;
    const double cpu = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID) - begun;
    EXPECT_EQ(answered, count);
    fmt::print("framing  {:>9} B bodies  {:7.1f} ns CPU a request  {:6.2f} GB/s\n", bytes,
               cpu * 1e9 / static_cast<double>(count), static_cast<double>(count * bytes) / cpu / 1e9);
  }
}

struct Folder {
  std::string path = testing::TempDir() + "/pawl_journal_bench_" + std::to_string(SystemRandom().next());
  ~Folder() { std::filesystem::remove_all(path); }
};

// `clients` requests are always on their way, from one thread each.
void run_clients(std::size_t clients, std::size_t bytes, std::size_t each) {
  const Folder folder;
  SystemFiles files;
  SystemClock clock;
  SystemRandom random;
  const auto journal = Journal::open(files, clock, random, {.data = folder.path}).value();
  const std::string body(bytes, 'b');
  std::vector<double> waits(clients * each);
  const double cpu_begun = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID);
  const double wall = seconds_of([&] {
    std::vector<std::thread> threads;
    for (std::size_t client = 0; client < clients; ++client) {
      threads.emplace_back([&, client] {
        std::mutex mutex;
        std::condition_variable changed;
        for (std::size_t i = 0; i < each; ++i) {
          bool answered = false;
          const double begun = cpu_seconds(CLOCK_MONOTONIC);
          journal->append({.project = 1, .body = body}, [&](const Result<Position>& at) {
            EXPECT_TRUE(at);
            const std::scoped_lock guard(mutex);
            answered = true;
            changed.notify_one();
          });
          std::unique_lock guard(mutex);
          changed.wait(guard, [&] { return answered; });
          waits[client * each + i] = cpu_seconds(CLOCK_MONOTONIC) - begun;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  });
  const double cpu = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_begun;
  std::ranges::sort(waits);
  const auto total = static_cast<double>(waits.size());
  fmt::print(
      "disk     {:>9} B bodies  {:3} clients  {:8.0f}/s  {:7.1f} MB/s  p50 {:5.2f} ms  p99 {:6.2f} ms  "
      "{:5.1f} requests a sync  {:5.1f} us CPU a request, threads included\n",
      bytes, clients, total / wall, total * static_cast<double>(bytes) / wall / 1e6, waits[waits.size() / 2] * 1e3,
      waits[waits.size() * 99 / 100] * 1e3, total / static_cast<double>(journal->stats().syncs), cpu * 1e6 / total);
}

TEST(DISABLED_Bench, OnTheDisk) {
  run_clients(1, 2'000, 2'000);
  run_clients(16, 2'000, 1'000);
  run_clients(64, 2'000, 500);
  run_clients(16, 100'000, 200);
  run_clients(4, 8'000'000, 10);
}

TEST(DISABLED_Bench, StartWithOneGigabyte) {
  const Folder folder;
  SystemFiles files;
  SystemClock clock;
  SystemRandom random;
  std::size_t answered = 0;
  {
    const auto journal = Journal::open(files, clock, random, {.data = folder.path, .thread = false}).value();
    const std::string body = random.bytes(20'000);
    for (std::size_t i = 0; i < 50'000; ++i) {
      journal->append({.project = 1, .body = body}, [&](const Result<Position>& at) { answered += at ? 1U : 0U; });
      if (i % 256 == 255) journal->step();
    }
  }
  std::unique_ptr<Journal> journal;
  const double open = seconds_of([&] {
    journal = Journal::open(files, clock, random, {.data = folder.path, .thread = false}).value();
    bool taken = false;
    journal->append({.project = 1, .body = "x"}, [&](const Result<Position>& at) { taken = at.has_value(); });
    journal->step();
    EXPECT_TRUE(taken);
  });
  std::uint64_t records = 0;
  const double recover = seconds_of([&] { records = journal->recover()->records; });
  EXPECT_EQ(records, answered);
  const double stream = seconds_of([&] {
    auto reader = journal->read({}, end_of_journal).value();
    while (reader.next().value()) ++records;
  });
  fmt::print("start    first request acknowledged after {:.1f} ms; 1 GB: recover {:.2f} s, then read {:.2f} s\n",
             open * 1e3, recover, stream);
}

}  // namespace
}  // namespace pawl::journal
