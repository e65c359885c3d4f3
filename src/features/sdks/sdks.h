// What the clients of Langfuse and LangSmith ask beside sending telemetry: projects, scores, prompts, datasets,
// experiments, media, and reads of what was sent (docs/guides/connect/langfuse.md, langsmith.md).
#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "base/log.h"
#include "net/pool.h"
#include "net/router.h"
#include "records/datasets/datasets.h"
#include "records/projects/projects.h"
#include "records/prompts/prompts.h"
#include "records/scores/scores.h"
#include "records/traces/traces.h"
#include "store/blobs/blobs.h"
#include "store/ledger/ledger.h"
#include "store/warehouse/warehouse.h"

namespace pawl::sdks {

struct Parts {  // what it works with; all outlive it
  ledger::Ledger& ledger;
  projects::Projects& projects;
  scores::Scores& scores;
  prompts::Prompts& prompts;
  datasets::Datasets& datasets;
  blobs::Blobs& blobs;
};

struct Options {
  std::string version;
  std::string secret;  // the installation's: signs upload addresses
  bool local = true;
  std::function<std::string()> public_url;
  std::function<std::string()> progress;  // why queries are not answered yet
  // Takes these traces back, with what is sealed of them alone: `going` are all that are to go. Gives those of which
  // nothing stands any more; the others are asked for again a little later. Blocks.
  std::function<Result<std::vector<Id128>>(projects::ProjectId, const std::vector<Id128>& traces,
                                           const std::vector<Id128>& going)>
      erase;
};

// One item tried in an experiment, as its span says.
struct SeenItem {
  projects::ProjectId project = 0;
  datasets::Experiment experiment;
  datasets::RunItem item;
};

// What a vendor's batch holds beside runs: "score-create", "feedback", "attachment", "dataset-run-item-create".
struct Beside {
  std::string_view type, id, json;      // json: its object; of an attachment its bytes
  std::string_view name, content_type;  // of an attachment, `id` is its run
  Nanos at = 0;
};

// The ledger's tables of sdks: media, deletions.
std::span<const ledger::Migration> migrations();

class Sdks {
 public:
  Sdks(net::Pool& pool, Parts parts, const Clock& clock, const Log& log, Options options);
  ~Sdks();
  Sdks(const Sdks&) = delete;
  Sdks& operator=(const Sdks&) = delete;

  void add_routes(net::Router& router);
  // From now on traces can be read; a thread writes down what the tap saw, and carries out deletions that are due.
  void open(warehouse::Warehouse& warehouse);
  void close();  // waits for that thread
  // Keeps them, durably: for each "" or why it is refused. An error: nothing could be kept now. Blocks.
  Result<std::vector<std::string>> keep(const projects::Access& access, const std::vector<Beside>& others);
  // The tap of experiments; on the writer's thread.
  void committed(const traces::Batch& batch);

  struct Inside;

 private:
  std::unique_ptr<Inside> inside_;
};

}  // namespace pawl::sdks
