// `pawl dataset import|export|list`: datasets of a running server, or of a data directory.
#include <fmt/format.h>
#include <simdjson.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>

#include "base/text.h"
#include "commands.h"
#include "outcome.h"
#include "remote.h"
#include "trials/suites.h"

namespace pawl::app {
namespace {

namespace sj = simdjson;

struct Wanted : Asked {
  std::string name, file, type, version, split, evaluators;
  bool skip_bad = false, dry_run = false, retired = false;
};

std::string path_of(const Wanted& wanted, std::string_view rest) {
  return fmt::format("/api/v1/datasets/{}{}", percent_encode(wanted.name), rest);
}

Result<std::string> read_input(const std::string& file) {
  std::ostringstream text;
  if (file == "-") {
    text << std::cin.rdbuf();
    return std::move(text).str();
  }
  const std::ifstream in(file, std::ios::binary);
  if (!in) return fail(ErrorKind::not_found, "the file {} cannot be read", file);
  text << in.rdbuf();
  return std::move(text).str();
}

std::int64_t number(const sj::dom::element& answer, std::string_view name) {
  std::int64_t out = 0;
  if (answer[name].get(out) != sj::SUCCESS) return 0;
  return out;
}

std::string words(const sj::dom::element& one, std::string_view name) {
  std::string_view out;
  if (one[name].get(out) != sj::SUCCESS) return "";
  return std::string(out);
}

// Every bad row that the server named, as FILE:LINE: on standard error.
void say_bad(const Wanted& wanted, const sj::dom::element& answer) {
  sj::dom::array rows;
  if (answer["bad_rows"].get(rows) != sj::SUCCESS) return;
  std::int64_t shown = 0;
  for (const auto row : rows) {
    const auto column = number(row, "column");
    fmt::print(stderr, "{}:{}{}: {}\n", wanted.file, number(row, "line"), column > 0 ? fmt::format(":{}", column) : "",
               words(row, "reason"));
    ++shown;
  }
  if (const auto all = number(answer, "bad_rows_total"); all > shown)
    fmt::print(stderr, "{}: {} more rows are wrong\n", wanted.file, all - shown);
}

void say_near(const sj::dom::element& answer) {
  sj::dom::array pairs;
  if (answer["near_duplicates"].get(pairs) != sj::SUCCESS) return;
  for (const auto pair : pairs) {
    double likeness = 0;
    bool across = false;
    if (pair["likeness"].get(likeness) != sj::SUCCESS || pair["across_splits"].get(across) != sj::SUCCESS) continue;
    fmt::print(stderr, "lines {} and {} are nearly the same ({:.2f}){}\n", number(pair, "a_line"),
               number(pair, "b_line"), likeness, across ? ", in different splits" : "");
  }
}

void say_warnings(const sj::dom::element& answer) {
  sj::dom::array all;
  std::string_view text;
  if (answer["warnings"].get(all) != sj::SUCCESS) return;
  for (const auto one : all)
    if (one.get(text) == sj::SUCCESS) fmt::print(stderr, "{}\n", text);
}

int import_file(const Wanted& wanted) {
  const auto text = read_input(wanted.file);
  if (!text) return complain(text.error());
  sj::dom::parser parser;
  sj::dom::element answer;
  const auto ask = [&](const std::string& dry) -> Result<std::string> {
    const std::string fields =
        query_text({{"format", wanted.type}, {"skip_bad", wanted.skip_bad ? "1" : ""}, {"dry_run", dry}});
    auto body = TRY(call(wanted, "POST", path_of(wanted, "/import" + fields), *text));
    if (parser.parse(body).get(answer) != sj::SUCCESS)
      return fail(ErrorKind::corrupt, "the server's answer is no JSON");
    return body;
  };
  // What is refused is looked at once more: then the server names every row.
  const auto done = ask(wanted.dry_run ? "1" : "");
  if (!done && (wanted.dry_run || !ask("1"))) return complain(done.error());
  say_bad(wanted, answer);
  say_near(answer);
  say_warnings(answer);
  const auto bad = number(answer, "bad_rows_total"), good = number(answer, "read");
  if (bad > 0 && !wanted.skip_bad) {
    fmt::print(stderr, "Nothing was stored: {} of {} rows are wrong (--skip-bad keeps the others).\n", bad, bad + good);
    return 1;
  }
  if (wanted.dry_run || good == 0) {
    fmt::print("{} cases can be read as {}; nothing was stored.\n", good, words(answer, "format"));
    return good == 0 ? 1 : 0;
  }
  if (!done) return complain(done.error());
  if (const auto evaluators = words(answer, "evaluators"); !evaluators.empty() && !wanted.evaluators.empty())
    if (const auto written = write_file(wanted.evaluators, evaluators); !written) return complain(written.error());
  if (wanted.json) {
    fmt::print("{}\n", *done);
  } else {
    fmt::print("{} version {}: {} added, {} changed, {} as before{}\n", wanted.name, number(answer, "version"),
               number(answer, "added"), number(answer, "changed"), number(answer, "same"),
               bad > 0 ? fmt::format(", {} rows left out", bad) : "");
  }
  return 0;
}

int export_file(const Wanted& wanted) {
  const auto body = call(wanted, "GET",
                         path_of(wanted, "/export" + query_text({{"format", wanted.type},
                                                                 {"version", wanted.version},
                                                                 {"split", wanted.split},
                                                                 {"retired", wanted.retired ? "1" : ""}})));
  if (!body) return complain(body.error());
  if (wanted.file.empty() || wanted.file == "-") {
    fmt::print("{}", *body);
    return 0;
  }
  const auto written = write_file(wanted.file, *body);
  return written ? 0 : complain(written.error());
}

Result<std::string> failures(const Wanted& wanted) {
  const auto body = TRY(call(wanted, "GET", path_of(wanted, "/failures?limit=10000")));
  if (wanted.json) return body;
  sj::dom::parser parser;
  sj::dom::element answer;
  sj::dom::array all;
  if (parser.parse(body).get(answer) != sj::SUCCESS || answer["failures"].get(all) != sj::SUCCESS)
    return fail(ErrorKind::corrupt, "the server's answer has no failures");
  std::vector<std::vector<std::string>> rows = {{"case", "last failed in", "trial", "at", "trace"}};
  for (const auto one : all)
    rows.push_back({words(one, "case"), words(one, "name"), fmt::format("{}", number(one, "trial")), words(one, "at"),
                    words(one, "trace")});
  return rows.size() == 1 ? "No case of it has failed in an experiment." : table(rows);
}

Result<std::string> list(const Wanted& wanted) {
  const auto body = TRY(call(wanted, "GET", "/api/v1/datasets?limit=1000"));
  if (wanted.json) return body;
  sj::dom::parser parser;
  sj::dom::element answer;
  sj::dom::array all;
  if (parser.parse(body).get(answer) != sj::SUCCESS || answer["datasets"].get(all) != sj::SUCCESS)
    return fail(ErrorKind::corrupt, "the server's answer has no datasets");
  std::vector<std::vector<std::string>> rows = {{"name", "cases", "version", "experiments", "changed"}};
  for (const auto one : all)
    rows.push_back({words(one, "name"), fmt::format("{}", number(one, "cases")),
                    fmt::format("{}", number(one, "version")), fmt::format("{}", number(one, "experiments")),
                    words(one, "changed")});
  return rows.size() == 1 ? "There is no dataset yet: pawl dataset import NAME FILE makes one." : table(rows);
}

}  // namespace

void add_dataset_commands(CLI::App& app, Commands& commands) {
  auto* command = app.add_subcommand("dataset", "Datasets: import, export, list, failures");
  command->require_subcommand(1);
  const auto wanted = std::make_shared<Wanted>();
  auto* in = command->add_subcommand("import", "Puts a file of cases into a dataset, as its next version");
  in->add_option("name", wanted->name, "The dataset; it is made where it is missing")->required();
  in->add_option("file", wanted->file, "JSON lines, CSV, or what another tool wrote; - is standard input")->required();
  in->add_option("--format", wanted->type, fmt::format("auto, {} [auto]", trials::known_formats()));
  in->add_option("--evaluators", wanted->evaluators, "Where a suite's evaluators are written too (promptfoo)");
  in->add_flag("--skip-bad", wanted->skip_bad, "Keeps the good rows where some are wrong");
  in->add_flag("--dry-run", wanted->dry_run, "Only says what would be stored");
  in->add_flag("--json", wanted->json, "The answer as JSON");
  in->callback([&commands, wanted] { commands.chosen = [wanted] { return import_file(*wanted); }; });
  auto* out = command->add_subcommand("export", "Writes the cases of a dataset as a file");
  out->add_option("name", wanted->name, "The dataset")->required();
  out->add_option("file", wanted->file, "Where to; standard output where it is not given");
  out->add_option("--format", wanted->type, "jsonl, csv, langfuse, langsmith, openai, adk, promptfoo [jsonl]");
  out->add_option("--version", wanted->version, "As it was in this version");
  out->add_option("--split", wanted->split, "Of this split");
  out->add_flag("--retired", wanted->retired, "Those too that are not run any more");
  out->callback([&commands, wanted] { commands.chosen = [wanted] { return export_file(*wanted); }; });
  auto* all = command->add_subcommand("list", "Datasets with their versions");
  all->add_flag("--json", wanted->json, "JSON instead of a table");
  all->callback([&commands, wanted] { commands.chosen = [wanted] { return finish(list(*wanted)); }; });
  auto* failed = command->add_subcommand("failures", "Which experiment each case failed in last");
  failed->add_option("name", wanted->name, "The dataset")->required();
  failed->add_flag("--json", wanted->json, "JSON instead of a table");
  failed->callback([&commands, wanted] { commands.chosen = [wanted] { return finish(failures(*wanted)); }; });
  for (auto* one : {in, out, all, failed}) add_whereabouts(*one, wanted);
}

}  // namespace pawl::app
