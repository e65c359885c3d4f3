// Experiments over the API: listed, looked at case by case, and written by whoever runs them.
#include <algorithm>

#include "base/rng.h"
#include "base/text.h"
#include "experiments.h"
#include "llm/json_scan.h"
#include "trials/inspect.h"

namespace pawl::quality {
namespace {

namespace json = llm::json;
using datasets::Experiment;
using trials::CaseSeen;
using trials::TrialSeen;

constexpr std::size_t most_row = 4U << 20;

Result<net::Response> answer_with(Quality::Inside& inside, ProjectId project, const Experiment& one) {
  return net::Response::json(TRY(experiment_json(inside, project, one)));
}

Result<net::Response> list(Quality::Inside& inside, const net::Request& request) {
  const auto project = access_of(request).project;
  const auto window = TRY(window_of(request, 50, 1000));
  datasets::ExperimentsWanted wanted{.name_part = std::string(request.query.get("q")),
                                     .branch = std::string(request.query.get("branch")),
                                     .ids = {},
                                     .of_datasets = {},
                                     .page = {window.offset, window.limit}};
  if (const auto dataset = request.query.find("dataset"); dataset && !dataset->empty())
    wanted.dataset = TRY(inside.parts.datasets.find(project, *dataset)).id;
  const auto found = TRY(inside.parts.datasets.experiments(project, wanted));
  JsonWriter out;
  out.object().key("experiments").array();
  for (const auto& one : found.rows) out.raw(TRY(experiment_json(inside, project, one)));
  return net::Response::json(out.end().field("total", found.total).end().take());
}

Result<Experiment> experiment_of(Quality::Inside& inside, const net::Request& request) {
  return inside.parts.datasets.find_experiment(access_of(request).project, request.capture("experiment"));
}

Result<net::Response> show(Quality::Inside& inside, const net::Request& request) {
  return answer_with(inside, access_of(request).project, TRY(experiment_of(inside, request)));
}

Result<net::Response> remove(Quality::Inside& inside, const net::Request& request) {
  const auto one = TRY(experiment_of(inside, request));
  TRY(inside.parts.datasets.remove_experiment(access_of(request).project, one.id));
  return net::Response::json("{}");
}

Result<json::Object> object_in(const std::string& body) {
  const auto raw = json::trimmed(body);
  if (!json::is_valid(raw) || !json::is_object(raw)) return fail(ErrorKind::invalid, "The body must be a JSON object.");
  return json::Object(raw);
}

// What is said anew replaces what was said before; what is not said stays.
About told(const json::Object& said, const std::string& before) {
  About about = read_about(before);
  for (const auto& [key, into] : {std::pair{"manifest", &about.manifest},
                                  {"commit", &about.commit},
                                  {"dataset_version", &about.dataset_version},
                                  {"evaluators_version", &about.evaluators_version}})
    if (json::is_string(said.member(key))) *into = json::text(said.member(key));
  JsonWriter fresh;
  fresh.object();
  for (const std::string_view key : {"agent", "evaluators", "quality", "safety", "planned", "spend_cap_usd"})
    if (!json::is_null(said.member(key))) fresh.key(key).raw(said.member(key));
  const auto given = read_about(fresh.end().take());
  if (!given.agent.empty()) about.agent = given.agent;
  if (!given.evaluators.empty()) about.evaluators = given.evaluators;
  if (!given.quality.empty() || !given.safety.empty()) about.quality = given.quality, about.safety = given.safety;
  if (given.planned > 0) about.planned = given.planned;
  if (given.spend_cap_usd) about.spend_cap_usd = given.spend_cap_usd;
  return about;
}

// The same name over the same dataset is the same experiment: it goes on.
Result<net::Response> begin(Quality::Inside& inside, const net::Request& request) {
  const auto project = access_of(request).project;
  const std::string body = TRY(body_of(request));
  const auto said = TRY(object_in(body));
  const auto words = [&](std::string_view key) {
    return json::is_string(said.member(key)) ? json::text(said.member(key)) : std::string();
  };
  Experiment one{.name = words("name"), .description = words("description"), .branch = words("branch")};
  if (one.name.empty() || one.name.size() > 500) return fail(ErrorKind::invalid, "name is needed: 1 to 500 bytes.");
  std::string file;
  if (const std::string dataset = words("dataset"); !dataset.empty()) {
    if (const auto found = inside.parts.datasets.find(project, dataset)) {
      one.dataset = found->id;
    } else {
      file = dataset;  // a file's name: the cases are not on this server
    }
  }
  if (json::is_object(said.member("metadata"))) one.metadata = said.member("metadata");
  const auto there = inside.parts.datasets.find_experiment(project, one.name);
  const bool same = there && there->dataset == one.dataset;
  About about = told(said, same ? there->about : "");
  if (about.planned < 0) return fail(ErrorKind::invalid, "planned must not be below 0.");
  if (!file.empty()) about.dataset = file;
  if (same && !about.dataset_version.empty()) {
    const auto before = read_about(there->about).dataset_version;
    if (!before.empty() && before != about.dataset_version)
      return fail(ErrorKind::conflict,
                  "Experiment {} was run on version {} of its dataset, not {}: give the new one another name.",
                  one.name, before, about.dataset_version);
  }
  about.started = inside.clock.now(), about.capped = false;
  one.about = about_text(about), one.state = "running";
  return answer_with(inside, project, TRY(inside.parts.datasets.put_experiment(project, std::move(one))));
}

Result<net::Response> end(Quality::Inside& inside, const net::Request& request) {
  const auto project = access_of(request).project;
  auto one = TRY(experiment_of(inside, request));
  const std::string body = TRY(body_of(request));
  const auto said = TRY(object_in(body));
  one.state = json::text(said.member("state"));
  if (one.state != "done" && one.state != "stopped") return fail(ErrorKind::invalid, "state must be done or stopped.");
  one.ended = inside.clock.now();
  About about = read_about(one.about);
  about.capped = said.member("capped") == "true";
  one.about = about_text(about);
  return answer_with(inside, project, TRY(inside.parts.datasets.put_experiment(project, one)));
}

// ---- trials

struct Given {
  std::vector<datasets::Trial> trials;
  std::vector<TrialSeen> seen;
  std::vector<std::pair<std::uint64_t, std::string>> refused;
};

// By all that counts; the same that makes a case failing in an experiment's list.
bool has_failed(const TrialSeen& trial, const std::vector<std::string>& counting) {
  const auto state = trials::state_of(trial, counting);
  return state == "fail" || state == "part" || state == "crashed";
}

Result<> take_row(std::string_view row, const std::vector<std::string>& counting, Given& given) {
  if (row.size() > most_row) return fail(ErrorKind::exhausted, "the row has more than {} bytes", most_row);
  trials::Names names;
  const auto side = trials::read_rows(std::string(row), names);
  if (side.bad_count > 0) return fail(ErrorKind::invalid, "{}", side.bad.front().reason);
  auto seen = trials::read_trial(row);
  if (!seen) return fail(ErrorKind::invalid, "the row is no JSON object in UTF-8 with a case");
  given.trials.push_back({.case_name = seen->case_name,
                          .trial = seen->trial,
                          .infra_error = seen->infra_error,
                          .row = std::string(json::trimmed(row)),
                          .failed = has_failed(*seen, counting),
                          .trace = seen->trace});
  given.seen.push_back(std::move(*seen));
  return {};
}

// What evaluators said of a trial whose trace is known stands with the trace too, as any score does.
Result<> put_scores(Quality::Inside& inside, const net::Request& request, const Experiment& one, const Given& given) {
  const auto& access = access_of(request);
  const auto about = read_about(one.about);
  std::vector<scores::Score> out;
  std::vector<datasets::RunItem> links;
  for (const auto& trial : given.seen) {
    if (trial.trace.empty() || trial.infra_error) continue;
    for (const auto& [name, value] : trial.scores) {
      if (!value) continue;
      scores::Score score{.name = name, .typed = false, .value = value, .trace_id = trial.trace};
      score.id = to_uuid(hash128(fmt::format("{}\n{}\n{}\n{}", one.id, trial.case_name, trial.trial, name)));
      score.experiment = one.id, score.item = trial.case_name, score.source = "eval";
      score.evaluator = about.evaluators_version, score.author = actor_of(access);
      out.push_back(std::move(score));
    }
    links.push_back({.experiment = one.id, .item = trial.case_name, .trace_id = trial.trace});
  }
  if (!links.empty()) TRY(inside.parts.datasets.put_run_items(access.project, std::move(links)));
  if (!out.empty()) TRY(inside.parts.scores.put(access.project, std::move(out)));
  return {};
}

Result<net::Response> put_trials(Quality::Inside& inside, const net::Request& request) {
  const auto one = TRY(experiment_of(inside, request));
  std::string body = TRY(trials::unpacked_log(TRY(body_of(request))));
  if (auto log = trials::rows_of_inspect(body)) body = std::move(*log);
  const auto about = read_about(one.about);
  std::vector<std::string> counting = about.quality;
  counting.insert(counting.end(), about.safety.begin(), about.safety.end());
  Given given;
  std::uint64_t index = 0;
  for (const auto line : split(body, '\n')) {
    if (trim(line).empty()) continue;
    if (const auto taken = take_row(line, counting, given); !taken)
      given.refused.emplace_back(index, taken.error().what);
    ++index;
  }
  const auto put = TRY(inside.parts.datasets.put_trials(access_of(request).project, one.id, given.trials));
  TRY(put_scores(inside, request, one, given));
  JsonWriter out;
  out.object().field("stored", put.stored).field("there", put.there).field("replaced", put.replaced);
  out.key("refused").array();
  for (const auto& [place, why] : given.refused) out.object().field("index", place).field("why", why).end();
  return net::Response::json(out.end().end().take());
}

Result<net::Response> rows(Quality::Inside& inside, const net::Request& request) {
  auto found = TRY(results_of(inside, access_of(request).project, request.capture("experiment")));
  auto response = net::Response::bytes("application/x-ndjson", std::move(found.rows));
  response.headers.set("content-disposition", "attachment; filename=\"results.jsonl\"");
  return response;
}

// ---- cases

bool shown(const CaseSeen& one, std::string_view show) {
  return show == "failing"   ? one.failing
         : show == "flaky"   ? one.flaky
         : show == "infra"   ? one.infra
         : show == "passing" ? !one.failing && one.worst() != nullptr
                             : true;
}

void write_case_row(JsonWriter& out, const CaseSeen& one, const std::vector<std::string>& quality) {
  out.object().field("case", one.name).field("slice", one.slice).field("cluster", one.cluster).key("mean");
  trials::write_means(out, one);
  out.key("trials").array();
  for (const auto* trial : one.trials) trials::write_strip(out, *trial, quality);
  out.end();
  write_money(out, "cost_usd", trials::total_cost(one));
  out.field("latency_ms", trials::mean_latency(one));
  const auto* worst = one.worst();
  out.field("comment", worst != nullptr ? worst->comment : one.trials.front()->comment);
  write_text(out, "trace", worst != nullptr ? worst->trace : "");
  out.end();
}

void write_slices(JsonWriter& out, const std::vector<CaseSeen>& cases) {
  std::map<std::string_view, std::uint64_t> slices;
  for (const auto& one : cases)
    if (!one.slice.empty()) ++slices[one.slice];
  out.key("slices").array();
  for (const auto& [name, count] : slices) out.object().field("name", name).field("cases", count).end();
  out.end();
}

Result<net::Response> cases(Quality::Inside& inside, const net::Request& request) {
  const auto window = TRY(window_of(request, 100));
  const std::string show(request.query.find("show").value_or("all"));
  constexpr std::string_view known[] = {"all", "failing", "flaky", "infra", "passing"};
  if (std::ranges::find(known, show) == std::end(known))
    return fail(ErrorKind::invalid, "show is one of all, failing, flaky, infra, passing.");
  const auto found = TRY(results_of(inside, access_of(request).project, request.capture("experiment")));
  std::vector<std::string> quality = quality_of(found, {});
  if (const auto metric = request.query.find("metric"); metric && !metric->empty()) quality = {std::string(*metric)};
  const auto filter = case_filter_of(request);
  auto all = trials::by_case(found.trials, quality);
  std::erase_if(all, [&](const CaseSeen& one) { return !filter.takes(one); });
  JsonWriter out;
  out.object().key("counts").object();
  for (const auto name : known)
    out.field(name, std::ranges::count_if(all, [&](const CaseSeen& one) { return shown(one, name); }));
  out.end();
  write_slices(out, all);
  std::erase_if(all, [&](const CaseSeen& one) { return !shown(one, show); });
  std::ranges::sort(all, [](const CaseSeen& a, const CaseSeen& b) {
    if (a.failing != b.failing) return a.failing;
    const double of_a = a.mean.value_or(2), of_b = b.mean.value_or(2);
    return of_a != of_b ? of_a < of_b : a.name < b.name;
  });
  out.key("cases").array();
  for (std::size_t i = window.offset; i < all.size() && i < window.offset + window.limit; ++i)
    write_case_row(out, all[i], quality);
  return net::Response::json(out.end().field("total", std::uint64_t{all.size()}).end().take());
}

Result<net::Response> show_case(Quality::Inside& inside, const net::Request& request) {
  const auto project = access_of(request).project;
  const std::string name(request.capture("case"));
  const auto found = TRY(results_of(inside, project, request.capture("experiment"), name));
  const auto item = case_of(inside, project, found, name);
  if (found.trials.empty() && !item) return fail(ErrorKind::not_found, "There is no case {} in this experiment.", name);
  JsonWriter out;
  out.object();
  write_case_or_null(out, item);
  out.key("trials").array();
  for (const auto& group : trials::by_case(found.trials, {}))
    for (const auto* trial : group.trials) trials::write_trial(out, *trial);
  return net::Response::json(out.end().end().take());
}

void add_writing_routes(net::Router& router, Quality::Inside& inside, const std::string& all, const std::string& one) {
  const auto to = [&](net::Route route, Work work) { add(router, inside, std::move(route), work); };
  to({.method = "POST",
      .pattern = all,
      .permission = "write",
      .body_bytes = 1U << 20,
      .summary = "Begins an experiment, or goes on with the one of that name over the same dataset",
      .accepts = "{name, dataset, dataset_version, description, agent:{kind, target, model}, manifest, branch, commit, "
                 "evaluators:[{name, kind}], evaluators_version, quality, safety, planned, spend_cap_usd, metadata}",
      .answers = "an Experiment"},
     begin);
  to({.method = "POST",
      .pattern = one + "/trials",
      .permission = "write",
      .body_bytes = most_body,
      .summary = "Trials of an experiment; an outcome that is stored stays, one lost to infrastructure gives way to it",
      .accepts = "JSON lines as pawl gate reads them, or a log of Inspect (JSON or .eval)",
      .answers = "{stored, there, replaced, refused:[{index, why}]}"},
     put_trials);
  to({.method = "POST",
      .pattern = one + "/end",
      .permission = "write",
      .body_bytes = 16U << 10,
      .summary = "Says that nothing more comes",
      .accepts = "{state, capped}",
      .answers = "an Experiment"},
     end);
  to({.method = "DELETE",
      .pattern = one,
      .permission = "write",
      .summary = "Removes an experiment with its trials",
      .answers = "{}"},
     remove);
}

}  // namespace

void add_experiment_routes(net::Router& router, Quality::Inside& inside) {
  const std::string all = "/api/v1/experiments", one = all + "/{experiment}";
  const auto to = [&](net::Route route, Work work) { add(router, inside, std::move(route), work); };
  to({.method = "GET",
      .pattern = all,
      .permission = "read",
      .summary = "Experiments, the newest first",
      .query = {{"dataset", "over this one"},
                {"branch", "of this branch"},
                {"q", "part of the name"},
                {"limit", "1 to 1000"},
                {"offset", "how many are left out"}},
      .answers = "{experiments:[Experiment], total}"},
     list);
  to({.method = "GET",
      .pattern = one,
      .permission = "read",
      .summary = "One experiment, by id or name: progress, means with intervals, pass^k, money",
      .answers = "an Experiment"},
     show);
  to({.method = "GET",
      .pattern = one + "/cases",
      .permission = "read",
      .summary = "Its cases with their trials, failing ones first",
      .query = {{"show", "all, failing, flaky, infra, passing"},
                {"metric", "judged by this score alone"},
                {"slice", "of this slice"},
                {"q", "part of the name, comment or output"},
                {"limit", "1 to 10000"},
                {"offset", "how many are left out"}},
      .answers = "{counts, slices:[{name, cases}], cases:[ExperimentCase], total}"},
     cases);
  to({.method = "GET",
      .pattern = one + "/cases/{case}",
      .permission = "read",
      .summary = "A case and its trials, whole",
      .answers = "{case:Case, trials:[ExperimentTrial]}"},
     show_case);
  to({.method = "GET",
      .pattern = one + "/rows",
      .permission = "read",
      .summary = "Its results, as pawl gate reads them",
      .answers = "JSON lines"},
     rows);
  add_writing_routes(router, inside, all, one);
}

}  // namespace pawl::quality
