// TraceQL as Grafana's Tempo data source writes it: one spanset filter, as a filter of Pawl's own on spans. Pure.
//
//   query   { } | { expression } [ | select(field, …) ]
//   expression  comparisons joined by && and ||, with ! and parentheses
//   comparison  field (= != =~ !~ > >= < <=) value;  value: "text" `text` 12 1.5 250ms error true nil
//   field   name status duration statusMessage, span.X resource.X .X, span:name … trace:id
// What else TraceQL can say (several spansets, structure, pipelines, metrics) is refused with a sentence.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "records/traces/traces.h"

namespace pawl::tempo {

// What attributes are called here: those of which Pawl has made a dimension.
struct Known {
  bool resource = false;
  std::string_view attribute, dimension;
  std::string traces::SpanRow::* column = nullptr;  // none: another spelling, or told in another way
};
std::span<const Known> known_attributes();
// "service" of resource.service.name; "attr.x", "attr.resource.x" of what is no dimension. `resource`: nullopt is
// either, which `attribute` of a resource alone is known for.
std::string dimension_of(std::optional<bool> resource, std::string_view attribute);

// "" lets everything pass. `invalid` with the place in bytes.
Result<std::string> filter_of_traceql(std::string_view text);
// tags= of a search: name=value pairs in logfmt, each contained in a value of a span.
Result<std::string> filter_of_tags(std::string_view text);

// A field of TraceQL, "resource.service.name" or "name", as a dimension whose values can be asked for; `invalid` else.
Result<std::string> dimension_of_field(std::string_view field);

}  // namespace pawl::tempo
