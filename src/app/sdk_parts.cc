// What clients of other platforms ask of this installation, and what goes when a trace is deleted.
#include <algorithm>

#include "base/ids.h"
#include "installation.h"
#include "records/traces/traces.h"

namespace pawl::app {

void Installation::Parts::make_sdks(const std::string& key) {
  sdks = std::make_unique<sdks::Sdks>(
      pool, sdks::Parts{*ledger, *projects, *scores, *prompts, *datasets, *blobs}, clock, log,
      sdks::Options{
          .version = PAWL_VERSION,
          .secret = sha256("uploads\n" + key),
          .local = local,
          .public_url = [this] { return config.get("public_url").empty() ? main_url : config.get("public_url"); },
          .progress = [this] { return progress(); },
          .erase = [this](projects::ProjectId project, const std::vector<Id128>& all,
                          const std::vector<Id128>& going) { return erase(project, all, going); }});
}

// Originals first: a trace that is gone does not say any more what was sealed of it.
Result<std::vector<Id128>> Installation::Parts::erase(projects::ProjectId project, const std::vector<Id128>& all,
                                                      const std::vector<Id128>& going) {
  const auto standing = TRY(privacy->forget(project, all, going));
  if (!standing.empty()) {
    ingest->revise(project, standing, [](traces::SpanRow& row) {
      row.sign = 0;
      return true;
    });
  }
  auto gone = all;
  std::erase_if(gone, [&](const Id128& one) { return std::ranges::find(standing, one) != standing.end(); });
  return gone;
}

}  // namespace pawl::app
