// A chargeback export: lines as rows of FOCUS (FinOps Open Cost and Usage Specification 1.2) or of a plain CSV. Pure.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "charge.h"
#include "vendors.h"

namespace pawl::costs {

// What every row is keyed by, in this order, before what was asked for.
inline constexpr std::string_view base_dimensions[] = {"agent",           "team", "environment", "provider",
                                                       "model_requested", "model"};

struct Frame {  // of a whole export
  std::string organisation = "default", project = "default";
  std::string project_id;
  Nanos period = day;
  std::vector<std::string> asked;  // further dimensions, after base_dimensions in Sum::keys
};

struct ListPrice {  // what the public list says where the project has a price of its own
  Int128 pico = 0, cost = 0;
};

// What one row is made of.
struct Charge {
  const Frame& frame;
  const Sum& sum;
  const Line& line;
  Vendor vendor;
  std::optional<ListPrice> list = {};         // none: the list price is what was paid
  std::string_view method = {}, source = {};  // of a part of shared cost: by which key it was split, whose it was
  std::string_view dimension(std::string_view name) const;  // "" where it was not asked for
  bool attributed() const;                                  // a row without agent and without team belongs to nobody
};

struct ExportColumn {
  std::string_view name;
  std::string (*value)(const Charge&);
  bool text = true;                  // may hold what users wrote; else a number
  std::string_view parquet() const;  // "time" "count" "decimal" "text"
};
// The columns of a version of FOCUS: "1.2"; empty for one that is not known.
const std::vector<ExportColumn>& focus_columns(std::string_view version);
// Of the plain table; columns of what was asked for come behind.
const std::vector<ExportColumn>& plain_columns();

// RFC 4180; a text that a spreadsheet would take for a formula gets a ' in front.
void append_header(std::string& out, const std::vector<ExportColumn>& columns, const std::vector<std::string>& more);
void append_row(std::string& out, const std::vector<ExportColumn>& columns, const Charge& charge, bool with_asked,
                bool for_spreadsheets = true);

}  // namespace pawl::costs
