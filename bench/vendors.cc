// Other vendors' clients: their batches until they are durable and until they are stored, and prompts at a fixed rate.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <mutex>
#include <thread>
#include <vector>

#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "bench.h"
#include "net/client.h"

namespace pawl::bench {
namespace {

struct Load {
  const char* name;
  const char* path;
  const char* content_type;
  int events_a_request;
  std::vector<std::string> bodies;
};

std::string json_messages(Random& random, std::size_t bytes) {
  return fmt::format(R"([{{"role":"user","content":{}}}])", json_quote(words(random, bytes)));
}

// A trace, a span and a generation, each created and then updated: six events, as Langfuse's SDK v2 sends them.
std::string langfuse_batch(Random& random, Nanos now, int traces) {
  std::string out;
  const auto event = [&](std::string_view type, const std::string& body) {
    out += fmt::format(R"({}{{"id":"{}","type":"{}","timestamp":"{}","body":{}}})", out.empty() ? "" : ",",
                       random_uuid(), type, format_time(now), body);
  };
  for (int i = 0; i < traces; ++i) {
    const auto trace = random_uuid(), span = random_uuid(), call = random_uuid();
    const auto at = format_time(now - second), end = format_time(now);
    event("trace-create", fmt::format(R"({{"id":"{}","name":"support","userId":"user-{}","sessionId":"s-{}"}})", trace,
                                      random.below(5000), random.below(100'000)));
    event("span-create",
          fmt::format(R"({{"id":"{}","traceId":"{}","name":"lookup","startTime":"{}","input":{{"order":{}}}}})", span,
                      trace, at, random.below(1'000'000)));
    event("generation-create",
          fmt::format(R"({{"id":"{}","traceId":"{}","parentObservationId":"{}","name":"chat","model":"gpt-4.1-mini",)"
                      R"("startTime":"{}","input":{}}})",
                      call, trace, span, at, json_messages(random, 1300)));
    event("generation-update", fmt::format(R"({{"id":"{}","traceId":"{}","endTime":"{}","output":{},)"
                                           R"("usage":{{"input":400,"output":60,"total":460}}}})",
                                           call, trace, end, json_quote(words(random, 200))));
    event("span-update", fmt::format(R"({{"id":"{}","traceId":"{}","endTime":"{}","output":{{"status":"shipped"}}}})",
                                     span, trace, end));
    event("trace-create", fmt::format(R"({{"id":"{}","output":{}}})", trace, json_quote(words(random, 200))));
  }
  return fmt::format(R"({{"batch":[{}]}})", out);
}

constexpr std::string_view boundary = "pawl-bench-0d5e3f";

void add_part(std::string& out, std::string_view name, std::string_view json) {
  out += fmt::format(
      "--{}\r\nContent-Disposition: form-data; name=\"{}\"\r\nContent-Type: application/json\r\nContent-Length: {}\r\n"
      "\r\n{}\r\n",
      boundary, name, json.size(), json);
}

// A chain and a model's run in it, each posted and then patched: four events, as LangSmith's SDK sends them.
std::string langsmith_batch(Random& random, Nanos now, int traces) {
  std::string out;
  for (int i = 0; i < traces; ++i) {
    const auto chain = random_uuid(), call = random_uuid();
    const auto at = format_time(now - second), end = format_time(now);
    const std::string order = "20261121T111102576576Z";
    const auto post = [&](const std::string& id, std::string_view kind, std::string_view parent,
                          std::string_view dotted, const std::string& inputs) {
      add_part(out, "post." + id,
               fmt::format(R"({{"id":"{}","trace_id":"{}","parent_run_id":{},"dotted_order":"{}","name":"{}",)"
                           R"("run_type":"{}","start_time":"{}","session_name":"bench",)"
                           R"("extra":{{"metadata":{{"ls_provider":"openai","ls_model_name":"gpt-4.1-mini"}}}}}})",
                           id, chain, parent, dotted, kind, kind, at));
      add_part(out, fmt::format("post.{}.inputs", id), inputs);
    };
    const auto patch = [&](const std::string& id, std::string_view parent, std::string_view dotted,
                           const std::string& outputs) {
      add_part(out, "patch." + id,
               fmt::format(R"({{"id":"{}","trace_id":"{}","parent_run_id":{},"dotted_order":"{}","end_time":"{}"}})",
                           id, chain, parent, dotted, end));
      add_part(out, fmt::format("patch.{}.outputs", id), outputs);
    };
    const std::string root = order + chain, below = root + "." + order + call, parent = json_quote(chain);
    post(chain, "chain", "null", root, fmt::format(R"({{"q":{}}})", json_quote(words(random, 200))));
    post(call, "llm", parent, below, fmt::format(R"({{"messages":{}}})", json_messages(random, 1300)));
    patch(call, parent, below,
          fmt::format(R"({{"content":{},"usage_metadata":{{"input_tokens":400,"output_tokens":60}}}})",
                      json_quote(words(random, 200))));
    patch(chain, "null", root, fmt::format(R"({{"a":{}}})", json_quote(words(random, 200))));
  }
  return out + fmt::format("--{}--\r\n", boundary);
}

double quantile(std::vector<Nanos>& times, double q) {
  if (times.empty()) return 0;
  std::ranges::sort(times);
  return static_cast<double>(times[static_cast<std::size_t>(q * static_cast<double>(times.size() - 1))]) / 1e6;
}

std::uint64_t waiting(net::Client& client, const Server& server) {
  const auto answer = client.send({.url = server.url + "/api/v1/books"});
  const auto at = answer ? answer->body.find("\"journal\":") : std::string::npos;
  return at == std::string::npos ? 1 : static_cast<std::uint64_t>(std::atoll(answer->body.c_str() + at + 10));
}

void run(const Server& server, const Load& load) {
  const SystemClock clock;
  std::atomic<std::size_t> next = 0;
  std::atomic<std::uint64_t> refused = 0;
  std::mutex mutex;
  std::vector<Nanos> acks;
  const Cpu before = cpu_seconds(server.process);
  const Nanos began = clock.monotonic();
  std::vector<std::jthread> senders;
  for (int c = 0; c < 4; ++c) {
    senders.emplace_back([&] {
      net::Client client;
      for (std::size_t i = next++; i < load.bodies.size(); i = next++) {
        for (;;) {  // 503 is sent again, as a client does it
          net::ClientRequest post{.method = "POST", .url = server.url + load.path, .body = load.bodies[i]};
          post.headers.set("content-type", load.content_type);
          const Nanos sent = clock.monotonic();
          const auto answer = client.send(std::move(post));
          if (answer && answer->status / 100 == 2) {
            const std::lock_guard lock(mutex);
            acks.push_back(clock.monotonic() - sent);
            break;
          }
          ++refused;
          std::this_thread::sleep_for(std::chrono::milliseconds(100));
        }
      }
    });
  }
  senders.clear();
  const double wall = static_cast<double>(clock.monotonic() - began) / 1e9;
  const Cpu durable = cpu_seconds(server.process);
  net::Client client;
  while (waiting(client, server) > 0) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const Cpu after = cpu_seconds(server.process);
  const double events = static_cast<double>(load.bodies.size()) * load.events_a_request;
  double bytes = 0;
  for (const auto& body : load.bodies) bytes += static_cast<double>(body.size());
  fmt::print("| {} | {:.0f} | {:.0f} B | {:.0f} | {:.0f} | {:.0f} | {:.1f} / {:.1f} ms | {} |\n", load.name, events,
             bytes / events, events / wall, events / std::max(0.001, durable.accept - before.accept),
             events / std::max(0.001, after.all() - before.all()), quantile(acks, 0.5), quantile(acks, 0.99),
             refused.load());
  std::fflush(stdout);
}

// A prompt by its name, as SDKs ask for it: 2,000 a second over four connections, for ten seconds.
void run_prompts(const Server& server) {
  constexpr int connections = 4, total = 20'000;
  constexpr double rate = 2000;
  net::Client maker;
  net::ClientRequest post{
      .method = "POST",
      .url = server.url + "/api/public/v2/prompts",
      .body = R"({"name":"support","type":"text","prompt":"You help {{who}}.","labels":["production"]})"};
  post.headers.set("content-type", "application/json");
  const auto made = maker.send(std::move(post));
  if (!made || made->status / 100 != 2) return fmt::print("\nPrompts: none could be made.\n");
  const SystemClock clock;
  std::vector<Nanos> took;
  std::mutex mutex;
  std::atomic<int> next = 0, wrong = 0;
  const Nanos began = clock.monotonic();
  const Cpu before = cpu_seconds(server.process);
  std::vector<std::jthread> readers;
  for (int c = 0; c < connections; ++c) {
    readers.emplace_back([&] {
      net::Client client;
      for (int i = next++; i < total; i = next++) {
        const Nanos due = began + static_cast<Nanos>(i / rate * 1e9);
        if (const Nanos early = due - clock.monotonic(); early > 0)
          std::this_thread::sleep_for(std::chrono::nanoseconds(early));
        const Nanos sent = clock.monotonic();
        const auto answer = client.send({.url = server.url + "/api/public/v2/prompts/support?label=production"});
        if (!answer || answer->status != 200) ++wrong;
        const std::lock_guard lock(mutex);
        took.push_back(clock.monotonic() - sent);
      }
    });
  }
  readers.clear();
  const double wall = static_cast<double>(clock.monotonic() - began) / 1e9;
  const double cpu = cpu_seconds(server.process).all() - before.all();
  fmt::print("\nPrompts, {:.0f} a second: {:.2f} / {:.2f} ms p50 / p99, {:.0f} µs of processor time each; {} wrong.\n",
             total / wall, quantile(took, 0.5), quantile(took, 0.99), cpu / total * 1e6, wrong.load());
}

}  // namespace

void run_vendors(const std::string& program) {
  const std::string data = std::filesystem::temp_directory_path() / fmt::format("pawl-bench-{}", getpid());
  const auto server = start(program, data);
  if (!server) return fmt::print("vendors: the server did not start\n");
  const Nanos now = SystemClock().now();
  SeededRandom random(11);
  Load langfuse{"Langfuse, batches of 96", "/api/public/ingestion", "application/json", 96, {}};
  for (int i = 0; i < 600; ++i) langfuse.bodies.push_back(langfuse_batch(random, now, 16));
  const std::string type = fmt::format("multipart/form-data; boundary={}", boundary);
  Load langsmith{"LangSmith, multipart of 100", "/langsmith/runs/multipart", type.c_str(), 100, {}};
  for (int i = 0; i < 600; ++i) langsmith.bodies.push_back(langsmith_batch(random, now, 25));
  fmt::print(
      "| load | events | sent an event | accepted /s | durable / CPU s | stored / CPU s | ack p50 / p99 | sent again "
      "|\n"
      "| --- | --- | --- | --- | --- | --- | --- | --- |\n");
  run(*server, langfuse);
  run(*server, langsmith);
  run_prompts(*server);
  stop(*server);
  std::filesystem::remove_all(data);
}

}  // namespace pawl::bench
