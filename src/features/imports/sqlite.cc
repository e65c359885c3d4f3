// Statements for each version of a store's schema; the first that the store understands is asked.
// Source of the names: the migrations of Phoenix and of MLflow.
#include "sqlite.h"

#include <sqlite3.h>

#include <filesystem>
#include <span>

#include "base/json.h"

namespace pawl::imports {
namespace {

struct Ask {
  std::string_view table;
  std::vector<std::string_view> statements;  // newest schema first
  bool must = false;                         // without it the file is no store of this vendor
};

const std::vector<Ask>& phoenix_asks() {
  static const std::vector<Ask> asks = {
      {"spans",
       {"SELECT s.id AS row_id, s.span_id, s.parent_id, t.trace_id, p.name AS project, s.name, s.span_kind, "
        "s.start_time, "
        "s.end_time, s.attributes, s.events, s.status_code, s.status_message FROM spans s JOIN traces t ON t.id = "
        "s.trace_rowid JOIN projects p ON p.id = t.project_rowid ORDER BY s.trace_rowid, s.id"},
       true},
      {"span_annotations",
       {"SELECT a.id, a.identifier, a.name, a.label, a.score, a.explanation, a.metadata, a.annotator_kind, "
        "a.created_at, "
        "s.span_id, t.trace_id, p.name AS project FROM span_annotations a JOIN spans s ON s.id = a.span_rowid JOIN "
        "traces t "
        "ON t.id = s.trace_rowid JOIN projects p ON p.id = t.project_rowid ORDER BY a.id",
        "SELECT a.id, a.name, a.label, a.score, a.explanation, a.metadata, a.annotator_kind, a.created_at, "
        "s.span_id, t.trace_id, p.name AS project FROM span_annotations a JOIN spans s ON s.id = a.span_rowid JOIN "
        "traces t "
        "ON t.id = s.trace_rowid JOIN projects p ON p.id = t.project_rowid ORDER BY a.id"}},
      {"trace_annotations",
       {"SELECT a.id, a.identifier, a.name, a.label, a.score, a.explanation, a.metadata, a.annotator_kind, "
        "a.created_at, "
        "t.trace_id, p.name AS project FROM trace_annotations a JOIN traces t ON t.id = a.trace_rowid JOIN projects p "
        "ON "
        "p.id = t.project_rowid ORDER BY a.id",
        "SELECT a.id, a.name, a.label, a.score, a.explanation, a.metadata, a.annotator_kind, a.created_at, "
        "t.trace_id, p.name AS project FROM trace_annotations a JOIN traces t ON t.id = a.trace_rowid JOIN projects p "
        "ON "
        "p.id = t.project_rowid ORDER BY a.id"}},
      {"document_annotations",
       {"SELECT a.id, a.name, a.label, a.score, a.explanation, a.metadata, a.annotator_kind, a.created_at, "
        "a.document_position, s.span_id, t.trace_id, p.name AS project FROM document_annotations a JOIN spans s ON "
        "s.id = "
        "a.span_rowid JOIN traces t ON t.id = s.trace_rowid JOIN projects p ON p.id = t.project_rowid ORDER BY a.id"}},
      {"session_annotations",
       {"SELECT a.id, a.name, a.label, a.score, a.explanation, a.metadata, a.annotator_kind, a.created_at, "
        "ps.session_id, "
        "p.name AS project FROM project_session_annotations a JOIN project_sessions ps ON ps.id = a.project_session_id "
        "JOIN projects p ON p.id = ps.project_id ORDER BY a.id"}}};
  return asks;
}

const std::vector<Ask>& mlflow_asks() {
  static const std::vector<Ask> asks = {
      {"spans",
       {"SELECT s.trace_id, s.span_id, s.parent_span_id, s.content, e.name AS experiment, "
        "(SELECT t.session_id FROM trace_info t WHERE t.request_id = s.trace_id) AS session_id, "
        "CASE WHEN s.parent_span_id IS NULL THEN (SELECT json_group_object(m.key, m.value) FROM trace_request_metadata "
        "m "
        "WHERE m.request_id = s.trace_id) END AS metadata, "
        "CASE WHEN s.parent_span_id IS NULL THEN (SELECT json_group_object(g.key, g.value) FROM trace_tags g "
        "WHERE g.request_id = s.trace_id) END AS tags "
        "FROM spans s JOIN experiments e ON e.experiment_id = s.experiment_id "
        "ORDER BY s.trace_id, s.start_time_unix_nano, s.span_id",
        "SELECT s.trace_id, s.span_id, s.parent_span_id, s.content, e.name AS experiment, "
        "CASE WHEN s.parent_span_id IS NULL THEN (SELECT json_group_object(m.key, m.value) FROM trace_request_metadata "
        "m "
        "WHERE m.request_id = s.trace_id) END AS metadata, "
        "CASE WHEN s.parent_span_id IS NULL THEN (SELECT json_group_object(g.key, g.value) FROM trace_tags g "
        "WHERE g.request_id = s.trace_id) END AS tags "
        "FROM spans s JOIN experiments e ON e.experiment_id = s.experiment_id "
        "ORDER BY s.trace_id, s.start_time_unix_nano, s.span_id"}},
      {"assessments",
       {"SELECT a.assessment_id, a.trace_id, a.span_id, a.name, a.assessment_type, a.value, a.error, "
        "a.created_timestamp, "
        "a.source_type, a.source_id, a.rationale, a.valid, a.assessment_metadata, e.name AS experiment FROM "
        "assessments a "
        "JOIN trace_info t ON t.request_id = a.trace_id JOIN experiments e ON e.experiment_id = t.experiment_id ORDER "
        "BY "
        "a.assessment_id"}},
      {"lost_traces",
       {"SELECT t.request_id AS trace_id, e.name AS experiment, g.value AS location FROM trace_info t JOIN experiments "
        "e "
        "ON e.experiment_id = t.experiment_id LEFT JOIN trace_tags g ON g.request_id = t.request_id AND g.key = "
        "'mlflow.artifactLocation' WHERE NOT EXISTS (SELECT 1 FROM spans s WHERE s.trace_id = t.request_id) ORDER BY "
        "t.request_id",
        "SELECT t.request_id AS trace_id, e.name AS experiment, g.value AS location FROM trace_info t JOIN experiments "
        "e "
        "ON e.experiment_id = t.experiment_id LEFT JOIN trace_tags g ON g.request_id = t.request_id AND g.key = "
        "'mlflow.artifactLocation' ORDER BY t.request_id"},
       true}};
  return asks;
}

class Store : public Rows {
 public:
  Store(sqlite3* handle, std::string path, std::uint64_t bytes, std::span<const Ask> asks)
      : handle_(handle), path_(std::move(path)), bytes_(bytes), asks_(asks) {}
  ~Store() override {
    sqlite3_finalize(statement_);
    sqlite3_close(handle_);
  }

  Result<> check(Vendor vendor) {
    for (const auto& ask : asks_) {
      if (!ask.must || TRY(prepare(ask))) continue;
      return fail(ErrorKind::invalid, "{}: this SQLite file is no store of {}: it has no table {}.", path_,
                  name_of(vendor), ask.table == "spans" ? "spans beside traces and projects" : "trace_info");
    }
    sqlite3_finalize(statement_);
    statement_ = nullptr;
    TRY(count());
    return {};
  }

  Result<bool> next(Row& row) override {
    row = {};
    for (;;) {
      if (statement_ == nullptr) {
        if (ask_ == asks_.size()) return false;
        if (!TRY(prepare(asks_[ask_]))) {
          row.table = asks_[ask_++].table;
          if (why_.find("no such table") != std::string::npos) continue;  // of an older or a newer version
          row.bad = fmt::format("the table {} is not as Pawl knows it ({}): none of it is carried", row.table, why_);
          return true;
        }
      }
      const int code = sqlite3_step(statement_);
      if (code == SQLITE_ROW) {
        ++read_;
        fill(row);
        return true;
      }
      if (code != SQLITE_DONE)
        return fail(ErrorKind::corrupt, "{}: the table {} cannot be read further: {}", path_, asks_[ask_].table,
                    sqlite3_errmsg(handle_));
      sqlite3_finalize(statement_);
      statement_ = nullptr;
      ++ask_;
    }
  }
  std::uint64_t consumed() const override { return all_ == 0 ? 0 : bytes_ / all_ * std::min(read_, all_); }

 private:
  // False: no version of the statement is understood. A damaged file is an error.
  Result<bool> prepare(const Ask& ask) {
    for (const auto sql : ask.statements) {
      sqlite3_finalize(statement_);
      statement_ = nullptr;
      const int code = sqlite3_prepare_v2(handle_, sql.data(), static_cast<int>(sql.size()), &statement_, nullptr);
      if (code == SQLITE_OK) return true;
      why_ = sqlite3_errmsg(handle_);
      if (code != SQLITE_ERROR)
        return fail(ErrorKind::corrupt, "{}: the SQLite file cannot be read: {}", path_, sqlite3_errmsg(handle_));
    }
    return false;
  }

  Result<> count() {
    sqlite3_stmt* counted = nullptr;
    if (sqlite3_prepare_v2(handle_, "SELECT count(*) FROM spans", -1, &counted, nullptr) == SQLITE_OK &&
        sqlite3_step(counted) == SQLITE_ROW)
      all_ = static_cast<std::uint64_t>(std::max<sqlite3_int64>(0, sqlite3_column_int64(counted, 0)));
    sqlite3_finalize(counted);
    return {};
  }

  void fill(Row& row) const {
    row.table = asks_[ask_].table;
    JsonWriter json;
    json.object();
    for (int i = 0; i < sqlite3_column_count(statement_); ++i) {
      const std::string_view name = sqlite3_column_name(statement_, i);
      switch (sqlite3_column_type(statement_, i)) {
        case SQLITE_NULL:
          break;
        case SQLITE_INTEGER:
          json.field(name, static_cast<std::int64_t>(sqlite3_column_int64(statement_, i)));
          break;
        case SQLITE_FLOAT:
          json.field(name, sqlite3_column_double(statement_, i));
          break;
        default: {
          const void* bytes = sqlite3_column_blob(statement_, i);
          const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, i));
          json.field(name,
                     bytes == nullptr ? std::string_view() : std::string_view(static_cast<const char*>(bytes), size));
        }
      }
    }
    row.json = json.end().take();
    if (row.json.size() > most_row_bytes) {
      row.json.clear();
      row.bad = fmt::format("the record is larger than {} MB", most_row_bytes >> 20U);
    }
  }

  sqlite3* handle_;
  sqlite3_stmt* statement_ = nullptr;
  std::string path_, why_;
  std::uint64_t bytes_, all_ = 0, read_ = 0;
  std::span<const Ask> asks_;
  std::size_t ask_ = 0;
};

}  // namespace

Result<std::unique_ptr<Rows>> sqlite_rows(const std::string& path, Vendor vendor) {
  if (vendor != Vendor::phoenix && vendor != Vendor::mlflow)
    return fail(ErrorKind::invalid, "{}: this is a SQLite file; {} exports none. Is it of Phoenix or of MLflow?", path,
                name_of(vendor));
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READONLY, nullptr);
  std::error_code error;
  auto store = std::make_unique<Store>(handle, path, std::filesystem::file_size(path, error),
                                       vendor == Vendor::phoenix ? phoenix_asks() : mlflow_asks());
  if (code != SQLITE_OK)
    return fail(ErrorKind::unavailable, "{}: {}", path, handle == nullptr ? "no memory" : sqlite3_errmsg(handle));
  sqlite3_busy_timeout(handle, 10'000);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  TRY(store->check(vendor));
  return store;
}

}  // namespace pawl::imports
