// The post-mortem: what happened, whom it hit, why, what was done, what keeps it from coming back. As Markdown.
#include <simdjson.h>

#include <cmath>

#include "base/text.h"
#include "inside.h"

namespace pawl::incidents {
namespace {

namespace dom = simdjson::dom;

// Text of others inside a line: nothing of it is Markdown or HTML.
std::string plain(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("\\`*_[]<>|#&").contains(c)) out += '\\';
    out += c == '\n' || c == '\r' || c == '\t' ? ' ' : c;
  }
  return out;
}

std::string code(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '`' ? '\'' : c == '\n' ? ' ' : c;
  return out.empty() ? "(all)" : "`" + out + "`";
}

// A note stays the Markdown that it is, in a quotation of its own.
std::string quoted_note(std::string_view text) {
  std::string out;
  for (const auto line : split(text, '\n')) out += fmt::format("> {}\n", trim(line).empty() ? "" : line);
  return out;
}

std::string length_text(Nanos length) {
  const std::int64_t minutes = length / minute;
  if (minutes < 60) return fmt::format("{} min", minutes);
  if (minutes < 48 * 60) return fmt::format("{} h {} min", minutes / 60, minutes % 60);
  return fmt::format("{} d {} h", minutes / 1440, minutes / 60 % 24);
}

std::string number_text(const std::optional<double>& value, std::string_view unit) {
  if (!value) return "–";
  if (unit == "USD") return fmt::format("${:.2f}", *value);
  if (unit == "ratio") return fmt::format("{:.2f} %", 100 * *value);
  if (unit == "ms") return *value >= 1000 ? fmt::format("{:.2f} s", *value / 1000) : fmt::format("{:.0f} ms", *value);
  return fmt::format("{:.0f}", *value);
}

std::string change_text(const Figure& figure) {
  if (!figure.now || !figure.before || *figure.before == 0) return "–";
  const double ratio = *figure.now / *figure.before;
  return ratio >= 2 ? fmt::format("×{:.1f}", ratio) : fmt::format("{:+.0f} %", 100 * (ratio - 1));
}

void write_head(std::string& out, const Incident& one, const query::Range& window, const std::string& base, Nanos now) {
  out += fmt::format("# {}: {}\n\n", one.called(), plain(one.title));
  out += "| Fact | Value |\n| --- | --- |\n";
  const auto row = [&](std::string_view name, const std::string& value) {
    out += fmt::format("| {} | {} |\n", name, value);
  };
  row("Severity", one.severity);
  row("Status", one.status);
  row("Owner", one.owner.empty() ? "nobody" : plain(one.owner));
  row("What it is about", code(where_of(one)));
  row("Began", time_text(one.began));
  row("Noticed",
      time_text(one.opened) + fmt::format(", {} after", length_text(std::max<Nanos>(0, one.opened - one.began))));
  row("Mitigated", one.mitigated == 0 ? "not yet"
                                      : fmt::format("{}, {} after it began", time_text(one.mitigated),
                                                    length_text(one.mitigated - one.began)));
  row("Resolved", one.resolved == 0 ? "not yet" : time_text(one.resolved));
  row("Window of the figures",
      fmt::format("{} to {}, {}", time_text(window.from), time_text(window.to), length_text(window.to - window.from)));
  row("In Pawl", fmt::format("<{}/incidents/{}>", base, one.called()));
  out += fmt::format("\nWritten by Pawl at {} from what it knows; what people know stands in the notes.\n",
                     time_text(now));
}

void write_impact(std::string& out, const std::vector<Figure>& figures, const std::string& base) {
  out +=
      "\n## Impact\n\n| Figure | In the incident | The same time a week before | Change |\n| --- | --: | --: | --: |\n";
  for (const auto& one : figures)
    out += fmt::format("| [{}]({}{}) | {} | {} | {} |\n", one.name, base, one.link, number_text(one.now, one.unit),
                       number_text(one.before, one.unit), change_text(one));
}

std::string text_at(dom::element from, std::string_view path) {
  std::string_view text;
  return from.at_pointer(path).get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

// What a firing's evidence says of its cause.
void write_evidence(std::string& out, const std::string& json) {
  dom::parser parser;
  dom::element root;
  const simdjson::padded_string text(json);
  if (json.empty() || parser.parse(text).get(root)) return;
  dom::array causes;
  if (!root["causes"].get(causes)) {
    for (const auto cause : causes) {
      double share = 0, actual = 0, expected = 0;
      if (cause["share"].get(share) || cause["actual"].get(actual) || cause["expected"].get(expected)) continue;
      out += fmt::format("  - {}: {:.0f} % of the change ({:.4g}, expected {:.4g})\n", code(text_at(cause, "/filter")),
                         100 * std::min(1., share), actual, expected);
    }
  }
  if (const auto version = text_at(root, "/release/version"); !version.empty())
    out += fmt::format("  - {} {} was first seen at {}\n", plain(text_at(root, "/release/agent")), plain(version),
                       text_at(root, "/release/at"));
  if (const auto at = text_at(root, "/price_change/at"); !at.empty())
    out += fmt::format("  - prices were changed at {}\n", at);
}

void write_causes(std::string& out, const std::vector<Alert>& alerts) {
  out += "\n## What explains it\n\n";
  if (alerts.empty()) out += "No alert belongs to it: nothing was computed.\n";
  for (const auto& one : alerts) {
    out += fmt::format("- **{}** {} fired at {}{}{}\n", plain(one.name), one.split == "{}" ? "" : code(one.split),
                       time_text(one.fired), one.sentence.empty() ? "." : ": ", plain(one.sentence));
    write_evidence(out, one.evidence);
  }
}

void write_timeline(std::string& out, const std::vector<Entry>& entries) {
  out += "\n## Timeline\n\n| Time (UTC) | Who | What |\n| --- | --- | --- |\n";
  for (const auto& one : entries) {
    const auto first = utf8_prefix(split(one.text, '\n').front(), 300);
    out += fmt::format("| {} | {} | {}: {}{} |\n", time_text(one.at), plain(one.actor), one.kind, plain(first),
                       first.size() < one.text.size() ? " …" : "");
  }
}

void write_notes(std::string& out, const Whole& whole) {
  out += "\n## Notes\n";
  std::string actions;
  bool any = false;
  for (const auto& one : whole.entries) {
    if (one.kind != "note") continue;
    any = true;
    out += fmt::format("\n**{}**, {}\n\n{}", plain(one.actor), time_text(one.at), quoted_note(one.text));
    for (const auto line : split(one.text, '\n')) {
      const auto task = trim(line);
      if (task.starts_with("- [ ] ") || task.starts_with("- [x] ")) actions += std::string(task) + "\n";
    }
  }
  if (!any) out += "\nNobody wrote one.\n";
  out += "\n## What we change\n\n";
  out += actions.empty() ? "Lines of notes that begin with `- [ ]` stand here: there are none.\n" : actions;
}

void write_belongings(std::string& out, const Whole& whole, const std::string& base) {
  out += "\n## Traces and sessions\n\n";
  if (whole.links.empty()) out += "None is linked.\n";
  for (const auto& one : whole.links)
    out += fmt::format("- {} [{}]({}/{}s/{}){}{}\n", one.kind, plain(one.id), base, one.kind, percent_encode(one.id),
                       one.note.empty() ? "" : ": ", plain(one.note));
  out += "\n## Cases that it gave\n\n";
  if (whole.cases.empty()) out += "None yet: a case keeps it from coming back.\n";
  for (const auto& one : whole.cases)
    out += fmt::format(
        "- {} in the dataset {}{}\n", code(one.id), code(one.dataset),
        one.trace.empty() ? "" : fmt::format(", from [its trace]({}/traces/{})", base, percent_encode(one.trace)));
}

}  // namespace

std::string post_mortem(const Whole& whole, const std::vector<Figure>& figures, const query::Range& window,
                        const std::string& base, Nanos now) {
  std::string out;
  write_head(out, whole.incident, window, base, now);
  write_impact(out, figures, base);
  write_causes(out, whole.alerts);
  write_timeline(out, whole.entries);
  write_notes(out, whole);
  write_belongings(out, whole, base);
  return out;
}

}  // namespace pawl::incidents
