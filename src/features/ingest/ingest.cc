// accept(): the straight function from a request to its acknowledgement.
#include "ingest.h"

#include <future>

#include "base/json.h"
#include "base/text.h"
#include "books.h"
#include "net/errors.h"
#include "net/latch.h"
#include "net/pages.h"
#include "quarantine_api.h"
#include "records/projects/projects.h"
#include "repeats.h"
#include "roll_up.h"
#include "vendors.h"
#include "wire/compress.h"
#include "wire/google_logs.h"
#include "wire/otlp.h"
#include "writer.h"

namespace pawl::ingest {
namespace {

using otlp::Encoding;
using otlp::Signal;

constexpr std::size_t inline_bytes = 64U << 10;  // smaller bodies are undone and checked on the I/O thread

struct Path {
  std::string_view path;
  Signal signal;
};
constexpr Path paths[] = {{"/v1/traces", Signal::traces},
                          {"/v1/logs", Signal::logs},
                          {"/v1/metrics", Signal::metrics},
                          {"/api/public/otel/v1/traces", Signal::traces},
                          {"/api/public/otel/v1/logs", Signal::logs},
                          {"/api/public/otel/v1/metrics", Signal::metrics},
                          {"/langsmith/otel/v1/traces", Signal::traces},
                          {"/otel/v1/traces", Signal::traces}};
constexpr Path methods[] = {{"/opentelemetry.proto.collector.trace.v1.TraceService/Export", Signal::traces},
                            {"/opentelemetry.proto.collector.logs.v1.LogsService/Export", Signal::logs},
                            {"/opentelemetry.proto.collector.metrics.v1.MetricsService/Export", Signal::metrics}};

std::optional<Encoding> encoding_of(std::string_view content_type) {
  if (content_type == "application/x-protobuf" || content_type == "application/protobuf") return Encoding::protobuf;
  if (content_type == "application/json") return Encoding::json;
  return std::nullopt;
}

struct Decoded {
  std::string body;
  otlp::Counts counts;
  Masked masked;
};

// The status that a refusal is answered with: what is too large is 413 here, where others say 429.
int status_of(const Error& error) {
  return error.kind == ErrorKind::exhausted ? 413 : net::rule_of(error.kind).http;
}

Result<Decoded> decode(std::string body, std::string_view content_encoding, Signal signal, Encoding encoding,
                       std::size_t limit) {
  if (!content_encoding.empty() && content_encoding != "identity") {
    body = TRY(decompress(content_encoding, body, limit));
  }
  Decoded decoded{std::move(body), {}, {}};
  decoded.counts = TRY(otlp::check(decoded.body, signal, encoding, {}));
  return decoded;
}

}  // namespace

struct Ingest::Inside {
  journal::Journal& journal;
  net::Pool& pool;
  const Clock& clock;
  const Log& log;
  Bookkeeper books;
  Quarantine quarantine;
  Writer writer;
  QuarantineApi quarantine_api;
  RepeatCheck repeats;
  RollUp roll_up;
  std::atomic<std::uint64_t> requests = 0, secrets = 0;
  decltype(Options::mask) mask;
  decltype(Options::mask_blocks) mask_blocks;
  decltype(Options::books_beside) books_beside;
  decltype(Options::push_project) push_project;
  std::size_t body_limit = 64U << 20;
  Vendors vendors;

  Inside(journal::Journal& journal_, ledger::Ledger& ledger, net::Pool& pool_, const Clock& clock_, const Log& log_,
         Options options)
      : journal(journal_),
        pool(pool_),
        clock(clock_),
        log(log_),
        quarantine(ledger),
        writer(journal_, books, quarantine, clock_, log_,
               {.body_key = std::move(options.body_key),
                .pricer = std::move(options.pricer),
                .most_queued_bytes = options.most_queued_bytes,
                .taps = std::move(options.taps),
                .runs = options.runs}),
        quarantine_api(quarantine, ledger, writer, pool_, clock_, log_,
                       [this](Item item) { return append_and_wait(std::move(item)); }),
        repeats(writer, quarantine, log_),
        roll_up(writer, options.rollups, log_),
        mask(std::move(options.mask)),
        mask_blocks(std::move(options.mask_blocks)),
        books_beside(std::move(options.books_beside)),
        push_project(std::move(options.push_project)),
        vendors({.pool = pool,
                 .clock = clock,
                 .books = books,
                 .writer = writer,
                 .requests = requests,
                 .secrets = secrets,
                 .append = [this](Item item, journal::Done done) { append(std::move(item), std::move(done)); },
                 .mask = mask,
                 .keep_others = std::move(options.keep_others),
                 .body_limit = body_limit}) {}

  void refuse(const net::Request& request, traces::ProjectId project, const Error& error, int status) {
    books.refused(project, 1, {clock.now(), request.path, status, error.what});
  }

  // Steps 2 to 7 of a span's life. The result is what was refused inside, with the first reason.
  Task<Result<otlp::Counts>> accept(net::Request& request, Signal signal, Encoding encoding) {
    const auto project = projects::access_of(request).project;
    ++requests;
    if (!writer.has_room(request.body.size())) {
      Error error{ErrorKind::unavailable,
                  "Pawl is behind: too much is acknowledged and not yet stored; send it again in a second."};
      refuse(request, project, error, status_of(error));
      co_return std::unexpected(std::move(error));
    }
    Result<Decoded> decoded;
    auto read = [&]() -> Result<Decoded> {
      auto out = TRY(decode(std::move(request.body), request.content_encoding, signal, encoding, body_limit));
      if (mask)
        out.masked = TRY(mask(project, signal, encoding == Encoding::json ? BodyForm::json : BodyForm::otlp, out.body));
      return out;
    };
    if (request.body.size() <= inline_bytes && !(mask_blocks && mask_blocks(project))) {
      decoded = read();
    } else {
      decoded = co_await net::on_pool(pool, request.cancel, read);
    }
    if (!decoded) {
      refuse(request, project, decoded.error(), status_of(decoded.error()));
      co_return std::unexpected(std::move(decoded.error()));
    }
    const otlp::Counts& counts = decoded->counts;
    secrets += decoded->masked.secrets;
    if (counts.refused > 0 && counts.records > 0)
      books.note(project, {clock.now(), request.path, 200, counts.first_reason});
    if (counts.records == 0) {
      if (counts.refused > 0)
        books.refused(project, counts.refused, {clock.now(), request.path, 200, counts.first_reason});
      co_return counts;
    }
    co_return co_await keep(project, signal, encoding, std::move(*decoded));
  }

  // Metric points are in no books.
  Item item_of(traces::ProjectId project, Signal signal, Encoding encoding, Decoded decoded) const {
    const bool in_books = signal != Signal::metrics;
    return {.at = {},
            .project = project,
            .received = clock.now(),
            .signal = signal,
            .encoding = encoding,
            .units = static_cast<std::uint32_t>(in_books ? decoded.counts.records : 0),
            .refused = static_cast<std::uint32_t>(in_books ? decoded.counts.refused : 0),
            .epoch = decoded.masked.epoch,
            .body = std::make_shared<const std::string>(std::move(decoded.body))};
  }

  // Step 7: journals an item, and hands it to the writer once it is synced. `done` is told on the journal's thread.
  void append(Item item, journal::Done done) {
    const journal::Record record{.project = item.project,
                                 .signal = kind_of(item),
                                 .content = static_cast<std::uint8_t>(item.encoding),
                                 .copied = item.key != 0 || item.form == llm::RunForm::kept,
                                 .epoch = item.epoch,
                                 .received = item.received,
                                 .key = item.key,
                                 .units = item.units,
                                 .refused = item.refused,
                                 .body = *item.body};
    journal.append(record,
                   [this, item = std::move(item), done = std::move(done)](Result<journal::Position> at) mutable {
                     if (at) {
                       item.at = *at;
                       if (item.key == 0) {
                         books.accepted(item.project, item.units, item.refused);
                       } else {
                         books.sent_again(item.project, item.units, item.units);
                       }
                       writer.push(std::move(item));
                     } else if (item.key == 0) {
                       books.refused(item.project, item.units + item.refused,
                                     {clock.now(), "", net::rule_of(at.error().kind).http, at.error().what});
                     }
                     done(std::move(at));
                   });
  }

  Result<journal::Position> append_and_wait(Item item) {
    std::promise<Result<journal::Position>> done;
    append(std::move(item), [&](Result<journal::Position> at) { done.set_value(std::move(at)); });
    return done.get_future().get();
  }

  // What is open in segments that are to go stands again behind them. False where it could not be written.
  bool carry_forward(std::uint64_t through_segment) {
    auto kept = writer.carry(through_segment);
    if (!kept) return false;
    for (auto& [project, body] : *kept) {
      const auto at = append_and_wait({.at = {},
                                       .project = project,
                                       .received = clock.now(),
                                       .encoding = Encoding::json,
                                       .form = llm::RunForm::kept,
                                       .body = std::make_shared<const std::string>(std::move(body))});
      if (!at) {
        log.warn("open runs could not be carried forward; the segments stay", {{"why", at.error().what}});
        return false;
      }
    }
    return true;
  }

  Task<Result<otlp::Counts>> keep(traces::ProjectId project, Signal signal, Encoding encoding, Decoded decoded) {
    const auto counts = decoded.counts;
    const net::Latch synced;
    std::optional<Error> failed;
    append(item_of(project, signal, encoding, std::move(decoded)), [&, synced](Result<journal::Position> at) {
      if (!at) failed = std::move(at.error());
      synced.open();
    });
    co_await synced.wait();
    if (failed) co_return std::unexpected(std::move(*failed));
    co_return counts;
  }

  Task<Result<net::Response>> serve(net::Request& request, Signal signal) {
    const auto encoding = encoding_of(request.content_type);
    if (!encoding) {
      const Error error{ErrorKind::invalid,
                        fmt::format("Content-Type '{}' is no OTLP. Send application/x-protobuf or application/json.",
                                    request.content_type)};
      refuse(request, projects::access_of(request).project, error, 415);
      co_return answer(Encoding::json, otlp::status_body(Encoding::json, 3, error.what), 415);
    }
    const auto counts = co_await accept(request, signal, *encoding);
    if (counts)
      co_return answer(*encoding, otlp::success_body(signal, *encoding, counts->refused, counts->first_reason), 200);
    const auto& rule = net::rule_of(counts.error().kind);
    auto response =
        answer(*encoding, otlp::status_body(*encoding, rule.grpc, counts.error().what), status_of(counts.error()));
    if (rule.retry) net::set_retry_after(response, second);
    co_return response;
  }

  // An entry of Cloud Logging is a log record like any other. Pub/Sub sends again what is not answered with 2xx.
  Task<Result<net::Response>> serve_push(net::Request& request) {
    const auto project = CO_TRY(co_await push_project(request));
    request.who = projects::Access{.project = project, .may = {.ingest = true}};
    Result<std::string> record = std::move(request.body);
    if (!request.content_encoding.empty() && request.content_encoding != "identity")
      record = decompress(request.content_encoding, *record, body_limit);
    if (record) record = otlp_of_google_push(*record);
    if (!record) {
      refuse(request, project, record.error(), status_of(record.error()));
      co_return std::unexpected(std::move(record.error()));
    }
    request.body = std::move(*record);
    request.content_encoding = {};
    CO_TRY(co_await accept(request, Signal::logs, Encoding::json));
    co_return net::Response::json("{}");
  }

  // Turned away before it came here (403, 413, 408, 503 …): in the books where it is known whose it was.
  void count_turned_away(const net::Request& request, const net::Response& response) {
    if (const auto* access = std::any_cast<projects::Access>(&request.who))
      books.refused(access->project, 1, {clock.now(), request.path, response.status, response.message});
  }

  // … and said as OTLP says it.
  void turned_away(const net::Request& request, net::Response& response) {
    const auto encoding = encoding_of(request.content_type).value_or(Encoding::json);
    auto said = answer(encoding, otlp::status_body(encoding, net::grpc_code_of_http(response.status), response.message),
                       response.status);
    response.body = std::move(said.body);
    response.headers.set("content-type", said.headers.get("content-type"));
    count_turned_away(request, response);
  }

  static net::Response answer(Encoding encoding, std::string body, int status) {
    return net::Response::bytes(encoding == Encoding::json ? "application/json" : "application/x-protobuf",
                                std::move(body), status);
  }

  Task<Result<std::string>> serve_grpc(net::Request& request, Signal signal) {
    const auto counts = co_await accept(request, signal, Encoding::protobuf);
    if (!counts) co_return std::unexpected(counts.error());
    co_return otlp::success_body(signal, Encoding::protobuf, counts->refused, counts->first_reason);
  }

  Result<net::Response> show_books(const net::Request& request) const {
    const auto project = projects::access_of(request).project;
    Books b = books.of(project);
    if (books_beside) {
      const auto beside = TRY(books_beside(project));
      b.received += beside.received, b.refused += beside.refused;
      b.duplicate += beside.duplicate, b.merged += beside.merged;
      b.stored += beside.received - beside.refused - beside.duplicate - beside.merged;
    }
    JsonWriter json;
    json.object().field("received", b.received).field("refused", b.refused).field("quarantined", b.quarantined);
    json.field("journal", b.journal)
        .field("stored", b.stored)
        .field("duplicate", b.duplicate)
        .field("merged", b.merged);
    json.key("last_refusals").array();
    for (const auto& refusal : books.last_refusals(project)) {
      json.object().field("at", format_time(refusal.at)).field("path", refusal.path).field("status", refusal.status);
      json.field("message", refusal.message).end();
    }
    return net::Response::json(json.end().end().take());
  }
};

Ingest::Ingest(journal::Journal& journal, ledger::Ledger& ledger, net::Pool& pool, const Clock& clock, const Log& log,
               Options options)
    : inside_(std::make_unique<Inside>(journal, ledger, pool, clock, log, std::move(options))) {}
Ingest::~Ingest() = default;

void Ingest::add_routes(net::Router& router) {
  for (const auto& path : paths) {
    router.add(
        {.method = "POST",
         .pattern = std::string(path.path),
         .permission = "ingest",
         .handler = [this, signal = path.signal](net::Request& request) { return inside_->serve(request, signal); },
         .shape_error = [this](const net::Request& request,
                               net::Response& response) { inside_->turned_away(request, response); },
         .summary = "OTLP/HTTP export, protobuf or JSON; identity, gzip, deflate or zstd",
         .accepts = "an OTLP Export request (opentelemetry-proto)",
         .answers = "an OTLP Export response, with partial_success where records were refused"});
  }
  for (const auto& method : methods) {
    router.add(net::GrpcMethod{
        .path = std::string(method.path),
        .permission = "ingest",
        .handler = [this,
                    signal = method.signal](net::Request& request) { return inside_->serve_grpc(request, signal); },
        .summary = "OTLP/gRPC export",
        .turned_away = [this](const net::Request& request,
                              const net::Response& response) { inside_->count_turned_away(request, response); }});
  }
  if (inside_->push_project) {
    router.add({.method = "POST",
                .pattern = "/ingest/gcp/pubsub",
                .permission = "public",  // the token is Google's: push_project reads it
                .handler = [this](net::Request& request) { return inside_->serve_push(request); },
                .body_bytes = 16U << 20,  // a push has at most 10 MB
                .summary = "Cloud Logging through a push subscription of Pub/Sub (docs/guides/connect/google-cloud.md)",
                .accepts = "{message:{data, …}, subscription}, or a LogEntry",
                .answers = "{}"});
  }
  router.add({.method = "GET",
              .pattern = "/api/v1/books",
              .permission = "read",
              .handler = [this](net::Request& request) -> Task<Result<net::Response>> {
                co_return co_await net::on_pool(inside_->pool, request.cancel,
                                                [this, &request] { return inside_->show_books(request); });
              },
              .summary = "What became of every record that reached this project",
              .answers = "{received, refused, quarantined, journal, stored, duplicate, merged, last_refusals}; "
                         "received is the sum of the others"});
  inside_->vendors.add_routes(router);
  inside_->quarantine_api.add_routes(router);
}

void Ingest::start(warehouse::Warehouse& warehouse) {
  inside_->writer.start(warehouse);
  inside_->repeats.start(warehouse);
  inside_->roll_up.start(warehouse);
}
bool Ingest::ready() const {
  return inside_->writer.recovered();
}
std::string Ingest::progress() const {
  return inside_->writer.progress();
}
bool Ingest::drain(Nanos most) {
  return inside_->writer.drain(most);
}
void Ingest::leave() {
  inside_->repeats.stop();
  inside_->roll_up.stop();
  inside_->writer.leave();
}
bool Ingest::stop(Nanos grace) {
  inside_->repeats.stop();
  inside_->roll_up.stop();
  return inside_->writer.stop(grace);
}

Stats Ingest::stats() const {
  const WriterStats w = inside_->writer.stats();
  return {inside_->requests, w.batches,      w.spans,  w.bodies,    w.corrections, w.failures,
          w.queued_bytes,    w.queued_items, w.oldest, w.runs.open, w.runs.runs,   w.runs.bytes};
}

Result<> Ingest::put(traces::ProjectId project, otlp::Signal signal, otlp::Encoding encoding, std::string body) {
  const auto counts = TRY(otlp::check(body, signal, encoding, {}));
  TRY(inside_->append_and_wait(inside_->item_of(project, signal, encoding, {std::move(body), counts, {}})));
  return {};
}

Result<std::uint64_t> Ingest::retry_quarantined(traces::ProjectId project, const std::vector<std::int64_t>& ids,
                                                const std::string& actor) {
  return inside_->quarantine_api.retry(project, ids, actor);
}

Result<std::uint64_t> Ingest::check_repeats(warehouse::Warehouse& warehouse) {
  return inside_->repeats.look(warehouse);
}

void Ingest::retire_segments() {
  if (!ready()) return;
  const auto due = inside_->journal.due();
  if (due.empty()) return;
  if (!inside_->carry_forward(due.back().number)) return;
  if (const auto gone = inside_->journal.retire(due.back().number); !gone) {
    inside_->log.warn("segments of the journal could not be removed", {{"why", gone.error().what}});
  }
}

void Ingest::revise(traces::ProjectId project, std::vector<Id128> traces,
                    std::function<bool(traces::SpanRow&)> change) {
  inside_->writer.revise(project, std::move(traces), std::move(change));
}

void Ingest::write_metrics(std::string& out) const {
  const Stats s = stats();
  auto add = [&](std::string_view name, std::string_view type, std::string_view help, auto value) {
    out += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n{0} {3}\n", name, help, type, value);
  };
  add("pawl_ingest_requests_total", "counter", "Requests of telemetry.", s.requests);
  add("pawl_ingest_batches_total", "counter", "Batches written to the warehouse.", s.batches);
  add("pawl_ingest_spans_total", "counter", "Span rows written.", s.spans);
  add("pawl_ingest_bodies_total", "counter", "Bodies written.", s.bodies);
  add("pawl_ingest_correction_rows_total", "counter", "Rows of correction pairs written.", s.corrections);
  add("pawl_ingest_insert_failures_total", "counter", "Inserts that the warehouse refused and that were tried again.",
      s.insert_failures);
  add("pawl_ingest_masked_secrets_total", "counter", "Secrets hidden before anything was written.",
      inside_->secrets.load());
  add("pawl_runs_open", "gauge", "Runs that came in pieces and have not ended.", s.open_runs);
  add("pawl_runs_known", "gauge", "Runs that came in pieces and still take patches.", s.known_runs);
  add("pawl_runs_known_bytes", "gauge", "What they hold.", s.known_run_bytes);
  add("pawl_rollups_behind_batches", "gauge", "Stored batches that are not in all roll-ups: queries read their rows.",
      inside_->roll_up.behind());
  add("pawl_ingest_queued_bytes", "gauge", "Acknowledged and not yet stored.", s.queued_bytes);
  const Nanos lag = s.oldest_received == 0 ? 0 : inside_->clock.now() - s.oldest_received;
  add("pawl_ingest_lag_seconds", "gauge", "Age of the oldest record that is not stored.",
      static_cast<double>(lag) / static_cast<double>(second));
  out += "# HELP pawl_records_total Records as received, by fate.\n# TYPE pawl_records_total counter\n";
  for (const auto& [project, b] : inside_->books.all()) {
    const std::pair<std::string_view, std::uint64_t> fates[] = {
        {"refused", b.refused}, {"quarantined", b.quarantined}, {"journal", b.journal},
        {"stored", b.stored},   {"duplicate", b.duplicate},     {"merged", b.merged}};
    for (const auto& [fate, count] : fates)
      out += fmt::format("pawl_records_total{{project=\"{}\",fate=\"{}\"}} {}\n", project, fate, count);
  }
}

}  // namespace pawl::ingest
