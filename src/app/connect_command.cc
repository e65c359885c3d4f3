// `pawl connect CLIENT`: asks the server who the key is, prints or writes the client's settings, sends a test span in
// the client's own protocol, and waits until it can be read.
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/json.h"
#include "base/rng.h"
#include "base/text.h"
#include "base/time.h"
#include "commands.h"
#include "config.h"
#include "connect.h"
#include "llm/json_scan.h"
#include "net/client.h"
#include "outcome.h"

namespace pawl::app {
namespace {

namespace fs = std::filesystem;
namespace json = llm::json;
using Probe = ConnectClient::Probe;

struct Wish {
  std::string client, server, key, project, file;
  bool write = false, no_test = false;
};

// --- the server ---------------------------------------------------------------------------------------------------

class Server {
 public:
  Server(std::string url, std::string key) : url_(std::move(url)), key_(std::move(key)) {}

  Result<net::ClientResponse> call(const std::string& method, const std::string& path, const std::string& body = {},
                                   Probe as = Probe::otlp) {
    net::ClientRequest request{.method = method, .url = url_ + path, .body = body};
    if (!body.empty()) request.headers.set("content-type", "application/json");
    if (!key_.empty() && as == Probe::langsmith) request.headers.set("x-api-key", key_);
    if (!key_.empty() && as == Probe::langfuse)
      request.headers.set("authorization", "Basic " + to_base64("pawl:" + key_));
    if (!key_.empty() && (as == Probe::otlp || as == Probe::openai_agents))
      request.headers.set("authorization", "Bearer " + key_);
    auto answer = client_.send(std::move(request));
    if (!answer)
      return fail(ErrorKind::unavailable,
                  "{} does not answer ({}). Is `pawl serve` running there, and is the address right? Name another with "
                  "--server.",
                  url_, answer.error().what);
    return answer;
  }

  // Is it Pawl, is it ready, whose is the key.
  Result<> meet(Wish& wish) {
    const auto ready = TRY(call("GET", "/readyz"));
    if (json::member(ready.body, "ingest").empty())
      return fail(ErrorKind::unavailable,
                  "What answers at {} is not Pawl (it said {} to /readyz): a proxy in between, or another program.",
                  url_, ready.status);
    if (json::member(ready.body, "ingest") != "true")
      return fail(ErrorKind::unavailable, "{} cannot take anything yet: {}", url_,
                  json::text(json::member(ready.body, "progress")));
    const auto me = TRY(call("GET", "/api/public/projects"));
    if (me.status == 401)
      return fail(ErrorKind::denied, "{}",
                  key_.empty() ? fmt::format("{} asks for a key: make one with `pawl key create "
                                             "--scopes ingest,read`, and give it in PAWL_KEY.",
                                             url_)
                               : fmt::format("{} does not know this key: {}", url_, why(me)));
    can_read_ = me.status == 200;
    if (!can_read_) return {};
    const auto first = json::first(json::member(me.body, "data"));
    const std::string name = json::text(json::member(first, "name"));
    if (!wish.project.empty() && wish.project != name && wish.project != json::text(json::member(first, "id")))
      return fail(ErrorKind::denied,
                  "This key belongs to the project {}, not to {}: a key is of one project. Make one "
                  "with `pawl key create --project {}`.",
                  name, wish.project, wish.project);
    wish.project = name;
    return {};
  }

  bool can_read() const { return can_read_; }
  const std::string& url() const { return url_; }

  static std::string why(const net::ClientResponse& answer) {
    for (const auto& path : {json::at(answer.body, {"error", "message"}), json::member(answer.body, "message"),
                             json::member(answer.body, "detail")}) {
      if (json::is_string(path)) return json::text(path);
    }
    return fmt::format("{} {}", answer.status, utf8_prefix(answer.body, 200));
  }

 private:
  net::Client client_;
  std::string url_, key_;
  bool can_read_ = false;
};

// --- the test span ------------------------------------------------------------------------------------------------

struct TestSpan {
  std::string trace, path, body;
};

std::string uuid_of(const std::string& hex) {
  return fmt::format("{}-{}-4{}-8{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(13, 3), hex.substr(17, 3),
                     hex.substr(20, 12));
}

TestSpan test_span(const ConnectClient& client, Nanos now) {
  SystemRandom random;
  const std::string id = to_hex(random.bytes(16)), span = to_hex(random.bytes(8));
  const std::string begin = format_time(now - millisecond), end = format_time(now);
  TestSpan out{.trace = id, .path = std::string(client.path), .body = {}};
  JsonWriter w;
  switch (client.probe) {
    case Probe::otlp:
      w.object().key("resourceSpans").array().object().key("resource").object().key("attributes").array();
      w.object().field("key", "service.name").key("value").object().field("stringValue", "pawl connect").end().end();
      w.end().end().key("scopeSpans").array().object().key("scope").object().field("name", client.scope).end();
      w.key("spans").array().object().field("traceId", id).field("spanId", span).field("name", "pawl connect");
      w.field("kind", 1).field("startTimeUnixNano", fmt::format("{}", now - millisecond));
      w.field("endTimeUnixNano", fmt::format("{}", now)).end().end().end().end().end().end().end();
      break;
    case Probe::langfuse:
      out.trace = uuid_of(id);
      w.object().key("batch").array();
      w.object().field("id", "a" + id).field("type", "trace-create").field("timestamp", begin).key("body").object();
      w.field("id", out.trace).field("timestamp", begin).field("name", "pawl connect").end().end();
      w.object().field("id", "b" + id).field("type", "span-create").field("timestamp", begin).key("body").object();
      w.field("id", span).field("traceId", out.trace).field("name", "pawl connect").field("startTime", begin);
      w.field("endTime", end).end().end().end().end();
      break;
    case Probe::langsmith:
      out.trace = uuid_of(id);
      w.object().field("id", out.trace).field("trace_id", out.trace).field("name", "pawl connect");
      w.field("run_type", "chain").field("session_name", "default").field("start_time", begin).field("end_time", end);
      w.key("inputs").object().end().key("outputs").object().end().end();
      break;
    case Probe::openai_agents:
      out.trace = "trace_" + id;
      w.object().key("data").array().object().field("object", "trace").field("id", out.trace);
      w.field("workflow_name", "pawl connect").end();
      w.object().field("object", "trace.span").field("id", "span_" + id.substr(0, 24)).field("trace_id", out.trace);
      w.field("started_at", begin).field("ended_at", end).key("span_data").object();
      w.field("type", "custom").field("name", "pawl connect").end().end().end().end();
      break;
  }
  out.body = w.take();
  return out;
}

Result<std::string> send_test_span(Server& server, const ConnectClient& client, const Wish& wish) {
  const SystemClock clock;
  const auto test = test_span(client, clock.now());
  const auto answer = TRY(server.call("POST", test.path, test.body, client.probe));
  if (answer.status == 401 || answer.status == 403)
    return fail(ErrorKind::denied, "The test span was refused: {} A key that sends needs the scope ingest.",
                Server::why(answer));
  if (answer.status >= 300) return fail(ErrorKind::unavailable, "The test span was refused: {}", Server::why(answer));
  const std::string place = fmt::format("{}/traces/{}", server.url(), test.trace);
  if (!server.can_read())
    return fmt::format("The test span was taken, and is kept. This key may not read, so look for yourself: {}\n",
                       place);
  constexpr Nanos patience = 15 * second;
  const Nanos begin = clock.monotonic();
  while (clock.monotonic() - begin < patience) {
    const auto read = TRY(server.call("GET", "/api/v1/traces/" + test.trace));
    if (read.status == 200)
      return fmt::format("The test span arrived after {:.1f} s, in the project {}: {}\n",
                         static_cast<double>(clock.monotonic() - begin) / static_cast<double>(second), wish.project,
                         place);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return fail(ErrorKind::unavailable,
              "The test span was taken, but cannot be read after {} s; `pawl doctor` may know why.", patience / second);
}

// Our own calls go straight; the client's may not.
std::string proxy_warning(const std::string& url) {
  const auto parsed = net::parse_url(url);
  if (!parsed) return {};
  for (const char* name : parsed->tls ? std::initializer_list<const char*>{"HTTPS_PROXY", "https_proxy"}
                                      : std::initializer_list<const char*>{"HTTP_PROXY", "http_proxy"}) {
    const std::string proxy = environment(name);
    if (proxy.empty()) continue;
    const std::string none = environment("NO_PROXY") + "," + environment("no_proxy");
    for (const auto each : split(none, ','))
      if (trim(each) == "*" || trim(each) == parsed->host) return {};
    return fmt::format(
        "Beware: {} is {}, so that the client may ask that proxy. Add {} to NO_PROXY where it is not meant "
        "to.\n",
        name, proxy, parsed->host);
  }
  return {};
}

// --- files --------------------------------------------------------------------------------------------------------

fs::path path_of(const ConnectClient& client, const Wish& wish) {
  const std::string file = wish.file.empty() ? std::string(client.file) : wish.file;
  if (!file.starts_with("~/")) return file;
  return fs::path(environment("HOME")) / file.substr(2);
}

Result<std::string> read_whole(const fs::path& path) {
  if (!fs::exists(path)) return std::string();
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  if (!in) return fail(ErrorKind::denied, "{} cannot be read", path.string());
  return std::move(text).str();
}

Result<> write_whole(const fs::path& path, const std::string& text, fs::perms mode) {
  const fs::path fresh = path.string() + ".pawl-new";
  std::error_code error;
  {
    std::ofstream out(fresh, std::ios::binary | std::ios::trunc);
    fs::permissions(fresh, mode, error);
    out << text;
    out.flush();
    if (!out) return fail(ErrorKind::denied, "{} cannot be written", fresh.string());
  }
  fs::rename(fresh, path, error);
  if (error) return fail(ErrorKind::denied, "{} cannot be written: {}", path.string(), error.message());
  return {};
}

Result<std::string> back_up(const fs::path& path, const std::string& text, fs::perms mode) {
  for (int i = 1;; ++i) {
    const fs::path to = path.string() + (i == 1 ? ".before-pawl" : fmt::format(".before-pawl.{}", i));
    if (fs::exists(to)) continue;
    TRY(write_whole(to, text, mode));
    return to.string();
  }
}

Result<std::string> write_file(const ConnectClient& client, const ConnectTo& to, const Wish& wish) {
  if (client.form == ConnectClient::Form::code)
    return fail(ErrorKind::invalid, "{} is set up by lines of your program: leave --write out, and put them there.",
                client.title);
  std::error_code error;
  fs::path path = path_of(client, wish);
  if (fs::is_symlink(path)) path = fs::canonical(path, error);
  const std::string before = TRY(read_whole(path));
  const auto after = put_settings(client, to, before);
  if (!after) return fail(ErrorKind::invalid, "{}: {}. Nothing was written.", path.string(), after.error().what);
  if (*after == before) return fmt::format("{} says so already.\n", path.string());
  const bool there = fs::exists(path);
  if (!path.parent_path().empty()) fs::create_directories(path.parent_path(), error);
  if (error) return fail(ErrorKind::denied, "{} cannot be made: {}", path.parent_path().string(), error.message());
  const auto mode = there ? fs::status(path).permissions() : fs::perms::owner_read | fs::perms::owner_write;
  const std::string kept = there ? TRY(back_up(path, before, mode)) : std::string();
  TRY(write_whole(path, *after, mode));
  return fmt::format("{}{}\n{}", path.string(), there ? fmt::format(" (as it was: {})", kept) : " (new)",
                     difference(before, *after));
}

// --- the command --------------------------------------------------------------------------------------------------

std::string list() {
  std::string out = "pawl connect CLIENT, which is one of:\n";
  for (const auto& client : connect_clients()) out += fmt::format("  {:14} {}\n", client.name, client.title);
  return out;
}

Result<std::string> where(const ConnectClient& client, const Wish& wish) {
  using Form = ConnectClient::Form;
  if (client.form == Form::code) return std::string("In your program:");
  if (client.form == Form::variables)
    return fmt::format("In the environment of your program (or in {}: `pawl connect {} --write`):",
                       path_of(client, wish).string(), client.name);
  return fmt::format("In {} (`pawl connect {} --write` puts it there, beside what is there):",
                     path_of(client, wish).string(), client.name);
}

Result<std::string> connect(Wish wish) {
  if (wish.client.empty()) return list();
  const ConnectClient* client = connect_client(wish.client);
  if (client == nullptr) {
    std::vector<std::string_view> names;
    for (const auto& each : connect_clients()) names.push_back(each.name);
    const auto guess = nearest(wish.client, names);
    return fail(ErrorKind::invalid, "no client is called {}.{} `pawl connect` lists them.", wish.client,
                guess.empty() ? "" : fmt::format(" Did you mean {}?", guess));
  }
  if (wish.server.empty()) {
    const std::string listen = environment("PAWL_LISTEN");
    wish.server = fmt::format("http://{}", listen.empty() ? "127.0.0.1:7295" : listen);
  }
  while (wish.server.ends_with('/')) wish.server.pop_back();
  if (const auto url = net::parse_url(wish.server); !url)
    return fail(ErrorKind::invalid, "--server: {}", url.error().what);
  if (wish.key.empty()) wish.key = environment("PAWL_KEY");
  Server server(wish.server, wish.key);
  if (!wish.no_test) TRY(server.meet(wish));
  const ConnectTo to{.url = wish.server, .key = wish.key, .id = "pawl", .project = wish.project};
  std::string out = fmt::format("{} → {}{}{}\n\n", client->title, wish.server,
                                wish.project.empty() ? "" : ", project " + wish.project,
                                wish.key.empty() && !wish.no_test ? " (local mode: no key)" : "");
  if (wish.write) {
    out += TRY(write_file(*client, to, wish));
  } else {
    out += TRY(where(*client, wish)) + "\n" + connect_lines(*client, to);
  }
  out += fmt::format("\n{}\n{}", client->then, proxy_warning(wish.server));
  if (!wish.no_test) {
    auto sent = send_test_span(server, *client, wish);
    if (!sent) {
      fmt::print("{}", out);  // what was done is told, whatever became of the span
      return std::unexpected(std::move(sent.error()));
    }
    out += "\n" + *sent;
  }
  return out;
}

}  // namespace

void add_connect_command(CLI::App& app, Commands& commands) {
  const auto wish = std::make_shared<Wish>();
  auto* command = app.add_subcommand(
      "connect", "Connects a client: prints or writes its settings, sends a test span and shows it arriving");
  command->add_option("client", wish->client, "Which; without it they are listed");
  command->add_option("--server", wish->server,
                      "Address of the running server, as the client reaches it [http://127.0.0.1:7295]");
  command->add_option("--key", wish->key, "Key that the client sends; none in local mode");
  command->add_option("--project", wish->project, "Refuses a key of another project");
  command->add_option("--file", wish->file, "Settings file [the client's own]");
  command->add_flag(
      "--write", wish->write,
      "Puts the settings into the file beside what is there, shows the difference, keeps a copy of before");
  command->add_flag("--no-test", wish->no_test, "Asks and sends nothing: the settings alone");
  command->callback([&commands, wish] { commands.chosen = [wish] { return finish(connect(*wish)); }; });
}

}  // namespace pawl::app
