// The chargeback export as a file.
#include <map>

#include "base/text.h"
#include "focus.h"
#include "inside.h"

namespace pawl::costs {
namespace {

constexpr std::size_t max_bytes = 64U << 20, max_parquet = 16U << 20;

struct Shape {
  const std::vector<ExportColumn>* columns = nullptr;
  bool plain = false, parquet = false;
};

Result<Shape> shape_of(const net::Request& request) {
  const std::string format(request.query.find("format").value_or("focus"));
  if (format == "csv") return Shape{&plain_columns(), true};
  if (format != "focus" && format != "parquet")
    return fail(ErrorKind::invalid,
                "format={} is not offered: focus (FOCUS 1.2 as CSV), parquet (the same as Parquet) or csv (a plain "
                "table).",
                format);
  const std::string version(request.query.find("version").value_or("1.2"));
  const auto& columns = focus_columns(version);
  if (columns.empty()) return fail(ErrorKind::invalid, "version={} of FOCUS is not offered: 1.2.", version);
  return Shape{&columns, false, format == "parquet"};
}

Result<Nanos> period_of(const net::Request& request) {
  const std::string by(request.query.find("by").value_or("day"));
  if (by == "day") return day;
  if (by == "hour") return hour;
  return fail(ErrorKind::invalid, "by={} must be day or hour.", by);
}

// ---- shared cost -----------------------------------------------------------------------------------------------
// The cost of one team (or agent) goes to the others of the same period by a stated key: two kinds of rows more, which
// add up to nothing.
class Sharing {
 public:
  static Result<Sharing> of(const net::Request& request) {
    Sharing out;
    const auto shared = request.query.find("shared");
    if (!shared) return out;
    out.wanted_ = true;
    out.from_ = *shared == "unattributed" ? "" : *shared;
    out.by_ = request.query.find("shared_by").value_or("team");
    out.split_ = request.query.find("split").value_or("cost");
    if (out.by_ != "team" && out.by_ != "agent")
      return fail(ErrorKind::invalid, "shared_by={} must be team or agent.", out.by_);
    if (out.split_ != "cost" && out.split_ != "tokens" && out.split_ != "calls" && out.split_ != "equal")
      return fail(ErrorKind::invalid, "split={} is no key to split shared cost by: cost, tokens, calls or equal.",
                  out.split_);
    return out;
  }

  void see(const Charge& of) {
    if (!wanted_) return;
    auto& [cost, weight] = seen_[of.sum.period][std::string(of.dimension(by_))];
    cost += of.line.cost;
    if (split_ == "cost") weight += std::max<Int128>(0, of.line.cost);
    if (split_ == "tokens" && of.line.tokens()) weight += of.line.millionths;
    if (split_ == "equal") weight = 1;
  }
  void see_calls(Nanos period, std::string_view who, std::int64_t calls) {
    if (wanted_ && split_ == "calls") seen_[period][std::string(who)].second += std::max<std::int64_t>(0, calls);
  }
  std::string_view by() const { return by_; }

  // Calls `add` with the period, whose part it is, and how much.
  template <typename Add>
  void parts(const Add& add) const {
    for (const auto& [period, all] : seen_) {
      const auto giver = all.find(from_);
      if (giver == all.end() || giver->second.first == 0) continue;
      std::vector<std::string_view> takers;
      std::vector<Int128> weights;
      for (const auto& [who, what] : all)
        if (!who.empty() && who != from_) takers.push_back(who), weights.push_back(what.second);
      if (takers.empty()) continue;  // nobody to take it
      add(period, from_, -giver->second.first);
      const auto shares = shares_of(giver->second.first, weights);
      for (std::size_t i = 0; i < takers.size(); ++i) add(period, takers[i], shares[i]);
    }
  }
  std::string_view method() const { return split_; }
  std::string_view from() const { return from_.empty() ? "unattributed" : std::string_view(from_); }

 private:
  bool wanted_ = false;
  std::string from_, by_ = "team", split_ = "cost";
  std::map<Nanos, std::map<std::string, std::pair<Int128, Int128>>> seen_;  // by period and who: cost, weight
};

// ---- list prices -----------------------------------------------------------------------------------------------
// What the public list says of a sum that a price of the project's own made: prices of kinds of tokens.
std::map<std::string, llm::PriceLine> public_prices(llm::Pricer& pricer, const Charge& of) {
  std::map<std::string, llm::PriceLine> out;
  if (!of.sum.row.starts_with("own:")) return out;
  const auto served = of.dimension("model");
  const std::string tier = service_tier_of(of.sum.row);
  const std::vector<llm::ContextValue> context = {{tier == "batch" ? "processing" : "service_tier", tier}};
  const llm::CallFacts facts{.provider = of.dimension("provider"),
                             .model = served.empty() ? of.dimension("model_requested") : served,
                             .at = of.sum.period,
                             .context = tier == "standard" ? std::span<const llm::ContextValue>() : context};
  if (const auto priced = pricer.price_sum(facts, 0, llm::usage_of(of.sum.tokens))) {
    for (const auto& line : priced->lines) out.emplace(type_of(line.type), line);
  }
  return out;
}

std::optional<ListPrice> list_price(const std::map<std::string, llm::PriceLine>& known, const Line& line) {
  auto found = known.find(line.type);
  if (found == known.end() && line.type == "reasoning") found = known.find("output");
  if (found == known.end() && line.type.starts_with("cache_")) found = known.find("input");
  if (found == known.end() || found->second.per != line.per) return std::nullopt;
  const Int128 pico = found->second.pico;
  return ListPrice{pico, divided(Int128{line.millionths} * pico, Int128{line.per} * 1'000'000)};
}

// ---- the file --------------------------------------------------------------------------------------------------
Result<std::string> as_parquet(warehouse::Warehouse& store, const std::vector<ExportColumn>& columns, std::string csv) {
  if (csv.size() > max_parquet)
    return fail(ErrorKind::exhausted, "As Parquet these are too many rows. Ask for fewer days, or for CSV.");
  std::string structure, select;
  for (const auto& column : columns) {
    const std::string_view kind = column.parquet();
    const std::string_view of = kind == "time"      ? "parseDateTime64BestEffortOrNull({0}, 3, 'UTC') AS {0}"
                                : kind == "decimal" ? "toDecimal128OrNull({0}, 12) AS {0}"
                                : kind == "count"   ? "toInt64OrNull({0}) AS {0}"
                                                    : "nullIf({0}, '') AS {0}";
    const std::string name = fmt::format("c.{}", column.name);
    std::string cell(of);
    const auto put = [&](std::string_view what, std::string_view by) {
      if (const auto at = cell.find(what); at != std::string::npos) cell.replace(at, what.size(), by);
    };
    put("{0}", name), put("{0}", column.name);
    structure += fmt::format("{}{} String", structure.empty() ? "" : ", ", column.name);
    select += fmt::format("{}{}", select.empty() ? "" : ", ", cell);
  }
  auto answer = TRY(store.read(
      {.sql = fmt::format("SELECT {} FROM format(CSVWithNames, '{}', {{data:String}}) AS c", select, structure),
       .parameters = {{"data", std::move(csv)}},
       .deadline = minute,
       .format = "Parquet"}));
  return std::move(answer.raw);
}

struct File {
  Frame frame;
  Shape shape;
  Sharing sharing;
  std::string text;
  bool for_spreadsheets() const { return !shape.parquet; }
};

Result<void> write_sums(Costs::Inside& inside, warehouse::Warehouse& store, ProjectId project, query::ChargeQuery query,
                        File& file) {
  llm::Pricer pricer(inside.prices), listed(inside.options.public_prices.value_or(inside.prices));
  for (const auto& sum : TRY(sums(store, pricer, project, std::move(query)))) {
    const Line nothing;
    Charge head{file.frame, sum, nothing, {}};
    const auto served = head.dimension("model");
    const Vendor vendor =
        vendor_of(head.dimension("provider"), served.empty() ? head.dimension("model_requested") : served, sum.row);
    const auto known = public_prices(listed, head);
    for (const auto& line : lines_of(pricer, sum)) {
      Charge charge{file.frame, sum, line, vendor, list_price(known, line)};
      file.sharing.see(charge);
      append_row(file.text, *file.shape.columns, charge, file.shape.plain, file.for_spreadsheets());
    }
    file.sharing.see_calls(sum.period, head.dimension(file.sharing.by()), sum.calls);
    if (file.text.size() > max_bytes)
      return fail(ErrorKind::exhausted, "The file would be larger than 64 MB. Ask for fewer days or attributes.");
  }
  return {};
}

void write_shares(File& file) {
  const std::size_t keys = std::size(base_dimensions) + file.frame.asked.size();
  const std::size_t by = file.sharing.by() == "team" ? 1 : 0;  // in base_dimensions
  file.sharing.parts([&](Nanos period, std::string_view who, Int128 cost) {
    Sum sum{.period = period, .keys = std::vector<std::string>(keys), .cost = cost};
    sum.keys[by] = who;
    const Line line{.type = "shared", .cost = cost};
    const Vendor vendor{file.frame.organisation, file.frame.organisation, "Shared cost"};
    const Charge charge{file.frame, sum, line, vendor, {}, file.sharing.method(), file.sharing.from()};
    append_row(file.text, *file.shape.columns, charge, file.shape.plain, file.for_spreadsheets());
  });
}

Result<net::Response> export_file(Costs::Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  File file{.frame = {}, .shape = TRY(shape_of(request)), .sharing = TRY(Sharing::of(request)), .text = {}};
  Frame& frame = file.frame;
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
  append_header(file.text, *file.shape.columns, file.shape.plain ? frame.asked : std::vector<std::string>());
  TRY(write_sums(inside, store, project,
                 {.dimensions = dimensions,
                  .filter = TRY(filter_of(request.query.get("filter"))),
                  .range = range,
                  .period = frame.period,
                  .now = inside.clock.now()},
                 file));
  write_shares(file);
  const std::string_view ending = file.shape.parquet ? "parquet" : "csv";
  auto response = net::Response::bytes(
      file.shape.parquet ? "application/vnd.apache.parquet" : "text/csv; charset=utf-8",
      file.shape.parquet ? TRY(as_parquet(store, *file.shape.columns, std::move(file.text))) : std::move(file.text));
  response.headers.set("content-disposition",
                       fmt::format("attachment; filename=\"pawl-{}-{}.{}\"", file.shape.plain ? "cost" : "focus",
                                   format_time(range.from).substr(0, 10), ending));
  return response;
}

}  // namespace

void add_export_routes(net::Router& router, Costs::Inside& inside) {
  router.add({.method = "GET",
              .pattern = "/api/v1/costs/export",
              .permission = "read",
              .handler = reading::handler(inside, export_file),
              .handler_time = 2 * minute,
              .summary = "Chargeback as a file: FOCUS 1.2 columns as CSV or Parquet, or a plain table (docs/costs.md)",
              .query = {{"from", "start of a day (hour) of UTC; the first of the month"},
                        {"to", "its end, exclusive; the end of today"},
                        {"by", "day or hour"},
                        {"attributes", "further dimensions that split rows: user,attr.tenant"},
                        {"filter", "only what it selects"},
                        {"format", "focus, parquet or csv"},
                        {"version", "of FOCUS: 1.2"},
                        {"shared", "team or agent whose cost is split over the others; unattributed"},
                        {"shared_by", "which of both: team or agent [team]"},
                        {"split", "by what: cost, tokens, calls or equal"}},
              .answers = "a CSV or Parquet file"});
}

}  // namespace pawl::costs
