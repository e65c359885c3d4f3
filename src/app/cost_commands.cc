// `pawl cost …`: the chargeback export, and what else is asked of the slice of costs.
#include <fmt/format.h>

#include <fstream>

#include "commands.h"
#include "outcome.h"
#include "remote.h"

namespace pawl::app {
namespace {

struct Wanted : Asked {
  std::string format = "focus", period = "day", attributes, out;
};

Result<std::string> export_file(const Wanted& wanted) {
  const std::string path = "/api/v1/costs/export" + query_text({{"from", wanted.from},
                                                                {"to", wanted.to},
                                                                {"by", wanted.period},
                                                                {"attributes", wanted.attributes},
                                                                {"filter", wanted.filter},
                                                                {"format", wanted.format}});
  std::string text = TRY(call(wanted, "GET", path));
  if (wanted.out.empty()) {
    if (text.ends_with('\n')) text.pop_back();  // finish() adds one
    return text;
  }
  std::ofstream file(wanted.out, std::ios::binary);
  file << text;
  file.close();
  if (!file) return fail(ErrorKind::unavailable, "{} cannot be written", wanted.out);
  return fmt::format("{}: {} rows", wanted.out, std::ranges::count(text, '\n') - 1);
}

}  // namespace

void add_cost_commands(CLI::App& cost, Commands& commands) {
  const auto wanted = std::make_shared<Wanted>();
  auto add = [&](const char* name, const char* about, Result<std::string> (*work)(const Wanted&)) {
    auto* command = cost.add_subcommand(name, about);
    add_whereabouts(*command, wanted);
    command->callback(
        [&commands, work, wanted] { commands.chosen = [work, wanted] { return finish(work(*wanted)); }; });
    return command;
  };
  auto* file = add("export", "Chargeback as a file: FOCUS 1.2 columns, or a plain table", export_file);
  file->add_option("filter", wanted->filter, "The filter language, in quotes");
  file->add_option("--from", wanted->from, "Start of a day (hour) of UTC [the first of the month]");
  file->add_option("--to", wanted->to, "Its end, exclusive [the end of today]");
  file->add_option("--by", wanted->period, "day or hour [day]");
  file->add_option("--attribute", wanted->attributes, "Further dimensions that split rows: user,attr.tenant");
  file->add_option("--format", wanted->format, "focus or csv [focus]");
  file->add_option("--out", wanted->out, "File to write [standard output]");
}

}  // namespace pawl::app
