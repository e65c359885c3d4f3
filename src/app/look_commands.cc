// Looking on the command line: search, a live tail, one run to walk through, two side by side, runs as files.
#include <fmt/format.h>
#include <poll.h>
#include <simdjson.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>

#include "base/json.h"
#include "base/text.h"
#include "commands.h"
#include "features/terminal/terminal.h"
#include "outcome.h"
#include "remote.h"

namespace pawl::app {
namespace {

namespace sj = simdjson;

std::string text_of(const sj::dom::element& of, std::string_view name) {
  std::string_view text;
  return of[name].get(text) == sj::SUCCESS ? std::string(text) : std::string();
}

// Stored text is hostile: nothing in it may steer the terminal.
std::string plain(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  for (std::size_t at = 0; (at = text.find('\xC2', at)) != std::string::npos; ++at)
    if (at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xA0) text.replace(at, 2, "  ");
  return text;
}

// What an id, of anything that stands in a run, is found to be.
Result<sj::dom::element> found_by(const Asked& asked, const std::string& id, sj::dom::parser& parser) {
  const std::string found = TRY(call(asked, "GET", "/api/v1/find?id=" + percent_encode(id)));
  sj::dom::element document;
  sj::dom::array list;
  if (parser.parse(found).get(document) != sj::SUCCESS || document["found"].get(list) != sj::SUCCESS)
    return fail(ErrorKind::corrupt, "the server's answer is no list");
  if (list.size() == 0) return fail(ErrorKind::not_found, "nothing has the id {}", id);
  return *list.begin();
}

// A session or a trace by its id, or by anything else's id that stands in one.
struct Whole {
  std::string path;  // "/api/v1/sessions/ID"
  std::string body;
};
Result<Whole> run_of(const Asked& asked, const std::string& id, std::string_view query) {
  sj::dom::parser parser;
  const auto first = TRY(found_by(asked, id, parser));
  Whole whole;
  whole.path = text_of(first, "kind") == "session" ? "/api/v1/sessions/" + percent_encode(text_of(first, "id"))
                                                   : "/api/v1/traces/" + percent_encode(text_of(first, "trace_id"));
  if (!query.empty()) whole.body = TRY(call(asked, "GET", fmt::format("{}?{}", whole.path, query)));
  return whole;
}

// ---- search ---------------------------------------------------------------------------------------------------------
Result<std::string> search(const Asked& asked, const std::vector<std::string>& words) {
  const std::string body = TRY(call(asked, "GET",
                                    "/api/v1/search" + query_text({{"text", join(words, " ")},
                                                                   {"filter", asked.filter},
                                                                   {"from", asked.from},
                                                                   {"to", asked.to},
                                                                   {"limit", fmt::format("{}", asked.limit)}})));
  if (asked.json) return body + "\n";
  sj::dom::parser parser;
  sj::dom::element document;
  sj::dom::array hits;
  if (parser.parse(body).get(document) != sj::SUCCESS || document["hits"].get(hits) != sj::SUCCESS)
    return fail(ErrorKind::corrupt, "the server's answer is no list");
  std::string out;
  for (const auto hit : hits) {
    bool before = false, after = false;
    const sj::dom::element snippet = hit["snippet"].value();
    (void)snippet["cut_before"].get(before), (void)snippet["cut_after"].get(after);
    const std::string session = text_of(hit, "session_id");
    out += plain(fmt::format("{}  {}  {} {}  {}", text_of(hit, "start").substr(0, 19), text_of(hit, "trace_id"),
                             text_of(hit, "kind"), text_of(hit, "name"), session)) +
           "\n";
    out += plain(fmt::format("  {}: {}{}{}", text_of(hit, "slot"), before ? "…" : "", text_of(snippet, "text"),
                             after ? "…" : "")) +
           "\n";
  }
  return out.empty() ? "Nothing holds these words in this time.\n" : out;
}

// ---- tail -----------------------------------------------------------------------------------------------------------
void print_span(const sj::dom::element& span) {
  double ms = 0;
  (void)span["duration_ms"].get(ms);
  sj::dom::element tool, error;
  std::string label = text_of(span, "name");
  if (span["tool"].get(tool) == sj::SUCCESS && tool.is_object()) label = text_of(tool, "name");
  std::string line = fmt::format("{}  {:<9}  {:<9} {}  {}  {:.0f} ms", text_of(span, "start").substr(11, 12),
                                 text_of(span, "kind"), text_of(span, "status"), text_of(span, "agent"), label, ms);
  if (const auto cost = text_of(span, "cost_usd"); !cost.empty()) line += "  $" + cost;
  if (span["error"].get(error) == sj::SUCCESS && error.is_object())
    line += fmt::format("  {} {}", text_of(error, "type"), text_of(error, "message"));
  fmt::print("{}  {}\n", plain(line), plain(text_of(span, "trace_id")));
}

Result<std::string> tail(const Asked& asked, int most) {
  sj::dom::parser parser;
  std::string pending;
  int shown = 0;
  const auto path = "/api/v1/live" + query_text({{"filter", asked.filter}});
  TRY(follow(asked, path, [&](std::string_view piece) {
    pending += piece;
    for (std::size_t end; (end = pending.find("\n\n")) != std::string::npos; pending.erase(0, end + 2)) {
      const std::string event = pending.substr(0, end);
      const auto data = event.find("\ndata: ");
      if (!event.starts_with("event: span") || data == std::string::npos) continue;
      const std::string json = event.substr(data + 7);
      sj::dom::element span;
      if (asked.json)
        fmt::print("{}\n", json);
      else if (parser.parse(json).get(span) == sj::SUCCESS)
        print_span(span);
      std::fflush(stdout);
      if (most > 0 && ++shown >= most) return false;
    }
    return true;
  }));
  return std::string();
}

// ---- view -----------------------------------------------------------------------------------------------------------
struct Size {
  std::size_t columns = 80, rows = 24;
};
Size size_of(int fd) {
  ::winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return {};
  return {size.ws_col, size.ws_row};
}

// The terminal as the viewer needs it; as it was when this goes.
class Screen {
 public:
  Screen() {
    ::tcgetattr(0, &before_);
    ::termios raw = before_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    raw.c_cc[VMIN] = 1, raw.c_cc[VTIME] = 0;
    ::tcsetattr(0, TCSAFLUSH, &raw);
    struct ::sigaction resized{};
    resized.sa_handler = [](int) {};  // only interrupts the wait for a key
    ::sigaction(SIGWINCH, &resized, nullptr);
    put("\x1b[?1049h\x1b[?25l");
  }
  ~Screen() {
    put("\x1b[?25h\x1b[?1049l");
    ::tcsetattr(0, TCSAFLUSH, &before_);
  }
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;
  static void put(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
  }

 private:
  ::termios before_{};
};

bool more_comes(int milliseconds) {
  ::pollfd wait{.fd = 0, .events = POLLIN, .revents = 0};
  return ::poll(&wait, 1, milliseconds) == 1;
}

// The rest of a sequence that began with escape.
std::string escaped_key() {
  if (!more_comes(50)) return "escape";
  std::string sequence;
  for (char c = 0; sequence.size() < 8 && ::read(0, &c, 1) == 1;) {
    sequence += c;
    if (sequence.size() > 1 && ((c >= 'A' && c <= 'Z') || c == '~')) break;
    if (!more_comes(50)) break;
  }
  constexpr std::pair<std::string_view, std::string_view> keys[] = {
      {"[A", "up"},   {"[B", "down"}, {"[C", "right"}, {"[D", "left"}, {"[5~", "pageup"}, {"[6~", "pagedown"},
      {"[H", "home"}, {"[F", "end"},  {"OA", "up"},    {"OB", "down"}, {"OC", "right"},   {"OD", "left"}};
  for (const auto& [bytes, name] : keys)
    if (sequence == bytes) return std::string(name);
  return "";
}

// The next key; "" after a change of the window's size; nullopt where nothing comes any more.
std::optional<std::string> next_key() {
  char c = 0;
  const auto got = ::read(0, &c, 1);
  if (got < 0 && errno == EINTR) return "";
  if (got != 1 || c == 4) return std::nullopt;
  if (c == '\x1b') return escaped_key();
  if (c == '\r' || c == '\n') return "enter";
  if (c == 0x7F || c == 8) return "backspace";
  std::string key(1, c);
  const auto lead = static_cast<unsigned char>(c);
  for (int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0; more > 0 && ::read(0, &c, 1) == 1; --more)
    key += c;
  return key;
}

Result<std::string> view(const Asked& asked, const std::string& id, bool transcript) {
  const auto whole = TRY(run_of(asked, id, "bodies=new"));
  if (asked.json) return whole.body + "\n";
  auto viewer = TRY(terminal::Viewer::create(whole.body));
  if (transcript) return viewer.transcript();
  if (::isatty(0) == 0 || ::isatty(1) == 0) return viewer.print(160);
  const Screen screen;
  while (!viewer.done()) {
    const auto [columns, rows] = size_of(1);
    std::string shown;
    for (const auto line : split(viewer.draw(columns, rows, true), '\n'))
      shown += fmt::format("{}{}\x1b[K", shown.empty() ? "" : "\r\n", line);
    Screen::put("\x1b[H" + shown + "\x1b[J");
    const auto key = next_key();
    if (!key) break;
    viewer.press(*key);
  }
  return std::string();
}

// ---- diff, files ----------------------------------------------------------------------------------------------------
int diff(const Asked& asked, const std::string& left, const std::string& right, bool all) {
  const auto work = [&]() -> Result<terminal::Difference> {
    const auto a = TRY(run_of(asked, left, "bodies=new")), b = TRY(run_of(asked, right, "bodies=new"));
    return terminal::diff(a.body, b.body, all);
  };
  const auto difference = work();
  if (!difference) return complain(difference.error());
  fmt::print("{}", asked.json ? difference->json + "\n" : difference->text);
  return difference->same ? 0 : 1;
}

// ---- reveal ---------------------------------------------------------------------------------------------------------
struct Sought {
  std::string id, span, reason;
  std::vector<std::string> references;
};

// Sealed originals of a trace, or of one span of it; the server writes down that they were asked for before it answers.
Result<std::string> reveal(const Asked& asked, const Sought& sought) {
  sj::dom::parser parser;
  const auto first = TRY(found_by(asked, sought.id, parser));
  if (text_of(first, "kind") == "session")
    return fail(ErrorKind::invalid, "{} is a session: name one of its traces, or a span.", sought.id);
  JsonWriter body;
  body.object().field("reason", sought.reason);
  if (!sought.span.empty()) body.field("span_id", sought.span);
  body.key("refs").array();
  for (const auto& one : sought.references) body.value(one);
  body.end().end();
  const auto path = fmt::format("/api/v1/traces/{}/reveal", percent_encode(text_of(first, "trace_id")));
  const std::string answer = TRY(call(asked, "POST", path, body.take()));
  if (asked.json) return answer + "\n";
  sj::dom::element document;
  if (parser.parse(answer).get(document) != sj::SUCCESS)
    return fail(ErrorKind::corrupt, "the server's answer is no JSON");
  std::vector<std::vector<std::string>> rows = {{"reference", "kind", "original"}};
  for (const auto one : document["values"].get_array().value())
    rows.push_back({text_of(one, "ref"), text_of(one, "kind"), plain(text_of(one, "value"))});
  std::string out = rows.size() == 1 ? "Nothing is sealed there.\n" : table(rows);
  for (const auto name : document["missing"].get_array().value())
    out += fmt::format("{}: no original is kept\n", plain(std::string(name.get_string().value())));
  return out;
}

Result<std::string> export_run(const Asked& asked, const std::string& id, const std::string& format, bool redact,
                               const std::string& out) {
  const auto whole = TRY(run_of(asked, id, ""));
  const std::string query = query_text({{"format", format}, {"redact", redact ? "1" : ""}});
  auto text = TRY(call(asked, "GET", whole.path + "/export" + query));
  if (out.empty()) return text;
  TRY(write_file(out, text));
  return fmt::format("{} bytes in {}\n", text.size(), out);
}

}  // namespace

void add_export_command(CLI::App& list, Commands& commands) {
  struct Wanted {
    std::string id, format = "md", out;
    bool redact = false;
  };
  const auto asked = std::make_shared<Asked>();
  const auto wanted = std::make_shared<Wanted>();
  auto* command = list.add_subcommand("export", "A run as a file: Markdown to read, or JSON lines");
  command->add_option("id", wanted->id, "Of a session or a trace")->required();
  command->add_option("--format", wanted->format, "md or jsonl [md]");
  command->add_flag("--redact", wanted->redact, "Secrets of every kind are starred out");
  command->add_option("--out", wanted->out, "A file; default the standard output");
  add_whereabouts(*command, asked);
  command->callback([&commands, asked, wanted] {
    commands.chosen = [asked, wanted] {
      return finish(export_run(*asked, wanted->id, wanted->format, wanted->redact, wanted->out));
    };
  });
}

void add_reveal_command(CLI::App& app, Commands& commands) {
  const auto asked = std::make_shared<Asked>();
  const auto sought = std::make_shared<Sought>();
  auto* command = app.add_subcommand("reveal", "Sealed originals of a trace, for whom the project lets; written down");
  command->add_option("id", sought->id, "Of a trace, or of anything in it")->required();
  command->add_option("refs", sought->references, "References as they stand between the stars [all]");
  command->add_option("--span", sought->span, "Only of this span");
  command->add_option("--reason", sought->reason, "Why, for the audit record")->required();
  command->add_flag("--json", asked->json, "JSON for programs");
  add_whereabouts(*command, asked);
  command->callback(
      [&commands, asked, sought] { commands.chosen = [asked, sought] { return finish(reveal(*asked, *sought)); }; });
}

void add_look_commands(CLI::App& app, Commands& commands) {
  add_reveal_command(app, commands);
  struct Wanted {
    std::vector<std::string> words;
    std::string left, right;
    bool all = false, transcript = false;
    int most = 0;
  };
  const auto asked = std::make_shared<Asked>();
  const auto wanted = std::make_shared<Wanted>();
  const auto add = [&](const char* name, const char* about) {
    auto* command = app.add_subcommand(name, about);
    add_whereabouts(*command, asked);
    return command;
  };
  auto* find = add("search", "Full text: the steps whose content holds all words, with the text around");
  find->add_option("text", wanted->words, "Words, and phrases in quotes of their own")->required();
  find->add_option("--filter", asked->filter, "Only of what it selects");
  find->add_option("--from", asked->from, "RFC 3339, or a length such as 7d for as long ago; default 24h");
  find->add_option("--to", asked->to, "RFC 3339, exclusive");
  find->add_option("--limit", asked->limit, "How many [50]");
  find->callback([&commands, asked, wanted] {
    commands.chosen = [asked, wanted] { return finish(search(*asked, wanted->words)); };
  });
  auto* live = add("tail", "Steps as they are stored, until it is interrupted");
  live->add_option("filter", asked->filter, "The filter language, in quotes");
  live->add_option("--count", wanted->most, "Ends after so many; 0: never [0]");
  live->callback([&commands, asked, wanted] {
    commands.chosen = [asked, wanted] {
      const auto done = tail(*asked, wanted->most);
      return done ? 0 : complain(done.error());
    };
  });
  auto* one = add("view", "One run to walk through with keys; printed where there is no terminal");
  one->add_option("id", wanted->left, "Of a session, a trace or a span")->required();
  one->add_flag("--transcript", wanted->transcript, "Prints what was said and done");
  one->callback([&commands, asked, wanted] {
    commands.chosen = [asked, wanted] { return finish(view(*asked, wanted->left, wanted->transcript)); };
  });
  auto* two = add("diff", "Two runs side by side, step by step; ends with 1 where an agent did something otherwise");
  two->add_option("left", wanted->left, "Id of a session or trace")->required();
  two->add_option("right", wanted->right, "Of the other one")->required();
  two->add_flag("--all", wanted->all, "Also what is the same");
  two->callback([&commands, asked, wanted] {
    commands.chosen = [asked, wanted] { return diff(*asked, wanted->left, wanted->right, wanted->all); };
  });
  for (auto* command : {find, live, one, two}) command->add_flag("--json", asked->json, "JSON for programs");
}

}  // namespace pawl::app
