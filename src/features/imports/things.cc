// What an import carries beside telemetry: made in the words of the server's routes, compared with what it has, sent.
#include <algorithm>
#include <map>

#include "base/files.h"
#include "base/ids.h"
#include "base/text.h"
#include "fields.h"
#include "items.h"
#include "rows.h"
#include "sender.h"

namespace pawl::imports {
namespace {

constexpr int deepest = 64;

// The same for values that mean the same: members in order, no white space, nothing and "" as null.
std::string comparable(std::string_view raw, int depth = 0) {
  raw = json::trimmed(raw);
  if (depth == 0 && (json::is_null(raw) || raw == "\"\"")) return "null";
  if (json::is_string(raw)) return json_quote(json::text(raw));
  if (depth == deepest) return std::string(raw);
  if (json::is_object(raw)) {
    std::map<std::string, std::string> members;
    for (json::Members in(raw); in.next();)
      members[json::text("\"" + std::string(in.key) + "\"")] = comparable(in.value, depth + 1);
    JsonWriter out;
    out.object();
    for (const auto& [key, value] : members) out.key(key).raw(value);
    return out.end().take();
  }
  if (json::is_array(raw)) {
    JsonWriter out;
    out.array();
    for (json::Elements in(raw); in.next();) out.raw(comparable(in.value, depth + 1));
    return out.end().take();
  }
  return std::string(raw);
}

bool holds(std::string_view list, std::string_view element) {
  for (json::Elements in(list); in.next();)
    if (comparable(in.value) == comparable(element)) return true;
  return false;
}

std::string why_of(const net::ClientResponse& answer, std::string_view kind) {
  if (answer.status == 401 || answer.status == 403)
    return fmt::format("the key may not write a {}: give one with the scopes read and write", kind);
  return message_of(answer);
}

}  // namespace

void add_thing(Mapped& out, std::string_view kind, std::string_view id, std::string body, Thing thing) {
  out.items.push_back({.channel = Channel::thing,
                       .kind = std::string(kind),
                       .id = std::string(id),
                       .json = std::move(body),
                       .trace = {},
                       .span = {},
                       .resource = {},
                       .thing = std::move(thing)});
}

std::vector<std::string> labels_of(std::string_view list, Mapped& out) {
  std::vector<std::string> labels;
  for (json::Elements in(list); in.next();) {
    std::string label = json::text(in.value);
    const bool fits = !label.empty() && label.size() <= 36 && std::ranges::all_of(label, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
    });
    if (fits)
      labels.push_back(std::move(label));
    else
      out.notes.push_back(fmt::format("the label {} of prompts, which is none in Pawl", json_quote(label)));
  }
  std::erase(labels, "latest");
  return labels;
}

Sender::Held Sender::held_of(std::string_view answer, const Thing& thing) {
  std::string same;
  for (const auto name : thing.same) same += comparable(json::member(answer, name)) + "\n";
  auto changed = moment_of(json::member(answer, "updatedAt"));
  if (!changed) changed = moment_of(json::member(answer, "modified_at"));
  return {hash128(same), changed};
}

// The items of a dataset that the server has, asked for once.
Result<const std::unordered_map<std::string, Sender::Held>*> Sender::held_in(const Thing& thing) {
  const auto [known, fresh] = held_items_.try_emplace(thing.within);
  if (!fresh || made_.contains(thing.within)) return &known->second;
  const bool pages = thing.list.ends_with("page=");
  for (std::uint64_t at = pages ? 1 : 0;;) {
    const auto answer = TRY(call({"GET", fmt::format("{}{}", thing.list, at), "", ""}));
    std::uint64_t rows = 0;
    const std::string_view list = pages ? json::member(answer.body, "data") : std::string_view(answer.body);
    for (json::Elements in(list); answer.status == 200 && in.next(); ++rows)
      known->second.emplace(json::text(json::member(in.value, "id")), held_of(in.value, thing));
    if (rows == 0) return &known->second;
    at += pages ? 1 : rows;
  }
}

// The same, an older one (it is replaced: false), or another.
Result<bool> Sender::weigh(Sent& one, const Held& held) {
  const auto& thing = one.item.thing;
  if (held.same == held_of(one.item.json, thing).same) {
    one.already = true;
    return true;
  }
  if (thing.fixed) {
    one.refused = fmt::format("Pawl has another {} in its place: import into a project of its own", one.item.kind);
    return true;
  }
  if (held.changed && thing.changed > *held.changed) return false;
  one.already = true;
  one.note = fmt::format("changes of a {} that Pawl's is newer than: Pawl's stays", one.item.kind);
  return true;
}

// What the server has of it decides: nothing (it is made: false), or what `weigh` says.
Result<bool> Sender::is_there(Sent& one) {
  const auto& thing = one.item.thing;
  if (thing.look.empty()) return false;
  if (!thing.within.empty()) {
    const auto* held = TRY(held_in(thing));
    if (const auto found = held->find(one.item.id); found != held->end()) return weigh(one, found->second);
    if (made_.contains(thing.within)) return false;
  }
  const auto answer = TRY(call({"GET", thing.look, "", ""}));
  if (answer.status != 200) return false;
  const bool done = TRY(weigh(one, held_of(answer.body, thing)));
  if (one.already && one.note.empty() && !thing.beside.empty())
    for (json::Elements in(json::member(one.item.json, thing.beside)); in.next();)
      if (!holds(json::member(answer.body, thing.beside), in.value))
        one.note = fmt::format("{} of a {} that is there already and has others in Pawl", thing.beside, one.item.kind);
  return done;
}

// Announced with its length and digest; the answer is where its bytes go, null where they are there.
Result<> Sender::send_media(Sent& one) {
  SystemFiles files;
  auto bytes = read_all(files, one.item.thing.file, most_row_bytes);
  if (!bytes) {
    one.refused = fmt::format("the media file cannot be read: {}", bytes.error().what);
    return {};
  }
  JsonWriter body;
  body.object().field("contentLength", static_cast<std::uint64_t>(bytes->size()));
  body.field("sha256Hash", to_base64(sha256(*bytes)));
  for (json::Members in(one.item.json); in.next();) body.key(in.key).raw(in.value);
  const auto answer = TRY(call({"POST", one.item.thing.path, "application/json", body.end().take()}));
  if (answer.status >= 400) {
    one.refused = why_of(answer, one.item.kind);
    return {};
  }
  const auto address = json::member(answer.body, "uploadUrl");
  one.already = json::is_null(address);
  if (one.already) return {};
  // The server may be known to others by another name: only the path is asked.
  const std::string whole = json::text(address);
  const auto path = whole.find("/_blob/");
  const auto type = json::text(json::member(one.item.json, "contentType"));
  const auto put = TRY(call({"PUT", path == std::string::npos ? whole : whole.substr(path), type, std::move(*bytes)}));
  if (put.status >= 400) one.refused = why_of(put, one.item.kind);
  return {};
}

Result<> Sender::send_thing(Sent& one) {
  if (!one.item.thing.file.empty()) return send_media(one);
  if (TRY(is_there(one))) return {};
  const auto answer = TRY(call({"POST", one.item.thing.path, "application/json", one.item.json}));
  if (answer.status >= 400) {
    one.refused = why_of(answer, one.item.kind);
    return {};
  }
  if (one.item.kind == "dataset") made_.insert(one.item.id);
  if (!one.item.thing.look.empty()) return {};
  const auto made = json::member(answer.body, "createdAt"), changed = json::member(answer.body, "updatedAt");
  one.already = !made.empty() && made != changed;
  return {};
}

}  // namespace pawl::imports
