// Requests about judges and raters, about looking at any time, and about trajectories.
#include <algorithm>
#include <map>

#include "stats/agreement.h"
#include "stats/judged.h"
#include "stats/request_fields.h"
#include "stats/sequential.h"
#include "stats/trajectory.h"

namespace pawl::stats {
namespace {

namespace dom = simdjson::dom;
using In = RequestFields;

Result<Bets> read_bets(const In& in, std::string_view usual) {
  const std::string name = TRY(in.text_or("bets", usual));
  if (name == "plug_in") return Bets::plug_in;
  if (name == "agrapa") return Bets::agrapa;
  return fail(ErrorKind::invalid, "\"bets\" {} must be plug_in or agrapa", name);
}

Result<> answer_e_process(const In& in, JsonWriter& out) {
  const auto e =
      TRY(e_process(TRY(in.numbers("x")), TRY(in.number("m")), TRY(in.number_or("alpha", 0.05)),
                    TRY(in.number_or("theta", 0.5)), TRY(in.number_or("c", 0.5)), TRY(read_bets(in, "plug_in"))));
  out.field("log_e", e.log_e).field("max_log_e", e.max_log_e).field("first_crossing", e.first_crossing);
  return {};
}

Result<> answer_confidence_sequence(const In& in, JsonWriter& out) {
  const auto x = TRY(in.numbers("x"));
  const auto grid = std::clamp<std::int64_t>(TRY(in.whole_or("grid", 1000)), 0, 2'000'000);
  const auto ci = TRY(confidence_sequence(x, TRY(in.number_or("alpha", 0.05)), static_cast<int>(grid)));
  write_interval(out, "ci", ci);
  return {};
}

Result<> answer_msprt(const In& in, JsonWriter& out) {
  const auto m = TRY(msprt(TRY(in.number("n")), TRY(in.number("mean_diff")), TRY(in.number("variance")),
                           TRY(in.number("tau2")), TRY(in.number_or("theta_0", 0))));
  out.field("log_lambda", m.log_lambda).field("p", m.p);
  return {};
}

Result<> answer_sequential_verdict(const In& in, JsonWriter& out) {
  std::vector<std::pair<double, double>> pairs;
  for (const auto& row : TRY(in.rows("pairs"))) {
    if (row.size() != 2) return fail(ErrorKind::invalid, "\"pairs[{}]\" must be [a, b]", pairs.size());
    pairs.emplace_back(row[0], row[1]);
  }
  const auto s = TRY(sequential_verdict(pairs, TRY(in.number("margin")), TRY(in.number_or("alpha", 0.05)),
                                        TRY(read_bets(in, "agrapa"))));
  out.field("verdict", name_of(s.verdict)).field("decided_at", s.decided_at);
  out.field("log_e_pass", s.log_e_pass).field("log_e_worse", s.log_e_worse);
  return {};
}

Result<> answer_rogan_gladen(const In& in, JsonWriter& out) {
  const JudgeCounts counts{TRY(in.whole("judged")), TRY(in.whole("judged_pass")), TRY(in.whole("tp")),
                           TRY(in.whole("fn")),     TRY(in.whole("tn")),          TRY(in.whole("fp"))};
  const auto r = TRY(rogan_gladen(counts, TRY(in.number_or("confidence", 0.95))));
  out.field("sensitivity", r.sensitivity).field("specificity", r.specificity).field("uncorrected", r.uncorrected);
  out.field("unclipped", r.unclipped).field("corrected", r.corrected);
  write_interval(out, "ci", r.ci);
  return {};
}

Result<> answer_ppi_mean(const In& in, JsonWriter& out) {
  std::optional<double> lambda;
  if (in.find("lambda")) lambda = TRY(in.number("lambda"));
  const auto p = TRY(ppi_mean(TRY(in.numbers("y")), TRY(in.numbers("judge")), TRY(in.numbers("judge_unlabelled")),
                              lambda, TRY(in.number_or("confidence", 0.95))));
  out.field("estimate", p.estimate).field("se", p.se).field("lambda", p.lambda);
  write_interval(out, "ci", p.ci);
  return {};
}

// The places of categories by their canonical JSON.
struct Categories {
  std::map<std::string, std::size_t> places;
  bool given = false;

  Result<std::vector<std::size_t>> read(const In& in, std::string_view name) {
    std::vector<std::size_t> out;
    for (const auto item : TRY(in.list(name))) {
      const auto text = TRY(canonical(item));
      if (!given) places.emplace(text, places.size());
      const auto found = places.find(text);
      if (found == places.end())
        return fail(ErrorKind::invalid, "\"{}[{}]\" is {}, which is not in \"categories\"", name, out.size(), text);
      out.push_back(found->second);
    }
    return out;
  }
};

Result<> answer_cohen_kappa(const In& in, JsonWriter& out) {
  Categories categories;
  if (in.find("categories")) {
    TRY(categories.read(in, "categories"));
    categories.given = true;
  }
  const std::string name = TRY(in.text_or("weights", "none"));
  if (name != "none" && name != "linear" && name != "quadratic")
    return fail(ErrorKind::invalid, "\"weights\" {} must be none, linear or quadratic", name);
  if (name != "none" && !categories.given)
    return fail(ErrorKind::invalid, "weights need \"categories\" in their order");
  const auto a = TRY(categories.read(in, "a")), b = TRY(categories.read(in, "b"));
  if (categories.places.size() > 1000) return fail(ErrorKind::invalid, "at most 1000 categories");
  const auto weights = name == "linear"      ? KappaWeights::linear
                       : name == "quadratic" ? KappaWeights::quadratic
                                             : KappaWeights::none;
  const auto k = TRY(cohen_kappa(a, b, categories.places.size(), weights));
  out.field("kappa", k.kappa).field("se", k.se).field("agreement", k.agreement);
  return {};
}

Result<> answer_krippendorff(const In& in, JsonWriter& out) {
  const auto level = TRY(parse_level(TRY(in.text_or("level", "nominal"))));
  std::map<std::string, double> words;
  std::vector<std::vector<std::optional<double>>> ratings;
  for (const auto row : TRY(in.list("ratings"))) {
    dom::array items;
    if (row.get(items)) return fail(ErrorKind::invalid, "\"ratings[{}]\" must be a list", ratings.size());
    auto& of_rater = ratings.emplace_back();
    for (const auto item : items) {
      const auto where = fmt::format("ratings[{}][{}]", ratings.size() - 1, of_rater.size());
      if (item.is_null()) {
        of_rater.emplace_back();
      } else if (level == Level::nominal) {
        of_rater.emplace_back(words.emplace(TRY(canonical(item)), static_cast<double>(words.size())).first->second);
      } else {
        of_rater.emplace_back(TRY(number_of(item, where)));
      }
    }
  }
  out.field("alpha", TRY(krippendorff(ratings, level)));
  return {};
}

Result<> answer_fleiss_kappa(const In& in, JsonWriter& out) {
  out.field("kappa", TRY(fleiss_kappa(TRY(in.rows("table")))));
  return {};
}

Result<std::vector<Call>> read_calls(const In& in, std::string_view name) {
  std::vector<Call> out;
  for (const auto item : TRY(in.list(name))) {
    const auto bad = [&] {
      return fail(ErrorKind::invalid, "\"{}[{}]\" must be {{name, arguments}}", name, out.size());
    };
    dom::object fields;
    std::string_view called;
    if (item.get(fields) || fields["name"].get(called)) return bad();
    auto& call = out.emplace_back(Call{std::string(called), {}});
    const auto given = In(fields).find("arguments");
    if (!given) continue;
    dom::object arguments;
    if (given->get(arguments)) {
      call.arguments.emplace_back("", TRY(canonical(*given)));
      continue;
    }
    for (const auto argument : arguments) call.arguments.emplace_back(argument.key, TRY(canonical(argument.value)));
    std::ranges::sort(call.arguments);
    const auto twice = std::ranges::adjacent_find(call.arguments, {}, &std::pair<std::string, std::string>::first);
    if (twice != call.arguments.end())
      return fail(ErrorKind::invalid, "\"{}[{}]\": the argument \"{}\" stands twice", name, out.size() - 1,
                  twice->first);
  }
  return out;
}

Result<> answer_trajectory(const In& in, JsonWriter& out) {
  const auto how = TRY(parse_argument_match(TRY(in.text_or("arguments", "exact"))));
  const auto t = TRY(compare_calls(TRY(read_calls(in, "actual")), TRY(read_calls(in, "expected")), how));
  out.field("exact", t.exact).field("in_order", t.in_order).field("any_order", t.any_order);
  out.field("unordered", t.unordered).field("within", t.within);
  out.field("precision", t.precision).field("recall", t.recall).field("matched", std::uint64_t{t.matched});
  return {};
}

}  // namespace

std::span<const NamedFunction> functions_of_judges() {
  static constexpr NamedFunction functions[] = {
      {"e_process", answer_e_process},
      {"confidence_sequence", answer_confidence_sequence},
      {"msprt", answer_msprt},
      {"sequential_verdict", answer_sequential_verdict},
      {"rogan_gladen", answer_rogan_gladen},
      {"ppi_mean", answer_ppi_mean},
      {"cohen_kappa", answer_cohen_kappa},
      {"krippendorff", answer_krippendorff},
      {"fleiss_kappa", answer_fleiss_kappa},
      {"trajectory", answer_trajectory},
  };
  return functions;
}

}  // namespace pawl::stats
