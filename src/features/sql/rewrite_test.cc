// What is offered is rewritten onto views of one project; an attack corpus is refused, or comes out as harmless as
// that.
#include <gtest/gtest.h>

#include <array>

#include "sql.h"
#include "tree.h"

namespace pawl::sql {
namespace {

std::string refused(std::string_view text) {
  const auto out = rewrite(text, "", 7);
  return out ? "REWRITTEN: " + out->query.sql : out.error().what;
}

TEST(Sql, BecomesViewsOfOneProject) {
  const auto out = rewrite(
      "select agent, count(*) as n from spans where status = 'er\\'ror' group by agent order by n desc limit 5 format "
      "CSV;",
      "", 7);
  ASSERT_TRUE(out) << out.error().what;
  const std::string& sql = out->query.sql;
  EXPECT_TRUE(sql.starts_with("SELECT `agent` AS `agent`, count() AS `n` FROM (SELECT ")) << sql;
  EXPECT_NE(sql.find("FROM spans PREWHERE project = {project:UInt32} WHERE sign = 1"), std::string::npos) << sql;
  EXPECT_NE(
      sql.find(") AS `spans` WHERE (`status` = {p1:String}) GROUP BY `agent` ORDER BY `n` DESC LIMIT 5 SETTINGS "),
      std::string::npos)
      << sql;
  EXPECT_EQ(out->query.format, "CSV");
  ASSERT_EQ(out->query.parameters.size(), 2U);
  EXPECT_EQ(out->query.parameters[0].value, "7");
  EXPECT_EQ(out->query.parameters[1].value, "er'ror");
}

TEST(Sql, BoundsOfStartReachTheTable) {
  const auto out = rewrite(
      "SELECT count() FROM pawl.spans s WHERE s.start >= now() - INTERVAL 1 DAY AND start < '2030-01-01' AND agent != "
      "''",
      "", 7);
  ASSERT_TRUE(out) << out.error().what;
  EXPECT_NE(out->query.sql.find("AND minute >= ifNull(intDiv(toInt64(toDateTime64((now() - INTERVAL 1 DAY), 0, "
                                "'UTC')), 60), 0) AND minute <= "),
            std::string::npos)
      << out->query.sql;
  const auto either = rewrite("SELECT count() FROM spans WHERE start >= now() OR agent = 'a'", "", 7);
  EXPECT_EQ(either->query.sql.find("AND minute"), std::string::npos);
}

TEST(Sql, ReadsWhatToolsWrite) {
  for (const std::string_view text : {
           "SELECT 1",
           "SHOW TABLES",
           "show databases",
           "DESCRIBE TABLE spans",
           "DESC pawl.spans",
           "SELECT version(), timezone(), currentDatabase(), displayName(), revision()",
           "SELECT name, value, readonly FROM system.settings LIMIT 10000",
           "SELECT `spans`.`agent` AS `Agent Name`, sum(`cost_usd`) AS \"Sum of cost\" FROM `pawl`.`spans` WHERE "
           "`start` BETWEEN toDateTime('2026-01-01 00:00:00') AND toDateTime('2026-02-01 00:00:00') GROUP BY 1",
           "WITH a AS (SELECT agent, count() n FROM spans GROUP BY agent), b AS (SELECT * FROM a) SELECT * FROM b JOIN "
           "a USING (agent)",
           "SELECT s.agent, l.body FROM spans AS s LEFT JOIN logs l ON s.trace_id = l.trace_id WHERE NOT s.is_error "
           "AND l.body ILIKE '%x%' OR s.tool IN ('a', 'b')",
           "SELECT CASE WHEN cost_usd > 1 THEN 'dear' ELSE 'cheap' END c, quantile(0.95)(duration_ms) FROM spans GROUP "
           "BY c HAVING count() > 1",
           "SELECT CAST(weight AS Nullable(Float64)), weight::Int32, CAST(x.n, 'String') FROM (SELECT 1 n, 2 weight) x",
           "SELECT attributes['user.tier'], tags[1], date_trunc('day', start) FROM spans WHERE parent_id = '' AND "
           "agent IS NOT NULL",
           "SELECT 1 UNION ALL SELECT 2",
           "/* who */ SELECT count(DISTINCT user) FROM spans -- why\nSETTINGS max_threads = 99",
           "SELECT count() FROM spans WHERE trace_id IN (SELECT trace_id FROM logs)",
           "SELECT DATE '2026-01-01', -1.5e3, [1, 2], (1, 'a')",
       }) {
    const auto out = rewrite(text, "", 7);
    EXPECT_TRUE(out) << text << ": " << (out ? "" : out.error().what);
  }
}

TEST(Sql, SaysWhereAndWhatIsWrong) {
  EXPECT_EQ(refused("SELECT"), "Syntax error: at line 1, column 7: unexpected the end, expected an expression");
  EXPECT_EQ(refused("SELECT 1 FROM"), "Syntax error: at line 1, column 14: unexpected the end, expected a table");
  EXPECT_EQ(refused("SELECT frobnicate(1)"),
            "Syntax error: at line 1, column 8: the function frobnicate is not offered");
  EXPECT_EQ(refused("SELECT 1 FROM span"), "Table span does not exist: there are spans, logs and metric_points");
  EXPECT_EQ(refused("SELECT row_number() FROM spans"), "Syntax error: at line 1, column 8: row_number needs OVER (…)");
  EXPECT_EQ(refused("SELECT {a:String}"),
            "Syntax error: at line 1, column 8: the parameter a has no value: send param_a=");
  EXPECT_EQ(refused("SELECT 1 FORMAT Exe"), "Syntax error: the format Exe is not offered");
}

TEST(Sql, WindowsAndParameters) {
  const auto written = [](std::string_view text, const std::map<std::string, std::string, std::less<>>& bound = {}) {
    const auto out = rewrite(text, "JSON", 7, bound);
    return out ? out->query.sql.substr(0, out->query.sql.find(" SETTINGS")) : out.error().what;
  };
  EXPECT_EQ(written("SELECT row_number() OVER (PARTITION BY 1 ORDER BY 2 DESC NULLS LAST) AS n"),
            "SELECT row_number() OVER (PARTITION BY 1 ORDER BY 2 DESC NULLS LAST) AS `n`");
  EXPECT_EQ(written("SELECT sum(1) OVER (ORDER BY 2 ROWS BETWEEN 6 preceding AND current row) AS n"),
            "SELECT sum(1) OVER (ORDER BY 2 ROWS BETWEEN 6 PRECEDING AND CURRENT ROW) AS `n`");
  EXPECT_EQ(written("SELECT sum(1) OVER (RANGE UNBOUNDED PRECEDING) AS n"),
            "SELECT sum(1) OVER (RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS `n`");
  EXPECT_EQ(written("SELECT EXTRACT(YEAR FROM now()) AS y"), "SELECT toYear(now()) AS `y`");
  EXPECT_EQ(written("SELECT {n:UInt8} + 1 AS x, {s:String} AS s LIMIT {n:UInt8}", {{"n", "7"}, {"s", "a'b"}}),
            "SELECT (CAST({p1:String}, 'UInt8') + 1) AS `x`, {p2:String} AS `s` LIMIT 7");
  EXPECT_EQ(written("SELECT 1 IN {ids:Array(Int64)} AS x, {z:Nullable(Int64)} AS z", {{"ids", "[1,2]"}, {"z", "\\N"}}),
            "SELECT (1 IN (CAST({p1:String}, 'Array(Int64)'))) AS `x`, NULL AS `z`");
  const auto bound = rewrite("SELECT {s:String}", "JSON", 7, {{"s", "1) SETTINGS x = '\\'"}, {"project", "2"}});
  ASSERT_TRUE(bound);
  EXPECT_EQ(bound->query.parameters[0].value, "7");  // nobody else's project
  EXPECT_EQ(bound->query.parameters[1].value, "1) SETTINGS x = ''");
  EXPECT_EQ(bound->query.sql.find("SETTINGS x"), std::string::npos);
  for (const auto& [text, words] : {std::pair("SELECT sum(1) OVER w", "expected '('"),
                                    {"SELECT sum(1) OVER (ROWS BETWEEN x PRECEDING AND CURRENT ROW)", "whole number"},
                                    {"SELECT {n:Identifier}", "not offered"},
                                    {"SELECT {n:String", "expected '}'"},
                                    {"SELECT 1 LIMIT {n:String}", "no whole number"}})
    EXPECT_NE(written(text, {{"n", "spans"}}).find(words), std::string::npos) << written(text, {{"n", "spans"}});
}

// Each is refused: nothing of it reaches the engine.
constexpr auto attacks = std::to_array<std::string_view>({
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT * FROM url('http://169.254.169.254/', 'CSV')",
    "SELECT * FROM s3('https://x/y')",
    "SELECT * FROM remote('127.0.0.1', system.one)",
    "SELECT * FROM remoteSecure('h', db, t)",
    "SELECT * FROM mysql('h:3306', 'd', 't', 'u', 'p')",
    "SELECT * FROM postgresql('h', 'd', 't', 'u', 'p')",
    "SELECT * FROM executable('id', 'TSV', 's String')",
    "SELECT * FROM input('a String')",
    "SELECT * FROM numbers(1e12)",
    "SELECT * FROM zeros(10)",
    "SELECT * FROM merge('', '.*')",
    "SELECT * FROM cluster('default', system.one)",
    "SELECT * FROM view(SELECT 1)",
    "SELECT * FROM dictionary('d')",
    "SELECT * FROM fileCluster('c', '/etc/passwd')",
    "SELECT * FROM pawl.file('/etc/passwd')",
    "SELECT * FROM values('a String', ('x'))",
    "SELECT * FROM generateRandom('a String')",
    "SELECT * FROM sqlite('/x.db', 't')",
    "SELECT * FROM hdfs('x')",
    "SELECT * FROM jdbc('x', 'y')",
    "SELECT * FROM mongodb('a', 'b', 'c', 'd', 'e', 'f')",
    "SELECT * FROM iceberg('x')",
    "SELECT * FROM deltaLake('x')",
    "SELECT * FROM azureBlobStorage('x')",
    "SELECT * FROM gcs('x')",
    "SELECT * FROM redis('x', 'k', 'k String')",
    "SELECT file('/etc/passwd')",
    "SELECT dictGet('d', 'a', 1)",
    "SELECT joinGet('j', 'a', 1)",
    "SELECT getSetting('max_threads')",
    "SELECT getMacro('x')",
    "SELECT sleep(3)",
    "SELECT sleepEachRow(3)",
    "SELECT throwIf(1)",

    "SELECT FQDN()",
    "SELECT getOSKernelVersion()",
    "SELECT addressToLine(1)",
    "SELECT demangle('x')",
    "SELECT evalMLMethod(m, 1)",
    "SELECT catboostEvaluate('/x', 1)",
    "SELECT initializeAggregation('x')",
    "SELECT repeat('x', 1000000000)",
    "SELECT range(1000000000)",
    "SELECT intDiv(1, 0)",
    "SELECT toUUID('x')",
    "SELECT currentRoles()",
    "SELECT serverUUID()",
    "SELECT filesystemAvailable()",
    "SELECT reinterpret(1, 'String')",
    "SELECT aes_decrypt_mysql('a', 'b', 'c')",
    "SELECT ignore(1)",
    "SELECT lowCardinalityIndices('x')",
    "SELECT materialize(1)",
    "SELECT in(1, spans)",
    "SELECT globalIn(1, spans)",
    "SELECT 1 INTO OUTFILE '/tmp/x'",
    "SELECT 1 INTO OUTFILE '/tmp/x' TRUNCATE FORMAT CSV",
    "INSERT INTO spans VALUES (1)",
    "INSERT INTO FUNCTION file('x') SELECT 1",
    "CREATE TABLE x (a Int8) ENGINE = Memory",
    "CREATE TABLE x ENGINE = File(CSV) AS SELECT 1",
    "DROP TABLE spans",
    "ALTER TABLE spans DELETE WHERE 1",
    "TRUNCATE spans",
    "SYSTEM SHUTDOWN",
    "SYSTEM RELOAD CONFIG",
    "KILL QUERY WHERE 1",
    "SET readonly = 0",
    "USE system",
    "ATTACH TABLE x",
    "DETACH TABLE spans",
    "RENAME TABLE spans TO x",
    "BACKUP TABLE spans TO Disk('x', 'y')",
    "RESTORE ALL FROM Disk('x', 'y')",
    "GRANT ALL ON *.* TO x",
    "CREATE USER x",
    "EXPLAIN SELECT 1",
    "OPTIMIZE TABLE spans FINAL",
    "CREATE FUNCTION f AS x -> x",
    "SHOW CREATE TABLE spans",
    "SHOW PROCESSLIST",
    "SHOW GRANTS",
    "CHECK TABLE spans",
    "EXISTS TABLE spans",
    "COPY spans TO 'x'",
    "SELECT 1; SELECT 2",
    "SELECT 1; DROP TABLE spans",
    "SELECT 1 UNION SELECT 2",
    "SELECT 1 INTERSECT SELECT 2",
    "SELECT * EXCEPT project FROM spans",
    "SELECT * FROM rollup_agents",
    "SELECT * FROM bodies",
    "SELECT * FROM span_content",
    "SELECT * FROM system.processes",
    "SELECT * FROM system.query_log",
    "SELECT * FROM system.parts",
    "SELECT * FROM system.users",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM other.spans",
    "SELECT * FROM `system.parts`",
    "SELECT * FROM `../../spans`",
    "SELECT * FROM `spans`` WHERE 1 --`",
    "SELECT \"a`b\"",
    "SELECT `a\\`b`",
    "SELECT `{project:UInt32}`",
    "SELECT {project:UInt32}",
    "SELECT * FROM {table:Identifier}",
    "SELECT * FROM spans FINAL",
    "SELECT * FROM spans SAMPLE 1",
    "SELECT * FROM spans ARRAY JOIN tags",
    "SELECT * FROM spans WHERE project IN spans",
    "SELECT * FROM spans WHERE 1 IN bodies",
    "SELECT * FROM spans WHERE 1 IN system.parts",
    "SELECT x -> x",
    "SELECT arrayMap(x -> x, [1])",
    "SELECT columns('.*') FROM spans",
    "SELECT * APPLY(sum) FROM spans",
    "SELECT * REPLACE(1 AS project) FROM spans",
    "WITH 2 AS project SELECT 1 FROM spans",
    "WITH x AS 2 SELECT x",
    "WITH RECURSIVE t AS (SELECT 1) SELECT * FROM t",
    "SELECT CAST(1 AS AggregateFunction(sum, Int8))",
    "SELECT CAST('x', 'Enum8(''a'' = 1)')",
    "SELECT CAST('x', 'String'')--')",
    "SELECT 1::Dynamic",
    "SELECT CAST(1 AS Object('json'))",
    "SELECT sum(SELECT 1)",
    "SELECT quantile(sleep(1))(duration_ms) FROM spans",
    "SELECT topK('x')(agent) FROM spans",
    "SELECT 0x1F",
    "SELECT 1abc",
    "SELECT $$heredoc$$",
    "SELECT @@version",
    "SELECT ?",
    "SELECT 'a",
    "SELECT \"a",
    "SELECT /* a",
    "SELECT 'a\\x41'",
    "SELECT EXISTS(SELECT 1)",
    "SELECT * FROM (VALUES (1))",
    "FROM spans SELECT 1",
    "TABLE spans",
    "SELECT 1 WITH TOTALS",
    "",
    "SELECT 1 LIMIT 1 BY agent",
    "SELECT 1 LIMIT -1",
    "SELECT 1 OFFSET agent",
    "SELECT 1 FORMAT Null SELECT 2",
    "SELECT 1 FORMAT Template",
    "SELECT 1 FORMAT SQLInsert",
    "SELECT 1 SETTINGS x = (SELECT 1)",
});

TEST(Sql, RefusesAttacks) {
  for (const std::string_view text : attacks) {
    const auto out = rewrite(text, "", 7);
    EXPECT_FALSE(out) << text << "\nbecame " << (out ? out->query.sql : "");
  }
  EXPECT_FALSE(rewrite(std::string("SELECT '\xff'"), "", 7));
  EXPECT_FALSE(rewrite(std::string("SELECT 1\0, 2", 12), "", 7));
}

TEST(Sql, IsBounded) {
  for (const std::string& text :
       {std::string(100'000, ' '), "SELECT " + std::string(5000, '('), "SELECT " + std::string(5000, '-') + "1",
        [] {
          std::string nested = "x";
          for (int i = 0; i < 30; ++i) nested = "CASE " + nested + " WHEN 1 THEN 1 WHEN 2 THEN 2 WHEN 3 THEN 3 END";
          return "SELECT " + nested;
        }(),
        [] {  // each name twice the one before
          std::string with = "WITH a0 AS (SELECT * FROM spans)";
          for (int i = 1; i < 60; ++i)
            with += fmt::format(", a{} AS (SELECT * FROM a{} UNION ALL SELECT * FROM a{})", i, i - 1, i - 1);
          return with + " SELECT * FROM a59";
        }()}) {
    const auto out = rewrite(text, "", 7);
    EXPECT_FALSE(out) << text.substr(0, 100);
  }
}

// Texts and names are carried as they are and never read as SQL.
TEST(Sql, CarriesTextsApart) {
  const std::string evil = "'); DROP TABLE spans; -- {project:UInt32} SETTINGS readonly = 0";
  std::string quoted;
  for (const char c : evil) quoted += c == '\'' ? std::string("''") : std::string(1, c);
  const auto out = rewrite("SELECT count() FROM spans WHERE agent = '" + quoted + "'", "", 7);
  ASSERT_TRUE(out) << out.error().what;
  EXPECT_EQ(out->query.sql.find("DROP"), std::string::npos);
  EXPECT_EQ(out->query.parameters.back().value, evil);
}

}  // namespace
}  // namespace pawl::sql
