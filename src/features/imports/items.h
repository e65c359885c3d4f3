// What is sent of an export: a record in the words of a protocol that Pawl's server speaks, and the readers that make
// such records of rows. Pure: rows in, items out.
#pragma once
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "imports.h"
#include "rows.h"

namespace pawl::imports {

enum class Channel : std::uint8_t { langfuse, langsmith, feedback, otlp, thing };

// How a thing that is no telemetry (a prompt's version, a dataset, an item …) is sent: alone, and only where the server
// has none, or another that the source changed later.
struct Thing {
  std::string look;                    // GET: the one that the server has; "" where sending again changes nothing
  std::string path;                    // POST
  std::vector<std::string_view> same;  // members of the body and of the answer by which they are the same
  std::string_view beside = {};        // a list: what of it the server's lacks stays behind
  Nanos changed = 0;                   // at the source; what the server's is older than takes its place
  bool fixed = false;                  // another one in its place refuses it
  std::string file = {};               // media: its bytes
  std::string within = {};             // an item: the dataset that it is in …
  std::string list = {};               // … and GET that lists its items, but for the number of the page or offset
};

struct Item {
  Channel channel = Channel::langfuse;
  std::string kind;         // "trace" "observation" "score" "run" "feedback" "span" "prompt" "dataset" …
  std::string id;           // of the record, for reports
  std::string json;         // an event, a run, a feedback, an OTLP span, the body of a thing
  std::string trace, span;  // client's ids of the span that it becomes; "" for what becomes none
  Nanos at = 0;             // when that span starts; 0: not known
  std::string resource;     // otlp: the resource and the scope, each as one line of JSON; items of one text go together
  Thing thing = {};
};

// An export is read in passes, because its files come in any order: telemetry, prompts and datasets; what needs those;
// what needs that.
enum class Pass : std::uint8_t { first, items, run_items };
inline constexpr Pass passes[] = {Pass::first, Pass::items, Pass::run_items};

// What became of a row.
struct Mapped {
  std::vector<Item> items;
  std::vector<std::string> bad;    // records in it that cannot be carried: why
  std::vector<std::string> notes;  // what is left behind of records that are carried, by its sort
  std::uint64_t skipped = 0;       // deleted at the source, or of a project that is not asked for
  Pass pass = Pass::first;         // given: only what belongs to it is wanted
  unsigned later = 0;              // of the first pass: bits (1 << pass) of those that this row is needed in again

  bool is(Pass of) const { return pass == of; }
  void needed_in(Pass of) { later |= 1U << static_cast<unsigned>(of); }
};

// What a reader remembers of an export: names of projects, datasets and runs by their ids, never a record.
using Memory = std::map<std::string, std::string>;

// Makes items of rows. One reader for each vendor.
class Reader {
 public:
  Memory memory;

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

void add_thing(Mapped& out, std::string_view kind, std::string_view id, std::string body, Thing thing);
// Labels as Pawl takes them; what it does not take is noted.
std::vector<std::string> labels_of(std::string_view list, Mapped& out);

}  // namespace pawl::imports
