// Incidents in the ledger: a group of alerts with an owner, a status, a timeline that is only ever added to, links and
// the cases that it gave. Whoever changes something says so in the same change of the ledger.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "store/ledger/ledger.h"

namespace pawl::incidents {

using ProjectId = std::uint32_t;

struct Incident {           // times are 0 where there is none
  std::string id;           // "inc_…"
  std::int64_t number = 0;  // 1, 2, … within the project
  std::string title;
  std::string severity = "major";  // severities()
  std::string status = "open";     // statuses()
  std::string owner;               // who looks after it, "" nobody
  std::string agent, filter;       // which spans it is about: an agent ("": all), further terms
  std::string runbook;             // name of a template, "" none
  std::string group;               // whose firings join it: "agent:NAME", "folder:NAME", "rule:ID", "" none
  std::string opened_by;           // "pawl": a rule did
  Nanos began = 0, opened = 0, mitigated = 0, resolved = 0;
  std::int64_t alerts = 0, firing = 0, traces = 0, cases = 0;  // on reading

  Nanos end(Nanos now) const;  // of its window: resolved, else mitigated, else now
  std::string called() const;  // "INC-7"
};

struct Entry {  // of the timeline
  std::int64_t number = 0;
  Nanos at = 0, written = 0;
  std::string actor;
  std::string kind;  // opened firing resolved note status severity owner title agent filter runbook began trace session
                     // case step
  std::string text;
  std::string data = "{}";  // JSON
};

struct Alert {  // a firing that belongs to it
  std::string event, rule, name;
  std::string split = "{}";                  // JSON
  std::string severity, sentence, evidence;  // evidence: JSON or ""
  Nanos fired = 0, resolved = 0;
};
struct Link {
  std::string kind, id, note, actor;  // kind: "trace" "session"
  Nanos at = 0;
};
struct Case {
  std::string dataset, id, trace, actor;
  Nanos at = 0;
};

// A firing as alerts tell of it.
struct Heard {
  Alert alert;
  Nanos since = 0;            // when it began to be bad
  std::string agent, folder;  // of the instance and its rule
  std::string terms;          // what the instance is split by, as a filter
  std::string measure;
  std::string opens;        // severity of the incident that it opens, "" where it opens none
  Nanos window = 4 * hour;  // it joins one whose newest firing is not older
  bool release = false;     // a new version came shortly before
  bool passed = false;      // it was over before anybody looked: an incident of it stands at its own time
};

std::span<const ledger::Migration> migrations();
std::span<const std::string_view> severities();  // critical major minor
std::span<const std::string_view> statuses();    // open mitigated resolved
// Which template fits a firing of this measure; "" where none does.
std::string_view runbook_for(std::string_view measure, bool release);

std::string group_of(const Heard& heard);  // Incident::group
// It joins the unresolved incident of its agent, else folder, else rule; or opens one where it is to; else nothing.
// What was mitigated is open again.
Result<> hear_firing(ledger::Transaction& change, ProjectId project, const Heard& heard, Nanos now);
// The end of an instance's firing, wherever it belongs. What is open and has nothing that fires is mitigated.
Result<> hear_resolved(ledger::Transaction& change, ProjectId project, std::string_view rule, std::string_view split,
                       Nanos at, Nanos now);

// Gives it its number and the first entry of its timeline; it is opened now unless it says when.
Result<> open(ledger::Transaction& change, ProjectId project, Incident incident, std::string_view actor, Nanos now);
struct Change {  // what is to be different
  std::optional<std::string> title, severity, status, owner, agent, filter, runbook;
  std::optional<Nanos> began;
  std::string why;
};
// An entry for each thing that differs. `invalid` names what is no severity or status.
Result<> change(ledger::Transaction& change, ProjectId project, const Incident& before, const Change& wanted,
                std::string_view actor, Nanos now);
Result<> append(ledger::Transaction& change, ProjectId project, std::string_view incident, const Entry& entry);
// What is there already stays as it is.
Result<> add_alert(ledger::Transaction& change, ProjectId project, std::string_view incident, const Alert& alert,
                   std::string_view actor, Nanos now);
Result<> add_link(ledger::Transaction& change, ProjectId project, std::string_view incident, const Link& link);
Result<> add_case(ledger::Transaction& change, ProjectId project, std::string_view incident, const Case& one);

// By id, or by number as "7" and "INC-7". `not_found`.
Result<Incident> find(ledger::Ledger& ledger, ProjectId project, std::string_view id);
struct Wanted {
  std::string status;  // "" all, "active": not resolved
  std::string agent;
  Nanos from = 0, to = 0;  // not resolved at some time in it; 0: whenever
  std::int64_t limit = 50, offset = 0;
};
struct Listed {
  std::vector<Incident> rows;
  std::int64_t total = 0;
};
Result<Listed> list(ledger::Ledger& ledger, ProjectId project, const Wanted& wanted);  // the newest first
// Those that were not resolved at some time in [from, to), in the order in which they began.
Result<std::vector<Incident>> between(ledger::Ledger& ledger, ProjectId project, Nanos from, Nanos to);
Result<std::vector<Entry>> entries(ledger::Ledger& ledger, ProjectId project, std::string_view incident);
Result<std::vector<Alert>> alerts(ledger::Ledger& ledger, ProjectId project, std::string_view incident);
Result<std::vector<Link>> links(ledger::Ledger& ledger, ProjectId project, std::string_view incident);
Result<std::vector<Case>> cases(ledger::Ledger& ledger, ProjectId project, std::string_view incident);

}  // namespace pawl::incidents
