// Logs of Inspect as results of trials.
#include "inspect.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <tuple>

#include "base/json.h"
#include "base/text.h"
#include "llm/json_scan.h"
#include "wire/zip.h"

namespace pawl::trials {
namespace {

namespace json = llm::json;

constexpr std::size_t most_unpacked = 256U << 20;

// Source: inspect_ai 0.3.285, scorer/_metric.py: CORRECT "C", INCORRECT "I", PARTIAL "P", NOANSWER "N".
std::string value_of(std::string_view raw) {
  if (json::is_string(raw)) {
    const std::string word = json::text(raw);
    if (word == "C") return "1";
    if (word == "P") return "0.5";
    if (word == "I" || word == "N") return "0";
    const auto number = parse_double(word);
    return number ? fmt::format("{}", *number) : "null";
  }
  if (raw == "true" || raw == "false") return std::string(raw);
  const auto number = json::number(raw);
  return number ? fmt::format("{}", *number) : "null";
}

std::string key_text(std::string_view key) {
  return json::text("\"" + std::string(key) + "\"");
}

void write_score(JsonWriter& out, const std::string& name, std::string_view value) {
  if (json::is_object(value)) {
    for (json::Members parts(value); parts.next();)
      out.key(name + "." + key_text(parts.key)).raw(value_of(parts.value));
  } else if (json::is_array(value)) {
    std::size_t place = 0;
    for (json::Elements parts(value); parts.next();)
      out.key(fmt::format("{}.{}", name, place++)).raw(value_of(parts.value));
  } else {
    out.key(name).raw(value_of(value));
  }
}

std::string row_of(std::string_view sample) {
  const json::Object object(sample);
  const auto id = object.member("id");
  JsonWriter out;
  out.object().field("case", json::is_string(id) ? json::text(id) : std::string(id));
  out.field("trial", json::integer(object.member("epoch")).value_or(1) - 1);
  const bool lost = !json::is_null(object.member("error"));
  out.field("status", lost ? "infra_error" : "ok");
  if (lost) out.field("comment", json::text(json::member(object.member("error"), "message")));
  if (const auto family = family_of(object.member("metadata")); !family.empty()) out.field("cluster", family);
  out.key("scores").object();
  for (json::Members scores(object.member("scores")); scores.next();)
    write_score(out, key_text(scores.key), json::member(scores.value, "value"));
  out.end();
  if (const auto seconds = json::number(object.member("total_time"))) out.field("latency_ms", *seconds * 1e3);
  const auto said = json::at(json::first(json::at(object.member("output"), {"choices"})), {"message", "content"});
  if (json::is_string(said)) out.key("output").raw(minified(said));
  return out.end().take() + "\n";
}

}  // namespace

std::string family_of(std::string_view metadata) {
  for (const std::string_view family : {"cluster", "topic"})
    if (const auto said = json::member(metadata, family); json::is_string(said)) return json::text(said);
  return "";
}

std::string minified(std::string_view raw) {
  std::string out(raw.size() + simdjson::SIMDJSON_PADDING, '\0');
  std::size_t size = 0;
  if (simdjson::minify(raw.data(), raw.size(), out.data(), size)) return "null";
  out.resize(size);
  return out;
}

Result<std::string> unpacked_log(std::string bytes) {
  if (!is_zip(bytes)) return bytes;
  constexpr std::string_view begun = "_journal/start.json", header = "header.json", samples = "samples/";
  const auto members = TRY(unzip(bytes, most_unpacked, [&](std::string_view name) {
    return name == begun || name == header || (name.starts_with(samples) && name.ends_with(".json"));
  }));
  // Of a run that was killed there is only what it began with.
  std::string_view head;
  for (const std::string_view name : {begun, header})
    for (const ZipMember& one : members)
      if (one.name == name) head = json::member(json::trimmed(one.bytes), "eval");
  if (!json::is_object(head))
    return fail(ErrorKind::invalid, "This zip is no log of Inspect: header.json with an eval is not in it.");
  std::vector<std::tuple<std::int64_t, std::string, std::string_view>> found;
  for (const ZipMember& one : members) {
    if (!one.name.starts_with(samples)) continue;
    const auto sample = json::trimmed(one.bytes);
    if (!json::is_object(sample) || !json::is_valid(sample))
      return fail(ErrorKind::invalid, "{} of the log is no JSON object.", one.name);
    const auto id = json::member(sample, "id");  // numbers by their size
    found.emplace_back(json::integer(json::member(sample, "epoch")).value_or(1),
                       json::is_string(id) ? json::text(id) : fmt::format("{:0>20}", id), sample);
  }
  std::ranges::sort(found);
  std::string out = fmt::format("{{\"eval\":{},\"samples\":[", head);
  for (const auto& [epoch, id, sample] : found) {
    if (!out.ends_with('[')) out += ',';
    out += sample;
  }
  return out + "]}";
}

bool is_inspect(std::string_view raw) {
  return json::is_object(raw) && json::is_array(json::member(raw, "samples")) &&
         json::is_object(json::member(raw, "eval"));
}

std::optional<std::string> rows_of_inspect(std::string_view text) {
  const auto raw = json::trimmed(text);
  if (!is_inspect(raw) || !json::is_valid(raw)) return std::nullopt;
  std::string out;
  for (json::Elements list(json::member(raw, "samples")); list.next();)
    if (json::is_object(list.value)) out += row_of(list.value);
  return out;
}

}  // namespace pawl::trials
