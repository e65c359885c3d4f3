// What masking costs: printed in bytes a second over recorded requests; holds that nothing in them takes the slow way.
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "guard/secrets.h"
#include "wire/compress.h"

namespace pawl::guard {
namespace {

struct Recorded {
  std::string name, body;
};

std::vector<Recorded> recorded() {
  std::vector<Recorded> out;
  for (const auto& one : std::filesystem::recursive_directory_iterator(PAWL_SOURCE_DIR "/tests/fixtures/otlp")) {
    const std::string path = one.path().string();
    if (!path.ends_with(".traces.pb.zst")) continue;
    std::ifstream in(path, std::ios::binary);
    const std::string packed((std::istreambuf_iterator<char>(in)), {});
    auto body = decompress("zstd", packed, 64U << 20);
    if (body) out.push_back({path, std::move(*body)});
  }
  return out;
}

double gigabytes_a_second(std::vector<Recorded>& all, const SecretScanner& scanner) {
  std::size_t bytes = 0;
  const auto began = std::chrono::steady_clock::now();
  while (bytes < 100'000'000) {
    for (auto& one : all) {
      (void)mask_otlp(one.body, Signal::traces, scanner);
      bytes += one.body.size();
    }
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  return static_cast<double>(bytes) / took.count() / 1e9;
}

TEST(Speed, OfMaskingRecordedRequests) {
  auto all = recorded();
  ASSERT_GT(all.size(), 20U);
  const SecretScanner usual(default_secrets), certain(certain_secrets), whole(all_kinds);
  std::size_t slow = 0;
  for (const auto& one : all) slow += usual.may_hold(one.body) ? 1 : 0;
  EXPECT_LT(slow, all.size() / 10) << "requests without keys are walked for nothing";
  const double of_usual = gigabytes_a_second(all, usual), of_certain = gigabytes_a_second(all, certain);
  std::printf(  // the last one masks e-mail addresses at its first pass: what is timed is the state that stays
      "masking: the usual kinds %.2f GB/s, all certain ones %.2f GB/s, all %.2f GB/s; %zu of %zu requests walked\n",
      of_usual, of_certain, gigabytes_a_second(all, whole), slow, all.size());
}

}  // namespace
}  // namespace pawl::guard
