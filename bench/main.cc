// `make bench`: figures, not a test. A server of its own, measured by its own processor time.
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "bench.h"

int main(int argc, char** argv) {
  using namespace pawl::bench;
  const std::string_view what = argc > 2 ? argv[2] : "all";
  if (argc < 2 || (what != "all" && what != "load" && what != "brief" && what != "vendors" && what != "alerts" &&
                   what != "masking" && what != "rules" && what != "evals" && what != "queries")) {
    fmt::print(
        stderr,
        "usage: pawl_bench PROGRAM [all|load|brief|vendors|alerts|masking|rules|evals|queries [SPANS [DATA]]]\n");
    return 64;
  }
  signal(SIGPIPE, SIG_IGN);
  if (what == "all" || what == "alerts") run_alerts();
  if (what == "all" || what == "masking") run_masking();
  if (what == "all" || what == "rules") run_rules(argv[1], argc > 4 ? argv[4] : "");
  if (what == "all" || what == "evals") run_evals(argv[1]);
  if (what == "all" || what == "vendors") run_vendors(argv[1]);
  if (what == "all" || what == "load" || what == "brief") run_load(argv[1], what == "brief");
  if (what != "all" && what != "queries") return 0;
  const std::uint64_t spans = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 10'000'000;
  const std::filesystem::path own = std::filesystem::temp_directory_path() / fmt::format("pawl-bench-{}", getpid());
  run_queries(argv[1], argc > 4 ? argv[4] : own.string(), spans);
  std::error_code error;
  std::filesystem::remove_all(own, error);
  return 0;
}
