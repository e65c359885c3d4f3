// Figures of everything but ingest, which writes its own.
#include "metrics.h"

#include <fmt/format.h>
#include <sys/timex.h>

#include <algorithm>
#include <filesystem>

#include "net/certificate.h"

namespace pawl::app {
namespace {

std::size_t kind_of(const net::Served& served) {
  const auto path = served.pattern;
  if (served.request->is_grpc || path.ends_with("/v1/traces") || path.ends_with("/v1/logs") ||
      path.ends_with("/v1/metrics"))
    return 0;
  return path.starts_with("/api/") ? 1 : 2;
}

double seconds(Nanos time) {
  return static_cast<double>(time) / static_cast<double>(second);
}

}  // namespace

void write_metric(std::string& out, std::string_view name, std::string_view type, std::string_view help,
                  const std::vector<Sample>& samples) {
  out += fmt::format("# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help);
  for (const auto& [labels, value] : samples) {
    if (labels.empty())
      out += fmt::format("{} {}\n", name, value);
    else
      out += fmt::format("{}{{{}}} {}\n", name, labels, value);
  }
}

void write_metric(std::string& out, std::string_view name, std::string_view type, std::string_view help, double value) {
  write_metric(out, name, type, help, std::vector<Sample>{{"", value}});
}

void RequestCounts::count(const net::Served& served) {
  Kind& kind = all_[kind_of(served)];
  ++kind.classes[static_cast<std::size_t>(std::clamp(served.status / 100, 1, 5))];
  const double took = seconds(served.took);
  ++kind.took[static_cast<std::size_t>(std::ranges::lower_bound(bounds, took) - bounds.begin())];
  kind.time += served.took;
}

void RequestCounts::write(std::string& out) const {
  std::vector<Sample> answers;
  for (std::size_t k = 0; k < kinds.size(); ++k)
    for (std::size_t c = 2; c < all_[k].classes.size(); ++c)
      answers.push_back(
          {fmt::format("kind=\"{}\",class=\"{}xx\"", kinds[k], c), static_cast<double>(all_[k].classes[c].load())});
  write_metric(out, "pawl_http_answers_total", "counter", "Answers, by kind of request and class of status.", answers);
  out +=
      "# HELP pawl_http_request_seconds From the head of a request to its answer.\n"
      "# TYPE pawl_http_request_seconds histogram\n";
  for (std::size_t k = 0; k < kinds.size(); ++k) {
    std::uint64_t sum = 0;
    for (std::size_t b = 0; b <= bounds.size(); ++b) {
      sum += all_[k].took[b];
      out += fmt::format("pawl_http_request_seconds_bucket{{kind=\"{}\",le=\"{}\"}} {}\n", kinds[k],
                         b == bounds.size() ? "+Inf" : fmt::format("{}", bounds[b]), sum);
    }
    out += fmt::format(
        "pawl_http_request_seconds_sum{{kind=\"{0}\"}} {1}\n"
        "pawl_http_request_seconds_count{{kind=\"{0}\"}} {2}\n",
        kinds[k], seconds(all_[k].time), sum);
  }
}

void write_http(std::string& out, const net::ServerStats& s) {
  const auto add = [&](std::string_view name, std::string_view type, std::string_view help, std::uint64_t value) {
    write_metric(out, name, type, help, static_cast<double>(value));
  };
  add("pawl_http_requests_total", "counter", "Requests whose head was read.", s.requests);
  add("pawl_http_malformed_total", "counter", "Requests that were no HTTP, or broke a limit.", s.malformed);
  add("pawl_http_timeouts_total", "counter", "Peers that were too slow.", s.timeouts);
  add("pawl_http_over_budget_total", "counter", "Requests refused because too many bodies were in memory.",
      s.over_budget);
  add("pawl_http_connections_total", "counter", "Connections accepted.", s.connections);
  add("pawl_http_connections_refused_total", "counter", "Connections turned away: too many were open.",
      s.connections_refused);
  add("pawl_http_connections_open", "gauge", "Connections.", s.connections_open);
  add("pawl_http_inflight_body_bytes", "gauge", "Bodies of requests in memory.", s.body_bytes_inflight);
}

void write_journal(std::string& out, const journal::Stats& j) {
  const auto add = [&](std::string_view name, std::string_view type, std::string_view help, double value) {
    write_metric(out, name, type, help, value);
  };
  const auto number = [](std::uint64_t value) { return static_cast<double>(value); };
  add("pawl_journal_records_total", "counter", "Requests written and synced.", number(j.written_records));
  add("pawl_journal_bytes_total", "counter", "Bytes of them.", number(j.written_bytes));
  add("pawl_journal_syncs_total", "counter", "Syncs.", number(j.syncs));
  add("pawl_journal_sync_seconds_total", "counter", "Time in writing and syncing.", seconds(j.sync_time));
  add("pawl_journal_refused_total", "counter", "Requests that could not be kept.", number(j.refused));
  add("pawl_journal_segments", "gauge", "Segment files.", number(j.segments));
  add("pawl_journal_segment_bytes", "gauge", "Bytes of segment files.", number(j.segment_bytes));
  add("pawl_journal_queued_bytes", "gauge", "Waiting for a sync.", number(j.queued_bytes));
  add("pawl_journal_disk_full", "gauge", "1: there is no room, new data is refused.", j.full ? 1 : 0);
}

bool clock_is_synchronised() {
  timex state{};
  return ::adjtimex(&state) != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
}

void write_surroundings(std::string& out, const std::string& data, const std::optional<net::TlsFiles>& tls) {
  std::error_code error;
  const auto space = std::filesystem::space(data, error);
  if (!error) {
    write_metric(out, "pawl_disk_free_bytes", "gauge", "Room on the data directory's disk.",
                 static_cast<double>(space.available));
    write_metric(out, "pawl_disk_size_bytes", "gauge", "Size of that disk.", static_cast<double>(space.capacity));
  }
  write_metric(out, "pawl_clock_synchronised", "gauge", "1: the system keeps its clock right.",
               clock_is_synchronised() ? 1 : 0);
  if (!tls) return;
  if (const auto end = net::certificate_end(tls->certificate))
    write_metric(out, "pawl_certificate_end_seconds", "gauge", "End of the certificate, since 1970.", seconds(*end));
}

void write_warehouse(std::string& out, warehouse::Warehouse& warehouse) {
  const auto stats = warehouse.stats();
  write_metric(out, "pawl_queries_total", "counter", "Queries of the warehouse.",
               {{"outcome=\"answered\"", static_cast<double>(stats.reads)},
                {"outcome=\"failed\"", static_cast<double>(stats.failed)},
                {"outcome=\"late\"", static_cast<double>(stats.late)}});
  write_metric(out, "pawl_query_seconds_total", "counter", "Time of queries, waiting for a slot included.",
               seconds(stats.read_time));
  const auto ask = [&](std::string sql) { return warehouse.read({.sql = std::move(sql), .deadline = 2 * second}); };
  const auto tables = ask(
      "SELECT table, toInt64(sum(rows)), toInt64(sum(bytes_on_disk)), toInt64(count()) FROM system.parts WHERE active "
      "AND database = currentDatabase() GROUP BY table ORDER BY table");
  const auto engine = ask(
      "SELECT toInt64((SELECT max(parts) FROM (SELECT count() AS parts FROM system.parts WHERE active AND database = "
      "currentDatabase() GROUP BY table, partition_id))), toInt64((SELECT count() FROM system.merges)), "
      "toInt64((SELECT max(value) FROM system.metrics WHERE metric = 'MemoryTracking'))");
  write_metric(out, "pawl_warehouse_up", "gauge", "1: the warehouse answers.", tables && engine ? 1 : 0);
  if (!tables || !engine || engine->rows.size() != 1) return;
  const std::pair<std::string_view, std::string_view> columns[] = {{"pawl_warehouse_rows", "Rows."},
                                                                   {"pawl_warehouse_bytes", "Bytes on the disk."},
                                                                   {"pawl_warehouse_parts", "Parts."}};
  for (std::size_t column = 0; column < std::size(columns); ++column) {
    std::vector<Sample> samples;
    for (std::size_t row = 0; row < tables->rows.size(); ++row)
      samples.push_back({fmt::format("table=\"{}\"", tables->rows.text(0, row)),
                         static_cast<double>(tables->rows.integer(column + 1, row))});
    write_metric(out, columns[column].first, "gauge", columns[column].second, samples);
  }
  const auto number = [&](std::size_t column) { return static_cast<double>(engine->rows.integer(column, 0)); };
  write_metric(out, "pawl_warehouse_parts_most", "gauge", "Parts of the partition that has the most.", number(0));
  write_metric(out, "pawl_warehouse_merges", "gauge", "Merges that run.", number(1));
  write_metric(out, "pawl_warehouse_memory_bytes", "gauge", "Memory of the engine.", number(2));
}

}  // namespace pawl::app
