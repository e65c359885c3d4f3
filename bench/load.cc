// Spans sent until they are kept, and the processor time until all is settled.
#include "bench.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

#include "base/json.h"
#include "base/rng.h"
#include "base/text.h"
#include "base/time.h"
#include "net/client.h"
#include "wire/compress.h"
#include "wire/protobuf.h"

#include <protozero/pbf_writer.hpp>

namespace pawl::bench {
namespace {

struct Shape {
  const char* name;
  std::size_t history_bytes;  // of gen_ai.input.messages
  int spans_a_request, spans_a_trace, spans;
  double pace = 0;  // spans a second over all connections; 0: as fast as they are taken
};

void add_text(protozero::pbf_writer& span, std::string_view key, std::string_view value) {
  protozero::pbf_writer attribute(span, 9);
  attribute.add_string(1, key.data(), key.size());
  protozero::pbf_writer any(attribute, 2);
  any.add_string(1, value.data(), value.size());
}

void add_number(protozero::pbf_writer& span, std::string_view key, std::int64_t value) {
  protozero::pbf_writer attribute(span, 9);
  attribute.add_string(1, key.data(), key.size());
  protozero::pbf_writer any(attribute, 2);
  any.add_int64(3, value);
}

// What people and agents really write: the texts of the demo's corpus, cut at sentences.
std::vector<std::string> sentences() {
  std::ifstream in("data/demo/fleet.jsonl.zst", std::ios::binary);
  const std::string packed((std::istreambuf_iterator<char>(in)), {});
  const auto json = decompress("zstd", packed, std::size_t{64} << 20U);
  std::vector<std::string> out;
  if (!json) return out;
  std::string text;
  bool inside = false;
  for (std::size_t i = 0; i < json->size(); ++i) {
    const char c = (*json)[i];
    if (c == '"') {
      inside = !inside;
      text.clear();
      continue;
    }
    if (!inside) continue;
    if (c == '\\') {
      const char escaped = (*json)[++i];
      text += escaped == '"' || escaped == '\\' || escaped == '/' ? escaped : ' ';
    } else {
      text += c;
    }
    const bool ends = text.size() > 60 && (text.back() == '.' || text.back() == '?' || text.back() == ',');
    if (!ends && text.size() < 400) continue;
    out.push_back(std::exchange(text, {}) + " ");
  }
  return out;
}

}  // namespace

std::string words(Random& random, std::size_t bytes) {
  static const std::vector<std::string> some = sentences();
  std::string out = fmt::format("Order #W{:07} ", random.below(10'000'000));
  while (out.size() < bytes) out += some[random.below(some.size())];
  return std::string(utf8_prefix(out, bytes));
}

namespace {

std::string request(const Shape& shape, Random& random, Nanos now) {
  std::string out;
  protozero::pbf_writer root(out);
  protozero::pbf_writer resource_spans(root, 1);
  {
    protozero::pbf_writer resource(resource_spans, 1);
    protozero::pbf_writer attribute(resource, 1);
    attribute.add_string(1, "service.name");
    protozero::pbf_writer any(attribute, 2);
    any.add_string(1, "bench-agent");
  }
  protozero::pbf_writer scope_spans(resource_spans, 2);
  {
    protozero::pbf_writer scope(scope_spans, 1);
    scope.add_string(1, "opentelemetry.util.genai.handler");
  }
  std::string trace, parent, history;
  for (int i = 0; i < shape.spans_a_request; ++i) {
    if (i % shape.spans_a_trace == 0) {
      trace = random.bytes(16);
      parent = random.bytes(8);
      history.clear();
    }
    const bool is_root = i % shape.spans_a_trace == 0;
    protozero::pbf_writer span(scope_spans, 2);
    span.add_bytes(1, trace);
    span.add_bytes(2, is_root ? parent : random.bytes(8));
    if (!is_root) span.add_bytes(4, parent);
    span.add_string(5, is_root ? "invoke_agent bench" : "chat gpt-4.1-mini");
    span.add_enum(6, 3);
    span.add_fixed64(7, static_cast<std::uint64_t>(now - second + i * millisecond));
    span.add_fixed64(8, static_cast<std::uint64_t>(now - second + (i + 40) * millisecond));
    add_text(span, "gen_ai.operation.name", is_root ? "invoke_agent" : "chat");
    add_text(span, "gen_ai.agent.name", fmt::format("agent-{}", random.below(20)));
    add_text(span, "gen_ai.conversation.id", to_hex(trace.substr(0, 6)));
    add_text(span, "user.id", fmt::format("user-{}", random.below(5000)));
    if (is_root) continue;
    add_text(span, "gen_ai.provider.name", "openai");
    add_text(span, "gen_ai.request.model", "gpt-4.1-mini");
    add_text(span, "gen_ai.response.model", "gpt-4.1-mini-2025-04-14");
    add_text(span, "gen_ai.response.id", to_hex(random.bytes(12)));
    add_number(span, "gen_ai.usage.input_tokens", 400);
    add_number(span, "gen_ai.usage.output_tokens", 60);
    const std::size_t turn =
        std::max<std::size_t>(600, shape.history_bytes / static_cast<std::size_t>(shape.spans_a_trace));
    history += fmt::format("{}{{\"role\":\"user\",\"parts\":[{{\"type\":\"text\",\"content\":{}}}]}}",
                           history.empty() ? "" : ",", json_quote(words(random, turn)));
    if (shape.history_bytes < 4000)
      history = fmt::format("{{\"role\":\"user\",\"parts\":[{{\"type\":\"text\",\"content\":{}}}]}}",
                            json_quote(words(random, shape.history_bytes)));
    add_text(span, "gen_ai.input.messages", "[" + history + "]");
    add_text(
        span, "gen_ai.output.messages",
        fmt::format(
            "[{{\"role\":\"assistant\",\"parts\":[{{\"type\":\"text\",\"content\":{}}}],\"finish_reason\":\"stop\"}}]",
            json_quote(words(random, 200))));
  }
  return out;
}

std::uint64_t stored(net::Client& client, const Server& server) {
  const auto answer = client.send({.url = server.url + "/api/v1/books"});
  if (!answer) return 0;
  const auto at = answer->body.find("\"stored\":");
  return at == std::string::npos ? 0 : static_cast<std::uint64_t>(std::atoll(answer->body.c_str() + at + 9));
}

// As an exporter does it: what is refused with 503 is sent again a little later.
bool send_until_kept(net::Client& client, const std::string& url, const std::string& body, std::uint64_t& refused) {
  for (int tries = 0; tries < 600; ++tries) {
    net::ClientRequest post{.method = "POST", .url = url, .body = body};
    post.headers.set("content-type", "application/x-protobuf");
    const auto answer = client.send(std::move(post));
    if (answer && answer->status == 200) return true;
    ++refused;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return false;
}

// Until the engine has been quiet for two seconds.
void settle(const Server& server) {
  for (double last = -1, now = cpu_seconds(server.process).all(); now - last > 0.05;) {
    last = now;
    std::this_thread::sleep_for(std::chrono::seconds(2));
    now = cpu_seconds(server.process).all();
  }
}

void run(const std::string& program, const Shape& shape, int connections) {
  const std::string data = std::filesystem::temp_directory_path() / fmt::format("pawl-bench-{}", getpid());
  std::filesystem::remove_all(data);
  const auto server = start(program, data);
  if (!server) {
    fmt::print("{}: the server did not start\n", shape.name);
    return;
  }
  const SystemClock clock;
  SeededRandom random(42);
  std::vector<std::string> bodies;  // each is sent once
  std::uint64_t bytes = 0;
  for (int i = 0; i < shape.spans / shape.spans_a_request; ++i)
    bytes += bodies.emplace_back(request(shape, random, clock.now())).size();
  std::atomic<std::size_t> next = 0;
  std::atomic<std::uint64_t> refused = 0, lost = 0;
  std::mutex mutex;
  std::vector<Nanos> acks;
  const Cpu before = cpu_seconds(server->process);
  const Nanos began = clock.monotonic();
  std::vector<std::jthread> senders;
  for (int c = 0; c < connections; ++c) {
    senders.emplace_back([&] {
      net::Client client;
      for (std::size_t i = next++; i < bodies.size(); i = next++) {
        std::uint64_t again = 0;
        if (shape.pace > 0) {
          const double due = static_cast<double>(i) * shape.spans_a_request / shape.pace * 1e9;
          std::this_thread::sleep_for(std::chrono::nanoseconds(began + static_cast<Nanos>(due) - clock.monotonic()));
        }
        const Nanos sent = clock.monotonic();
        if (!send_until_kept(client, server->url + "/v1/traces", bodies[i], again)) ++lost;
        refused += again;
        const std::lock_guard lock(mutex);
        if (again == 0) acks.push_back(clock.monotonic() - sent);
      }
    });
  }
  senders.clear();
  const double wall = static_cast<double>(clock.monotonic() - began) / 1e9;
  const auto spans = static_cast<double>(bodies.size() * static_cast<std::size_t>(shape.spans_a_request));
  net::Client client;
  std::uint64_t most = resident_mb(server->process);
  while (static_cast<double>(stored(client, *server)) < spans && lost == 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    most = std::max(most, resident_mb(server->process));
  }
  const double stored_after = static_cast<double>(clock.monotonic() - began) / 1e9;
  settle(*server);
  const Cpu after = cpu_seconds(server->process);
  std::ranges::sort(acks);
  auto quantile = [&](double q) {
    return acks.empty()
               ? 0.0
               : static_cast<double>(acks[static_cast<std::size_t>(q * static_cast<double>(acks.size() - 1))]) / 1e6;
  };
  auto rate = [&](double seconds) { return spans / std::max(0.001, seconds); };
  fmt::print(
      "| {} | {:.0f} | {:.0f} B | {:.0f} | {:.0f} | {:.0f} | {:.0f} | {:.1f} + {:.1f} + {:.1f} | {:.1f} / {:.1f} "
      "ms | {} / {} MB | {:.0f} B | {} |\n",
      shape.name, spans, static_cast<double>(bytes) / spans, rate(wall), rate(stored_after),
      rate(after.accept - before.accept), rate(after.all() - before.all()),
      (after.accept - before.accept) / spans * 1e6, (after.write - before.write) / spans * 1e6,
      (after.engine - before.engine) / spans * 1e6, quantile(0.5), quantile(0.99), most, resident_mb(server->process),
      active_bytes(server->data) / spans, refused.load());
  std::fflush(stdout);
  stop(*server);
  std::filesystem::remove_all(server->data);
}

// From the acknowledgement of a request to the first answer that shows its span.
void run_visible(const std::string& program) {
  const std::string data = std::filesystem::temp_directory_path() / fmt::format("pawl-bench-{}", getpid());
  std::filesystem::remove_all(data);
  const auto server = start(program, data);
  if (!server) return;
  const SystemClock clock;
  SeededRandom random(7);
  net::Client client;
  std::vector<double> waits;
  for (int i = 0; i < 20; ++i) {
    const std::string body = request({"one", 600, 2, 2, 2}, random, clock.now());
    std::uint64_t again = 0;
    if (!send_until_kept(client, server->url + "/v1/traces", body, again)) break;
    const Nanos acknowledged = clock.monotonic();
    const std::uint64_t wanted = 2 * static_cast<std::uint64_t>(i + 1);
    while (stored(client, *server) < wanted) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    for (;;) {
      const auto page = client.send({.url = server->url + "/api/v1/traces?limit=100"});
      std::size_t seen = 0;
      for (std::size_t at = 0; page && (at = page->body.find("\"trace_id\"", at)) != std::string::npos; ++at) ++seen;
      if (seen > static_cast<std::size_t>(i)) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    waits.push_back(static_cast<double>(clock.monotonic() - acknowledged) / 1e6);
  }
  stop(*server);
  std::filesystem::remove_all(data);
  std::ranges::sort(waits);
  if (!waits.empty())
    fmt::print("\nFrom acknowledgement to being listed: {:.0f} ms in the middle, {:.0f} ms at most of {}.\n",
               waits[waits.size() / 2], waits.back(), waits.size());
}

}  // namespace

void run_load(const std::string& program, bool brief) {
  fmt::print(
      "| load | spans | sent a span | accepted /s | stored /s | accepted / CPU s | all in / CPU s | µs a span: accept "
      "+ "
      "writer + engine | ack p50 / p99 | resident most / at rest | warehouse a span | sent again |\n");
  fmt::print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
  run(program, {"typical", 1300, 200, 10, brief ? 100'000 : 300'000}, 4);
  run(program, {"typical, half of what is stored", 1300, 200, 10, brief ? 40'000 : 80'000, 6000}, 4);
  run(program, {"fat, whole history in each", 40'000, 40, 40, brief ? 8'000 : 24'000}, 4);
  run_visible(program);
}

}  // namespace pawl::bench
