// Service level objectives over the API: declared for an agent, judged when they are asked for
// (docs/guides/objectives.md).
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/pool.h"
#include "net/router.h"
#include "query/query.h"
#include "records/projects/projects.h"
#include "records/slos/slos.h"
#include "stats/burn.h"
#include "stats/distributions.h"
#include "store/ledger/ledger.h"
#include "store/warehouse/warehouse.h"

namespace pawl::objectives {

using slos::Slo;

struct Burning {
  stats::BurnRule rule;
  double long_burn = 0, short_burn = 0;  // 1: the budget lasts exactly as long as its window
  bool firing = false;
};
struct Standing {
  double valid = 0, bad = 0;          // runs in the window
  std::optional<double> sli;          // share of good ones; none: there are no runs
  stats::Interval interval{0, 1};     // Wilson, 95 %
  double budget_left = 1;             // of the runs that may be bad; below 0: overspent
  std::string_view state;             // "met" "at_risk" "broken" "too_few"
  std::optional<Nanos> exhausted_at;  // if it goes on as in the last 24 hours
  std::vector<Burning> burns;
};
struct Day {
  Nanos at = 0;
  double valid = 0, bad = 0;
};

// Below this many runs nothing is said of an objective.
inline constexpr double least_runs = 30;

// `recent`: runs in steps of five minutes that have ended, oldest first, of the last three days; pure.
Standing judge(const Slo& slo, double valid, double bad, const std::vector<Day>& recent, Nanos now);

struct Options {
  std::function<std::string()> progress;
};

class Objectives {
 public:
  // All outlive it.
  Objectives(net::Pool& pool, ledger::Ledger& ledger, const Clock& clock, Options options);
  ~Objectives();
  Objectives(const Objectives&) = delete;
  Objectives& operator=(const Objectives&) = delete;

  void add_routes(net::Router& router);
  void open(warehouse::Warehouse& warehouse);
  void close();

  // Runs of the objective that started in the range: valid and bad.
  Result<Day> count(warehouse::Warehouse& store, projects::ProjectId project, const Slo& slo,
                    const query::Range& range) const;
  Result<Standing> standing(warehouse::Warehouse& store, projects::ProjectId project, const Slo& slo) const;

  struct Inside;

 private:
  std::unique_ptr<Inside> inside_;
};

}  // namespace pawl::objectives
