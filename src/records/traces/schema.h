// The warehouse tables of traces; a change is a line in history.cc too. Rows are never changed: a correction is a copy
// with sign -1 and the new row with +1.
#pragma once
#include <string_view>

namespace pawl::traces {

// Durable inserts: a segment of the journal retires only after these fsyncs (data.md "Warehouse durability").
inline constexpr std::string_view table_settings =
    " SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, "
    "old_parts_lifetime = 480, index_granularity = 8192";

inline constexpr std::string_view spans_ddl = R"sql(
CREATE TABLE IF NOT EXISTS spans (
  project UInt32,
  minute UInt32,                      -- start / 60 s, clamped to [received - 1830 d, received + 1 d]
  trace UInt128, span UInt128, parent UInt128,
  trace_id String, span_id String, parent_id String,   -- the client's own text; '' where it is the lower-case hex of the key
  start DateTime64(9, 'UTC'), duration Int64,          -- ns; the true start, whatever the clock said
  received DateTime64(3, 'UTC'),
  kind Enum8('other' = 0, 'agent' = 1, 'llm' = 2, 'tool' = 3, 'retriever' = 4, 'embedding' = 5, 'reranker' = 6,
             'guardrail' = 7, 'evaluator' = 8, 'handoff' = 9, 'workflow' = 10),
  name LowCardinality(String),
  status Enum8('ok' = 0, 'error' = 1, 'blocked' = 2, 'unfinished' = 3, 'running' = 4),
  is_error UInt8,                     -- the deepest span that failed (conventions.md rule 5)
  error_type LowCardinality(String), error_message String CODEC(ZSTD(1)),
  noise UInt8, framework_tool UInt8, wrapper_usage UInt8, clock UInt8,
  session String, user String, agent LowCardinality(String), agent_version LowCardinality(String),
  team LowCardinality(String), task LowCardinality(String), outcome LowCardinality(String),
  customer LowCardinality(String), environment LowCardinality(String), service LowCardinality(String),
  tags Array(LowCardinality(String)),
  provider LowCardinality(String), model_requested LowCardinality(String),
  model LowCardinality(String),       -- served, else requested
  finish_reasons Array(LowCardinality(String)), ttft Nullable(Int64),   -- ns
  prompt LowCardinality(String), prompt_version LowCardinality(String),
  tool LowCardinality(String), tool_call_id String CODEC(ZSTD(1)),
  handoff_from LowCardinality(String), handoff_to LowCardinality(String), response_id String CODEC(ZSTD(1)),
  tokens_input Nullable(Int64), tokens_cache_read Nullable(Int64), tokens_cache_write Nullable(Int64),
  tokens_output Nullable(Int64), tokens_reasoning Nullable(Int64), tokens_other Map(LowCardinality(String), Int64),
  cost Nullable(Int64),               -- pico-dollars, priced by us
  cost_reported Nullable(Int64),      -- pico-dollars, as the SDK said
  price_row LowCardinality(String),   -- which price made `cost`
  cost_unknown UInt8,                 -- it counts, has usage, and no price is known
  attrs Map(LowCardinality(String), String) CODEC(ZSTD(1)),  -- every attribute that is no content; resource's behind 'resource.', scope's behind 'scope.'
  preview String CODEC(ZSTD(1)),      -- the user's words that this span was the first to bring, at most 200 bytes
  events String CODEC(ZSTD(1)), links String CODEC(ZSTD(1)),  -- JSON arrays, '' where none
  dialect LowCardinality(String), scope LowCardinality(String),
  counted UInt8,                      -- its tokens and cost count (recount)
  not_counted Enum8('counted' = 0, 'no_usage' = 1, 'wrapper' = 2, 'duplicate' = 3),
  weight Float32,
  record UInt128 CODEC(ZSTD(1)),      -- hash of the record as received (record_hash)
  read_kind Enum8('other' = 0, 'agent' = 1, 'llm' = 2, 'tool' = 3, 'retriever' = 4, 'embedding' = 5, 'reranker' = 6,
             'guardrail' = 7, 'evaluator' = 8, 'handoff' = 9, 'workflow' = 10),
  read_session String CODEC(ZSTD(1)), read_user String CODEC(ZSTD(1)), read_agent LowCardinality(String) CODEC(ZSTD(1)),  -- as the span said, before the trace spread them
  read_noise UInt8, read_handoff_to LowCardinality(String),
  session_weak UInt8,                 -- read_session is a framework's own conversation id: an ancestor's session wins
  pieces UInt16,                      -- how many pieces of content it brought: the richer of two reports of a step stays
  spread UInt8,                       -- bits: team, task, outcome, customer came from the trace, not from the span
  told UInt32,                        -- hash of a tool call's arguments, of a model call's answer (of 64 bytes or more); 0 where there is none
  findings Array(LowCardinality(String)),  -- rules whose finding begins at this span (loop, retry_storm, …)
  waste LowCardinality(String),       -- of a model call that counts: the rule by which its money was wasted
  sign Int8, batch UInt64,
  INDEX by_trace trace TYPE bloom_filter(0.0001) GRANULARITY 1,
  INDEX by_session session TYPE bloom_filter(0.0001) GRANULARITY 1,
  INDEX by_user user TYPE bloom_filter(0.001) GRANULARITY 1,
  INDEX by_batch batch TYPE minmax GRANULARITY 1
) ENGINE = MergeTree
PARTITION BY toYYYYMM(toDateTime(minute * 60, 'UTC'))
ORDER BY (project, minute, xxHash32(trace), span))sql";

// One row for each carrier of a span's content: the ordered references into `bodies`.
inline constexpr std::string_view content_ddl = R"sql(
CREATE TABLE IF NOT EXISTS span_content (
  project UInt32, scope UInt128, trace UInt128, span UInt128,
  at DateTime64(9, 'UTC'),            -- of the carrier: orders a span's log records
  source Enum8('span' = 0, 'log' = 1),
  slots Array(UInt8), formats Array(UInt8),            -- llm::Slot, llm::Format
  keys Array(LowCardinality(String)), roles Array(LowCardinality(String)),
  scopes Array(UInt128), hashes Array(UInt128), sizes Array(UInt32) CODEC(ZSTD(1)),
  record UInt128 CODEC(ZSTD(1)), sign Int8, batch UInt64,
  INDEX by_trace trace TYPE bloom_filter(0.0001) GRANULARITY 1,
  INDEX by_batch batch TYPE minmax GRANULARITY 1
) ENGINE = MergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (project, scope, trace, span))sql";

// The bytes stand in `text` where full text searches them (slots input, output, arguments, result: llm::Slot), else in
// `bytes`: one of the two is empty. The index is built by merges, not by inserts (decision 0005): what was just
// inserted is scanned. By hour first: full text goes back in time, and reads the hours that it needs.
inline constexpr std::string_view bodies_ddl = R"sql(
CREATE TABLE IF NOT EXISTS bodies (
  project UInt32, scope UInt128, hash UInt128,
  at DateTime64(3, 'UTC'),            -- received
  trace UInt128, span UInt128,        -- that first brought it
  slot UInt8,
  text String CODEC(ZSTD(3)) SETTINGS (min_compress_block_size = 1048576, max_compress_block_size = 4194304),
  bytes String CODEC(ZSTD(3)) SETTINGS (min_compress_block_size = 1048576, max_compress_block_size = 4194304),
  batch UInt64,
  INDEX words lower(substring(text, 1, 65536)) TYPE text(tokenizer = 'splitByNonAlpha', posting_list_codec = 'bitpacking'),
  INDEX by_batch batch TYPE minmax GRANULARITY 1
) ENGINE = MergeTree
PARTITION BY toMonday(at)
ORDER BY (project, toStartOfHour(at), scope, hash))sql";

// Log records that are no content of a span, as they came.
inline constexpr std::string_view logs_ddl = R"sql(
CREATE TABLE IF NOT EXISTS logs (
  project UInt32, at DateTime64(9, 'UTC'), received DateTime64(3, 'UTC'),
  trace UInt128, span UInt128, severity UInt8, event LowCardinality(String), service LowCardinality(String),
  body String, attrs Map(LowCardinality(String), String), record UInt128, batch UInt64,
  INDEX by_trace trace TYPE bloom_filter(0.0001) GRANULARITY 1,
  INDEX by_batch batch TYPE minmax GRANULARITY 1
) ENGINE = MergeTree
PARTITION BY toMonday(received)
ORDER BY (project, received, trace))sql";

// Metric points: shown as metric.NAME, never added to sums over spans (conventions.md rule 12).
inline constexpr std::string_view points_ddl = R"sql(
CREATE TABLE IF NOT EXISTS points (
  project UInt32, metric LowCardinality(String), unit LowCardinality(String), type LowCardinality(String),
  at DateTime64(9, 'UTC'),
  start DateTime64(9, 'UTC'), delta UInt8, monotonic UInt8,   -- of a sum or histogram: since when, since the last point, only upwards
  received DateTime64(3, 'UTC'), service LowCardinality(String),
  value Float64, count UInt64, attrs Map(LowCardinality(String), String), batch UInt64,
  INDEX by_batch batch TYPE minmax GRANULARITY 1
) ENGINE = MergeTree
PARTITION BY toMonday(received)
ORDER BY (project, metric, received))sql";

// Scores as the ledger has them (records/scores), so that spans can be filtered and measured by them. A word about a
// score is a row; of one id the greatest version holds, which the ledger numbers (read with FINAL).
inline constexpr std::string_view scores_ddl = R"sql(
CREATE TABLE IF NOT EXISTS scores (
  project UInt32, name LowCardinality(String), id String, version UInt64,
  gone UInt8,                         -- removed, or the same author has a later word about the same thing
  trace UInt128, span UInt128, session String, experiment String, item String,   -- what it is about; 0 and '' where not
  type LowCardinality(String), value Float64, has_value UInt8, text String,
  author String, source LowCardinality(String), evaluator LowCardinality(String),
  probability Float64,                -- of having been selected; 0: not known
  at DateTime64(9, 'UTC'),
  INDEX by_version version TYPE minmax GRANULARITY 1
) ENGINE = ReplacingMergeTree(version)
ORDER BY (project, name, id))sql";

}  // namespace pawl::traces
