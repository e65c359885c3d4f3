// `make bench`: a server of its own under load, measured by its own processor time. Figures, not a test.
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
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

// Text of about `bytes`, with an order number of its own: no body is one that a peer would not have to store.
std::string words(Random& random, std::size_t bytes) {
  static const std::vector<std::string> some = sentences();
  std::string out = fmt::format("Order #W{:07} ", random.below(10'000'000));
  while (out.size() < bytes) out += some[random.below(some.size())];
  return std::string(utf8_prefix(out, bytes));
}

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

// Seconds of processor time by who used it: accept (network, pool, journal), write (our writer), engine.
struct Cpu {
  double accept = 0, write = 0, engine = 0;
  double all() const { return accept + write + engine; }
};

Cpu cpu_seconds(pid_t process) {
  Cpu cpu;
  std::error_code error;
  for (const auto& task : std::filesystem::directory_iterator(fmt::format("/proc/{}/task", process), error)) {
    std::ifstream in(task.path() / "stat");
    std::string line;
    std::getline(in, line);
    const auto close = line.rfind(')');
    if (close == std::string::npos) continue;
    const auto fields = split(std::string_view(line).substr(close + 2), ' ');
    const double seconds = static_cast<double>(parse_int(fields[11]).value_or(0) + parse_int(fields[12]).value_or(0)) /
                           static_cast<double>(sysconf(_SC_CLK_TCK));
    const std::string name = line.substr(line.find('(') + 1, close - line.find('(') - 1);
    (name == "pawl-writer" ? cpu.write : name.starts_with("pawl") ? cpu.accept : cpu.engine) += seconds;
  }
  return cpu;
}

std::uint64_t resident_mb(pid_t process) {
  std::ifstream in(fmt::format("/proc/{}/statm", process));
  std::uint64_t total = 0, resident = 0;
  in >> total >> resident;
  return resident * 4096 >> 20U;
}

// What the engine keeps once merged: parts that a merge has replaced wait some minutes for their removal, and a part's
// name ends in its level and begins with the blocks that it covers.
double active_bytes(const std::string& data) {
  namespace fs = std::filesystem;
  struct Part {
    std::string place;  // table and partition
    std::int64_t first, last, level;
    double bytes;
  };
  std::vector<Part> parts;
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(data + "/warehouse/store", error)) {
    if (!entry.is_directory(error)) continue;
    const std::string name = entry.path().filename();
    const auto fields = split(name, '_');
    if (fields.size() != 4) continue;
    const auto first = parse_int(fields[1]), last = parse_int(fields[2]), level = parse_int(fields[3]);
    if (!first || !last || !level) continue;
    double bytes = 0;
    for (const auto& file : fs::directory_iterator(entry.path(), error))
      bytes += static_cast<double>(file.file_size(error));
    parts.push_back({entry.path().parent_path().string() + "/" + std::string(fields[0]), *first, *last, *level, bytes});
  }
  double total = 0;
  for (const auto& part : parts) {
    const bool covered = std::ranges::any_of(parts, [&](const Part& other) {
      return other.place == part.place && other.level > part.level && other.first <= part.first &&
             other.last >= part.last;
    });
    if (!covered) total += part.bytes;
  }
  return total;
}

struct Server {
  std::string data, url;
  pid_t process = 0;
};

std::optional<Server> start(const std::string& program, const std::string& data) {
  std::filesystem::remove_all(data);
  std::filesystem::create_directories(data);
  Server server{data, "http://127.0.0.1:17295"};
  server.process = fork();
  if (server.process == 0) {
    execl(program.c_str(), program.c_str(), "serve", "--data", data.c_str(), "--listen", "127.0.0.1:17295",
          "--log-level", "warn", nullptr);
    _exit(127);
  }
  net::Client client({.connect_time = second});
  for (int i = 0; i < 500; ++i) {
    const auto ready = client.send({.url = server.url + "/readyz"});
    if (ready && ready->status == 200) return server;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return std::nullopt;
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

void run(const std::string& program, const Shape& shape, int connections) {
  const auto server = start(program, fmt::format("/tmp/pawl-bench-{}", getpid()));
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
  // settled: until the engine has been quiet for two seconds
  for (double last = -1, now = cpu_seconds(server->process).all(); now - last > 0.05;) {
    last = now;
    std::this_thread::sleep_for(std::chrono::seconds(2));
    now = cpu_seconds(server->process).all();
  }
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
  kill(server->process, SIGTERM);
  waitpid(server->process, nullptr, 0);
  std::filesystem::remove_all(server->data);
}

}  // namespace
}  // namespace pawl::bench

int main(int argc, char** argv) {
  using namespace pawl::bench;
  if (argc < 2) {
    fmt::print(stderr, "usage: pawl_bench PROGRAM\n");
    return 64;
  }
  signal(SIGPIPE, SIG_IGN);
  fmt::print(
      "| load | spans | sent a span | accepted /s | stored /s | accepted / CPU s | all in / CPU s | µs a span: accept "
      "+ "
      "writer + engine | ack p50 / p99 | resident most / at rest | warehouse a span | sent again |\n");
  fmt::print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
  const bool brief = argc > 2;
  run(argv[1], {"typical", 1300, 200, 10, brief ? 100'000 : 300'000}, 4);
  run(argv[1], {"fat, whole history in each", 40'000, 40, 40, brief ? 8'000 : 24'000}, 4);
  return 0;
}
