// What the rooms of reports share.
#pragma once
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/json.h"
#include "base/rate.h"
#include "gather.h"
#include "reading/reading.h"

namespace pawl::reports {

struct Reports::Inside {
  net::Pool& pool;
  ledger::Ledger& ledger;
  const projects::Projects& projects;
  Random& random;
  const Clock& clock;
  const Log& log;
  Options options;
  std::atomic<warehouse::Warehouse*> warehouse = nullptr;
  std::mutex mutex;
  std::condition_variable ends;
  bool stopping = false;
  std::thread thread;
  Rate by_address{1, 60};              // of who opens links
  std::atomic<bool> printing = false;  // one PDF at a time: each takes a thread and a browser
};

struct Made {  // a report that was kept
  std::string id;
  Report report;
};
// Who is to have a report by mail, and how long a link in it is open to whoever has the mail; 0: no such link.
struct Recipients {
  std::vector<std::string> to;
  Nanos link_for = 0;
};
inline constexpr std::size_t most_recipients = 50;
inline constexpr Nanos shortest_link = hour, longest_link = 365 * day;
Result<Recipients> recipients_of(const Reports::Inside& inside, const std::vector<std::string>& to,
                                 std::string_view link_for);
Result<Nanos> link_time(std::string_view text);  // "30d"

struct Scheduled {  // what asked for a report; "": somebody did
  std::string name;
  bool late = false;  // made more than an hour after it was due
  Recipients mail;
};
// Makes a report and keeps it as it is now; with it, in one change, the mails that are to go out.
Result<Made> keep(Reports::Inside& inside, warehouse::Warehouse& store, ProjectId project, const Wish& wish,
                  const Scheduled& why);
// Makes what schedules of all projects are due for.
void run_due(Reports::Inside& inside, warehouse::Warehouse& store);

// Inside a change: puts a mail to each of them into the outbox.
Result<> write_mails(ledger::Transaction& change, Reports::Inside& inside, ProjectId project, const std::string& report,
                     const Recipients& recipients, const std::string& actor);
void send_mails(Reports::Inside& inside);  // what is due
struct Mailed {
  std::string report, to, state, error;
  std::int64_t attempts = 0;
  Nanos changed = 0;
};
// The newest first; of one report, or "" for all.
Result<std::vector<Mailed>> mails_of(Reports::Inside& inside, ProjectId project, const std::string& report);
void write_mail(JsonWriter& json, const Mailed& mail);

struct Link {
  std::string id, url;
  Nanos expires = 0;
};
// Inside a change. Its address is known only now: what is stored is a hash of it. `not_found` for no such report.
Result<Link> write_link(ledger::Transaction& change, Reports::Inside& inside, ProjectId project,
                        const std::string& report, Nanos time, const std::string& label, const std::string& actor);

std::string page_url(const Reports::Inside& inside);  // of the page, without a / at the end
// The answer with a report: format= of the request from the columns html, csv, json of the row.
Result<net::Response> in_format(const net::Request& request, const ledger::Rows& rows, std::size_t row);

void add_report_routes(net::Router& router, Reports::Inside& inside);
void add_schedule_routes(net::Router& router, Reports::Inside& inside);
void add_mail_routes(net::Router& router, Reports::Inside& inside);
void add_link_routes(net::Router& router, Reports::Inside& inside);

Result<Zone> zone_named(std::string_view name);
Result<std::string> kind_named(std::string kind);  // "": weekly
Result<Period> period_of(std::string_view name);   // "": week

}  // namespace pawl::reports
