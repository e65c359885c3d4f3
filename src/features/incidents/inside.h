// What the rooms of incidents share.
#pragma once
#include <atomic>

#include "base/json.h"
#include "incidents.h"

namespace pawl::incidents {

struct Incidents::Inside {
  net::Pool& pool;
  ledger::Ledger& ledger;
  const projects::Projects& projects;
  const datasets::Datasets& datasets;
  Random& random;
  const Clock& clock;
  Options options;
  std::atomic<warehouse::Warehouse*> warehouse = nullptr;
};

using Inside = Incidents::Inside;

struct Whole {  // an incident with all that belongs to it
  Incident incident;
  std::vector<Entry> entries;
  std::vector<Alert> alerts;
  std::vector<Link> links;
  std::vector<Case> cases;
};
Result<Whole> whole(Inside& inside, ProjectId project, const Incident& incident);

std::string where_of(const Incident& incident);  // the filter of all its spans
// From when it began until it was over, else now; five minutes at least.
query::Range window_of(const Incident& incident, Nanos now);
query::Range week_before(const query::Range& window);
std::string time_text(Nanos time);                                     // RFC 3339, whole seconds
void write_time(JsonWriter& json, std::string_view name, Nanos time);  // 0: null
void write_window(JsonWriter& json, std::string_view name, const query::Range& window);
// Where the page shows the traces of a filter in a time.
std::string traces_link(std::string_view filter, const query::Range& window);

// A question of the measure language, over some time; rows as the answer has them.
struct Asked {
  query::Statement statement;
  native::Rows rows;
};
Result<Asked> ask(Inside& inside, warehouse::Warehouse& store, ProjectId project, query::MeasureQuery question);
Result<query::Filter> filter_of(const std::string& text);

struct Figure {  // of what it did, in its window and in the same time a week before
  std::string name, measure, unit, link;
  std::optional<double> now, before;
};
Result<std::vector<Figure>> impact(Inside& inside, warehouse::Warehouse& store, ProjectId project,
                                   const Incident& incident);

// As Markdown (CommonMark with tables). Pure.
std::string post_mortem(const Whole& whole, const std::vector<Figure>& figures, const query::Range& window,
                        const std::string& base, Nanos now);

// Of the incident that the path names, for both kinds of routes; the warehouse is null where it is not needed.
using Work = Result<net::Response> (*)(Inside&, warehouse::Warehouse&, const net::Request&);
using LedgerWork = Result<net::Response> (*)(Inside&, const net::Request&);
Result<Incident> incident_of(Inside& inside, const net::Request& request);
// A change that somebody asks for, with its record in the audit table.
Result<> changed(Inside& inside, const net::Request& request, std::string_view action, const Incident& incident,
                 const std::function<Result<>(ledger::Transaction&, const std::string& actor, Nanos now)>& work);
std::string who(Inside& inside, const net::Request& request);  // for people: an address, else as the audit says
Result<net::Response> answer_whole(Inside& inside, const net::Request& request, const std::string& id, int status);
void write_entry(JsonWriter& json, const Entry& entry);
// An entry that somebody writes now; its answer.
Result<net::Response> add_entry(Inside& inside, const net::Request& request, const Incident& incident, Entry entry,
                                std::string_view action);

Result<net::Response> list(Inside& inside, const net::Request& request);
Result<net::Response> open_one(Inside& inside, const net::Request& request);
Result<net::Response> show(Inside& inside, const net::Request& request);
Result<net::Response> patch(Inside& inside, const net::Request& request);
Result<net::Response> add_note(Inside& inside, const net::Request& request);
Result<net::Response> add_alerts(Inside& inside, const net::Request& request);
Result<net::Response> add_a_link(Inside& inside, const net::Request& request);
Result<net::Response> add_a_case(Inside& inside, const net::Request& request);

Result<net::Response> show_impact(Inside& inside, warehouse::Warehouse& store, const net::Request& request);
Result<net::Response> show_post_mortem(Inside& inside, warehouse::Warehouse& store, const net::Request& request);
Result<net::Response> list_runbooks(Inside& inside, const net::Request& request);
Result<net::Response> show_runbook(Inside& inside, const net::Request& request);
Result<net::Response> run_step(Inside& inside, warehouse::Warehouse& store, const net::Request& request);
Result<net::Response> finish_step(Inside& inside, const net::Request& request);

}  // namespace pawl::incidents
