// What was changed, and when it is needed.
#include "history.h"

#include "schema.h"
#include "store.h"

namespace pawl::traces {
namespace {

// Bodies came to stand in `text` or in `bytes`, where `text` had been a copy of a part of them.
constexpr warehouse::Fill one_copy[] = {
    {"text", "if(slot IN (0, 1, 4, 5), if(empty(bytes), text, bytes), '')"},
    {"bytes", "if(slot IN (0, 1, 4, 5), '', bytes)"},
};

constexpr warehouse::Fill as_they_are[] = {{"text", "text"}};

constexpr warehouse::Step steps[] = {
    {.number = 1,
     .table = "points",
     .alter = "ADD COLUMN IF NOT EXISTS start DateTime64(9, 'UTC') AFTER at, "
              "ADD COLUMN IF NOT EXISTS delta UInt8 AFTER start, ADD COLUMN IF NOT EXISTS monotonic UInt8 AFTER delta"},
    {.number = 2,
     .table = "spans",
     .alter = "ADD COLUMN IF NOT EXISTS read_noise UInt8 AFTER read_agent, "
              "ADD COLUMN IF NOT EXISTS read_handoff_to LowCardinality(String) AFTER read_noise, "
              "ADD COLUMN IF NOT EXISTS session_weak UInt8 AFTER read_handoff_to, "
              "ADD COLUMN IF NOT EXISTS pieces UInt16 AFTER session_weak"},
    {.number = 3,
     .table = "bodies",
     .alter = "MODIFY COLUMN text REMOVE MATERIALIZED",
     .only_if = "SELECT count() FROM system.columns WHERE database = currentDatabase() AND table = 'bodies' AND "
                "name = 'text' AND default_kind = 'MATERIALIZED'"},
    {.number = 4,
     .table = "bodies",
     .fill = one_copy,
     .only_if = "SELECT count() FROM system.data_skipping_indices WHERE database = currentDatabase() AND "
                "table = 'bodies' AND name = 'words' AND expr = '(lower(text))'"},
    {.number = 5, .table = "spans", .alter = "ADD COLUMN IF NOT EXISTS spread UInt8 AFTER pieces"},
    // Sharper bloom filters: a page asks for 50 sessions at once. They are built beside the work (a mutation).
    {.number = 6,
     .table = "spans",
     .alter = "DROP INDEX IF EXISTS by_trace, DROP INDEX IF EXISTS by_session, DROP INDEX IF EXISTS by_user"},
    {.number = 7,
     .table = "spans",
     .alter = "ADD INDEX IF NOT EXISTS by_trace trace TYPE bloom_filter(0.0001) GRANULARITY 1, "
              "ADD INDEX IF NOT EXISTS by_session session TYPE bloom_filter(0.0001) GRANULARITY 1, "
              "ADD INDEX IF NOT EXISTS by_user user TYPE bloom_filter(0.001) GRANULARITY 1"},
    {.number = 8, .table = "span_content", .alter = "DROP INDEX IF EXISTS by_trace"},
    {.number = 9,
     .table = "span_content",
     .alter = "ADD INDEX IF NOT EXISTS by_trace trace TYPE bloom_filter(0.0001) GRANULARITY 1"},
    {.number = 10, .table = "logs", .alter = "DROP INDEX IF EXISTS by_trace"},
    {.number = 11,
     .table = "logs",
     .alter = "ADD INDEX IF NOT EXISTS by_trace trace TYPE bloom_filter(0.0001) GRANULARITY 1"},
    {.number = 12,
     .table = "spans",
     .alter = "MATERIALIZE INDEX by_trace, MATERIALIZE INDEX by_session, MATERIALIZE INDEX by_user"},
    {.number = 13, .table = "span_content", .alter = "MATERIALIZE INDEX by_trace"},
    {.number = 14, .table = "logs", .alter = "MATERIALIZE INDEX by_trace"},
    // ZSTD for LZ4 where columns are wide and seldom read; posting lists packed by bits. Parts get it as they are
    // merged.
    {.number = 15,
     .table = "spans",
     .alter = "MODIFY COLUMN error_message String CODEC(ZSTD(1)), "
              "MODIFY COLUMN tool_call_id String CODEC(ZSTD(1)), "
              "MODIFY COLUMN response_id String CODEC(ZSTD(1)), "
              "MODIFY COLUMN attrs Map(LowCardinality(String), String) CODEC(ZSTD(1)), "
              "MODIFY COLUMN preview String CODEC(ZSTD(1)), MODIFY COLUMN events String CODEC(ZSTD(1)), "
              "MODIFY COLUMN links String CODEC(ZSTD(1)), MODIFY COLUMN record UInt128 CODEC(ZSTD(1)), "
              "MODIFY COLUMN read_session String CODEC(ZSTD(1)), "
              "MODIFY COLUMN read_user String CODEC(ZSTD(1)), "
              "MODIFY COLUMN read_agent LowCardinality(String) CODEC(ZSTD(1))"},
    {.number = 16,
     .table = "span_content",
     .alter = "MODIFY COLUMN sizes Array(UInt32) CODEC(ZSTD(1)), MODIFY COLUMN record UInt128 CODEC(ZSTD(1))"},
    // Where step 4 is still to come, the table that it makes has this index already.
    {.number = 17,
     .table = "bodies",
     .alter = "DROP INDEX IF EXISTS words",
     .only_if = "SELECT count() FROM system.data_skipping_indices WHERE database = currentDatabase() AND "
                "table = 'bodies' AND name = 'words' AND expr != '(lower(text))'"},
    {.number = 18,
     .table = "bodies",
     .alter = "ADD INDEX IF NOT EXISTS words lower(substring(text, 1, 65536)) TYPE text(tokenizer = "
              "'splitByNonAlpha', posting_list_codec = 'bitpacking')"},
    {.number = 19, .table = "bodies", .alter = "MATERIALIZE INDEX words"},
    // Blocks of 4 MB: what one session says again and again is found farther back.
    {.number = 20,
     .table = "bodies",
     .alter = "MODIFY COLUMN text String CODEC(ZSTD(3)) SETTINGS (min_compress_block_size = 1048576, "
              "max_compress_block_size = 4194304), MODIFY COLUMN bytes String CODEC(ZSTD(3)) SETTINGS "
              "(min_compress_block_size = 1048576, max_compress_block_size = 4194304)"},
    // Older rows have no findings until their trace gets news.
    {.number = 21,
     .table = "spans",
     .alter = "ADD COLUMN IF NOT EXISTS told UInt32 AFTER spread, "
              "ADD COLUMN IF NOT EXISTS findings Array(LowCardinality(String)) AFTER told, "
              "ADD COLUMN IF NOT EXISTS waste LowCardinality(String) AFTER findings"},
    // By time before scope: full text that goes back in time reads the hours that it needs.
    {.number = 22,
     .table = "bodies",
     .fill = as_they_are,
     .only_if = "SELECT count() FROM system.tables WHERE database = currentDatabase() AND name = 'bodies' AND "
                "sorting_key = 'project, scope, hash'"},
    {.number = 23,
     .table = "bodies",
     .fill = as_they_are,
     .only_if = "SELECT count() FROM system.tables WHERE database = currentDatabase() AND name = 'bodies' AND "
                "sorting_key = 'project, toDate(at), scope, hash'"},
};

}  // namespace

const warehouse::Schema& schema() {
  static const auto tables = [] {
    std::vector<warehouse::Table> out;
    for (const auto& table : described_tables()) out.push_back({table.name, table.ddl});
    return out;
  }();
  static const warehouse::Schema all{"traces", tables, table_settings, steps};
  return all;
}

}  // namespace pawl::traces
