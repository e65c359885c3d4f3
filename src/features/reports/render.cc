// A report as one HTML file, as CSV, as JSON.
#include <algorithm>
#include <cmath>

#include "base/json.h"
#include "base/markup.h"
#include "base/text.h"
#include "gather.h"
#include "wire/csv.h"

namespace pawl::reports {
namespace {

constexpr std::size_t shown_rows = 15;

constexpr std::string_view style = R"css(
@page { size: A4; margin: 16mm 14mm }
:root { color-scheme: light }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 24px; max-width: 960px; font: 14px/1.45 system-ui, sans-serif; color: #16181d; background: #fff }
h1 { font-size: 22px; margin: 0 } h2 { font-size: 16px; margin: 28px 0 8px; break-after: avoid }
p { margin: 4px 0 } a { color: #1f4fbf } .dim { color: #5b6270 }
ol.said { font-size: 16px; padding-left: 20px } ol.said li { margin: 6px 0 }
.tiles { display: grid; grid-template-columns: repeat(4, 1fr); gap: 10px }
.tile { border: 1px solid #d9dce3; border-radius: 6px; padding: 10px; break-inside: avoid }
.tile b { display: block; font-size: 20px; font-variant-numeric: tabular-nums }
.tile svg { display: block; width: 100%; height: 28px; margin-top: 6px }
.better { color: #0b6b3a } .worse { color: #a4161a } .same { color: #5b6270 }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
thead { display: table-header-group } tr { break-inside: avoid }
th, td { text-align: left; padding: 4px 8px; border-bottom: 1px solid #e6e8ed; vertical-align: top; overflow-wrap: anywhere }
th { color: #5b6270; font-weight: 600 } td.n, th.n { text-align: right; white-space: nowrap }
tr.sum td { font-weight: 600; border-top: 2px solid #16181d }
ul.unknown { padding-left: 20px }
@media (max-width: 640px) { .tiles { grid-template-columns: repeat(2, 1fr) } }
@media print { body { padding: 0; max-width: none } a { color: inherit } ol.said a::after { content: " [" attr(href) "]"; font-size: 9px; color: #5b6270; overflow-wrap: anywhere } }
)css";

std::string dollars(Int128 pico) {
  return shown(static_cast<double>(pico) / static_cast<double>(pico_per_dollar), "USD");
}

// Words, not colour alone, say which way it went.
std::string difference(const Tile& tile, std::string_view period) {
  if (!tile.now || !tile.before) return fmt::format("<span class=same>no {} before to compare with</span>", period);
  const double by = *tile.now - *tile.before;
  const bool better = (by > 0) == (tile.good > 0);
  const std::string_view word = by == 0 || !tile.moved() ? "same"
                                : tile.good == 0         ? "changed"
                                : better                 ? "better"
                                                         : "worse";
  std::string text = fmt::format("{}{}", by > 0 ? "+" : by < 0 ? "−" : "±", gap(std::abs(by), tile.unit));
  if (word == "same")
    text += tile.low ? ", within what is usual" : ", too little is known to judge";
  else
    text += fmt::format(", {}", word);
  return fmt::format("<span class={}>{}</span>", word, html(text));
}

// Up to four values are columns: a line between them would claim a course.
std::string columns(const std::vector<std::optional<double>>& values) {
  double top = 1e-12;
  for (const auto& one : values) top = std::max(top, std::abs(one.value_or(0)));
  std::string out;
  const double slot = 118.0 / static_cast<double>(std::max<std::size_t>(4, values.size()));
  const double left = 119 - slot * static_cast<double>(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!values[i]) continue;
    const double tall = std::max(1.0, std::abs(*values[i]) / top * 26);
    out += fmt::format("<rect x={:.1f} y={:.1f} width={:.1f} height={:.1f} fill=#1f4fbf></rect>",
                       left + slot * (static_cast<double>(i) + 0.2), 28 - tall, slot * 0.6, tall);
  }
  return out;
}

std::string sparkline(const std::vector<std::optional<double>>& values, std::string_view period) {
  double low = 0, high = 0;
  bool any = false;
  for (const auto& one : values) {
    if (!one) continue;
    low = any ? std::min(low, *one) : *one, high = any ? std::max(high, *one) : *one, any = true;
  }
  std::string points, last;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!values[i]) continue;
    const double x =
        static_cast<double>(i) * 118 / static_cast<double>(std::max<std::size_t>(1, values.size() - 1)) + 1;
    const double y = high > low ? 26 - (*values[i] - low) / (high - low) * 24 : 14;
    points += fmt::format("{:.1f},{:.1f} ", x, y);
    last = fmt::format("<circle cx={:.1f} cy={:.1f} r=2 fill=#1f4fbf></circle>", x, y);
  }
  if (points.empty()) return "";
  const auto known = std::ranges::count_if(values, [](const auto& one) { return one.has_value(); });
  const std::string drawn =
      known <= 4 ? columns(values)
                 : fmt::format("<polyline points=\"{}\" fill=none stroke=#1f4fbf stroke-width=1.5></polyline>{}",
                               points, last);
  return fmt::format(
      "<svg viewBox=\"0 0 120 28\" preserveAspectRatio=none role=img aria-label=\"the last {} {}s\">{}</svg>",
      values.size(), period, drawn);
}

void add_tiles(std::string& out, const Report& report) {
  const std::string_view period = name_of(report.period);
  out += fmt::format("<h2>This {}</h2><div class=tiles>", period);
  for (const Tile& tile : report.tiles) {
    out += fmt::format("<div class=tile><span class=dim>{}</span><b>{}</b>{}{}</div>", html(tile.name),
                       tile.now ? html(shown(*tile.now, tile.unit)) : "–", difference(tile, period),
                       sparkline(tile.last, period));
  }
  out += "</div>";
}

void add_costs(std::string& out, const Report& report) {
  for (const CostTable& table : report.costs) {
    out += fmt::format(
        "<h2>Cost by {}</h2><table><thead><tr><th>{}</th><th class=n>this {}</th><th class=n>the {} "
        "before</th><th class=n>difference</th><th class=n>calls</th></tr></thead><tbody>",
        table.by, table.by, name_of(report.period), name_of(report.period));
    CostRow other{.key = "others"};
    for (std::size_t i = 0; i < table.rows.size(); ++i) {
      const CostRow& row = table.rows[i];
      if (i >= shown_rows && !row.key.empty()) {
        other.now += row.now, other.before += row.before, other.calls += row.calls;
        continue;
      }
      const std::string filter =
          row.key.empty() ? fmt::format("-has:{}", table.by) : fmt::format("{}={}", table.by, query::quoted(row.key));
      out += fmt::format(
          "<tr><td><a href=\"{}\">{}</a></td><td class=n>{}</td><td class=n>{}</td><td class=n>{}</td><td "
          "class=n>{}</td></tr>",
          html(report.link("/costs", filter)), row.key.empty() ? "belongs to nobody" : html(row.key), dollars(row.now),
          dollars(row.before), dollars(row.now - row.before), shown(row.calls, ""));
    }
    if (other.now != 0 || other.before != 0)
      out += fmt::format(
          "<tr><td>others</td><td class=n>{}</td><td class=n>{}</td><td class=n>{}</td><td class=n>{}</td></tr>",
          dollars(other.now), dollars(other.before), dollars(other.now - other.before), shown(other.calls, ""));
    out += fmt::format(
        "<tr class=sum><td>all</td><td class=n>{}</td><td class=n>{}</td><td class=n>{}</td><td class=n>{}"
        "</td></tr></tbody></table>",
        dollars(table.total.now), dollars(table.total.before), dollars(table.total.now - table.total.before),
        shown(table.total.calls, ""));
  }
}

std::string_view met(const ObjectiveLine& one, double valid, double bad) {
  if (valid < 30) return "too few runs to say";
  return 1 - bad / valid >= one.target ? "met" : "not met";
}

std::string share(double valid, double bad) {
  return valid > 0 ? shown(1 - bad / valid, "ratio") : "–";
}

void add_objectives(std::string& out, const Report& report) {
  out += "<h2>Objectives</h2>";
  if (!report.objectives || report.objectives->empty()) {
    out += "<p class=dim>No objective is declared. <code>pawl apply -f slo.json</code> declares one.</p>";
    return;
  }
  out += fmt::format(
      "<table><thead><tr><th>objective</th><th>agent</th><th class=n>target</th><th class=n>this {0}</th><th "
      "class=n>the {0} before</th><th class=n>runs</th><th class=n>budget left</th><th>this "
      "{0}</th></tr></thead><tbody>",
      name_of(report.period));
  for (const auto& one : *report.objectives) {
    out += fmt::format(
        "<tr><td><a href=\"{}\">{}</a> <span class=dim>{} {}</span></td><td>{}</td><td class=n>{}</td><td "
        "class=n>{}</td><td "
        "class=n>{}</td><td class=n>{}</td><td class=n>{}</td><td>{}</td></tr>",
        html(report.link("/traces", one.bad_filter)), html(one.name), html(one.kind), html(one.threshold),
        html(one.agent), shown(one.target, "ratio"), share(one.valid, one.bad), share(one.valid_before, one.bad_before),
        shown(one.valid, ""), shown(one.budget_left, "ratio"), met(one, one.valid, one.bad));
  }
  out += "</tbody></table>";
}

std::string lasted(Nanos from, const std::optional<Nanos>& to) {
  return shown(static_cast<double>(*to - from) / 1e6, "ms");
}

void add_incidents(std::string& out, const Report& report) {
  if (!report.incidents) return;
  out += "<h2>Incidents</h2>";
  if (report.incidents->empty()) {
    out += fmt::format("<p class=dim>None in this {}.</p>", name_of(report.period));
    return;
  }
  out +=
      "<table><thead><tr><th>opened (UTC)</th><th>incident</th><th>severity</th><th>owner</th><th>status</th><th "
      "class=n>lasted</th></tr></thead><tbody>";
  for (const IncidentLine& one : *report.incidents)
    out += fmt::format(
        "<tr><td>{}</td><td><a href=\"{}\">{}</a></td><td>{}</td><td>{}</td><td>{}</td><td class=n>{}</td></tr>",
        format_time(one.opened).substr(0, 16), html(fmt::format("{}/incidents/{}", report.base, one.id)),
        html(one.title), html(one.severity), html(one.owner), html(one.status),
        one.resolved ? lasted(one.opened, one.resolved) : "goes on");
  out += "</tbody></table>";
}

void add_firings(std::string& out, const Report& report) {
  if (!report.firings) return;
  out += "<h2>Alerts that fired</h2>";
  if (report.firings->empty()) {
    out += fmt::format("<p class=dim>None fired in this {}.</p>", name_of(report.period));
    return;
  }
  out +=
      "<table><thead><tr><th>fired (UTC)</th><th>rule</th><th>about</th><th>severity</th><th "
      "class=n>lasted</th></tr></thead>"
      "<tbody>";
  for (const Firing& one : *report.firings) {
    out += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td class=n>{}</td></tr>",
                       format_time(one.at).substr(0, 16), html(one.rule), html(one.split), html(one.severity),
                       one.resolved ? lasted(one.at, one.resolved) : "still fires");
  }
  out += "</tbody></table>";
}

// What a kind of report holds.
bool holds(const Report& report, std::string_view part) {
  return report.kind == "weekly" || report.kind == part;
}

std::string number(const std::optional<double>& value) {
  return value ? fmt::format("{}", *value) : "";
}

void add_line(std::string& out, std::initializer_list<std::string> cells) {
  bool first = true;
  for (const auto& one : cells) {
    if (!first) out += ',';
    if (parse_double(one))
      out += one;
    else
      csv::append_cell(out, one);
    first = false;
  }
  out += "\n";
}

void write_firings(JsonWriter& json, const Report& report) {
  json.key("alerts").array();
  for (const auto& one : report.firings.value_or(std::vector<Firing>())) {
    json.object()
        .field("rule", one.rule)
        .field("split", one.split)
        .field("severity", one.severity)
        .field("at", format_time(one.at))
        .key("resolved");
    one.resolved ? json.value(format_time(*one.resolved)) : json.null();
    json.end();
  }
  json.end().key("incidents").array();
  for (const auto& one : report.incidents.value_or(std::vector<IncidentLine>())) {
    json.object().field("id", one.id).field("title", one.title).field("severity", one.severity);
    json.field("status", one.status).field("owner", one.owner).field("opened", format_time(one.opened)).key("resolved");
    one.resolved ? json.value(format_time(*one.resolved)) : json.null();
    json.field("link", fmt::format("{}/incidents/{}", report.base, one.id)).end();
  }
  json.end();
}

}  // namespace

std::string title_of(std::string_view kind, Period period) {
  if (kind == "cost") return "Cost";
  if (kind == "slo") return "Objectives";
  return kind == "incidents" ? "Incidents and alerts" : fmt::format("{} report", adverb_of(period));
}

std::string html(std::string_view text) {
  std::string clean = repair_utf8(text);
  std::erase_if(clean, [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t'; });
  return escape_markup(clean);
}

std::string shown(double value, std::string_view unit) {
  if (unit == "ratio") return fmt::format("{:.2f} %", value * 100);
  if (unit == "ms") {
    if (value < 1000) return fmt::format("{:.0f} ms", value);
    if (value < 120'000) return fmt::format("{:.1f} s", value / 1000);
    return value < 7'200'000 ? fmt::format("{:.0f} min", value / 60'000) : fmt::format("{:.1f} h", value / 3'600'000);
  }
  const bool money = unit == "USD";
  std::string digits = money ? fmt::format("{:.{}f}", std::abs(value), std::abs(value) < 1 && value != 0 ? 4 : 2)
                             : fmt::format("{:.0f}", std::abs(value));
  const auto whole = digits.find('.') == std::string::npos ? digits.size() : digits.find('.');
  for (std::size_t at = whole; at > 3; at -= 3) digits.insert(at - 3, ",");
  return fmt::format("{}{}{}", value < 0 ? "−" : "", money ? "$" : "", digits);
}

std::string gap(double value, std::string_view unit) {
  return unit == "ratio" ? fmt::format("{:.2f} points", value * 100) : shown(value, unit);
}

std::string as_html(const Report& report) {
  const std::string days =
      fmt::format("{} to {}", format_time(report.range.from).substr(0, 16), format_time(report.range.to).substr(0, 16));
  std::string out = fmt::format(
      "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content=\"width=device-width\">"
      "<title>{0}: {1}, {2}</title><style>{3}</style></head><body data-ready=1><header><h1>{0}</h1><p class=dim>{1} · "
      "{2} "
      "(UTC; {6}s of {4}) · made {5} by Pawl</p></header><ol class=said>",
      title_of(report.kind, report.period), html(report.project), days, style, html(report.timezone),
      format_time(report.made).substr(0, 16), name_of(report.period));
  for (const Sentence& one : report.sentences)
    out += fmt::format("<li><a href=\"{}\">{}</a></li>", html(one.link), html(one.text));
  out += "</ol>";
  if (holds(report, "quality")) add_tiles(out, report);
  if (holds(report, "slo")) add_objectives(out, report);
  if (holds(report, "incidents")) add_incidents(out, report), add_firings(out, report);
  if (holds(report, "cost")) add_costs(out, report);
  out += "<h2>What this does not know</h2><ul class=unknown>";
  for (const auto& one : report.unknown) out += fmt::format("<li>{}</li>", html(one));
  out += fmt::format(
      "<li>Differences are grey unless they are beyond what {}s usually change by (shares: beyond chance, 95 %).</li>",
      name_of(report.period));
  return out + "</ul></body></html>\n";
}

std::string as_csv(const Report& report) {
  std::string out = fmt::format("part,name,this_{0},{0}_before,low,high,unit\n", name_of(report.period));
  for (const Tile& tile : report.tiles)
    if (holds(report, "quality"))
      add_line(out, {"measure", tile.measure, number(tile.now), number(tile.before), number(tile.low),
                     number(tile.high), tile.unit});
  for (const CostTable& table : report.costs) {
    if (!holds(report, "cost")) break;
    for (const CostRow& row : table.rows)
      add_line(out,
               {"cost by " + table.by, row.key, format_dollars(row.now), format_dollars(row.before), "", "", "USD"});
    add_line(out, {"cost by " + table.by, "(all)", format_dollars(table.total.now), format_dollars(table.total.before),
                   "", "", "USD"});
  }
  if (report.objectives && holds(report, "slo")) {
    for (const auto& one : *report.objectives)
      add_line(out, {"objective", one.name, one.valid > 0 ? number(1 - one.bad / one.valid) : "",
                     one.valid_before > 0 ? number(1 - one.bad_before / one.valid_before) : "", "", "", "ratio"});
  }
  if (report.incidents && holds(report, "incidents")) {
    for (const auto& one : *report.incidents)
      add_line(out, {"incident", one.title, format_time(one.opened), one.resolved ? format_time(*one.resolved) : "", "",
                     "", "time"});
  }
  if (report.firings && holds(report, "incidents")) {
    for (const auto& one : *report.firings)
      add_line(out, {"alert", one.rule + " " + one.split, format_time(one.at),
                     one.resolved ? format_time(*one.resolved) : "", "", "", "time"});
  }
  return out;
}

std::string as_json(const Report& report) {
  JsonWriter json;
  json.object()
      .field("kind", report.kind)
      .field("period", name_of(report.period))
      .field("project", report.project)
      .field("from", format_time(report.range.from));
  json.field("to", format_time(report.range.to))
      .field("timezone", report.timezone)
      .field("made", format_time(report.made));
  json.key("sentences").array();
  for (const auto& one : report.sentences) json.object().field("text", one.text).field("link", one.link).end();
  json.end().key("tiles").array();
  for (const Tile& tile : report.tiles) {
    json.object()
        .field("name", tile.name)
        .field("measure", tile.measure)
        .field("unit", tile.unit)
        .field("now", tile.now);
    json.field("before", tile.before)
        .field("low", tile.low)
        .field("high", tile.high)
        .field("moved", tile.moved())
        .key("last")
        .array();
    for (const auto& one : tile.last) json.value(one);
    json.end().end();
  }
  json.end().key("costs").array();
  for (const CostTable& table : report.costs) {
    json.object().field("by", table.by).key("rows").array();
    for (const CostRow& row : table.rows)
      json.object()
          .field("key", row.key)
          .field("cost_usd", format_dollars(row.now))
          .field("before_usd", format_dollars(row.before))
          .field("calls", row.calls)
          .end();
    json.end()
        .field("total_usd", format_dollars(table.total.now))
        .field("before_usd", format_dollars(table.total.before))
        .end();
  }
  json.end().key("objectives").array();
  for (const auto& one : report.objectives.value_or(std::vector<ObjectiveLine>())) {
    json.object().field("name", one.name).field("agent", one.agent).field("kind", one.kind).field("target", one.target);
    json.field("valid", one.valid)
        .field("bad", one.bad)
        .field("met", met(one, one.valid, one.bad))
        .field("budget_left", one.budget_left)
        .end();
  }
  json.end();
  write_firings(json, report);
  json.key("unknown").array();
  for (const auto& one : report.unknown) json.value(one);
  return json.end().end().take();
}

}  // namespace pawl::reports
