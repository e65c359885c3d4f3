// `pawl eval run|try`: an agent on cases, and evaluators on traces that there are.
#include <fmt/format.h>
#include <simdjson.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/ids.h"
#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "commands.h"
#include "features/evals/evals.h"
#include "outcome.h"
#include "remote.h"
#include "trials/evaluators.h"
#include "trials/inspect.h"
#include "trials/suites.h"

namespace pawl::app {
namespace {

namespace sj = simdjson;

struct Wanted : Asked {
  evals::Options run;
  std::string dataset, experiment, manifest, branch, commit, key_env = "OPENAI_API_KEY", description;
  std::vector<std::string> headers, quality, safety;  // headers: NAME=VARIABLE
};

std::string environment(std::initializer_list<const char*> names) {  // of the CI, where nobody says
  for (const char* name : names)
    if (const char* value = std::getenv(name); value != nullptr && *value != '\0') return value;
  return "";
}

Result<std::string> file_text(const std::string& path) {
  const std::ifstream in(path, std::ios::binary);
  if (!in) return fail(ErrorKind::not_found, "the file {} cannot be read", path);
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

Result<> read_secrets(Wanted& wanted) {
  auto& agent = wanted.run.agent;
  if (const char* key = std::getenv(wanted.key_env.c_str()); key != nullptr && !agent.openai.empty()) agent.key = key;
  for (const auto& one : wanted.headers) {
    const auto equals = one.find('=');
    const char* value = equals == std::string::npos ? nullptr : std::getenv(one.substr(equals + 1).c_str());
    if (value == nullptr)
      return fail(ErrorKind::invalid, "--header {}: write NAME=VARIABLE, with the variable of the environment set.",
                  one);
    agent.headers.emplace_back(one.substr(0, equals), value);
  }
  return {};
}

// Cases of a dataset of the server, in its version of now.
Result<> fetch_cases(Wanted& wanted) {
  const std::string path = "/api/v1/datasets/" + percent_encode(wanted.dataset);
  sj::dom::parser parser;
  sj::dom::element answer;
  std::int64_t version = 0;
  const auto said = TRY(call(wanted, "GET", path));
  if (parser.parse(said).get(answer) || answer["version"].get(version))
    return fail(ErrorKind::corrupt, "the server's answer has no version of the dataset");
  wanted.run.cases_text = TRY(call(wanted, "GET", fmt::format("{}/export?format=jsonl&version={}", path, version)));
  wanted.run.cases = wanted.dataset;
  wanted.run.dataset = fmt::format("{}@{}", wanted.dataset, version);
  return {};
}

std::string begin_body(const Wanted& wanted, const evals::Plan& plan) {
  const auto& agent = wanted.run.agent;
  const auto at = plan.dataset.rfind('@');
  JsonWriter out;
  out.object().field("name", wanted.experiment).field("description", wanted.description);
  out.field("dataset", plan.dataset.substr(0, at)).field("dataset_version", plan.dataset.substr(at + 1));
  out.key("agent").object().field("kind", !agent.command.empty() ? "command" : !agent.url.empty() ? "http" : "openai");
  out.field("target", agent.command + agent.url + agent.openai).field("model", agent.model).end();
  out.field("manifest", wanted.manifest).field("branch", wanted.branch).field("commit", wanted.commit);
  out.key("evaluators").raw(plan.evaluators).field("evaluators_version", plan.evaluators_version);
  for (const auto& [name, list] : {std::pair{"quality", &wanted.quality}, {"safety", &wanted.safety}}) {
    out.key(name).array();
    for (const auto& one : *list) out.value(one);
    out.end();
  }
  out.field("planned", plan.trials);
  if (wanted.run.spend_cap_usd > 0) out.field("spend_cap_usd", wanted.run.spend_cap_usd);
  return out.end().take();
}

// Tells the server; what it holds of this experiment already, from another machine perhaps, is not run again.
Result<std::string> begin(Wanted& wanted) {
  const auto plan = TRY(evals::plan(wanted.run));
  const auto said = TRY(call(wanted, "POST", "/api/v1/experiments", begin_body(wanted, plan)));
  sj::dom::parser parser;
  sj::dom::element answer;
  std::string_view id;
  if (parser.parse(said).get(answer) || answer["id"].get(id))
    return fail(ErrorKind::corrupt, "the server's answer names no experiment");
  const std::string path = "/api/v1/experiments/" + percent_encode(id);
  std::error_code error;
  if (wanted.run.out.empty()) {
    std::filesystem::create_directories(".pawl/experiments", error);
    wanted.run.out = fmt::format(".pawl/experiments/{}.jsonl", id);
  }
  if (!std::filesystem::exists(wanted.run.out, error)) {
    TRY(write_file(wanted.run.out, TRY(call(wanted, "GET", path + "/rows"))));
  }
  wanted.run.link_traces = true;
  wanted.run.put = [&wanted, path](const std::string& rows) -> Result<> {
    TRY(call(wanted, "POST", path + "/trials", rows));
    return {};
  };
  return path;
}

Result<evals::Report> run_trials(const evals::Options& options) {
  const SystemClock clock;
  const bool terminal = ::isatty(2) != 0;
  Nanos told = clock.monotonic();
  const auto report = evals::run(options, [&](const evals::Progress& progress) {
    const Nanos now = clock.monotonic();
    if (now - told < (terminal ? second / 4 : 10 * second) && progress.done < progress.all) return;
    told = now;
    fmt::print(stderr, "{}{} of {} trials, {} lost to infrastructure, ${:.4f}{}", terminal ? "\r\x1b[K" : "",
               progress.done, progress.all, progress.infra_errors, progress.spent_usd, terminal ? "" : "\n");
  });
  if (terminal) fmt::print(stderr, "\r\x1b[K");
  return report;
}

int run(Wanted& wanted) {
  std::string path;
  const auto prepared = [&]() -> Result<> {
    TRY(read_secrets(wanted));
    if (wanted.run.cases.empty() == wanted.dataset.empty())
      return fail(ErrorKind::invalid, "Name either --cases FILE or --dataset NAME.");
    if (wanted.run.out.empty() && wanted.experiment.empty())
      return fail(ErrorKind::invalid, "Say where results go: --out FILE, --experiment NAME, or both.");
    if (!wanted.dataset.empty()) TRY(fetch_cases(wanted));
    if (!wanted.experiment.empty()) path = TRY(begin(wanted));
    return {};
  }();
  if (!prepared) return complain(prepared.error());
  const auto report = run_trials(wanted.run);
  if (!report) return complain(report.error());
  fmt::print("{} trials ran ({} of them failed), {} were there, {} lost to infrastructure, {} left; ${:.4f}\n",
             report->ran, report->failed, report->there, report->infra_errors, report->left, report->spent_usd);
  if (report->capped) fmt::print(stderr, "The spend cap ended it: the same command goes on where it stopped.\n");
  if (!path.empty()) {
    const std::string state =
        fmt::format("{{\"state\":\"{}\",\"capped\":{}}}", report->left > 0 ? "stopped" : "done", report->capped);
    const auto ended = report->not_sent.empty()
                           ? call(wanted, "POST", path + "/end", state)
                           : Result<std::string>(fail(ErrorKind::unavailable, "{}", report->not_sent));
    if (!ended) {
      fmt::print(stderr,
                 "Not all results reached the server ({}): they stand in {}, and the same command sends them.\n",
                 ended.error().what, wanted.run.out);
      return 3;
    }
  }
  return report->left > 0 || report->infra_errors > 0 ? 1 : 0;
}

// ---- try

struct Tried : Asked {
  std::string evaluators, name, dataset;
  std::vector<std::string> traces;
};

std::string words(const sj::dom::element& one, std::string_view name) {
  std::string_view text;
  double number = 0;
  if (!one[name].get(text)) return std::string(text);
  if (!one[name].get(number)) return fmt::format("{:.4g}", number);
  return "-";
}

Result<std::string> try_out(const Tried& wanted) {
  JsonWriter body;
  body.object();
  if (!wanted.evaluators.empty()) body.field("text", TRY(file_text(wanted.evaluators)));
  if (!wanted.name.empty()) body.field("name", wanted.name);
  if (!wanted.filter.empty()) body.field("filter", wanted.filter);
  if (!wanted.dataset.empty()) body.field("dataset", wanted.dataset);
  body.field("limit", wanted.limit).key("traces").array();
  for (const auto& one : wanted.traces) body.value(one);
  auto said = TRY(call(wanted, "POST", "/api/v1/evaluators/try", body.end().end().take()));
  if (wanted.json) return said;
  sj::dom::parser parser;
  sj::dom::element answer;
  sj::dom::array results, evaluators, scores, refused;
  if (parser.parse(said).get(answer) || answer["results"].get(results) || answer["evaluators"].get(evaluators) ||
      answer["refused"].get(refused))
    return fail(ErrorKind::corrupt, "the server's answer has no results");
  std::vector<std::vector<std::string>> rows = {{"trace", "output"}};
  for (const auto one : evaluators) rows.front().push_back(words(one, "name"));
  for (const auto one : results) {
    auto& row = rows.emplace_back();
    std::string output(utf8_prefix(words(one, "output"), 50));
    for (char& c : output)
      if (static_cast<unsigned char>(c) < 0x20) c = ' ';
    row = {words(one, "trace"), output};
    if (!one["scores"].get(scores))
      for (const auto score : scores) row.push_back(words(score, "value"));
  }
  for (const auto one : refused) fmt::print(stderr, "{}\n", words(one, "why"));
  return rows.size() == 1 ? "No trace was found to try them on." : table(rows);
}

// ---- import: evaluators of another tool

struct Imported : Asked {
  std::string file, out, experiment, dataset;
};

// A log of Inspect: its samples as cases of a dataset (where one is named), its epochs as an experiment's trials.
Result<std::string> import_log(const Imported& wanted, const trials::LogHead& head, const std::string& text) {
  if (wanted.experiment.empty())
    return fail(ErrorKind::invalid, "A log of Inspect becomes an experiment: name it with --experiment.");
  std::string version;
  if (!wanted.dataset.empty()) {
    const auto put = TRY(
        call(wanted, "POST",
             fmt::format("/api/v1/datasets/{}/import?format=inspect&near=0", percent_encode(wanted.dataset)), text));
    sj::dom::parser parser;
    std::int64_t number = 0;
    if (!parser.parse(put)["version"].get(number)) version = fmt::format("{}", number);
  }
  JsonWriter body;
  body.object().field("name", wanted.experiment).field("dataset", wanted.dataset).field("dataset_version", version);
  body.key("agent").object().field("kind", "inspect").field("target", head.task).field("model", head.model).end();
  const auto begun = TRY(call(wanted, "POST", "/api/v1/experiments", body.end().take()));
  sj::dom::parser parser;
  std::string_view id;
  if (parser.parse(begun)["id"].get(id)) return fail(ErrorKind::corrupt, "the server's answer names no experiment");
  const std::string path = "/api/v1/experiments/" + percent_encode(id);
  auto said = TRY(call(wanted, "POST", path + "/trials", text));
  TRY(call(wanted, "POST", path + "/end", R"({"state":"done"})"));
  sj::dom::element answer;
  std::int64_t stored = 0, there = 0;
  if (parser.parse(said).get(answer) || answer["stored"].get(stored) || answer["there"].get(there))
    return fail(ErrorKind::corrupt, "the server's answer does not say what it stored");
  return fmt::format("{}: {} trials stored, {} were there", wanted.experiment, stored, there);
}

int import_file(const Imported& wanted) {
  const auto text = file_text(wanted.file);
  if (!text) return complain(text.error());
  const auto log = trials::unpacked_log(*text);
  if (!log) return complain(log.error());
  if (const auto head = trials::head_of_inspect(*log)) return finish(import_log(wanted, *head, *text));
  const auto read = trials::read_graders(*text);
  if (!read) return complain(read.error());
  for (const auto& one : read->warnings) fmt::print(stderr, "{}\n", one);
  if (wanted.out.empty()) {
    fmt::print("{}", read->evaluators);
    return 0;
  }
  const auto written = write_file(wanted.out, read->evaluators);
  return written ? 0 : complain(written.error());
}

void add_import_command(CLI::App& command, Commands& commands) {
  const auto wanted = std::make_shared<Imported>();
  auto* one = command.add_subcommand(
      "import", "Graders of OpenAI's evals as a file of evaluators; a log of Inspect as an experiment");
  one->add_option("file", wanted->file, "The eval or its graders as JSON, or the log as JSON or .eval")->required();
  one->add_option("--out", wanted->out, "The file of evaluators; standard output where it is not given");
  one->add_option("--experiment", wanted->experiment, "Of a log: the experiment on the server that it becomes");
  one->add_option("--dataset", wanted->dataset, "Of a log: the dataset that its samples are put into");
  add_whereabouts(*one, wanted);
  one->callback([&commands, wanted] { commands.chosen = [wanted] { return import_file(*wanted); }; });
}

int export_file(const Imported& wanted) {
  const auto text = file_text(wanted.file);
  if (!text) return complain(text.error());
  const auto evaluators = trials::read_evaluators(*text, wanted.file.ends_with(".json"));
  if (!evaluators) return complain(evaluators.error());
  const auto written = trials::write_graders(*evaluators);
  for (const auto& one : written.warnings) fmt::print(stderr, "{}\n", one);
  if (wanted.out.empty()) return finish(written.graders);
  const auto done = write_file(wanted.out, written.graders + "\n");
  return done ? 0 : complain(done.error());
}

void add_export_command(CLI::App& command, Commands& commands) {
  const auto wanted = std::make_shared<Imported>();
  auto* one = command.add_subcommand("export", "A file of evaluators as graders of OpenAI's evals");
  one->add_option("file", wanted->file, "The file of evaluators: TOML, or JSON by its name")->required();
  one->add_option("--out", wanted->out, "The file of graders; standard output where it is not given");
  one->callback([&commands, wanted] { commands.chosen = [wanted] { return export_file(*wanted); }; });
}

void add_run_agent(CLI::App& one, Wanted& wanted) {
  auto& agent = wanted.run.agent;
  one.add_option("--agent", agent.command,
                 "A line of the shell: the case on its standard input, the answer on its output");
  one.add_option("--agent-url", agent.url, "Instead: an address that each trial is posted to, as JSON");
  one.add_option("--agent-openai", agent.openai, "Instead: the base URL of an API as OpenAI's (…/v1), with --model");
  one.add_option("--model", agent.model, "The model of --agent-openai");
  one.add_option("--key-env", wanted.key_env, "The variable with the key of --agent-openai [OPENAI_API_KEY]");
  one.add_option("--header", wanted.headers, "NAME=VARIABLE: a header of requests, from the environment; repeatable")
      ->allow_extra_args(false);
  one.add_option("--input-price", agent.input_price, "Dollars per million tokens that go in [the list of prices]");
  one.add_option("--output-price", agent.output_price, "Dollars per million tokens that come out");
}

void add_run_server(CLI::App& one, Wanted& wanted) {
  one.add_option("--dataset", wanted.dataset, "Instead of --cases: a dataset of the server, as it is now");
  one.add_option("--experiment", wanted.experiment, "Keeps results on the server under this name, as they come");
  one.add_option("--description", wanted.description, "What is tried, in a sentence");
  one.add_option("--manifest", wanted.manifest, "The version of the agent");
  wanted.branch = environment({"GITHUB_HEAD_REF", "GITHUB_REF_NAME", "CI_COMMIT_REF_NAME"});
  wanted.commit = environment({"GITHUB_SHA", "CI_COMMIT_SHA"});
  one.add_option("--branch", wanted.branch, "The branch of the code [of the CI]");
  one.add_option("--commit", wanted.commit, "Its commit [of the CI]");
  one.add_option("--quality", wanted.quality, "A score that counts as quality; repeatable")->allow_extra_args(false);
  one.add_option("--safety", wanted.safety, "A score that counts as safety; repeatable")->allow_extra_args(false);
}

void add_run_command(CLI::App& command, Commands& commands) {
  auto* one = command.add_subcommand("run", "Runs an agent on cases; results are JSON lines as the gate reads them");
  const auto wanted = std::make_shared<Wanted>();
  auto* o = &wanted->run;
  one->add_option("--cases", o->cases, "The cases: any file that pawl dataset import reads");
  add_run_agent(*one, *wanted);
  one->add_option("--evaluators", o->evaluators, "What judges: TOML, or JSON where the name ends so")->required();
  one->add_option("--out", o->out, "The results; what they hold already is not run again [.pawl/experiments/ID.jsonl]");
  one->add_option("--split", o->split, "Cases of this split only");
  one->add_option("--trials", o->trials, "How often each case is tried [1]");
  one->add_option("--concurrency", o->concurrency, "How many run at once [4]");
  one->add_option("--retries", o->retries, "How often a trial is run again that infrastructure failed [3]");
  one->add_option("--timeout", o->timeout_s, "Seconds of one trial; then it has failed [120]");
  one->add_option("--spend-cap", o->spend_cap_usd, "US dollars that this call may spend; 0: no cap");
  add_run_server(*one, *wanted);
  add_whereabouts(*one, wanted);
  one->callback([&commands, wanted] { commands.chosen = [wanted] { return run(*wanted); }; });
}

}  // namespace

void add_eval_commands(CLI::App& app, Commands& commands) {
  auto* command = app.add_subcommand("eval", "Experiments: an agent on cases; evaluators on traces");
  command->require_subcommand(1);
  add_run_command(*command, commands);
  add_import_command(*command, commands);
  add_export_command(*command, commands);
  auto* one = command->add_subcommand("try", "What evaluators say of traces that there are; nothing is stored");
  const auto wanted = std::make_shared<Tried>();
  wanted->limit = 20;
  one->add_option("traces", wanted->traces, "Ids of traces; without any the newest that the filter finds");
  one->add_option("--evaluators", wanted->evaluators, "A file of evaluators");
  one->add_option("--name", wanted->name, "Instead: evaluators that the server keeps");
  one->add_option("--filter", wanted->filter, "Which traces, of the last seven days");
  one->add_option("--dataset", wanted->dataset, "Expected outcomes: of the cases that were made from the traces");
  one->add_option("--limit", wanted->limit, "How many at most [20]");
  one->add_flag("--json", wanted->json, "The answer as JSON");
  add_whereabouts(*one, wanted);
  one->callback([&commands, wanted] { commands.chosen = [wanted] { return finish(try_out(*wanted)); }; });
}

}  // namespace pawl::app
