// The chargeback export as a file.
#include "base/text.h"
#include "focus.h"
#include "inside.h"

namespace pawl::costs {
namespace {

constexpr std::size_t max_bytes = 64U << 20;

struct Shape {
  const std::vector<ExportColumn>* columns = nullptr;
  bool plain = false;
};

Result<Shape> shape_of(const net::Request& request) {
  const std::string format(request.query.find("format").value_or("focus"));
  if (format == "csv") return Shape{&plain_columns(), true};
  if (format != "focus")
    return fail(ErrorKind::invalid, "format={} is not offered: focus (FOCUS 1.2 as CSV) or csv (a plain table).",
                format);
  const std::string version(request.query.find("version").value_or("1.2"));
  const auto& columns = focus_columns(version);
  if (columns.empty()) return fail(ErrorKind::invalid, "version={} of FOCUS is not offered: 1.2.", version);
  return Shape{&columns, false};
}

Result<Nanos> period_of(const net::Request& request) {
  const std::string by(request.query.find("by").value_or("day"));
  if (by == "day") return day;
  if (by == "hour") return hour;
  return fail(ErrorKind::invalid, "by={} must be day or hour.", by);
}

Result<net::Response> export_file(Costs::Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  const Shape shape = TRY(shape_of(request));
  Frame frame;
  frame.period = TRY(period_of(request));
  const auto range = TRY(range_of(request, inside.clock.now(), frame.period));
  const auto project = projects::access_of(request).project;
  frame.organisation = inside.options.organisation;
  frame.project = TRY(project_name(inside, project));
  std::vector<std::string> dimensions(std::begin(base_dimensions), std::end(base_dimensions));
  for (const auto& name : names_of(request.query.get("attributes"))) {
    if (std::ranges::find(dimensions, name) != dimensions.end()) continue;
    dimensions.push_back(name), frame.asked.push_back(name);
  }
  llm::Pricer pricer(inside.prices);
  std::string out;
  append_header(out, *shape.columns, shape.plain ? frame.asked : std::vector<std::string>());
  query::ChargeQuery query{.dimensions = dimensions,
                           .filter = TRY(filter_of(request.query.get("filter"))),
                           .period = frame.period,
                           .now = inside.clock.now()};
  for (const auto& sum : TRY(sums(store, pricer, project, (query.range = range, query)))) {
    for (const auto& line : lines_of(pricer, sum)) {
      Charge charge{frame, sum, line, {}};
      const auto served = charge.dimension("model");
      charge.vendor = vendor_of(charge.dimension("provider"),
                                served.empty() ? charge.dimension("model_requested") : served, sum.row);
      append_row(out, *shape.columns, charge, shape.plain);
    }
    if (out.size() > max_bytes)
      return fail(ErrorKind::exhausted, "The file would be larger than 64 MB. Ask for fewer days or attributes.");
  }
  auto response = net::Response::bytes("text/csv; charset=utf-8", std::move(out));
  response.headers.set("content-disposition",
                       fmt::format("attachment; filename=\"pawl-{}-{}.csv\"", shape.plain ? "cost" : "focus",
                                   format_time(range.from).substr(0, 10)));
  return response;
}

}  // namespace

void add_export_routes(net::Router& router, Costs::Inside& inside) {
  router.add({.method = "GET",
              .pattern = "/api/v1/costs/export",
              .permission = "read",
              .handler = on_store(inside, export_file),
              .handler_time = 2 * minute,
              .summary = "Chargeback as a file: FOCUS 1.2 columns, or a plain table (docs/costs.md)",
              .query = {{"from", "start of a day (hour) of UTC; the first of the month"},
                        {"to", "its end, exclusive; the end of today"},
                        {"by", "day or hour"},
                        {"attributes", "further dimensions that split rows: user,attr.tenant"},
                        {"filter", "only what it selects"},
                        {"format", "focus or csv"},
                        {"version", "of FOCUS: 1.2"}},
              .answers = "a CSV file"});
}

}  // namespace pawl::costs
