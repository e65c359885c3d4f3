// Silences and maintenance windows: who need not be told now. Judged when something is to be sent; states go on.
#pragma once
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/zone.h"
#include "notice.h"
#include "promql/labels.h"

namespace pawl::alerts {

struct Weekly {
  std::array<bool, 7> days = {};  // on which it begins; Sunday is the first
  std::int64_t from = 0, to = 0;  // seconds of the local day; to < from: it ends on the day after
  Zone zone;
  bool holds(std::int64_t at) const;  // seconds since 1970
};

struct Silence {
  std::string id;
  std::vector<promql::Matcher> matchers;  // all must hold; of rule (id or name), severity, measure, what is split by
  std::int64_t begins = 0, ends = 0;      // seconds; ends 0: never
  std::optional<Weekly> weekly;
  std::string author, why;
  std::string matchers_json, weekly_json;  // as they are stored
  bool in_force(std::int64_t now) const;
  bool mutes(const Notice& notice) const;  // whether its matchers hold
};

// {matchers: [{name, op, value}], from?, to?, for?, weekly?: {days, from, to, timezone?}, why}. `invalid` says what is
// wrong. No id, no author.
Result<Silence> read_silence(std::string_view json, std::int64_t now);
// What is stored of one.
Result<Silence> stored_silence(std::string_view matchers, std::string_view weekly);

}  // namespace pawl::alerts
