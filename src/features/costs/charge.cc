// Lines of a charge.
#include "charge.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "base/text.h"

namespace pawl::costs {
namespace {

struct Kind {
  std::string_view key, type, meter;
};
constexpr std::array kinds = {
    Kind{"input_tokens", "input", "Input Tokens"},
    Kind{"cache_read_tokens", "cache_read", "Cache Read Tokens"},
    Kind{"cache_write_tokens", "cache_write", "Cache Write Tokens"},
    Kind{"cache_write_5m_tokens", "cache_write_5m", "Cache Write Tokens (5 min)"},
    Kind{"cache_write_1h_tokens", "cache_write_1h", "Cache Write Tokens (1 h)"},
    Kind{"output_tokens", "output", "Output Tokens"},
    Kind{"output_reasoning_tokens", "reasoning", "Reasoning Tokens"},
    Kind{"input_audio_tokens", "audio_input", "Audio Input Tokens"},
    Kind{"output_audio_tokens", "audio_output", "Audio Output Tokens"},
    Kind{"cache_audio_read_tokens", "audio_cache_read", "Audio Cache Read Tokens"},
    Kind{"input_image_tokens", "image_input", "Image Input Tokens"},
    Kind{"output_image_tokens", "image_output", "Image Output Tokens"},
    Kind{"cache_image_read_tokens", "image_cache_read", "Image Cache Read Tokens"},
    Kind{"input_video_tokens", "video_input", "Video Input Tokens"},
    Kind{"output_video_tokens", "video_output", "Video Output Tokens"},
    Kind{"input_text_tokens", "text_input", "Text Input Tokens"},
    Kind{"output_text_tokens", "text_output", "Text Output Tokens"},
    Kind{"web_searches", "web_searches", "Web Searches"},
    Kind{"storage_searches", "storage_searches", "File Searches"},
    Kind{"social_searches", "social_searches", "Social Searches"},
    Kind{"rerank_searches", "rerank_searches", "Rerank Searches"},
    Kind{"code_executions", "code_executions", "Code Executions"},
    Kind{"requests", "requests", "Requests"},
    Kind{"audio_seconds", "audio_seconds", "Audio Seconds"},
    Kind{"input_audio_seconds", "input_audio_seconds", "Audio Input Seconds"},
    Kind{"output_audio_seconds", "output_audio_seconds", "Audio Output Seconds"},
    Kind{"input_characters", "input_characters", "Input Characters"},
    Kind{"", "tool_calls", "Tool Calls"},
    Kind{"", "tool_units", "Tool Units"},
    Kind{"", "all", "Tokens"},
};

Line whole(const Sum& sum) {
  Int128 tokens = sum.tokens.total();
  return {.type = "all", .millionths = static_cast<std::int64_t>(tokens * 1'000'000), .pico = {}, .cost = sum.cost};
}

// What tools charged by call and by unit; where the list has the prices no more, one line by call without a price.
std::vector<Line> tool_lines(const llm::PriceList& list, const Sum& sum) {
  const auto line = [](std::string type, std::int64_t millionths, std::optional<Int128> pico, Int128 cost) {
    return Line{.type = std::move(type), .millionths = millionths, .pico = pico, .per = 1, .cost = cost};
  };
  const std::int64_t calls = sum.calls * 1'000'000;
  const auto rates = sum.source == "priced" ? llm::tool_rates(list, sum.row) : std::nullopt;
  const Int128 by_call = rates ? Int128{sum.calls} * rates->per_call : 0, rest = sum.cost - by_call;
  if (!rates || rest < 0 || (rest > 0 && rates->per_unit == 0)) return {line("tool_calls", calls, {}, sum.cost)};
  std::vector<Line> out;
  if (rates->per_call > 0 || rest == 0) out.push_back(line("tool_calls", calls, Int128{rates->per_call}, by_call));
  if (rest > 0)
    out.push_back(line("tool_units", static_cast<std::int64_t>(divided(rest * 1'000'000, rates->per_unit)),
                       Int128{rates->per_unit}, rest));
  return out;
}

}  // namespace

bool Line::tokens() const {
  return !type.starts_with("tool_") && type.find("searches") == std::string::npos &&
         type.find("seconds") == std::string::npos && type != "code_executions" && type != "requests" &&
         type.find("characters") == std::string::npos && type.find("pages") == std::string::npos;
}

std::string type_of(std::string_view usage_key) {
  for (const Kind& kind : kinds) {
    if (kind.key == usage_key) return std::string(kind.type);
  }
  return std::string(usage_key.ends_with("_tokens") ? usage_key.substr(0, usage_key.size() - 7) : usage_key);
}

std::string_view meter_of(std::string_view type) {
  for (const Kind& kind : kinds) {
    if (kind.type == type) return kind.meter;
  }
  return "Usage";
}

Unit unit_of(const Line& line) {
  if (line.tokens()) return {"Tokens", "1000000 Tokens"};
  if (line.type == "tool_units") return {"Units", "Units"};
  if (line.type.find("seconds") != std::string::npos) return {"Seconds", line.per == 3600 ? "Hours" : "Seconds"};
  if (line.type.find("characters") != std::string::npos) return {"Characters", "1000000 Characters"};
  if (line.type.find("pages") != std::string::npos) return {"Pages", line.per == 1000 ? "1000 Pages" : "Pages"};
  return {"Requests", line.per == 1000 ? "1000 Requests" : line.per == 1 ? "Requests" : "1000000 Requests"};
}

std::vector<Int128> shares_of(Int128 total, const std::vector<Int128>& given) {
  if (given.empty()) return {};
  std::vector<Int128> weights = given;
  Int128 all = std::accumulate(weights.begin(), weights.end(), Int128{0});
  if (all == 0) {
    std::ranges::fill(weights, 1);
    all = static_cast<Int128>(weights.size());
  }
  // Products stay below 2^127: weights are brought down to 2^40 first, which moves no part by more than the rounding.
  while (all > (Int128{1} << 40)) {
    all = 0;
    for (Int128& weight : weights) all += weight = weight > 0 ? std::max<Int128>(1, weight / 2) : 0;
    if (all <= static_cast<Int128>(weights.size())) break;
  }
  std::vector<Int128> out;
  std::vector<std::pair<Int128, std::size_t>> rests;
  const Int128 size = total < 0 ? -total : total;
  Int128 left = size;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const Int128 product = size * weights[i];
    out.push_back(product / all);
    rests.emplace_back(product % all, i);
    left -= out.back();
  }
  std::ranges::sort(
      rests, [](const auto& a, const auto& b) { return a.first != b.first ? a.first > b.first : a.second < b.second; });
  for (std::size_t i = 0; left > 0; ++i, --left) ++out[rests[i % rests.size()].second];
  if (total < 0) {
    for (Int128& part : out) part = -part;
  }
  return out;
}

std::vector<Line> lines_of(llm::Pricer& pricer, const Sum& sum) {
  if (llm::is_tool_row(sum.row)) return tool_lines(pricer.list(), sum);
  if (sum.source != "priced" || sum.row.empty()) return {whole(sum)};
  const auto tiers = pricer.tiers_of(sum.row);
  std::int64_t input = 0;
  if (sum.tier > 0 && static_cast<std::size_t>(sum.tier) <= tiers.size())
    input = tiers[static_cast<std::size_t>(sum.tier) - 1] + 1;
  const auto priced = pricer.price_sum(sum.row, input, llm::usage_of(sum.tokens));
  if (!priced) return {whole(sum)};
  std::vector<Line> lines;
  Int128 rest = sum.cost;
  for (const auto& line : priced->lines) {
    lines.push_back({type_of(line.type), line.millionths, Int128{line.pico}, line.per, Int128{line.cost.pico}});
    rest -= line.cost.pico;
  }
  const Int128 distance = rest < 0 ? -rest : rest;
  if (lines.empty() || distance > sum.calls + static_cast<Int128>(lines.size())) return {whole(sum)};
  std::ranges::max_element(lines, {}, &Line::cost)->cost += rest;
  return lines;
}

std::string service_tier_of(std::string_view row) {
  for (const std::string_view key : {"+processing=", "+service_tier=", "+speed="}) {
    const auto at = row.find(key);
    if (at == std::string_view::npos) continue;
    const auto value = row.substr(at + key.size());
    const std::string tier(value.substr(0, value.find_first_of("@+#")));
    if (tier != "default") return tier;
  }
  return "standard";
}

std::string decimal(Int128 pico) {
  std::string text = format_dollars(pico);
  return text.find('.') == std::string::npos ? text + ".0" : text;
}

Int128 divided(Int128 numerator, Int128 denominator) {
  const bool negative = (numerator < 0) != (denominator < 0);
  if (numerator < 0) numerator = -numerator;
  if (denominator < 0) denominator = -denominator;
  Int128 whole = numerator / denominator;
  const Int128 twice = 2 * (numerator % denominator);
  if (twice > denominator || (twice == denominator && whole % 2 == 1)) ++whole;
  return negative ? -whole : whole;
}

}  // namespace pawl::costs
