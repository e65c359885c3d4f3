// What looking for secrets and personal data costs: bytes a second of one core over recorded requests.
#include <ctime>
#include <filesystem>
#include <fstream>
#include <vector>

#include "bench.h"
#include "guard/secrets.h"
#include "wire/compress.h"

namespace pawl::bench {
namespace {

std::vector<std::string> recorded() {
  std::vector<std::string> out;
  std::error_code error;
  for (const auto& one : std::filesystem::recursive_directory_iterator("tests/fixtures/otlp", error)) {
    if (!one.path().string().ends_with(".traces.pb.zst")) continue;
    std::ifstream in(one.path(), std::ios::binary);
    const std::string packed((std::istreambuf_iterator<char>(in)), {});
    if (auto body = decompress("zstd", packed, 64U << 20)) out.push_back(std::move(*body));
  }
  return out;
}

double cpu_now() {
  timespec at{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
  return static_cast<double>(at.tv_sec) + static_cast<double>(at.tv_nsec) / 1e9;
}

// The best of three, of requests as they come: each is copied first, so that nothing is masked already.
double gigabytes_a_second(const std::vector<std::string>& bodies, const guard::SecretScanner& scanner) {
  double best = 0;
  for (int turn = 0; turn < 3; ++turn) {
    std::size_t bytes = 0;
    double took = 0;
    while (bytes < 60'000'000) {
      for (const auto& body : bodies) {
        std::string copy = body;
        const double began = cpu_now();
        (void)guard::mask_otlp(copy, guard::Signal::traces, scanner);
        took += cpu_now() - began;
        bytes += body.size();
      }
    }
    best = std::max(best, static_cast<double>(bytes) / took / 1e9);
  }
  return best;
}

}  // namespace

void run_masking() {
  const auto bodies = recorded();
  if (bodies.empty()) {
    fmt::print("masking: no recorded requests; run it from the root of the tree\n");
    return;
  }
  struct Set {
    std::string_view name;
    guard::SecretKinds kinds;
  };
  for (const Set& one : {Set{"the usual kinds (goal 1)", guard::default_secrets},
                         Set{"all keys and tokens (goal 0.5)", guard::certain_secrets},
                         Set{"with what is assigned to a telling name", guard::all_secrets},
                         Set{"with personal data", guard::all_kinds}})
    fmt::print("masking, {}: {:.2f} GB/s a core\n", one.name,
               gigabytes_a_second(bodies, guard::SecretScanner(one.kinds)));
}

}  // namespace pawl::bench
