// Reading telemetry for other vendors' clients: pages by number over lists by cursor, content as it was sent.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "inside.h"

namespace pawl::sdks {

// A filter in Pawl's own language, made of bound words.
class FilterText {
 public:
  // `name` op "value", the value quoted; nothing where it is empty.
  FilterText& with(std::string_view name, std::string_view value, std::string_view op = "=");
  FilterText& add(std::string_view term);  // of ours: "is:root"
  const std::string& text() const { return text_; }
  Result<query::Filter> filter() const;

 private:
  std::string text_;
};

struct ItemKey {  // of a list at the grain of spans, traces or sessions
  Id128 trace, span;
  std::string session;
};
struct ItemsPage {
  std::vector<ItemKey> keys;
  std::string cursor;  // of the page after it, "" where there is none
};
struct ItemsAsked {
  query::Grain grain = query::Grain::trace;
  std::string filter;
  query::Range range;  // by default all time
  std::string order = "-start";
};
// A range of all that there is, or what from and to narrow it to.
query::Range range_between(Nanos from, Nanos to, Nanos now);
// One page after a cursor.
Result<ItemsPage> page_after(Sdks::Inside& inside, warehouse::Warehouse& store, ProjectId project,
                             const ItemsAsked& asked, std::string cursor, std::uint64_t limit);
// The page of this number: from the cursor that the page before it left, else counted through from the first.
Result<ItemsPage> page_at(Sdks::Inside& inside, warehouse::Warehouse& store, ProjectId project, const ItemsAsked& asked,
                          const Paging& paging);
Result<std::uint64_t> count_of(Sdks::Inside& inside, warehouse::Warehouse& store, ProjectId project,
                               const ItemsAsked& asked);

// The span of this id, as its client wrote it, with its content; no span where there is none.
Result<traces::Loaded> load_span(warehouse::Warehouse& store, ProjectId project, std::string_view id);
// The spans of these traces with their content, or without.
Result<traces::Loaded> load_traces(warehouse::Warehouse& store, ProjectId project, const std::vector<Id128>& keys,
                                   bool content);

// What a span was given and gave, as one JSON value: the bytes as sent where they are one, else its messages.
// "null" where there is nothing.
std::string input_of(const traces::Loaded& loaded, const traces::SpanRow& row);
std::string output_of(const traces::Loaded& loaded, const traces::SpanRow& row);

std::string_view attribute(const traces::SpanRow& row, std::string_view name);  // "" where it is not there
// {"a":…} of the attributes behind this prefix; values that are JSON objects, lists, numbers stay what they are.
void write_attributes(JsonWriter& json, const traces::SpanRow& row, std::string_view prefix);
double dollars(const traces::SpanRow& row);
double seconds(Nanos duration);

}  // namespace pawl::sdks
