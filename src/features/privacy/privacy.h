// What is hidden in telemetry before it is stored, by each project's rules; and seeing what was sealed, by role and
// with an audit record each time (security.md).
#pragma once
#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/log.h"
#include "guard/rules.h"
#include "net/pool.h"
#include "net/router.h"
#include "records/projects/projects.h"
#include "records/sealed/sealed.h"
#include "records/traces/traces.h"
#include "store/warehouse/warehouse.h"

namespace pawl::privacy {

using projects::ProjectId;

struct Options {
  std::function<std::string()> progress;  // of the start, while the warehouse is not open
};

// How a body is written.
enum class Form : std::uint8_t { text, json, otlp, multipart };

class Privacy {
 public:
  Privacy(net::Pool& pool, ledger::Ledger& ledger, projects::Projects& projects, sealed::Sealed& sealed,
          const Clock& clock, const Log& log, Options options);
  ~Privacy();
  Privacy(const Privacy&) = delete;
  Privacy& operator=(const Privacy&) = delete;

  // Before the first request, once: compiles the rules that a project has from the start, beside the work of the start.
  // Who masks sooner waits for them.
  void prepare();
  // Hides what the project wants hidden, in place and of the same length. `unavailable` where an original could not be
  // sealed: then the body must not be kept, and is sent again. Any thread; blocks on the ledger where blocks() says so.
  struct Done {
    std::uint32_t epoch = 0;
    std::size_t hidden = 0;
  };
  Result<Done> mask(ProjectId project, Form form, guard::Signal signal, std::string& body);
  bool blocks(ProjectId project);
  // The same of what is said about runs (scores, comments): stars alone, nothing is kept sealed.
  void hide(ProjectId project, Form form, std::string& text);
  // Patterns that a project brought, for what leaves the house (guard::redact).
  std::vector<guard::OwnPattern> patterns(ProjectId project);

  void add_routes(net::Router& router);
  void open(warehouse::Warehouse& warehouse);
  void close();
  // Before traces are taken back: what is sealed of them and stands nowhere else in the project goes. `going`: traces
  // that go too, and keep nothing. Gives those that have spans still, which are to be taken back now. Blocks. An error:
  // nothing was removed, and the traces must stay.
  Result<std::vector<Id128>> forget(ProjectId project, const std::vector<Id128>& all, const std::vector<Id128>& going);
  void write_metrics(std::string& out) const;

  struct Inside;

 private:
  std::unique_ptr<Inside> inside_;
};

}  // namespace pawl::privacy
