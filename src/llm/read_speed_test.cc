// How long reading takes: printed, and held under a bound that no machine should miss.
#include <gtest/gtest.h>

#include <ctime>
#include <memory_resource>

#include "llm/recording_testing.h"

namespace pawl::llm {
namespace {

class Timer final : public otlp::Visitor {
 public:
  void span(const otlp::Resource& resource, const otlp::Scope& scope, const otlp::Span& span) override {
    constexpr int rounds = 50;
    const double start = now_us();
    for (int i = 0; i < rounds; ++i) read_span(resource, scope, span, reading_);
    const double took = (now_us() - start) / rounds;
    total_us += took;
    spans += 1;
    attributes += static_cast<double>(span.attributes.size());
    bytes += static_cast<double>(span.raw.size());
    if (took > worst_us) {
      worst_us = took;
      worst = fmt::format("{} of {}: {} attributes, {} bytes", span.name, scope.name, span.attributes.size(),
                          span.raw.size());
    }
  }
  double total_us = 0, spans = 0, attributes = 0, bytes = 0, worst_us = 0;
  std::string worst;

 private:
  static double now_us() {  // of this thread: what neighbours do does not count
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
  }
  Reading reading_;
};

TEST(ReadSpeed, OfAllRecordings) {
  Timer timer;
  for (const std::string& name : recording_names()) {
    for (const auto& entry : std::filesystem::directory_iterator(fixture_path("otlp") / name)) {
      const std::string label = entry.path().filename();
      if (!label.contains(".traces.")) continue;
      const std::string body = read_fixture(entry.path());
      std::pmr::monotonic_buffer_resource arena;
      const auto encoding = label.contains(".json.") ? otlp::Encoding::json : otlp::Encoding::protobuf;
      ASSERT_TRUE(otlp::walk_traces(body, encoding, {}, arena, timer));
    }
  }
  fmt::print("read_span: {:.2f} us a span of {:.1f} attributes, {:.0f} bytes; worst {:.1f} us: {}\n",
             timer.total_us / timer.spans, timer.attributes / timer.spans, timer.bytes / timer.spans, timer.worst_us,
             timer.worst);
  EXPECT_LT(timer.total_us / timer.spans, 200);
}

}  // namespace
}  // namespace pawl::llm
