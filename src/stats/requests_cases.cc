// Requests about cases: pass@k, means, paired differences, proportions, tests, sizes, the bootstrap.
#include <algorithm>
#include <cmath>

#include "stats/bootstrap.h"
#include "stats/multiplicity.h"
#include "stats/pass_k.h"
#include "stats/proportions.h"
#include "stats/request_fields.h"
#include "stats/sample_size.h"

namespace pawl::stats {
namespace {

namespace dom = simdjson::dom;
using In = RequestFields;

Result<std::vector<Trials>> read_trials(const In& in) {
  std::vector<Trials> out;
  for (const auto item : TRY(in.list("cases"))) {
    dom::object fields;
    if (item.get(fields)) return fail(ErrorKind::invalid, "\"cases[{}]\" must be {{n, c}}", out.size());
    const auto n = In(fields).whole("n"), c = In(fields).whole("c");
    if (!n || !c) return fail(ErrorKind::invalid, "\"cases[{}]\" must have whole numbers n and c", out.size());
    out.push_back({*n, *c});
  }
  return out;
}

template <Result<double> (*formula)(std::span<const Trials>, std::int64_t)>
Result<> pass_k(const In& in, JsonWriter& out) {
  const auto cases = TRY(read_trials(in));
  out.field("value", TRY(formula(cases, TRY(in.whole("k")))));
  return {};
}

Result<> answer_mean(const In& in, JsonWriter& out) {
  const auto m = TRY(mean_se(TRY(in.rows("cases")), TRY(in.number_or("confidence", 0.95))));
  out.field("mean", m.mean).field("se_naive", m.se_naive).field("se_clustered", m.se_clustered);
  out.field("se_clustered_cr1", m.se_clustered_cr1).field("df", m.df);
  write_interval(out, "ci", m.ci);
  out.field("case_mean", m.case_mean).field("case_mean_se", m.case_mean_se);
  return {};
}

Result<std::vector<PairedCase>> read_pairs(const In& in) {
  std::vector<PairedCase> out;
  for (const auto item : TRY(in.list("cases"))) {
    dom::object fields;
    if (item.get(fields)) return fail(ErrorKind::invalid, "\"cases[{}]\" must be {{a, b}}", out.size());
    PairedCase one;
    for (const auto& [name, values] : {std::pair{"a", &one.a}, std::pair{"b", &one.b}}) {
      const auto side = In(fields).find(name);
      if (side) *values = TRY(numbers_of(*side, fmt::format("cases[{}].{}", out.size(), name)));
    }
    out.push_back(std::move(one));
  }
  return out;
}

Result<> answer_paired(const In& in, JsonWriter& out) {
  const auto p = TRY(paired(TRY(read_pairs(in)), TRY(in.number_or("confidence", 0.95))));
  out.field("cases", std::uint64_t{p.cases}).field("dropped", std::uint64_t{p.dropped}).field("diff", p.diff);
  out.field("se", p.se).field("t", p.t).field("p", p.p);
  if (p.ci) {
    write_interval(out, "ci", *p.ci);
  } else {
    out.key("ci").null();
  }
  out.field("se_unpaired", p.se_unpaired);
  return {};
}

Result<> answer_noninferiority(const In& in, JsonWriter& out) {
  const auto n = TRY(noninferiority(TRY(read_pairs(in)), TRY(in.number("margin")), TRY(in.number_or("alpha", 0.05))));
  out.field("diff", n.diff).field("t", n.t).field("p", n.p).field("lower", n.lower);
  out.field("noninferior", n.noninferior);
  return {};
}

Result<> answer_equivalence(const In& in, JsonWriter& out) {
  const auto e = TRY(equivalence(TRY(read_pairs(in)), TRY(in.number("margin")), TRY(in.number_or("alpha", 0.05))));
  out.field("p_lower", e.p_lower).field("p_upper", e.p_upper).field("p", e.p).field("equivalent", e.equivalent);
  return {};
}

Result<> answer_sign_flip(const In& in, JsonWriter& out) {
  const auto d = TRY(differences(TRY(read_pairs(in))));
  out.field("p", sign_flip(d, static_cast<std::uint64_t>(TRY(in.whole_or("seed", 1)))));
  return {};
}

Result<> answer_wilson(const In& in, JsonWriter& out) {
  const double x = TRY(in.number("x")), n = TRY(in.number("n"));
  const auto ci = TRY(wilson(x, n, TRY(in.number_or("confidence", 0.95))));
  out.field("p", x / n);
  write_interval(out, "ci", ci);
  return {};
}

Result<> answer_clopper_pearson(const In& in, JsonWriter& out) {
  const double x = TRY(in.number("x")), n = TRY(in.number("n"));
  const auto ci = TRY(clopper_pearson(x, n, TRY(in.number_or("confidence", 0.95))));
  out.field("p", x / n);
  write_interval(out, "ci", ci);
  return {};
}

Result<> answer_newcombe(const In& in, JsonWriter& out) {
  const auto d = TRY(newcombe(TRY(in.number("x1")), TRY(in.number("n1")), TRY(in.number("x2")), TRY(in.number("n2")),
                              TRY(in.number_or("confidence", 0.95))));
  out.field("diff", d.diff);
  write_interval(out, "ci", d.ci);
  return {};
}

Result<> answer_newcombe_paired(const In& in, JsonWriter& out) {
  const PairedCounts counts{TRY(in.number("both")), TRY(in.number("only_1")), TRY(in.number("only_2")),
                            TRY(in.number("neither"))};
  const auto d = TRY(newcombe_paired(counts, TRY(in.number_or("confidence", 0.95))));
  out.field("diff", d.diff);
  write_interval(out, "ci", d.ci);
  return {};
}

Result<> answer_mcnemar(const In& in, JsonWriter& out) {
  const auto p = TRY(mcnemar(TRY(in.whole("b")), TRY(in.whole("c"))));
  out.field("p_exact", p.p_exact).field("p_mid", p.p_mid);
  return {};
}

Result<> answer_fisher(const In& in, JsonWriter& out) {
  const std::int64_t n1 = TRY(in.whole("n1")), n2 = TRY(in.whole("n2"));
  if (n1 > 1'000'000 || n2 > 1'000'000) return fail(ErrorKind::invalid, "at most a million trials on a side");
  const auto p = TRY(fisher(TRY(in.whole("x1")), n1, TRY(in.whole("x2")), n2));
  out.field("p", p.two_sided).field("p_less", p.less);
  return {};
}

Result<> answer_adjust(const In& in, JsonWriter& out) {
  const auto p = TRY(in.numbers("p"));
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (!(p[i] >= 0 && p[i] <= 1)) return fail(ErrorKind::invalid, "p[{}] is {}: it must lie in [0, 1]", i, p[i]);
  }
  const auto method = TRY(parse_adjustment(TRY(in.text_or("method", "holm"))));
  out.key("adjusted").array();
  for (const double one : adjust(p, method)) out.value(one);
  out.end();
  return {};
}

Result<Variances> read_variances(const In& in) {
  return Variances{TRY(in.number("var_between")), TRY(in.number("var_within_a")), TRY(in.number("var_within_b")),
                   TRY(in.number_or("trials_a", 1)), TRY(in.number_or("trials_b", 1))};
}

Result<Sought> read_sought(const In& in) {
  return Sought{TRY(in.number("delta")), TRY(in.number_or("alpha", 0.05)), TRY(in.number_or("power", 0.8)),
                TRY(in.flag_or("one_sided", false))};
}

Result<> answer_cases_needed(const In& in, JsonWriter& out) {
  const auto n = TRY(cases_needed(TRY(read_variances(in)), TRY(read_sought(in))));
  out.field("variance", n.variance).field("cases_exact", n.cases_exact).field("cases", n.cases);
  return {};
}

Result<> answer_trials_needed(const In& in, JsonWriter& out) {
  out.field("trials", TRY(trials_needed(TRY(read_variances(in)), TRY(in.number("cases")), TRY(read_sought(in)))));
  return {};
}

Result<> answer_mcnemar_cases(const In& in, JsonWriter& out) {
  const auto n = TRY(mcnemar_cases(TRY(in.number("discordant")), TRY(read_sought(in))));
  out.field("cases_exact", n.cases_exact).field("cases", n.cases);
  return {};
}

Result<Statistic> read_statistic(const In& in, const Values& x) {
  const std::string name = TRY(in.text_or("statistic", in.find("over") ? "ratio" : "mean"));
  if (name == "mean") {
    return [&x](std::span<const std::uint32_t> cases) {
      double sum = 0;
      for (const auto i : cases) sum += x[i];
      return sum / static_cast<double>(cases.size());
    };
  }
  if (name == "median") {
    return [&x, taken = Values()](std::span<const std::uint32_t> cases) mutable {
      taken.clear();
      for (const auto i : cases) taken.push_back(x[i]);
      const auto middle = taken.begin() + static_cast<std::ptrdiff_t>(taken.size() / 2);
      std::ranges::nth_element(taken, middle);
      if (taken.size() % 2 == 1) return *middle;
      return (*middle + *std::max_element(taken.begin(), middle)) / 2;
    };
  }
  if (name != "ratio") return fail(ErrorKind::invalid, "\"statistic\" {} must be mean, median or ratio", name);
  auto over = TRY(in.numbers("over"));
  if (over.size() != x.size()) return fail(ErrorKind::invalid, "\"over\" has {} values, x {}", over.size(), x.size());
  return [&x, over = std::move(over)](std::span<const std::uint32_t> cases) {
    double sum = 0, below = 0;
    for (const auto i : cases) sum += x[i], below += over[i];
    return below == 0 ? std::nan("") : sum / below;
  };
}

Result<> answer_bca(const In& in, JsonWriter& out) {
  const auto x = TRY(in.numbers("x"));
  const auto statistic = TRY(read_statistic(in, x));
  const auto resamples = TRY(in.whole_or("resamples", 10'000));
  if (resamples < 0) return fail(ErrorKind::invalid, "\"resamples\" must not be below 0");
  const auto b =
      TRY(bca(x.size(), statistic, static_cast<std::size_t>(resamples),
              static_cast<std::uint64_t>(TRY(in.whole_or("seed", 1))), TRY(in.number_or("confidence", 0.95))));
  out.field("estimate", b.estimate);
  write_interval(out, "ci", b.ci);
  return {};
}

}  // namespace

std::span<const NamedFunction> functions_of_cases() {
  static constexpr NamedFunction functions[] = {
      {"pass_at_k", pass_k<pass_at_k>},
      {"pass_hat_k", pass_k<pass_hat_k>},
      {"mean_se", answer_mean},
      {"paired", answer_paired},
      {"noninferiority", answer_noninferiority},
      {"equivalence", answer_equivalence},
      {"sign_flip", answer_sign_flip},
      {"wilson", answer_wilson},
      {"clopper_pearson", answer_clopper_pearson},
      {"newcombe", answer_newcombe},
      {"newcombe_paired", answer_newcombe_paired},
      {"mcnemar", answer_mcnemar},
      {"fisher", answer_fisher},
      {"adjust", answer_adjust},
      {"cases_needed", answer_cases_needed},
      {"trials_needed", answer_trials_needed},
      {"mcnemar_cases", answer_mcnemar_cases},
      {"bca", answer_bca},
  };
  return functions;
}

}  // namespace pawl::stats
