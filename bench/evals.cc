// Figures of datasets, trajectories and the gate: processor time, each the best of three where it is short.
#include <fmt/format.h>
#include <simdjson.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <limits>

#include "base/json.h"
#include "bench.h"
#include "net/client.h"
#include "records/datasets/datasets.h"
#include "stats/requests.h"
#include "trials/compare.h"

namespace pawl::bench {
namespace {

double best_of_three(const std::function<void()>& work) {
  double best = std::numeric_limits<double>::infinity();
  for (int i = 0; i < 3; ++i) {
    timespec a{}, b{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
    work();
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
    best = std::min(best, static_cast<double>(b.tv_sec - a.tv_sec) + static_cast<double>(b.tv_nsec - a.tv_nsec) * 1e-9);
  }
  return best;
}

std::string file_of_cases(Random& random, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) {
    JsonWriter json;
    json.object().field("id", fmt::format("c{}", i)).field("input", words(random, 90));
    json.field("expected", words(random, 40)).key("tags").array().value("order").end();
    json.field("split", i % 5 == 0 ? "test" : "dev").key("metadata").object().field("tier", "gold").end();
    out += json.end().take() + "\n";
  }
  return out;
}

std::string rows_of_trials(Random& random, int cases, int trials, double rate) {
  std::string out;
  for (int i = 0; i < cases; ++i)
    for (int k = 0; k < trials; ++k)
      out += fmt::format(
          "{{\"case\":\"c{}\",\"trial\":{},\"status\":\"ok\",\"scores\":{{\"solved\":{},\"no_leak\":1}},\"cost_usd\":"
          "\"0.01\",\"latency_ms\":{}}}\n",
          i, k, random.unit() < rate ? 1 : 0, 500 + i % 100);
  return out;
}

void gate_of(Random& random) {
  const std::string a = rows_of_trials(random, 1000, 5, 0.9), b = rows_of_trials(random, 1000, 5, 0.88);
  trials::Terms terms;
  terms.quality = {"solved"}, terms.safety = {"no_leak"};
  const double seconds = best_of_three([&] {
    trials::Names names;
    const auto baseline = trials::read_rows(a, names), candidate = trials::read_rows(b, names);
    const auto compared = trials::compare(terms, names, baseline, candidate);
    if (!compared || compared->paired != 1000) fmt::print("gate: no comparison\n");
  });
  fmt::print("gate over 1,000 cases of 5 trials: {:.0f} ms (goal 100)\n", seconds * 1e3);
}

void trajectories_of() {
  JsonWriter request;
  request.object().field("id", "t").field("fn", "trajectory").key("in").object();
  for (const bool actual : {true, false}) {
    request.key(actual ? "actual" : "expected").array();
    for (int i = 0; i < 20; ++i) {
      const int call = actual ? i : 19 - i;  // the same calls the other way round
      request.object().field("name", fmt::format("tool{}", call % 7));
      request.key("arguments").object().field("id", call / 2).end().end();
    }
    request.end();
  }
  const std::string text = request.end().end().take();
  constexpr int runs = 2000;
  const double seconds = best_of_three([&] {
    for (int i = 0; i < runs; ++i) (void)stats::answer(text);
  });
  fmt::print("trajectories: {:.0f} calls a second (goal 100,000)\n", runs * 40 / seconds);
}

void near_of(Random& random) {
  std::vector<datasets::Item> items(100'000);
  for (auto& item : items) {
    std::string who;  // in letters: figures are all the same to it
    for (int k = 0; k < 12; ++k) who += static_cast<char>('a' + random.below(26));
    item.input = fmt::format(
        "\"Where is the order of customer {}? It was promised for Monday, and nothing came of it until today; please "
        "say "
        "what becomes of it.\"",
        who);
  }
  const double seconds = best_of_three([&] { (void)datasets::near_duplicates(items); });
  fmt::print("near-duplicates among 100,000 alike cases: {:.1f} s\n", seconds);
}

void datasets_of(const std::string& program, Random& random) {
  const std::string data = std::filesystem::temp_directory_path() / fmt::format("pawl-bench-evals-{}", getpid());
  const auto server = start(program, data);
  if (!server) return fmt::print("evals: the server did not start\n");
  net::Client client;
  const auto spent = [&](const std::string& method, const std::string& path, std::string body, int wanted) {
    net::ClientRequest request{
        .method = method, .url = server->url + path, .body = std::move(body), .time = 600 * second};
    request.headers.set("content-type", "application/x-ndjson");
    const double before = cpu_seconds(server->process).all();
    const auto answer = client.send(std::move(request));
    const double after = cpu_seconds(server->process).all();
    if (!answer || answer->status != wanted) fmt::print("{}: {}\n", path, answer ? answer->body.substr(0, 200) : "");
    return after - before;
  };
  const std::string path = "/api/v1/datasets/";
  const double stored = spent("POST", path + "big/import?near=0", file_of_cases(random, 100'000), 200);
  const double near = spent("POST", path + "big/import?dry_run=1", file_of_cases(random, 100'000), 200);
  (void)spent("POST", path + "open/import?near=0", file_of_cases(random, 10'000), 200);
  double opened = std::numeric_limits<double>::infinity();
  for (int i = 0; i < 3; ++i) opened = std::min(opened, spent("GET", path + "open/cases?limit=10000", "", 200));
  fmt::print(
      "100,000 JSON lines imported: {:.1f} s (goal 2); looked at, with near-duplicates: {:.1f} s; a dataset of 10,000 "
      "cases opened: {:.0f} ms (goal 200)\n",
      stored, near, opened * 1e3);
  stop(*server);
  std::filesystem::remove_all(data);
}

}  // namespace

void run_evals(const std::string& program) {
  SeededRandom random(7);
  fmt::print("\n");
  gate_of(random);
  trajectories_of();
  near_of(random);
  datasets_of(program, random);
  std::fflush(stdout);
}

}  // namespace pawl::bench
