// A case of a dataset.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"

namespace pawl::datasets {

// Texts called JSON hold one JSON value, or "" where there is none.
struct Item {
  std::string id, dataset;                // ids, each its own within the project
  bool archived = false;                  // retired: not run any more, never removed
  std::string input, expected, metadata;  // JSON
  std::string source_trace, source_span;
  std::vector<std::string> splits;
  std::int64_t version = 0;        // of the dataset, that brought this
  Nanos created = 0, changed = 0;  // first written; this version written
  std::string name = {};           // the case's id within its dataset; "": `id` is
  std::string trajectory = {};     // JSON: the calls that are expected, [{name, arguments}]
  std::string criteria = {};       // JSON: what a good outcome is
  std::vector<std::string> tags = {};
  std::string cluster = {}, owner = {};  // its family; who looks after it

  const std::string& case_id() const { return name.empty() ? id : name; }
};

}  // namespace pawl::datasets
