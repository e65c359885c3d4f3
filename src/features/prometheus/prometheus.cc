// The calls of Prometheus' HTTP API that a data source makes (Prometheus documentation "HTTP API"; recorded of 2.42).
#include "prometheus.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "inside.h"
#include "reading/reading.h"

namespace pawl::prometheus {
namespace {

constexpr std::size_t most_parameters = 1000;
constexpr Millis week = 7LL * 86'400'000;

// The parameters of the address and, of a POST, of its form.
struct Asked {
  net::Parameters all;
  std::string_view get(std::string_view name) const { return all.get(name); }
  std::vector<std::string_view> each(std::string_view name) const {
    std::vector<std::string_view> out;
    for (const auto& [key, value] : all.all())
      if (key == name) out.push_back(value);
    return out;
  }
};

Result<Asked> asked_of(const net::Request& request) {
  Asked out{.all = request.query};
  if (request.method != "POST" || request.body.empty()) return out;
  const auto form = TRY(net::parse_query(request.body, most_parameters));
  for (const auto& [name, value] : form.all()) out.all.add(name, value);
  return out;
}

// What is wrong with a request, as Prometheus says it.
std::unexpected<Error> bad(std::string_view parameter, std::string_view why) {
  return fail(ErrorKind::invalid, "invalid parameter \"{}\": {}", parameter, why);
}

Result<Millis> time_of(const Asked& asked, std::string_view name, std::optional<Millis> usual, bool plain = false) {
  const auto text = asked.get(name);
  if (text.empty() && usual) return *usual;
  if (const auto time = parse_prometheus_time(text)) return *time;
  const std::string why = fmt::format("cannot parse {} to a valid timestamp", promql::quoted(text));
  return bad(name, plain ? why : fmt::format("Invalid time value for '{}': {}", name, why));
}

Result<promql::Expr> query_of(const Asked& asked) {
  auto expr = promql::parse(asked.get("query"));
  if (!expr) return bad("query", expr.error().what);
  return expr;
}

// The time after which nobody waits any more: timeout=, at most two minutes.
Result<Nanos> patience_of(const Asked& asked) {
  const auto text = asked.get("timeout");
  if (text.empty()) return 2 * minute;
  const auto length = parse_step(text);
  if (!length || *length <= 0)
    return bad("timeout", fmt::format("cannot parse {} to a valid duration", promql::quoted(text)));
  return std::min(*length * millisecond, 2 * minute);
}

promql::Source source_of(Asker& asker) {
  return [&asker](const std::vector<promql::Wanted>& wanted) { return series_of(asker, wanted); };
}

promql::Limits limits_of(const net::Cancel& stop, const Clock& clock, Nanos patience) {
  return {.stop = [stop, &clock, until = clock.monotonic() + patience] {
    return stop.requested() || clock.monotonic() > until;
  }};
}

void write_stats(JsonWriter& json, const promql::Answer& answer, Nanos waited, Nanos prepared, Nanos whole) {
  const auto seconds = [](Nanos time) { return static_cast<double>(time) / 1e9; };
  json.key("stats").object().key("timings").object();
  json.field("evalTotalTime", seconds(whole)).field("resultSortTime", 0.0);
  json.field("queryPreparationTime", seconds(prepared)).field("innerEvalTime", seconds(whole - prepared));
  json.field("execQueueTime", seconds(waited)).field("execTotalTime", seconds(waited + whole)).end();
  json.key("samples").object().field("totalQueryableSamples", answer.points).field("peakSamples", answer.points);
  json.end().end();
}

Result<net::Response> instant(Asker& asker, const Asked& asked, const net::Request& request, const net::Cancel& stop) {
  const Clock& clock = asker.inside.clock;
  const Millis at = TRY(time_of(asked, "time", clock.now() / millisecond));
  const Nanos patience = TRY(patience_of(asked));
  const auto expr = TRY(query_of(asked));
  const Nanos begun = clock.monotonic();
  const auto answer = promql::evaluate(expr, at, source_of(asker), limits_of(stop, clock, patience));
  if (!answer) return failure_of(answer.error());
  JsonWriter json;
  write_data(json, *answer, at);
  if (!asked.get("stats").empty())
    write_stats(json, *answer, std::max<Nanos>(clock.now() - request.received, 0), asker.spent,
                clock.monotonic() - begun);
  return success(json.end().take());
}

Result<net::Response> range(Asker& asker, const Asked& asked, const net::Request& request, const net::Cancel& stop) {
  const Clock& clock = asker.inside.clock;
  const Millis start = TRY(time_of(asked, "start", std::nullopt, true));
  const Millis end = TRY(time_of(asked, "end", std::nullopt, true));
  if (end < start) return bad("end", "end timestamp must not be before start time");
  const auto step = parse_step(asked.get("step"));
  if (!step) return bad("step", fmt::format("cannot parse {} to a valid duration", promql::quoted(asked.get("step"))));
  if (*step <= 0)
    return bad("step", "zero or negative query resolution step widths are not accepted. Try a positive integer");
  if ((end - start) / *step > 11'000)
    return fail(ErrorKind::invalid,
                "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution "
                "(?step=XX)");
  const Nanos patience = TRY(patience_of(asked));
  const auto expr = TRY(query_of(asked));
  const auto type = expr.type;
  if (type != promql::ValueType::scalar && type != promql::ValueType::vector)
    return bad("query", fmt::format("invalid expression type {} for range query, must be Scalar or instant Vector",
                                    promql::quoted(promql::name_of(type))));
  const Nanos begun = clock.monotonic();
  const auto answer = promql::evaluate(expr, start, end, *step, source_of(asker), limits_of(stop, clock, patience));
  if (!answer) return failure_of(answer.error());
  JsonWriter json;
  write_data(json, *answer, end);
  if (!asked.get("stats").empty())
    write_stats(json, *answer, std::max<Nanos>(clock.now() - request.received, 0), asker.spent,
                clock.monotonic() - begun);
  return success(json.end().take());
}

Result<std::vector<promql::Matcher>> matchers_of(std::string_view selector) {
  const auto expr = promql::parse(selector);
  if (!expr) return bad("match[]", expr.error().what);
  if (expr->kind != promql::Kind::selector)
    return bad("match[]", "1:1: parse error: only a series selector is allowed");
  return expr->matchers;
}

struct Period {
  Millis start, end;
};
// start=, end=; the last week where they are not given, as far back as anything may lie where only `start` is wide.
Result<Period> period_of(const Asked& asked, const Clock& clock) {
  const Millis now = clock.now() / millisecond;
  Period out{};
  out.end = TRY(time_of(asked, "end", now));
  out.start = TRY(time_of(asked, "start", std::min(out.end, now) - week));
  if (out.end < out.start) return bad("end", "end timestamp must not be before start time");
  ++out.end;  // the end is in it
  return out;
}

// The label sets that match[] selects, each once and sorted; without match[] those of all metrics.
Result<std::set<promql::Pairs>> sets_of(Asker& asker, const Asked& asked) {
  const Period period = TRY(period_of(asked, asker.inside.clock));
  std::vector<std::vector<promql::Matcher>> selectors;
  for (const auto text : asked.each("match[]")) selectors.push_back(TRY(matchers_of(text)));
  if (selectors.empty()) selectors.emplace_back();
  std::set<promql::Pairs> out;
  for (const auto& matchers : selectors) {
    for (auto& labels : TRY(label_sets(asker, matchers, period.start, period.end))) {
      std::ranges::sort(labels);
      out.insert(std::move(labels));
    }
  }
  return out;
}

Result<net::Response> series(Asker& asker, const Asked& asked, const net::Request&, const net::Cancel&) {
  if (asked.each("match[]").empty()) return fail(ErrorKind::invalid, "no match[] parameter provided");
  JsonWriter json;
  json.array();
  for (const auto& labels : TRY(sets_of(asker, asked))) {
    json.object();
    for (const auto& [name, value] : labels) json.field(name, value);
    json.end();
  }
  return success(json.end().take());
}

net::Response list(const std::set<std::string>& names) {
  JsonWriter json;
  json.array();
  for (const auto& name : names) json.value(name);
  return success(json.end().take());
}

// Without match[] what the catalogue has: no data need be read for that.
Result<net::Response> labels(Asker& asker, const Asked& asked, const net::Request&, const net::Cancel&) {
  TRY(period_of(asked, asker.inside.clock));
  std::set<std::string> names;
  if (asked.each("match[]").empty()) {
    names.emplace(promql::metric_name);
    for (const auto& dimension : query::dimensions())
      if (dimension.groups && dimension.name != "attr.NAME") names.emplace(dimension.name);
  } else {
    for (const auto& pairs : TRY(sets_of(asker, asked)))
      for (const auto& [name, value] : pairs) names.insert(name);
  }
  return list(names);
}

bool is_label(std::string_view name) {
  return !name.empty() && !(name[0] >= '0' && name[0] <= '9') && std::ranges::all_of(name, [](char c) {
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
}

// Of a dimension that the metrics of match[] do not show by themselves, too.
Result<net::Response> label_values(Asker& asker, const Asked& asked, const net::Request& request, const net::Cancel&) {
  const std::string name(request.capture("name"));
  if (!is_label(name)) return fail(ErrorKind::invalid, "invalid label name: {}", promql::quoted(name));
  const Period period = TRY(period_of(asked, asker.inside.clock));
  std::set<std::string> out;
  if (name == promql::metric_name && asked.each("match[]").empty()) {
    for (const Metric& metric : metrics()) out.insert(metric.name);
    return list(out);
  }
  if (asked.each("match[]").empty()) {
    const std::string dimension = dimension_of(name);
    if (dimension.empty()) return list(out);
    for (const auto& known : query::dimensions())
      if (known.name == dimension && !known.values.empty()) {
        for (const auto value : known.values) out.emplace(value);
        return list(out);
      }
    const query::ValuesQuery wanted{.dimension = dimension,
                                    .range = {period.start * millisecond, period.end * millisecond},
                                    .limit = 1000,
                                    .now = asker.inside.clock.now()};
    const auto answer = TRY(asker.store.read(query::question(TRY(query::compile_values(asker.project, wanted)))));
    for (std::size_t r = 0; r < answer.rows.size(); ++r) out.emplace(answer.rows.text(0, r));
    return list(out);
  }
  Asked narrowed = asked;  // the label must be there: then the metrics show it
  net::Parameters all;
  for (const auto& [key, value] : asked.all.all()) {
    if (key != "match[]" || name == promql::metric_name) {
      all.add(key, value);
      continue;
    }
    auto matchers = TRY(matchers_of(value));
    std::string text;
    for (const auto& matcher : matchers) text += matcher.text() + ",";
    all.add(key, fmt::format("{{{}{}!=\"\"}}", text, name));
  }
  narrowed.all = std::move(all);
  for (const auto& pairs : TRY(sets_of(asker, narrowed)))
    for (const auto& [label, value] : pairs)
      if (label == name) out.insert(value);
  return list(out);
}

net::Response metadata(const Asked& asked, const net::Request&) {
  const auto limit = parse_int(asked.get("limit")).value_or(1'000'000);
  JsonWriter json;
  json.object();
  std::set<std::string> shown;  // a histogram is one
  for (const Metric& metric : metrics()) {
    const std::string& name = metric.family.empty() ? metric.name : metric.family;
    if ((!asked.get("metric").empty() && asked.get("metric") != name) || shown.contains(name)) continue;
    if (static_cast<std::int64_t>(shown.size()) >= limit) break;
    shown.insert(name);
    json.key(name).array().object().field("type", metric.type).field("help", metric.help);
    json.field("unit", "").end().end();
  }
  return success(json.end().take());
}

Result<net::Response> formatted(const Asked& asked, const net::Request&) {
  return success(json_quote(promql::print(TRY(query_of(asked)))));
}

net::Response build_info(const Options& options) {
  JsonWriter json;
  // `version` is read as Prometheus' own by data sources, which choose their calls by it.
  json.object().field("version", "2.42.0").field("revision", fmt::format("pawl-{}", options.version));
  json.field("branch", "pawl").field("buildUser", "").field("buildDate", "").field("goVersion", "");
  return success(json.end().take());
}

// One line of the text format (Prometheus documentation "Exposition formats", 0.0.4).
void write_line(std::string& out, const promql::Line& line) {
  std::string name, labels;
  for (const auto& [label, value] : line.labels) {
    if (label == promql::metric_name)
      name = value;
    else
      labels += fmt::format("{}{}={}", labels.empty() ? "" : ",", label, promql::quoted(value));
  }
  out += labels.empty() ? name : fmt::format("{}{{{}}}", name, labels);
  out += fmt::format(" {} {}\n", promql::print_value(line.samples[0].value), line.samples[0].at);
}

Result<net::Response> federate(Asker& asker, const Asked& asked, const net::Request&, const net::Cancel& stop) {
  const Clock& clock = asker.inside.clock;
  if (asked.each("match[]").empty()) return fail(ErrorKind::invalid, "no match[] parameter provided");
  std::set<std::string> typed;
  std::string out;
  for (const auto selector : asked.each("match[]")) {
    TRY(matchers_of(selector));
    const auto answer = promql::evaluate(TRY(promql::parse(selector)), clock.now() / millisecond, source_of(asker),
                                         limits_of(stop, clock, minute));
    if (!answer) return failure_of(answer.error());
    for (const auto& line : answer->lines) {
      const auto name = std::ranges::find(line.labels, promql::metric_name, &promql::Pairs::value_type::first);
      const auto metric = std::ranges::find(metrics(), name->second, &Metric::name);
      if (metric != metrics().end()) {
        const std::string& family = metric->family.empty() ? metric->name : metric->family;
        if (typed.insert(family).second) out += fmt::format("# TYPE {} {}\n", family, metric->type);
      }
      write_line(out, line);
    }
  }
  return net::Response::bytes("text/plain; version=0.0.4; charset=utf-8", std::move(out));
}

// A mistake of the asker is 400 in Prometheus' form; other errors have theirs by the route's shape.
net::Response answered(const net::Request& request, Result<net::Response> result) {
  if (result) return std::move(*result);
  if (result.error().kind == ErrorKind::invalid) return failure(400, "bad_data", result.error().what);
  if (result.error().kind == ErrorKind::exhausted) return failure_of(result.error());
  return net::Response::error(request, result.error());
}

using OnStore = Result<net::Response> (*)(Asker&, const Asked&, const net::Request&, const net::Cancel&);

class Routes {
 public:
  Routes(net::Router& router, Prometheus::Inside& inside) : router_(router), inside_(inside) {}

  void on_store(const std::vector<std::string_view>& methods, std::string_view path, std::string_view summary,
                OnStore work) {
    for (const auto method : methods) {
      add(method, path, summary, [inside = &inside_, work](net::Request& request) {
        return reading::answer(
            inside->pool, inside->warehouse.load(), inside->options.progress, request,
            [inside, work, &request](warehouse::Warehouse& mine, const net::Cancel& stop) -> Result<net::Response> {
              const auto asked = asked_of(request);
              if (!asked) return answered(request, std::unexpected(asked.error()));
              Asker asker{.inside = *inside, .store = mine, .project = projects::access_of(request).project};
              return answered(request, work(asker, *asked, request, stop));
            });
      });
    }
  }

  template <typename F>
  void plain(std::string_view method, std::string_view path, std::string_view summary, F work) {
    add(method, path, summary, [work](net::Request& request) -> Task<Result<net::Response>> {
      const auto asked = asked_of(request);
      if (!asked) co_return answered(request, std::unexpected(asked.error()));
      co_return answered(request, work(*asked, request));
    });
  }

 private:
  void add(std::string_view method, std::string_view path, std::string_view summary, net::Handler handler) {
    router_.add({.method = std::string(method),
                 .pattern = fmt::format("/prometheus{}", path),
                 .permission = "read",
                 .handler = std::move(handler),
                 .body_bytes = 256U << 10,
                 .handler_time = 3 * minute,
                 .shape_error = shape_error,
                 .summary = std::string(summary),
                 .accepts = method == "POST" ? "a form: the same parameters" : "",
                 .answers = "as Prometheus: {status, data} or {status, errorType, error}"});
  }

  net::Router& router_;
  Prometheus::Inside& inside_;
};

net::Response text(std::string body, int status = 200) {
  return net::Response::bytes("text/plain; charset=utf-8", std::move(body), status);
}

net::Response welcome() {
  return text("Pawl answers PromQL here.\n");
}

// "/prometheus/" is asked by clients whether somebody is there.
net::Response nowhere(const Asked&, const net::Request& request) {
  return request.capture("rest").empty() ? welcome() : text("404 page not found\n", 404);
}

}  // namespace

Prometheus::Prometheus(net::Pool& pool, const Clock& clock, Options options)
    : inside_(std::make_unique<Inside>(pool, clock, std::move(options))) {}
Prometheus::~Prometheus() = default;

void Prometheus::open(warehouse::Warehouse& warehouse) {
  inside_->warehouse = &warehouse;
}
void Prometheus::close() {
  inside_->warehouse = nullptr;
}

void Prometheus::add_routes(net::Router& router) {
  Routes routes(router, *inside_);
  const Options& options = inside_->options;
  routes.on_store({"GET", "POST"}, "/api/v1/query", "PromQL at one time", instant);
  routes.on_store({"GET", "POST"}, "/api/v1/query_range", "PromQL over steps of time", range);
  routes.on_store({"GET", "POST"}, "/api/v1/series", "Label sets of the series that match", series);
  routes.on_store({"GET", "POST"}, "/api/v1/labels", "Names of labels", labels);
  routes.on_store({"GET"}, "/api/v1/label/{name}/values", "Values of a label", label_values);
  routes.plain("POST", "/api/v1/label/{name}/values", "Not offered: data sources try GET then",
               [](const Asked&, const net::Request&) { return text("Method Not Allowed\n", 405); });
  routes.plain("GET", "/api/v1/metadata", "Type and meaning of each metric", metadata);
  for (const std::string_view method : {"GET", "POST"}) {
    routes.plain(method, "/api/v1/format_query", "PromQL in its usual form", formatted);
    routes.plain(method, "/api/v1/query_exemplars", "None are kept",
                 [](const Asked& asked, const net::Request&) -> Result<net::Response> {
                   TRY(query_of(asked));
                   return success("[]");
                 });
    routes.plain(method, "/{rest...}", "Nothing is there", nowhere);
  }
  routes.plain("GET", "/api/v1/status/buildinfo", "Which API this is",
               [&options](const Asked&, const net::Request&) { return build_info(options); });
  routes.plain("GET", "/api/v1/rules", "None: alerts are Pawl's own",
               [](const Asked&, const net::Request&) { return success("{\"groups\":[]}"); });
  routes.plain("GET", "/api/v1/alerts", "None: alerts are Pawl's own",
               [](const Asked&, const net::Request&) { return success("{\"alerts\":[]}"); });
  routes.on_store({"GET"}, "/federate", "The newest values of match[], for another Prometheus to scrape", federate);
  for (const std::string_view path : {"", "/-/healthy", "/-/ready"})
    routes.plain("GET", path, "Is somebody there", [](const Asked&, const net::Request&) { return welcome(); });
}

}  // namespace pawl::prometheus
