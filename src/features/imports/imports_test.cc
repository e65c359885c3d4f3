// Rows of every form, good beside bad; what readers make of them; the state file.
#include "imports.h"
#include "dump_store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/ids.h"
#include "fields.h"
#include "items.h"
#include "otlp_span.h"
#include "sqlite.h"
#include "state.h"
#include "wire/compress.h"

namespace pawl::imports {
namespace {

using Made = std::unique_ptr<Rows> (*)(std::unique_ptr<Bytes>);

std::vector<Row> all(Made make, const std::string& text, std::size_t piece = 4096) {
  const auto rows = make(text_bytes(text, piece));
  std::vector<Row> out;
  Row row;
  for (;;) {
    const auto more = rows->next(row);
    EXPECT_TRUE(more) << (more ? "" : more.error().what);
    if (!more || !*more) return out;
    out.push_back(row);
  }
}

std::string told(const std::vector<Row>& rows) {
  std::string out;
  for (const auto& row : rows)
    out += fmt::format("{}{} {}\n", row.table.empty() ? "" : row.table + " ", row.line,
                       row.bad.empty() ? row.json : "BAD");
  return out;
}

TEST(JsonRows, EveryShapeGivesTheSameRows) {
  for (const std::size_t piece : {1U, 7U, 4096U}) {
    EXPECT_EQ(told(all(json_rows, "{\"a\":1}\n\n{\"b\":\"x}\"}\n", piece)), "1 {\"a\":1}\n3 {\"b\":\"x}\"}\n");
    EXPECT_EQ(told(all(json_rows, "[{\"a\":1},\n {\"b\":\"\\\"]\"}]", piece)), "1 {\"a\":1}\n2 {\"b\":\"\\\"]\"}\n");
    EXPECT_EQ(
        told(all(json_rows, "{\n  \"data\": [{\"a\":1}],\n \"meta\":{\"page\":1}, \"scores\":[{\"b\":2}]}", piece)),
        "data 2 {\"a\":1}\nscores 3 {\"b\":2}\n");
    EXPECT_EQ(told(all(json_rows, "\xEF\xBB\xBF{\"id\": 1,\n\"spans\":[]}{\"a\":2}", piece)),
              "1 {\"id\": 1,\n\"spans\":[]}\n2 {\"a\":2}\n");
    EXPECT_EQ(told(all(json_rows, "[]", piece)), "");
  }
}

TEST(JsonRows, WhatIsBadIsToldAndTheRestIsRead) {
  for (const std::size_t piece : {1U, 5U, 4096U}) {
    EXPECT_EQ(told(all(json_rows,
                       "{\"a\":1}\n{\"b\":{\"c\":\n{\"d\":2}\nnull\n{\"e\":nope}\n{\"f\":\"x\ny\"}\n{\"g\":3}", piece)),
              "1 {\"a\":1}\n2 BAD\n3 {\"d\":2}\n4 BAD\n5 BAD\n6 BAD\n7 BAD\n8 {\"g\":3}\n");
    EXPECT_EQ(told(all(json_rows, "{\"a\":1}\n{\"b\":", piece)), "1 {\"a\":1}\n2 BAD\n");
    EXPECT_EQ(told(all(json_rows, "[{\"a\":1},{\"b\":nope},{\"c\":3}]", piece)), "1 {\"a\":1}\n1 BAD\n1 {\"c\":3}\n");
    EXPECT_EQ(told(all(json_rows, "[{\"a\":1},\n{\"b\":1", piece)), "1 {\"a\":1}\n2 BAD\n");
    EXPECT_EQ(told(all(json_rows, "{\"data\":[{\"a\":1},", piece)), "data 1 {\"a\":1}\ndata 1 BAD\n");
  }
}

TEST(JsonRows, WhatIsNoUtf8IsMarked) {
  EXPECT_EQ(told(all(json_rows, "{\"a\":\"\xff\"}")), "1 {\"a\":\"\xEF\xBF\xBD\"}\n");
}

TEST(CsvRows, QuotesLinesAndBadRecords) {
  for (const std::size_t piece : {1U, 4096U}) {
    EXPECT_EQ(told(all(csv_rows, "id,\"name\",x\r\n1,\"a \"\"b\"\",\nc\",\n2,,3\n4,5\n\"6\",7,8", piece)),
              "2 {\"id\":\"1\",\"name\":\"a \\\"b\\\",\\nc\"}\n4 {\"id\":\"2\",\"x\":\"3\"}\n5 BAD\n"
              "6 {\"id\":\"6\",\"name\":\"7\",\"x\":\"8\"}\n");
    EXPECT_EQ(told(all(csv_rows, "id,x\n1,\"open", piece)), "2 BAD\n");
  }
  Row row;
  const auto refused = csv_rows(text_bytes("\"id\"x,y\n1,2\n", 4096))->next(row);  // nothing can be named without it
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("line 1, the header"), std::string::npos) << refused.error().what;
}

TEST(DumpRows, CopyBlocks) {
  const std::string dump =
      "-- PostgreSQL database dump\nSET x = 1;\nCOPY public.traces (id, \"name\", tags) FROM stdin;\n"
      "t1\ta\\tb\\\\\t{x,\"y z\"}\nt2\t\\N\t{}\nonly\n\\.\n\nCOPY public.users (id) FROM stdin;\nu\n";
  EXPECT_EQ(told(all(dump_rows, dump, 3)),
            "public.traces 4 {\"id\":\"t1\",\"name\":\"a\\tb\\\\\",\"tags\":\"{x,\\\"y z\\\"}\"}\n"
            "public.traces 5 {\"id\":\"t2\",\"tags\":\"{}\"}\npublic.traces 6 BAD\n"
            "public.users 10 {\"id\":\"u\"}\npublic.users 10 BAD\n");
  EXPECT_EQ(list_of("\"{x,\\\"y z\\\"}\""), "[\"x\",\"y z\"]");
  EXPECT_EQ(list_of("\"{}\""), "[]");
}

TEST(Sniff, ByTheFirstBytes) {
  EXPECT_EQ(sniff("  [{}]").format, Format::json);
  EXPECT_EQ(sniff("\"id\",\"name\"\n").format, Format::csv);
  EXPECT_EQ(sniff("--\n-- PostgreSQL database dump").format, Format::pg_dump);
  EXPECT_EQ(sniff(std::string_view("SQLite format 3\0", 16)).format, Format::sqlite);
  EXPECT_EQ(sniff("PAR1").format, Format::parquet);
  EXPECT_NE(sniff("PGDMP").hint.find("pg_restore"), std::string::npos);
  EXPECT_EQ(sniff("\x01\x02").format, Format::unknown);
}

TEST(Fields, TimesAndValues) {
  const auto at = parse_time("2024-01-02T03:04:05.678Z");
  for (const char* text :
       {"\"2024-01-02 03:04:05.678\"", "\"2024-01-02T03:04:05.678Z\"", "\"2024-01-02 03:04:05.678+00\"",
        "\"2024-01-02 05:04:05.678+02:00\"", "1704164645678", "\"1704164645678\""})
    EXPECT_EQ(moment_of(text), at) << text;
  EXPECT_FALSE(moment_of("\"yesterday\""));
  EXPECT_EQ(unwrapped("\"{\\\"a\\\":1}\""), "{\"a\":1}");
  EXPECT_EQ(unwrapped("\"{a\""), "\"{a\"");
  EXPECT_EQ(Fields(std::string_view("{\"u\":{\"input\":\"12\",\"x\":\"y\"}}")).numbers({"u"}), "{\"input\":12}");
}

Mapped mapped(Reader& reader, const std::string& object, const std::string& table = "") {
  Mapped out;
  reader.read({.table = table, .json = object, .bad = {}, .line = 1}, out);
  return out;
}

TEST(Langfuse, TheSameObservationInEveryForm) {
  const auto body = [](const std::string& object, const std::string& table) {
    const auto reader = langfuse_reader("");
    const auto out = mapped(*reader, object, table);
    EXPECT_EQ(out.items.size(), 1U) << (out.bad.empty() ? object : out.bad.front());
    return out.items.empty() ? std::string() : std::string(json::member(out.items.front().json, "body"));
  };
  const std::string api =
      body(R"({"id":"o","traceId":"t","type":"GENERATION","name":"chat","startTime":"2024-01-02T03:04:05.000Z",)"
           R"("endTime":"2024-01-02T03:04:06.000Z","model":"gpt-4o","input":[{"role":"user","content":"x"}],)"
           R"("usageDetails":{"input":7,"output":3},"costDetails":{"total":0.5},"latency":1,"comments":[]})",
           "data");
  EXPECT_EQ(api,
            body(R"({"id":"o","trace_id":"t","type":"GENERATION","name":"chat","start_time":"2024-01-02 03:04:05.000",)"
                 R"("end_time":"2024-01-02 03:04:06.000","provided_model_name":"gpt-4o",)"
                 R"("input":"[{\"role\":\"user\",\"content\":\"x\"}]","usage_details":{"input":"7","output":"3"},)"
                 R"("cost_details":{"total":"0.5"},"is_deleted":0,"project_id":"p"})",
                 "observations"));
  EXPECT_EQ(api,
            body(R"({"id":"o","trace_id":"t","type":"GENERATION","name":"chat","start_time":"2024-01-02 03:04:05",)"
                 R"("end_time":"2024-01-02 03:04:06","model":"gpt-4o",)"
                 R"("input":"[{\"role\":\"user\",\"content\":\"x\"}]","prompt_tokens":"7","completion_tokens":"3",)"
                 R"("total_tokens":"0","calculated_total_cost":"0.5"})",
                 "public.observations"));
}

TEST(Langfuse, TracesScoresAndWhatIsNone) {
  const auto reader = langfuse_reader("");
  const auto trace =
      mapped(*reader, R"({"id":"t","timestamp":"2024-01-02T03:04:05Z","sessionId":"s","project_id":"p","tags":["b"],
    "comments":[{"x":1}],"observations":[{"id":"o","startTime":"2024-01-02T03:04:05Z","type":"SPAN"}],
    "scores":[{"id":"c","name":"n","stringValue":"good","dataType":"CATEGORICAL","timestamp":"2024-01-02T03:04:05Z"}]})");
  ASSERT_EQ(trace.items.size(), 3U);
  EXPECT_EQ(trace.items[0].span, "trace:t");
  EXPECT_EQ(json::text(json::at(trace.items[1].json, {"body", "traceId"})), "t");
  EXPECT_EQ(json::text(json::at(trace.items[2].json, {"body", "value"})), "good");
  EXPECT_EQ(trace.notes.size(), 1U);
  EXPECT_EQ(mapped(*reader, R"({"id":"u","timestamp":"2024-01-02T03:04:05Z","project_id":"q"})").skipped, 1U);
  EXPECT_EQ(mapped(*reader, R"({"id":"u","timestamp":"2024-01-02T03:04:05Z","is_deleted":1})").skipped, 1U);
  EXPECT_EQ(mapped(*reader, R"({"hello":1})").bad.size(), 1U);
  EXPECT_EQ(mapped(*reader, R"({"id":"o","traceId":"t","startTime":"soon"})").bad.size(), 1U);
}

TEST(LangSmith, RunsChildrenUsageAndFeedback) {
  const auto reader = langsmith_reader("");
  const auto run = mapped(
      *reader, R"({"id":"r","run_type":"llm","start_time":"2024-01-02T03:04:05.1","end_time":"2024-01-02T03:04:06",
    "prompt_tokens":7,"completion_tokens":3,"extra":"{\"metadata\":{\"a\":1}}","inputs":"{\"q\":1}","first_token_time":"2024-01-02T03:04:05.5",
    "child_runs":[{"id":"k","run_type":"tool","start_time":"2024-01-02T03:04:05.2"}],"feedback_stats":{"n":{"n":1}}})");
  ASSERT_EQ(run.items.size(), 2U);
  EXPECT_EQ(json::at(run.items[0].json, {"extra", "metadata", "usage_metadata", "input_tokens"}), "7");
  EXPECT_EQ(json::at(run.items[0].json, {"extra", "metadata", "a"}), "1");
  EXPECT_EQ(json::at(run.items[0].json, {"inputs", "q"}), "1");
  EXPECT_EQ(json::text(json::at(run.items[0].json, {"events", "0", "name"})), "new_token");
  EXPECT_EQ(json::text(json::member(run.items[1].json, "parent_run_id")), "r");
  EXPECT_EQ(run.items[1].trace, "r");
  EXPECT_EQ(run.notes.size(), 1U);
  const auto feedback =
      mapped(*reader, R"({"id":"f","key":"k","run_id":"r","score":"0.5","created_at":"2024-01-02T03:04:05"})");
  ASSERT_EQ(feedback.items.size(), 1U);
  EXPECT_EQ(json::member(feedback.items[0].json, "score"), "0.5");
  EXPECT_EQ(mapped(*reader, R"({"id":"e"})").bad.size(), 1U);
}

TEST(Langfuse, ThingsComeInTheirPass) {
  const auto reader = langfuse_reader("");
  const auto read = [&](Pass pass, std::string table, std::string json) {
    Mapped out;
    out.pass = pass;
    reader->read({.table = std::move(table), .json = std::move(json), .bad = {}, .cells = true}, out);
    return out;
  };
  const std::string item = R"({"id":"i","dataset_id":"d","status":"ACTIVE","input":"\"5\"","project_id":"p"})";
  const auto early = read(Pass::first, "public.dataset_items", item);
  EXPECT_TRUE(early.items.empty() && early.bad.empty());
  EXPECT_EQ(early.later, 1U << static_cast<unsigned>(Pass::items));
  EXPECT_EQ(read(Pass::items, "public.dataset_items", item).bad.size(), 1U);  // its dataset is not known
  EXPECT_EQ(read(Pass::first, "public.datasets", R"({"id":"d","name":"hard","project_id":"p"})").items.size(), 1U);
  const auto now = read(Pass::items, "public.dataset_items", item);
  ASSERT_EQ(now.items.size(), 1U);
  EXPECT_EQ(json::text(json::member(now.items[0].json, "datasetName")), "hard");
  EXPECT_EQ(json::member(now.items[0].json, "input"), "\"5\"");  // JSON in a cell, and a text in it
  EXPECT_EQ(read(Pass::run_items, "public.dataset_items", item).items.size(), 0U);
  // Of another project: left out and counted once, whatever pass.
  const std::string other = R"({"id":"o","name":"other","project_id":"q"})";
  EXPECT_EQ(read(Pass::first, "public.datasets", other).skipped, 1U);
  EXPECT_EQ(read(Pass::items, "public.datasets", other).skipped, 0U);
}

TEST(Dumps, BecomeAStoreWhoseRowsAreInOrder) {
  const std::string dump =
      "COPY public.\"odd \"\"name\" (id, a) FROM stdin;\n1\tx\n\\.\n"
      "COPY public.prompts (id, name) FROM stdin;\n10\tten\n9\t\\N\n8\n\\.\nCOPY public.empty (id, b) FROM "
      "stdin;\n\\.\n";
  const auto loaded = load_dump(text_bytes(dump, 7), "dump.sql");
  ASSERT_TRUE(loaded) << loaded.error().what;
  ASSERT_EQ(loaded->bad.size(), 1U);
  EXPECT_EQ(loaded->bad[0].line, 7U);
  sqlite3_stmt* statement = nullptr;
  const char* sql =
      "SELECT group_concat(coalesce(name, '-')) FROM (SELECT name FROM prompts ORDER BY id), "
      "(SELECT count(b) FROM empty)";
  ASSERT_EQ(sqlite3_prepare_v2(loaded->handle.get(), sql, -1, &statement, nullptr), SQLITE_OK);
  ASSERT_EQ(sqlite3_step(statement), SQLITE_ROW);
  EXPECT_STREQ(reinterpret_cast<const char*>(sqlite3_column_text(statement, 0)), "-,ten");
  sqlite3_finalize(statement);
}

TEST(OtlpSpans, FlatteningAndIds) {
  JsonWriter out;
  out.array();
  write_flattened(
      out, "",
      R"({"llm":{"input_messages":[{"message":{"role":"user"}}],"n":3},"tag":{"tags":["a"]},"metadata":{"x":1}})");
  EXPECT_EQ(out.end().take(), R"([{"key":"llm.input_messages.0.message.role","value":{"stringValue":"user"}},)"
                              R"({"key":"llm.n","value":{"intValue":"3"}},)"
                              R"({"key":"tag.tags","value":{"arrayValue":{"values":[{"stringValue":"a"}]}}},)"
                              R"({"key":"metadata","value":{"stringValue":"{\"x\":1}"}}])");
  EXPECT_EQ(hex_id("5tffxHtwYzH7gfFfLo5ZbQ==", 16), "e6d7dfc47b706331fb81f15f2e8e596d");
  EXPECT_EQ(hex_id("0xAB", 8), "00000000000000ab");
  EXPECT_EQ(hex_id("no id", 8), "");
}

class InFolder : public ::testing::Test {
 protected:
  InFolder() { std::filesystem::create_directories(folder); }
  ~InFolder() override { std::filesystem::remove_all(folder); }
  InFolder(const InFolder&) = delete;
  InFolder& operator=(const InFolder&) = delete;
  std::string write(const std::string& name, std::string_view bytes) {
    std::ofstream(folder / name, std::ios::binary) << bytes;
    return (folder / name).string();
  }
  std::filesystem::path folder = std::filesystem::temp_directory_path() / fmt::format("pawl-imports-{}", ::getpid());
};

TEST_F(InFolder, CompressedFilesAndThoseThatAreCutOff) {
  std::string text;
  for (int i = 0; i < 50'000; ++i) text += fmt::format("{{\"n\":{}}}\n", i);
  for (const std::string& bytes :
       {text, gzip(text), gzip(text.substr(0, 500'000)) + gzip(text.substr(500'000)), zstd(text)}) {
    auto opened = open_bytes(write("x", bytes));
    ASSERT_TRUE(opened);
    std::string read;
    for (;;) {
      const auto more = (*opened)->more(read);
      ASSERT_TRUE(more) << more.error().what;
      if (!*more) break;
    }
    EXPECT_EQ(read, text);
  }
  for (const std::string& bytes : {gzip(text), zstd(text)}) {
    auto opened = open_bytes(write("x", bytes.substr(0, bytes.size() / 2)));
    ASSERT_TRUE(opened);
    std::string read;
    Result<bool> more = true;
    while (more && *more) more = (*opened)->more(read);
    ASSERT_FALSE(more);
    EXPECT_EQ(more.error().kind, ErrorKind::corrupt);
  }
}

TEST_F(InFolder, TheStateRemembersAndTellsFilesApart) {
  const std::string path = (folder / "deep" / "state.json").string(), file = write("a\"b.jsonl", "one");
  const auto mark = mark_of(file);
  ASSERT_TRUE(mark);
  {
    auto state = State::open(path, false);
    ASSERT_TRUE(state);
    state->of(file, *mark).rows = 7;
    ASSERT_TRUE(state->write());
    ASSERT_TRUE(state->write());
  }
  EXPECT_EQ(State::open(path, false)->of(file, *mark).rows, 7U);
  EXPECT_EQ(State::open(path, false)->of(file, "another").rows, 0U);
  EXPECT_EQ(State::open(path, true)->of(file, *mark).rows, 0U);
  write("bad", "{");
  EXPECT_FALSE(State::open((folder / "bad").string(), false));
}

TEST_F(InFolder, ASqliteFileOfSomebodyElse) {
  const auto other = sqlite_rows(write("x.db", "SQLite format 3"), Vendor::phoenix);
  ASSERT_FALSE(other);
  EXPECT_FALSE(sqlite_rows(write("x.db", ""), Vendor::mlflow));  // an empty store has no tables
  EXPECT_FALSE(sqlite_rows((folder / "x.db").string(), Vendor::langfuse));
}

// The real stores: what real clients of MLflow 3.17 and of Phoenix 20.26 have written.
TEST_F(InFolder, StoresOfRealPrograms) {
  const auto items_of = [&](const char* name, Vendor vendor, std::unique_ptr<Reader> reader) {
    std::ifstream file(fmt::format("tests/fixtures/imports/{}.zst", name), std::ios::binary);
    const std::string packed((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    const auto bytes = decompress("zstd", packed, 64U << 20);
    EXPECT_TRUE(bytes);
    std::map<std::string, int> kinds;
    const bool store = std::string_view(name).ends_with(".db");
    auto rows =
        store ? sqlite_rows(write(name, *bytes), vendor) : Result<std::unique_ptr<Rows>>(json_rows(text_bytes(*bytes)));
    EXPECT_TRUE(rows) << rows.error().what;
    Row row;
    for (auto more = (*rows)->next(row); more && *more; more = (*rows)->next(row)) {
      EXPECT_EQ(row.bad, "");
      Mapped out;
      reader->read(row, out);
      EXPECT_TRUE(out.bad.empty()) << out.bad.front();
      for (const auto& item : out.items) {
        EXPECT_TRUE(json::is_valid(item.json)) << item.json;
        ++kinds[item.kind];
      }
    }
    return kinds;
  };
  EXPECT_EQ(items_of("mlflow.db", Vendor::mlflow, mlflow_reader("")),
            (std::map<std::string, int>{{"span", 9}, {"score", 3}}));
  EXPECT_EQ(items_of("phoenix.db", Vendor::phoenix, phoenix_reader("")),
            (std::map<std::string, int>{{"span", 18}, {"score", 9}}));
  EXPECT_EQ(items_of("phoenix.db", Vendor::phoenix, phoenix_reader("shop"))["span"], 9);
  EXPECT_EQ(items_of("mlflow_traces.jsonl", Vendor::mlflow, mlflow_reader("")),
            (std::map<std::string, int>{{"span", 9}, {"score", 3}}));
  EXPECT_EQ(items_of("phoenix_spans.json", Vendor::phoenix, phoenix_reader("")),
            (std::map<std::string, int>{{"span", 9}}));
}

TEST(Phoenix, AnnotationsOfTheStoreAndOfTheApiAreTheSame) {
  const auto reader = phoenix_reader("");
  const auto store = mapped(*reader,
                            R"({"id":7,"identifier":"","span_id":"c7e08625245f755f","name":"tone","label":"rude",)"
                            R"("annotator_kind":"HUMAN","created_at":"2026-11-22 00:21:14"})",
                            "span_annotations");
  const auto api = mapped(*reader, R"({"id":"U3Bh","identifier":"","span_id":"c7e08625245f755f","name":"tone",)"
                                   R"("annotator_kind":"HUMAN","result":{"label":"rude","score":null},)"
                                   R"("created_at":"2026-11-22T00:21:14+00:00"})");
  ASSERT_EQ(store.items.size(), 1U);
  ASSERT_EQ(api.items.size(), 1U);
  EXPECT_EQ(store.items.front().json, api.items.front().json);
}

}  // namespace
}  // namespace pawl::imports
