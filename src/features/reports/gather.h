// The numbers of a report: read by the same measures as everywhere, and the sentences made of them.
#pragma once
#include <map>

#include "base/money.h"
#include "period.h"
#include "reports.h"

namespace pawl::reports {

struct Tile {
  std::string name, unit, measure;  // unit: "USD" "ratio" "ms" or what is counted
  std::string filter;               // of the runs behind it
  std::optional<double> now, before;
  std::vector<std::optional<double>> last;  // or days, months: the last twelve, the newest last
  std::optional<double> low, high;          // of the difference to the one before, 95 %; none: not known
  int good = 1;                             // what more of it is: 1 better, -1 worse, 0 neither
  // Whether the difference is beyond noise: its interval leaves 0 out.
  bool moved() const { return low && high && (*low > 0 || *high < 0); }
};
struct CostRow {
  std::string key;  // "" belongs to nobody
  Int128 now = 0, before = 0;
  double calls = 0, unknown = 0;
};
struct CostTable {
  std::string by;
  std::vector<CostRow> rows;  // the dearest first
  CostRow total;
};
struct Sentence {
  std::string text, link;
};
struct Report {
  std::string kind, project, timezone;
  Period period = Period::week;
  query::Range range, before;  // of the period, whichever it is
  Nanos made = 0;
  std::vector<Tile> tiles;
  std::vector<CostTable> costs;  // by team, agent, model
  std::optional<std::vector<ObjectiveLine>> objectives;
  std::optional<std::vector<Firing>> firings;
  std::optional<std::vector<IncidentLine>> incidents;
  std::vector<Sentence> sentences;
  std::vector<std::string> unknown;  // what the report does not know
  std::string base;                  // address of the page, without a / at the end
  std::string link(std::string_view place, std::string_view filter) const;  // of this period
};

std::string title_of(std::string_view kind, Period period);
inline constexpr std::string_view kinds[] = {"weekly", "cost", "slo", "incidents"};

struct Wish {
  std::string kind = "weekly", timezone = "UTC";
  Period period = Period::week;
  query::Range range;
};
Result<Report> gather(Reports::Inside& inside, warehouse::Warehouse& store, ProjectId project, const Wish& wish);

// Whether a difference is beyond what is usual: mean ± 1.96 standard deviations of the changes from
// one to the next before; none below five of them.
std::optional<std::pair<double, double>> usual_interval(const std::vector<std::optional<double>>& last);

// One file that needs nothing else and runs nothing; a table for spreadsheets; the numbers.
std::string as_html(const Report& report);
std::string as_csv(const Report& report);
std::string as_json(const Report& report);

std::string shown(double value, std::string_view unit);  // "98.2 %", "$12.30", "1.2 s", "1,234"
std::string gap(double value, std::string_view unit);    // of two such values: shares differ by points
std::string html(std::string_view text);                 // escaped for text and attributes

}  // namespace pawl::reports
