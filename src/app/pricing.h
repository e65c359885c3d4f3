// Prices in the program: the built-in list with the project's own in front, for the writer and for explanations.
#pragma once
#include <mutex>
#include <string>

#include "llm/prices.h"
#include "records/traces/traces.h"

namespace pawl::app {

class Pricing {
 public:
  // `own` is the path of a price file, or "". `invalid` with the place of the mistake in it.
  static Result<std::unique_ptr<Pricing>> load(const std::string& own);
  Pricing(llm::PriceList list, llm::PriceList public_list)
      : list_(list), public_(std::move(public_list)), writer_(list), reader_(list) {}

  // On the writer's thread alone.
  void price(traces::SpanRow& row, const llm::Reading& reading);
  // Any thread. Whether the row's cost changed.
  bool reprice(traces::SpanRow& row);
  std::string explain(const traces::SpanRow& row);  // JSON, see explore::Options
  const llm::PriceList& list() const { return list_; }
  const llm::PriceList& public_list() const { return public_; }  // without the project's own

 private:
  bool price_tool(traces::SpanRow& row) const;
  llm::PriceList list_, public_;
  llm::Pricer writer_;
  std::mutex mutex_;  // of reader_
  llm::Pricer reader_;
};

}  // namespace pawl::app
