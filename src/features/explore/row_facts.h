// A row of `spans` in memory as the filter sees it, so that the live view passes what the list would list.
#pragma once
#include <string>
#include <vector>

#include "query/query.h"
#include "records/traces/traces.h"

namespace pawl::explore {

class RowFacts final : public query::SpanFacts {
 public:
  explicit RowFacts(const traces::SpanRow& row);
  std::vector<std::string_view> texts(std::string_view dimension) const override;
  std::optional<std::int64_t> number(std::string_view dimension) const override;
  std::string_view attribute(std::string_view key) const override;
  bool is_error() const override { return row_.is_error; }
  bool noise() const override { return row_.noise; }

 private:
  const traces::SpanRow& row_;
  std::string trace_id_, span_id_;  // as the client wrote them
};

}  // namespace pawl::explore
