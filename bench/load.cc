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
#include "wire/protobuf.h"

#include <protozero/pbf_writer.hpp>

namespace pawl::bench {
namespace {

struct Shape {
  const char* name;
  std::size_t history_bytes;  // of gen_ai.input.messages
  int spans_a_request, spans_a_trace;
  double seconds;
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

// Words that do not repeat between requests: no body is one that a peer would not have to store.
std::string words(Random& random, std::size_t bytes) {
  static constexpr std::string_view some[] = {"refund ", "order ", "flight ", "table ", "customer ", "please ",
                                              "the ",    "a ",     "of ",     "agent ", "policy ",   "card "};
  std::string out;
  while (out.size() < bytes) {
    out += some[random.below(12)];
    if (random.below(4) == 0) out += fmt::format("{:x} ", random.next() & 0xFFFFFFU);
  }
  return out;
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

double cpu_seconds(pid_t process) {
  std::ifstream in(fmt::format("/proc/{}/stat", process));
  std::string line;
  std::getline(in, line);
  const auto fields = split(std::string_view(line).substr(line.rfind(')') + 2), ' ');
  return static_cast<double>(parse_int(fields[11]).value_or(0) + parse_int(fields[12]).value_or(0)) /
         static_cast<double>(sysconf(_SC_CLK_TCK));
}

std::uint64_t resident_mb(pid_t process) {
  std::ifstream in(fmt::format("/proc/{}/statm", process));
  std::uint64_t total = 0, resident = 0;
  in >> total >> resident;
  return resident * 4096 >> 20U;
}

std::uint64_t bytes_under(const std::string& folder) {
  std::uint64_t total = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, error)) {
    if (entry.is_regular_file(error)) total += entry.file_size(error);
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

void run(const std::string& program, const Shape& shape, int connections) {
  const auto server = start(program, fmt::format("/tmp/pawl-bench-{}", getpid()));
  if (!server) {
    fmt::print("{}: the server did not start\n", shape.name);
    return;
  }
  const SystemClock clock;
  SeededRandom random(42);
  std::vector<std::string> bodies;  // longer than the run: each is sent once
  const std::size_t wanted = static_cast<std::size_t>(shape.seconds * (shape.history_bytes > 4000 ? 60 : 400));
  for (std::size_t i = 0; i < wanted; ++i) bodies.push_back(request(shape, random, clock.now()));
  std::atomic<std::size_t> next = 0;
  std::atomic<std::uint64_t> accepted = 0, refused = 0, bytes = 0;
  std::mutex mutex;
  std::vector<Nanos> acks;
  const double before = cpu_seconds(server->process);
  const Nanos began = clock.monotonic(), end = began + static_cast<Nanos>(shape.seconds * 1e9);
  std::vector<std::jthread> senders;
  for (int c = 0; c < connections; ++c) {
    senders.emplace_back([&] {
      net::Client client;
      while (clock.monotonic() < end) {
        const std::size_t i = next++;
        if (i >= bodies.size()) break;
        net::ClientRequest post{.method = "POST", .url = server->url + "/v1/traces", .body = bodies[i]};
        post.headers.set("content-type", "application/x-protobuf");
        const Nanos sent = clock.monotonic();
        const auto answer = client.send(std::move(post));
        const bool kept = answer && answer->status == 200;
        (kept ? accepted : refused) += static_cast<std::uint64_t>(shape.spans_a_request);
        if (kept) bytes += bodies[i].size();
        const std::lock_guard lock(mutex);
        acks.push_back(clock.monotonic() - sent);
      }
    });
  }
  senders.clear();
  const double wall = static_cast<double>(clock.monotonic() - began) / 1e9;
  const double at_ack = cpu_seconds(server->process) - before;
  net::Client client;
  while (stored(client, *server) < accepted) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  std::this_thread::sleep_for(std::chrono::seconds(4));
  const double settled = cpu_seconds(server->process) - before;
  std::ranges::sort(acks);
  auto quantile = [&](double q) {
    return acks.empty()
               ? 0.0
               : static_cast<double>(acks[static_cast<std::size_t>(q * static_cast<double>(acks.size() - 1))]) / 1e6;
  };
  const auto spans = static_cast<double>(accepted.load());
  fmt::print("| {} | {} | {:.0f} B | {:.0f} | {:.0f} | {:.0f} | {:.1f} / {:.1f} ms | {} MB | {:.0f} B | {} |\n",
             shape.name, accepted.load(), static_cast<double>(bytes) / std::max(1.0, spans), spans / wall,
             spans / std::max(0.001, at_ack), spans / std::max(0.001, settled), quantile(0.5), quantile(0.99),
             resident_mb(server->process),
             static_cast<double>(bytes_under(server->data + "/warehouse")) / std::max(1.0, spans), refused.load());
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
      "| load | spans | sent a span | accepted /s | accepted / CPU s (with what was stored meanwhile) | all in / CPU s "
      "| ack p50 / p99 | resident | warehouse a span | refused |\n");
  fmt::print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
  run(argv[1], {"typical", 1300, 200, 10, 8}, 4);
  run(argv[1], {"fat, whole history in each", 40'000, 40, 40, 6}, 4);
  return 0;
}
