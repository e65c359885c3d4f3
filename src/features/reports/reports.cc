// The door; reports that are kept, and the thread that makes those that are due.
#include "reports.h"

#include <pthread.h>

#include "base/text.h"
#include "inside.h"
#include "records/audit/audit.h"

namespace pawl::reports {
namespace {

constexpr ledger::Migration steps[] = {{"reports", 1, R"sql(
CREATE TABLE reports (project INTEGER NOT NULL REFERENCES projects (id), id TEXT NOT NULL,
  kind TEXT NOT NULL, began INTEGER NOT NULL, ended INTEGER NOT NULL, timezone TEXT NOT NULL, made INTEGER NOT NULL,
  schedule TEXT NOT NULL, -- which one asked for it; empty: somebody did
  late INTEGER NOT NULL, html TEXT NOT NULL, csv TEXT NOT NULL, json TEXT NOT NULL, PRIMARY KEY (project, id)) STRICT;
CREATE TABLE report_schedules (project INTEGER NOT NULL REFERENCES projects (id), name TEXT NOT NULL,
  kind TEXT NOT NULL, timezone TEXT NOT NULL, weekday INTEGER NOT NULL, -- 0: Monday
  hour INTEGER NOT NULL, enabled INTEGER NOT NULL,
  done INTEGER NOT NULL, -- up to which time it was looked after
  trouble TEXT NOT NULL, -- why the last one could not be made
  changed INTEGER NOT NULL, actor TEXT NOT NULL, PRIMARY KEY (project, name)) STRICT;
)sql"},
                                       {"reports", 2, R"sql(
ALTER TABLE report_schedules ADD COLUMN recipients TEXT NOT NULL DEFAULT '';
ALTER TABLE report_schedules ADD COLUMN link_for INTEGER NOT NULL DEFAULT 0;
CREATE TABLE report_mails (project INTEGER NOT NULL, id TEXT NOT NULL, report TEXT NOT NULL, recipient TEXT NOT NULL,
  link TEXT NOT NULL, -- address of a link that goes with it, until it is sent
  state TEXT NOT NULL, -- waiting sent failed
  attempts INTEGER NOT NULL, due INTEGER NOT NULL, error TEXT NOT NULL, changed INTEGER NOT NULL,
  PRIMARY KEY (project, id), FOREIGN KEY (project, report) REFERENCES reports (project, id) ON DELETE CASCADE) STRICT;
CREATE INDEX report_mails_due ON report_mails (state, due);
CREATE TABLE report_links (project INTEGER NOT NULL, id TEXT NOT NULL, report TEXT NOT NULL,
  token TEXT NOT NULL UNIQUE, -- SHA-256 of it
  label TEXT NOT NULL, author TEXT NOT NULL, made INTEGER NOT NULL, expires INTEGER NOT NULL,
  revoked INTEGER NOT NULL, opened INTEGER NOT NULL, last_opened INTEGER NOT NULL, -- 0: never
  PRIMARY KEY (project, id), FOREIGN KEY (project, report) REFERENCES reports (project, id) ON DELETE CASCADE) STRICT;
)sql"},
                                       {"reports", 3, R"sql(
ALTER TABLE reports ADD COLUMN period TEXT NOT NULL DEFAULT 'week'; -- day week month
ALTER TABLE report_schedules ADD COLUMN period TEXT NOT NULL DEFAULT 'week';
)sql"}};

struct Due {
  ProjectId project = 0;
  std::string name;
  Wish wish;
  Recipients mail;
  Nanos at = 0;
};

// Notes what came of it: a report that fails is tried again at the next round, for a day.
Result<> run_one(Reports::Inside& inside, warehouse::Warehouse& store, const Due& due) {
  const Nanos now = inside.clock.now();
  if (now - due.at > day) {  // Pawl was down: too old to be news
    return inside.ledger.change([&](ledger::Transaction& t) -> Result<> {
      TRY(t.run("UPDATE report_schedules SET done = ?, trouble = ? WHERE project = ? AND name = ?",
                {due.at, std::string("Pawl did not run when it was due."), std::int64_t{due.project}, due.name}));
      return {};
    });
  }
  const auto made = keep(inside, store, due.project, due.wish, {due.name, now - due.at > hour, due.mail});
  const std::string trouble = made ? "" : made.error().what;
  return inside.ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run("UPDATE report_schedules SET done = ?, trouble = ? WHERE project = ? AND name = ?",
              {made ? due.at : due.at - 1, trouble, std::int64_t{due.project}, due.name}));
    return {};
  });
}

}  // namespace

std::span<const ledger::Migration> migrations() {
  return steps;
}

Result<Zone> zone_named(std::string_view name) {
  const auto zone = Zone::find(name);
  if (!zone) return fail(ErrorKind::invalid, "There is no time zone {}. Write it like Europe/Berlin.", name);
  return *zone;
}

Result<Made> keep(Reports::Inside& inside, warehouse::Warehouse& store, ProjectId project, const Wish& wish,
                  const Scheduled& why) {
  Made made{.id = fmt::format("rep_{:016x}", inside.random.next()),
            .report = TRY(gather(inside, store, project, wish))};
  const Report& report = made.report;
  TRY(inside.ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(
        t.run("INSERT INTO reports (project, id, kind, began, ended, timezone, made, schedule, late, html, csv, json, "
              "period) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
              {std::int64_t{project}, made.id, report.kind, report.range.from, report.range.to, report.timezone,
               report.made, why.name, std::int64_t{why.late}, as_html(report), as_csv(report), as_json(report),
               std::string(name_of(report.period))}));
    TRY(t.run(
        "DELETE FROM reports WHERE project = ? AND id NOT IN (SELECT id FROM reports WHERE project = ? ORDER BY made "
        "DESC LIMIT 500)",
        {std::int64_t{project}, std::int64_t{project}}));
    return write_mails(t, inside, project, made.id, why.mail, "schedule " + why.name);
  }));
  return made;
}

void run_due(Reports::Inside& inside, warehouse::Warehouse& store) {
  const auto rows = inside.ledger.read(
      "SELECT project, name, kind, timezone, weekday, hour, done, recipients, link_for, period FROM report_schedules "
      "WHERE "
      "enabled = 1",
      {});
  if (!rows) return inside.log.warn("schedules of reports cannot be read", {{"why", rows.error().what}});
  for (std::size_t i = 0; i < rows->size(); ++i) {
    const auto zone = Zone::find(rows->text(i, 3));
    if (!zone) continue;
    Due due{.project = static_cast<ProjectId>(rows->integer(i, 0)),
            .name = rows->text(i, 1),
            .wish = {},
            .mail = {},
            .at = 0};
    const Period period = period_named(rows->text(i, 9)).value_or(Period::week);
    due.at = last_due(*zone, {period, static_cast<int>(rows->integer(i, 4)), static_cast<int>(rows->integer(i, 5))},
                      inside.clock.now());
    if (due.at <= rows->integer(i, 6)) continue;
    due.mail.link_for = rows->integer(i, 8);
    for (const auto to : split(rows->text(i, 7), ','))
      if (!to.empty()) due.mail.to.emplace_back(to);
    due.wish = {.kind = rows->text(i, 2),
                .timezone = rows->text(i, 3),
                .period = period,
                .range = period_before(*zone, period, period_at(*zone, period, due.at))};
    if (const auto done = run_one(inside, store, due); !done)
      inside.log.warn("a report could not be kept", {{"schedule", due.name}, {"why", done.error().what}});
  }
}

Reports::Reports(net::Pool& pool, ledger::Ledger& ledger, const projects::Projects& projects, Random& random,
                 const Clock& clock, const Log& log, Options options)
    : inside_(new Inside{.pool = pool,
                         .ledger = ledger,
                         .projects = projects,
                         .random = random,
                         .clock = clock,
                         .log = log,
                         .options = std::move(options)}) {}
Reports::~Reports() {
  close();
}

void Reports::add_routes(net::Router& router) {
  add_report_routes(router, *inside_);
  add_schedule_routes(router, *inside_);
  add_mail_routes(router, *inside_);
  add_link_routes(router, *inside_);
}

void Reports::open(warehouse::Warehouse& warehouse) {
  inside_->warehouse = &warehouse;
  if (inside_->thread.joinable()) return;
  inside_->thread = std::thread([in = inside_.get()] {
    ::pthread_setname_np(::pthread_self(), "pawl-reports");
    for (;;) {
      {
        std::unique_lock lock(in->mutex);
        if (in->ends.wait_for(lock, std::chrono::seconds(2), [in] { return in->stopping; })) return;
      }
      if (auto* const store = in->warehouse.load()) run_due(*in, *store);
      send_mails(*in);
    }
  });
}

void Reports::close() {
  {
    const std::lock_guard lock(inside_->mutex);
    inside_->stopping = true;
  }
  inside_->ends.notify_all();
  if (inside_->thread.joinable()) inside_->thread.join();
  inside_->warehouse = nullptr;
}

}  // namespace pawl::reports
