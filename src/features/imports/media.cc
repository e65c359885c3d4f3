// References are found in an item's JSON as text: they stand in any string of it.
#include "media.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/files.h"
#include "base/ids.h"
#include "base/text.h"
#include "fields.h"

namespace pawl::imports {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view begins = "@@@langfuseMedia:", ends = "@@@";
constexpr std::size_t id_size = 22, most_reference = 500;

struct Reference {
  std::string type, id;
};

Reference parse(std::string_view text) {
  Reference out;
  while (!text.empty()) {
    const auto [part, rest] = cut(text, '|');
    const auto [name, value] = cut(part, '=');
    if (name == "type") out.type = value;
    if (name == "id") out.id = value;
    text = rest;
  }
  std::erase(out.type, '\\');  // "image\/png"
  return out;
}

// Which of the body's members it stands in.
std::string_view field_of(std::string_view body, const std::string& id) {
  for (const std::string_view name : {"input", "output"})
    if (json::member(body, name).find(id) != std::string_view::npos) return name;
  return "metadata";
}

}  // namespace

std::string media_id_of(const std::string& path) {
  const std::string stem = fs::path(path).stem().string();
  const bool fits =
      stem.size() == id_size && std::ranges::all_of(stem, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
      });
  if (!fits) return {};
  SystemFiles files;
  const auto bytes = read_all(files, path, most_row_bytes);
  return bytes && to_base64url(sha256(*bytes)).substr(0, id_size) == stem ? stem : "";
}

void MediaFiles::read(Mapped& out) const {
  for (std::size_t i = 0, own = out.items.size(); i < own; ++i)
    if (out.items[i].json.find(begins) != std::string::npos) read_item(Item(out.items[i]), out);
}

void MediaFiles::read_item(const Item& item, Mapped& out) const {
  std::set<std::string> seen;
  for (auto at = item.json.find(begins); at != std::string::npos; at = item.json.find(begins, at + 1)) {
    const auto from = at + begins.size(), to = item.json.find(ends, from);
    if (to == std::string::npos || to - from > most_reference) continue;
    const auto [type, id] = parse(std::string_view(item.json).substr(from, to - from));
    if (id.empty() || !seen.insert(id).second) continue;
    const auto found = paths_.find(id);
    if (found == paths_.end()) {
      out.notes.push_back("media whose files are not in the export: put the folder of the bucket into it");
      continue;
    }
    const auto body = json::member(item.json, "body");
    JsonWriter announced;
    announced.object().field("contentType", type.empty() ? "application/octet-stream" : type);
    if (item.kind == "dataset item") {
      announced.field("datasetItemId", item.id).field("field", "input");
    } else {
      announced.field("traceId", item.trace).field("field", field_of(body, id));
      if (item.kind == "observation") announced.field("observationId", item.id);
    }
    add_thing(out, "media file", id, announced.end().take(),
              {.look = "", .path = "/api/public/media", .same = {}, .file = found->second});
  }
}

}  // namespace pawl::imports
