// Reading the embedded fleet.
#include "demo/fleet.h"

#include <simdjson.h>

#include <cmath>
#include <string_view>
#include <unordered_map>

#include "wire/compress.h"

extern "C" {
extern const unsigned char pawl_demo[];  // cmake/demo.cmake
extern const unsigned char pawl_demo_end[];
}

namespace pawl::demo {
namespace {

namespace sj = simdjson;
using sj::dom::element;
using sj::dom::object;

constexpr std::size_t most_bytes = 256U << 20;

std::string text_of(const object& from, std::string_view key) {
  std::string_view text;
  return from[key].get(text) == sj::SUCCESS ? std::string(text) : std::string();
}

std::int64_t number_of(const object& from, std::string_view key) {
  std::int64_t number = 0;
  return from[key].get(number) == sj::SUCCESS ? number : 0;
}

double real_of(const object& from, std::string_view key) {
  double real = 0;
  return from[key].get(real) == sj::SUCCESS ? real : 0;
}

Nanos seconds_of(const object& from, std::string_view key) {
  return static_cast<Nanos>(std::llround(real_of(from, key) * 1e3)) * millisecond;
}

template <typename F>
void each(const object& from, std::string_view key, F&& take) {
  sj::dom::array array;
  if (from[key].get(array) != sj::SUCCESS) return;
  for (const element item : array) take(item);
}

Message message_of(const object& from) {
  Message message;
  const std::string role = text_of(from, "role");
  message.role = role == "system"      ? Role::system
                 : role == "assistant" ? Role::assistant
                 : role == "tool"      ? Role::tool
                                       : Role::user;
  message.text = text_of(from, "text");
  message.speaker = text_of(from, "speaker");
  message.call = text_of(from, "call");
  message.tool = text_of(from, "tool");
  element arguments;
  if (from["arguments"].get(arguments) == sj::SUCCESS) message.arguments = sj::minify(arguments);
  bool failed = false;
  message.failed = from["failed"].get(failed) == sj::SUCCESS && failed;
  return message;
}

Trajectory trajectory_of(const object& from) {
  Trajectory trajectory;
  trajectory.id = text_of(from, "trajectory");
  trajectory.domain = text_of(from, "domain");
  element tools;
  if (from["tools"].get(tools) == sj::SUCCESS) trajectory.tools = sj::minify(tools);
  each(from, "messages", [&](const element& item) {
    object message;
    if (item.get(message) == sj::SUCCESS) trajectory.messages.push_back(message_of(message));
  });
  for (const Message& message : trajectory.messages) trajectory.answers += message.role == Role::assistant ? 1 : 0;
  return trajectory;
}

void read_judgements(const object& from, Row& row) {
  each(from, "guardrail", [&](const element& item) {
    object trigger;
    if (item.get(trigger) != sj::SUCCESS) return;
    Trigger out{text_of(trigger, "rule"), text_of(trigger, "action"), std::nullopt};
    std::int64_t at = 0;
    if (trigger["message"].get(at) == sj::SUCCESS && at >= 0) out.message = static_cast<std::size_t>(at);
    row.triggers.push_back(std::move(out));
  });
  object feedback;
  if (from["feedback"].get(feedback) == sj::SUCCESS) {
    row.feedback = Feedback{static_cast<int>(number_of(feedback, "thumb")), number_of(feedback, "after_s"),
                            text_of(feedback, "comment")};
  }
  object scores;
  if (from["scores"].get(scores) == sj::SUCCESS) {
    for (const auto [name, value] : scores) {
      double score = 0;
      if (value.get(score) == sj::SUCCESS) row.scores.emplace_back(name, score);
    }
  }
  each(from, "incident", [&](const element& item) {
    std::string_view name;
    if (item.get(name) == sj::SUCCESS) row.incidents.emplace_back(name);
  });
}

Row row_of(const object& from) {
  Row row;
  row.session = text_of(from, "session");
  row.user = text_of(from, "user");
  row.at = seconds_of(from, "t");
  row.agent = text_of(from, "agent");
  row.team = text_of(from, "team");
  row.workflow = text_of(from, "workflow");
  row.version = text_of(from, "version");
  row.model = text_of(from, "model");
  row.blocked = text_of(from, "status") != "ok";
  double reward = 0;
  if (from["reward"].get(reward) == sj::SUCCESS) row.done = reward == 1;
  row.llm_calls = static_cast<std::size_t>(number_of(from, "llm_calls"));
  row.input_tokens = number_of(from, "input_tokens");
  row.cached_tokens = number_of(from, "cached_tokens");
  row.output_tokens = number_of(from, "output_tokens");
  row.duration = seconds_of(from, "duration_s");
  read_judgements(from, row);
  return row;
}

}  // namespace

Result<Fleet> load_fleet() {
  const auto size = static_cast<std::size_t>(pawl_demo_end - pawl_demo);
  const std::string text = TRY(decompress("zstd", {reinterpret_cast<const char*>(pawl_demo), size}, most_bytes));
  Fleet fleet;
  std::vector<std::string> names;  // of the rows' trajectories
  sj::dom::parser parser;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    object line;
    if (parser.parse(text.data() + at, end - at, true).get(line) != sj::SUCCESS)
      return fail(ErrorKind::corrupt, "the embedded demo holds a line that is no JSON, at byte {}", at);
    at = end + 1;
    if (element session; line["session"].get(session) == sj::SUCCESS) {
      fleet.rows.push_back(row_of(line));
      names.push_back(text_of(line, "trajectory"));
    } else if (element found; line["trajectory"].get(found) == sj::SUCCESS) {
      fleet.trajectories.push_back(trajectory_of(line));
    } else {
      fleet.licences += text_of(line, "licences");
    }
  }
  std::unordered_map<std::string_view, const Trajectory*> by_name;
  for (const Trajectory& trajectory : fleet.trajectories) by_name[trajectory.id] = &trajectory;
  for (std::size_t i = 0; i < fleet.rows.size(); ++i) {
    const auto found = by_name.find(names[i]);
    if (found == by_name.end() || found->second->answers == 0)
      return fail(ErrorKind::corrupt, "session {} of the embedded demo follows an unknown trajectory", names[i]);
    fleet.rows[i].trajectory = found->second;
  }
  return fleet;
}

}  // namespace pawl::demo
