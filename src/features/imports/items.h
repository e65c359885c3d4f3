// What is sent of an export: a record in the words of a protocol that Pawl's server speaks, and the readers that make
// such records of rows. Pure: rows in, items out.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "imports.h"
#include "rows.h"

namespace pawl::imports {

enum class Channel : std::uint8_t { langfuse, langsmith, feedback, otlp };

struct Item {
  Channel channel = Channel::langfuse;
  std::string kind;         // "trace" "observation" "score" "run" "feedback" "span"
  std::string id;           // of the record, for reports
  std::string json;         // an event, a run, a feedback, an OTLP span
  std::string trace, span;  // client's ids of the span that it becomes; "" for what becomes none
  std::string resource;     // otlp: the resource and the scope, each as one line of JSON; items of one text go together
};

// What became of a row.
struct Mapped {
  std::vector<Item> items;
  std::vector<std::string> bad;    // records in it that cannot be carried: why
  std::vector<std::string> notes;  // what is left behind of records that are carried, by its sort
  std::uint64_t skipped = 0;       // deleted at the source, or of a project that is not asked for
};

// Makes items of rows. One reader for each vendor; it may remember little (a project's name), never a record.
class Reader {
 public:
  Reader() = default;
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  virtual ~Reader() = default;
  virtual void read(const Row& row, Mapped& out) = 0;
};
// `project`: only what is of this project of the source (its name or id); "" all of it.
std::unique_ptr<Reader> langfuse_reader(std::string project);
std::unique_ptr<Reader> langsmith_reader(std::string project);
std::unique_ptr<Reader> phoenix_reader(std::string project);
std::unique_ptr<Reader> mlflow_reader(std::string project);

}  // namespace pawl::imports
