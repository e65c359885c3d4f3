// The viewer: steps as a tree, what was said as a transcript, details of a step; walked through with keys.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "entries.h"
#include "terminal.h"

namespace pawl::terminal {
namespace {

constexpr std::string_view help[] = {
    "j k ↑ ↓     next and previous step",
    "← →         fold and unfold",
    "e           next error",
    "x           most expensive step",
    "s           slowest model or tool call",
    "/ n N       search in names and content, next, previous",
    "d           details of the step",
    "t           transcript",
    "PgUp PgDn Home End",
    "q           quit",
};

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

// At most so many characters.
std::string fitted(std::string_view text, std::size_t columns) {
  std::size_t at = 0, seen = 0;
  while (at < text.size()) {
    if ((text[at] & 0xC0) != 0x80 && seen++ == columns) break;
    ++at;
  }
  return std::string(text.substr(0, at));
}

std::string padded(std::string text, std::size_t columns) {
  text = fitted(text, columns);
  text.append(columns - width_of(text), ' ');
  return text;
}

// Lines of at most `columns` characters; nothing in them steers the terminal.
void add_lines(std::vector<std::string>& out, std::string_view text, std::size_t columns, std::string_view indent) {
  const std::size_t room = std::max<std::size_t>(8, columns - std::min(columns, indent.size()));
  for (const auto line : split(text, '\n')) {
    std::string rest = one_line(line);
    do {
      const std::string part = fitted(rest, room);
      out.push_back(std::string(indent) + part);
      rest.erase(0, part.size());
    } while (!rest.empty());
  }
}

std::string line_of(const Step& step, std::size_t columns, bool folded) {
  std::string figures;
  if (step.tokens) figures += fmt::format("  {} tok", *step.tokens);
  if (step.cost) figures += "  " + money_text(step.cost);
  figures += fmt::format("  {:>8}", time_text(step.ms));
  std::string left(2 * static_cast<std::size_t>(std::min(step.depth, 20)), ' ');
  left += fmt::format("{} {:<5} {}", folded ? '+' : step.is_error ? '!' : ' ', step.kind, one_line(step.label));
  if (step.kind == "llm" && !step.agent.empty()) left += fmt::format(" ({})", one_line(step.agent));
  for (const auto& rule : step.findings) left += fmt::format(" [{}]", rule);
  if (!step.error.empty()) left += "  " + one_line(step.error);
  const std::size_t room = columns > width_of(figures) ? columns - width_of(figures) : 0;
  return fitted(padded(left, room) + figures, columns);
}

// All of a step that can be searched.
bool holds(const Step& step, const std::string& text) {
  const auto has = [&](std::string_view in) { return contains_ignoring_case(in, text); };
  if (has(step.name) || has(step.label) || has(step.error) || has(step.arguments) || has(step.result)) return true;
  for (const auto* messages : {&step.input, &step.output})
    for (const auto& said : *messages)
      for (const auto& part : said.parts)
        if (has(part.text) || has(part.name) || has(part.arguments)) return true;
  return false;
}

void add_messages(std::vector<std::string>& out, std::string_view title, const std::vector<Said>& messages,
                  std::size_t columns) {
  if (messages.empty()) return;
  out.emplace_back(title);
  for (const auto& said : messages) {
    for (const auto& part : said.parts) {
      const bool call = part.type == "tool_call";
      add_lines(out,
                fmt::format("{}{}: {}", said.role, part.type == "text" ? "" : " " + part.type,
                            call ? part.name + " " + part.arguments : part.text),
                columns, "  ");
    }
  }
}

std::vector<std::string> details_of(const Step& step, std::size_t columns) {
  std::vector<std::string> out;
  add_lines(out,
            fmt::format("{} {}  {}  {}  {}  span {}", step.kind, step.name, step.status, time_text(step.ms),
                        money_text(step.cost), step.span_id),
            columns, "");
  if (!step.error.empty()) add_lines(out, "error: " + step.error, columns, "");
  if (!step.arguments.empty()) add_lines(out, "arguments: " + step.arguments, columns, "");
  if (!step.result.empty()) add_lines(out, "result: " + step.result, columns, "");
  add_messages(out, "input", step.input, columns);
  add_messages(out, "output", step.output, columns);
  return out;
}

void tell(const std::vector<Entry>& entries, int depth, std::string& out) {
  const std::string indent(2 * static_cast<std::size_t>(depth), ' ');
  for (const auto& entry : entries) {
    std::string line;
    switch (entry.kind) {
      case Entry::Kind::user:
        line = "User: " + entry.text;
        break;
      case Entry::Kind::agent:
        line = fmt::format("{}: {}", entry.step->agent.empty() ? "Agent" : one_line(entry.step->agent), entry.text);
        break;
      case Entry::Kind::thought:
        line = "(thinks) " + entry.text;
        break;
      case Entry::Kind::card:
        line = fmt::format("Agent {}", one_line(entry.name));
        break;
      default:
        line = fmt::format("{}{} {}", entry.failed ? "! " : "> ", one_line(entry.name), entry.text);
    }
    out += indent + line + "\n";
    tell(entry.inside, depth + 1, out);
  }
}

}  // namespace

struct Viewer::State {
  Run run;
  std::size_t at = 0;  // index of a step
  std::set<std::size_t> folded;
  bool details = true, transcript = false, helping = false, typing = false, done = false;
  std::size_t scrolled = 0;  // of the transcript
  std::string search, message;

  // Steps that are not inside of a folded one.
  std::vector<std::size_t> shown() const {
    std::vector<std::size_t> out;
    int hidden_below = -1;
    for (std::size_t i = 0; i < run.steps.size(); ++i) {
      const int depth = run.steps[i].depth;
      if (hidden_below >= 0 && depth > hidden_below) continue;
      hidden_below = folded.contains(i) ? depth : -1;
      out.push_back(i);
    }
    return out;
  }
  void unfold_to(std::size_t step) {
    int depth = run.steps[step].depth;
    for (std::size_t i = step; i-- > 0 && depth > 0;) {
      if (run.steps[i].depth < depth) folded.erase(i), depth = run.steps[i].depth;
    }
    at = step;
  }
  void move(int by) {
    const auto all = shown();
    if (all.empty()) return;
    const auto here = std::ranges::lower_bound(all, at) - all.begin();
    const auto to = std::clamp<std::ptrdiff_t>(here + by, 0, std::ssize(all) - 1);
    at = all[static_cast<std::size_t>(to)];
  }
  // The next step from here on, around the end, for which it holds.
  template <typename F>
  void jump(F fits, bool back, std::string_view nothing) {
    const std::size_t n = run.steps.size();
    for (std::size_t k = 1; k <= n; ++k) {
      const std::size_t i = (at + (back ? n - k : k)) % n;
      if (fits(run.steps[i])) return unfold_to(i);
    }
    message = nothing;
  }
  template <typename F>
  void greatest(F value, std::string_view nothing) {
    std::size_t best = run.steps.size();
    for (std::size_t i = 0; i < run.steps.size(); ++i) {
      if (value(run.steps[i]) > 0 && (best == run.steps.size() || value(run.steps[i]) > value(run.steps[best])))
        best = i;
    }
    best == run.steps.size() ? void(message = nothing) : unfold_to(best);
  }
  void find(bool back) {
    if (search.empty()) return;
    jump([&](const Step& step) { return holds(step, search); }, back, "Nothing holds that text.");
  }
  void type(std::string_view key) {
    if (key == "enter") {
      typing = false;
      find(false);
    } else if (key == "escape") {
      typing = false, search.clear();
    } else if (key == "backspace") {
      if (!search.empty()) search = fitted(search, width_of(search) - 1);
    } else if (width_of(key) == 1) {
      search += key;
    }
  }
  void fold(bool now) {
    if (now && !run.steps[at].children.empty() && !folded.contains(at)) {
      folded.insert(at);
    } else if (now) {  // the step that holds this one
      for (std::size_t i = at; i-- > 0;)
        if (run.steps[i].depth < run.steps[at].depth) return void(at = i);
    } else {
      folded.erase(at);
    }
  }
  void step_keys(std::string_view key) {
    if (run.steps.empty()) return;
    if (key == "j" || key == "down") move(1);
    if (key == "k" || key == "up") move(-1);
    if (key == "pagedown") move(10);
    if (key == "pageup") move(-10);
    if (key == "home") at = 0;
    if (key == "end") at = shown().back();
    if (key == "left" || key == "right") fold(key == "left");
    if (key == "e") jump([](const Step& step) { return step.is_error; }, false, "No step failed.");
    if (key == "x")
      greatest([](const Step& step) { return static_cast<double>(step.cost.value_or(0)); }, "No step has a cost.");
    if (key == "s")
      greatest([](const Step& step) { return step.kind == "llm" || step.kind == "tool" ? step.ms : 0; },
               "There is no model call and no tool call.");
    if (key == "n" || key == "N") find(key == "N");
    if (key == "/") typing = true, search.clear();
  }
  void scroll_keys(std::string_view key) {
    const std::size_t far = key == "pagedown" || key == "pageup" ? 10 : 1;
    if (key == "j" || key == "down" || key == "pagedown") scrolled += far;
    if (key == "k" || key == "up" || key == "pageup") scrolled -= std::min(scrolled, far);
    if (key == "home") scrolled = 0;
  }
  std::string head(std::size_t columns) const {
    return fitted(fmt::format("{}  {}{}{}  {}  {}  {}  {}", one_line(run.id), one_line(run.agent),
                              run.version.empty() ? "" : " ", one_line(run.version), run.status,
                              run.cost.empty() ? "–" : "$" + run.cost, time_text(run.ms), run.title),
                  columns);
  }
  std::string foot(std::size_t columns) const {
    if (typing) return fitted("/" + search, columns);
    if (!message.empty()) return fitted(message, columns);
    return fitted(fmt::format("{}/{}  j k move · e error · x costly · s slow · / search · t transcript · d details · ? "
                              "keys · q quit",
                              run.steps.empty() ? 0 : at + 1, run.steps.size()),
                  columns);
  }
  std::vector<std::string> tree(std::size_t columns, std::size_t rows, bool styled) const {
    const auto all = shown();
    const auto here = static_cast<std::size_t>(std::ranges::lower_bound(all, at) - all.begin());
    const std::size_t from = here < rows / 2 ? 0 : std::min(here - rows / 2, all.size() - std::min(all.size(), rows));
    std::vector<std::string> out;
    for (std::size_t i = from; i < all.size() && out.size() < rows; ++i) {
      const std::string line = line_of(run.steps[all[i]], columns - 2, folded.contains(all[i]));
      const bool chosen = all[i] == at;
      const bool hit = !search.empty() && holds(run.steps[all[i]], search);
      const std::string_view mark = chosen ? "> " : hit ? "* " : "  ";
      out.push_back(styled && chosen ? fmt::format("\x1b[7m{}{}\x1b[0m", mark, line) : fmt::format("{}{}", mark, line));
    }
    return out;
  }
  std::vector<std::string> body(std::size_t columns, std::size_t rows, bool styled) const {
    std::vector<std::string> out;
    if (helping) {
      out.assign(std::begin(help), std::end(help));
    } else if (transcript) {
      std::string text;
      tell(entries_of(run), 0, text);
      add_lines(out, text, columns, "");
      out.erase(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(std::min(scrolled, out.size())));
    } else {
      const std::size_t half = details ? rows / 2 : rows;
      out = tree(columns, half, styled);
      out.resize(half);
      if (details && !run.steps.empty()) {
        out.push_back(std::string(columns, '-'));
        for (auto& line : details_of(run.steps[at], columns)) out.push_back(std::move(line));
      }
    }
    out.resize(rows);
    return out;
  }
};

Viewer::Viewer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Viewer::Viewer(Viewer&&) noexcept = default;
Viewer& Viewer::operator=(Viewer&&) noexcept = default;
Viewer::~Viewer() = default;

Result<Viewer> Viewer::create(std::string_view answer) {
  auto state = std::make_unique<State>();
  state->run = TRY(read_run(answer));
  return Viewer(std::move(state));
}

void Viewer::press(std::string_view key) {
  auto& s = *state_;
  s.message.clear();
  if (s.typing) return s.type(key);
  if (s.helping) return void(s.helping = false);
  if (key == "q") s.done = true;
  if (key == "?") s.helping = true;
  if (key == "t") s.transcript = !s.transcript;
  if (key == "d") s.details = !s.details;
  if (key == "escape") s.search.clear(), s.transcript = false;
  s.transcript ? s.scroll_keys(key) : s.step_keys(key);
}

bool Viewer::done() const {
  return state_->done;
}

std::string Viewer::draw(std::size_t columns, std::size_t rows, bool styled) const {
  columns = std::max<std::size_t>(columns, 20), rows = std::max<std::size_t>(rows, 4);
  std::string out = state_->head(columns) + "\n";
  for (const auto& line : state_->body(columns, rows - 2, styled)) out += line + "\n";
  return out + state_->foot(columns);
}

std::string Viewer::print(std::size_t columns) const {
  std::string out = state_->head(std::max<std::size_t>(columns, 40)) + "\n";
  for (const auto& step : state_->run.steps) out += line_of(step, columns, false) + "\n";
  return out;
}

std::string Viewer::transcript() const {
  std::string out;
  tell(entries_of(state_->run), 0, out);
  return out;
}

}  // namespace pawl::terminal
