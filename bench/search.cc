// Full text as people ask it: words and phrases drawn from what is stored, over 30 days.
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <span>
#include <sstream>

#include "base/time.h"
#include "bench.h"
#include "net/client.h"

namespace pawl::bench {
namespace {

struct Drawn {
  const char* name;
  std::size_t words;
  bool phrase;
};
constexpr Drawn kinds[] = {{"one word", 1, false},       {"two words", 2, false},        {"four words", 4, false},
                           {"a phrase of two", 2, true}, {"a phrase of three", 3, true}, {"a phrase of five", 5, true}};
constexpr int asked_of_each = 20;

// What is asked: consecutive words of the passage, in quotes where a phrase is meant.
std::string question(const Drawn& kind, std::span<const std::string> words) {
  std::string out = kind.phrase ? "%22" : "";
  for (const auto& word : words) out += (out.empty() || out == "%22" ? "" : "%20") + word;
  return out + (kind.phrase ? "%22" : "");
}

void told(const char* name, std::vector<double>& times) {
  if (times.empty()) return fmt::print("| FAILED: {} | | | | |\n", name);
  std::ranges::sort(times);
  const auto late = std::ranges::count_if(times, [](double each) { return each > 100; });
  fmt::print("| {} | {:.0f} | {:.0f} | {:.0f} | {} of {} |\n", name, times[times.size() / 2],
             times[times.size() * 95 / 100], times.back(), late, times.size());
  std::fflush(stdout);
}

}  // namespace

void bench_search(const Server& server, const std::string& range, const std::string& passages) {
  const SystemClock clock;
  net::Client client;
  SeededRandom random(20261122);
  std::vector<double> all;
  std::vector<std::vector<std::string>> texts;
  std::ifstream in(passages);
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    texts.emplace_back(std::istream_iterator<std::string>(words), std::istream_iterator<std::string>());
  }
  fmt::print("\n| full text, 30 days, drawn from what is stored | p50 ms | p95 ms | slowest ms | over 100 ms |\n");
  fmt::print("| --- | --- | --- | --- | --- |\n");
  for (const Drawn& kind : kinds) {
    std::vector<double> times;
    for (int i = 0; i < asked_of_each && !texts.empty(); ++i) {
      const auto& words = texts[random.below(texts.size())];
      const auto first = random.below(words.size() - kind.words + 1);
      const auto asked = question(kind, std::span(words).subspan(first, kind.words));
      const Nanos sent = clock.monotonic();
      const auto answer =
          client.send({.url = fmt::format("{}/api/v1/sessions?limit=50&filter={}{}", server.url, asked, range)});
      if (answer && answer->status == 200) times.push_back(static_cast<double>(clock.monotonic() - sent) / 1e6);
    }
    all.insert(all.end(), times.begin(), times.end());
    told(kind.name, times);
  }
  told("all of them", all);
}

}  // namespace pawl::bench
