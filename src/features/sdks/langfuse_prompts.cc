// Langfuse: prompts by name, label and version. Reads never leave the I/O thread: they come from memory.
#include <algorithm>

#include "base/text.h"
#include "inside.h"

namespace pawl::sdks {
namespace {

using prompts::Prompt;
using prompts::Version;

void write_texts(JsonWriter& json, std::string_view name, const std::vector<std::string>& texts) {
  json.key(name).array();
  for (const auto& text : texts) json.value(text);
  json.end();
}

net::Response version_json(const Prompt& prompt, const Version& version, ProjectId project, int status = 200) {
  JsonWriter json;
  json.object().field("id", version.id).field("name", prompt.name).field("version", version.number);
  json.field("type", version.chat ? "chat" : "text")
      .key("prompt")
      .raw(version.prompt)
      .key("config")
      .raw(version.config);
  write_texts(json, "labels", prompt.labels_of(version.number));
  write_texts(json, "tags", prompt.tags);
  write_maybe(json, "commitMessage", version.commit_message);
  json.key("resolutionGraph").null();
  write_iso(json, "createdAt", version.created), write_iso(json, "updatedAt", prompt.changed);
  json.field("projectId", project_text(project)).field("createdBy", version.author).key("isActive").null();
  return net::Response::json(json.end().take(), status);
}

// A name as it stands in a path: with or without its slashes encoded.
Result<std::string> name_in(std::string_view rest) {
  auto name = percent_decode(rest);
  if (!name || name->empty()) return fail(ErrorKind::invalid, "The prompt's name in the path is not percent-encoded.");
  return std::move(*name);
}

Result<std::optional<std::int64_t>> version_in(const net::Request& request) {
  const auto given = request.query.find("version");
  if (!given || given->empty()) return std::nullopt;
  const auto number = parse_int(*given);
  if (!number || *number < 1) return fail(ErrorKind::invalid, "version={} must be a number from 1.", *given);
  return number;
}

Result<net::Response> get(Sdks::Inside& inside, const net::Request& request) {
  const auto project = access_of(request).project;
  const auto name = TRY(name_in(request.capture("prompt")));
  const auto number = TRY(version_in(request));
  const auto asked = request.query.get("label");
  const std::string_view label = asked.empty() ? "production" : asked;
  const auto prompt = inside.parts.prompts.find(project, name);
  const Version* version = prompt == nullptr ? nullptr : number ? prompt->find(*number) : prompt->find(label);
  if (version != nullptr) return version_json(*prompt, *version, project);
  if (number) return fail(ErrorKind::not_found, "Prompt not found: '{}' with version {}", name, *number);
  return fail(ErrorKind::not_found, "Prompt not found: '{}' with label '{}'", name, label);
}

Result<net::Response> create(Sdks::Inside& inside, const net::Request& request) {
  const auto doc = TRY(Doc::of(request));
  const auto type = doc.text("type");
  if (!type.empty() && type != "text" && type != "chat") return fail(ErrorKind::invalid, "type must be text or chat.");
  prompts::New version{.name = doc.text("name"),
                       .chat = type == "chat",
                       .prompt = doc.part("prompt"),
                       .config = doc.part("config"),
                       .labels = TRY(doc.texts("labels")),
                       .tags = std::nullopt,
                       .commit_message = doc.text("commitMessage"),
                       .author = actor_of(access_of(request))};
  if (version.chat ? !json::is_array(version.prompt) : !json::is_string(version.prompt))
    return fail(ErrorKind::invalid, "prompt must be {}.", version.chat ? "a list of messages" : "a text");
  if (!version.config.empty() && !json::is_object(version.config))
    return fail(ErrorKind::invalid, "config must be a JSON object.");
  if (doc.has("tags")) version.tags = TRY(doc.texts("tags"));
  if (const auto number = doc.number("version")) version.number = *number;  // as it was where it comes from
  if (doc.raw("isActive") == "true") version.labels.emplace_back("production");
  std::erase(version.labels, "latest");
  const auto project = access_of(request).project;
  const auto number = version.number;
  const auto prompt = TRY(inside.parts.prompts.add(project, std::move(version)));
  return version_json(*prompt, number ? *prompt->find(*number) : *prompt->find("latest"), project, 201);
}

// /NAME/versions/N
Result<net::Response> label(Sdks::Inside& inside, const net::Request& request) {
  const auto rest = request.capture("prompt");
  const auto at = rest.rfind("/versions/");
  const auto number = at == std::string_view::npos ? std::nullopt : parse_int(rest.substr(at + 10));
  if (!number) return fail(ErrorKind::not_found, "PATCH is offered at /api/public/v2/prompts/NAME/versions/NUMBER.");
  const auto name = TRY(name_in(rest.substr(0, at)));
  const auto doc = TRY(Doc::of(request));
  const auto project = access_of(request).project;
  const auto prompt = TRY(inside.parts.prompts.label(project, name, *number, TRY(doc.texts("newLabels"))));
  return version_json(*prompt, *prompt->find(*number), project);
}

Result<net::Response> remove(Sdks::Inside& inside, const net::Request& request) {
  const auto name = TRY(name_in(request.capture("prompt")));
  TRY(inside.parts.prompts.remove(access_of(request).project, name, TRY(version_in(request)),
                                  request.query.get("label")));
  net::Response done;
  done.status = 204;
  return done;
}

bool fits(const Prompt& prompt, const net::Request& request) {
  const auto label = request.query.get("label"), tag = request.query.get("tag");
  const bool has_label = label.empty() || prompt.find(label) != nullptr;
  return has_label && (tag.empty() || std::ranges::find(prompt.tags, tag) != prompt.tags.end());
}

void write_meta_of(JsonWriter& json, const Prompt& prompt) {
  const Version& last = prompt.versions.rbegin()->second;
  json.object().field("name", prompt.name).field("type", last.chat ? "chat" : "text").key("versions").array();
  for (const auto& [number, version] : prompt.versions) json.value(number);
  json.end().key("labels").array();
  for (const auto& [name, number] : prompt.labels) json.value(name);
  json.value("latest").end();
  write_texts(json, "tags", prompt.tags);
  write_iso(json, "lastUpdatedAt", prompt.changed);
  json.key("lastConfig").raw(last.config).end();
}

Result<net::Response> list(Sdks::Inside& inside, const net::Request& request) {
  const auto paging = TRY(paging_of(request));
  const Nanos from = TRY(moment_of(request, "fromUpdatedAt")), to = TRY(moment_of(request, "toUpdatedAt"));
  auto all = inside.parts.prompts.all(access_of(request).project);
  const auto name = request.query.get("name");
  std::erase_if(all, [&](const auto& one) {
    const bool in_time = (from == 0 || one->changed >= from) && (to == 0 || one->changed < to);
    return !in_time || (!name.empty() && one->name != name) || !fits(*one, request);
  });
  JsonWriter json;
  json.object().key("data").array();
  for (std::size_t i = paging.offset(); i < all.size() && i < paging.offset() + paging.limit; ++i)
    write_meta_of(json, *all[i]);
  json.end();
  write_meta(json, paging, all.size());
  return net::Response::json(json.end().take());
}

}  // namespace

void add_langfuse_prompts(Sdks::Inside& inside) {
  const auto to = [&](Spec spec) { add(inside, Dialect::langfuse, std::move(spec)); };
  to({.method = "GET",
      .pattern = "/api/public/v2/prompts",
      .permission = "read",
      .work = list,
      .quick = true,
      .summary = "Langfuse: the prompts by name",
      .answers = "prompts with their versions and labels, by page"});
  to({.method = "POST",
      .pattern = "/api/public/v2/prompts",
      .permission = "write",
      .work = create,
      .summary = "Langfuse: a new version of a prompt",
      .accepts = "a prompt of Langfuse",
      .answers = "the version that was made",
      .body_bytes = 8U << 20});
  to({.method = "GET",
      .pattern = "/api/public/v2/prompts/{prompt...}",
      .permission = "read",
      .work = get,
      .quick = true,
      .summary = "Langfuse: a prompt by label (production where none is named) or version",
      .query = {{"label", "default production"}, {"version", "a number"}},
      .answers = "a prompt version as Langfuse writes it"});
  to({.method = "PATCH",
      .pattern = "/api/public/v2/prompts/{prompt...}",
      .permission = "write",
      .work = label,
      .summary = "Langfuse: labels come to this version (…/NAME/versions/NUMBER)",
      .accepts = "the labels, as newLabels",
      .answers = "the version with its labels"});
  to({.method = "DELETE",
      .pattern = "/api/public/v2/prompts/{prompt...}",
      .permission = "write",
      .work = remove,
      .summary = "Langfuse: removes a prompt, a version of it, or those of a label",
      .query = {{"label", "only those"}, {"version", "only this"}}});
}

}  // namespace pawl::sdks
