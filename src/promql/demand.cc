// Which samples the selectors of a tree need, and how coarse they may be.
#include <algorithm>

#include "promql/inside.h"

namespace pawl::promql {
namespace {

struct Around {        // what stands around a selector
  Millis first, last;  // the times at which it is looked at
  Millis step;
  Millis start, end;  // of the whole query
  Millis range = 0;
  std::string function = {};
  const Expr* sum = nullptr;  // under which it adds up
  std::vector<std::string> named = {};
};

class Demand {
 public:
  Demand(const Limits& limits, std::vector<Wanted>& out) : limits_(limits), out_(out) {}

  void visit(const Expr& expr, Around around) {
    switch (expr.kind) {
      case Kind::selector:
        return selector(expr, around);
      case Kind::window:
        around.range = expr.range;
        return visit(expr.args[0], around);
      case Kind::subquery:
        return subquery(expr, around);
      case Kind::call: {
        const bool adds_up = expr.name == "rate" || expr.name == "increase";
        if (!adds_up) around.sum = nullptr;
        around.function = expr.name;
        for (const Expr& argument : expr.args) visit(argument, around);
        return;
      }
      case Kind::aggregate: {
        const Expr* sum = expr.name == "sum" && !expr.without ? &expr : nullptr;
        for (const Expr& argument : expr.args) {
          Around inner = around;
          inner.sum = &argument == &expr.args.back() ? sum : nullptr;
          inner.function.clear();
          const bool keeps_all = expr.without || expr.name == "topk" || expr.name == "bottomk";
          if (!keeps_all) inner.named.clear();  // of what is asked for outside, only the grouping gets there
          if (!expr.without) add(inner.named, expr.grouping);
          visit(argument, inner);
        }
        return;
      }
      case Kind::paren:
        return visit(expr.args[0], around);
      default:
        around.sum = nullptr;
        around.function.clear();
        if (expr.matching.on) add(around.named, expr.matching.labels);
        for (const Expr& argument : expr.args) visit(argument, around);
    }
  }

 private:
  static void add(std::vector<std::string>& to, const std::vector<std::string>& names) {
    for (const std::string& name : names)
      if (std::ranges::find(to, name) == to.end()) to.push_back(name);
  }

  // The times at which what has these modifiers is looked at.
  static void move(const Expr& modified, Around& around) {
    if (modified.anchor != Anchor::none) {
      const Millis at = modified.anchor == Anchor::time    ? modified.at
                        : modified.anchor == Anchor::start ? around.start
                                                           : around.end;
      around.first = around.last = at;
      around.step = 0;
    }
    around.first -= modified.offset;
    around.last -= modified.offset;
  }

  void subquery(const Expr& expr, Around around) {
    move(expr, around);
    around.first -= expr.range;
    around.step = expr.step == 0 ? limits_.usual_step : expr.step;
    around.first -= ((around.first % around.step) + around.step) % around.step;
    around.range = 0, around.sum = nullptr;
    around.function.clear();
    visit(expr.args[0], around);
  }

  void selector(const Expr& expr, Around around) {
    move(expr, around);
    Wanted wanted{.selector = &expr,
                  .first = around.first,
                  .last = around.last,
                  .step = around.step,
                  .range = around.range,
                  .function = around.function};
    wanted.from = around.first - (around.range != 0 ? around.range : limits_.lookback);
    wanted.to = around.last;
    if (around.sum != nullptr) {
      wanted.summed = true;
      wanted.grouping = around.sum->grouping;
    }
    wanted.named = std::move(around.named);
    out_.push_back(std::move(wanted));
  }

  const Limits& limits_;
  std::vector<Wanted>& out_;
};

}  // namespace

std::vector<Wanted> demand(const Expr& root, Millis first, Millis last, Millis step, const Limits& limits) {
  std::vector<Wanted> out;
  Demand(limits, out).visit(root, {.first = first, .last = last, .step = step, .start = first, .end = last});
  return out;
}

}  // namespace pawl::promql
