// The routes of a project's rules: what is hidden, how often, and trying rules on a text.
#include "base/json_fields.h"
#include "base/text.h"
#include "inside.h"

namespace pawl::privacy {
namespace {

using projects::access_of;

constexpr std::size_t most_text = 256U << 10;

// Said where a person looks, because nobody can see what was not found.
constexpr std::string_view not_looked_into[] = {
    "numbers, names of attributes and ids of OTLP in protobuf (numbers of JSON are looked into, and become nines)",
    "text that is encoded once more: Base64, percent signs, compression, characters written as \\uXXXX without need",
    "files: attachments, images, audio, documents", "a secret that a program splits over two messages or fields",
    "what was stored before a rule was turned on"};

std::string shown(Privacy::Inside& inside, const net::Request& request) {
  const auto& access = access_of(request);
  const auto masking = inside.projects.masking(access.project);
  const auto rules = inside.rules_of(access.project)->rules;
  const auto tally = inside.tally_of(access.project);
  JsonWriter json;
  json.object().field("epoch", masking.epoch).field("changed", masking.kinds.has_value()).key("kinds").array();
  for (const auto& kind : guard::secret_kind_table()) {
    const auto mode = rules.mode_of(kind.kind);
    const auto index = static_cast<std::size_t>(kind.kind);
    json.object().field("name", kind.name).field("about", kind.about).field("group", kind.group);
    json.field("mode", guard::name_of(mode)).field("on", mode != guard::Mode::off);
    json.field("masked", tally.masked[index]).field("sealed", tally.sealed[index]).end();
  }
  json.end().key("patterns").array();
  for (const auto& rule : rules.own) {
    const auto counted = tally.patterns.find(rule.pattern.name);
    const auto count = counted == tally.patterns.end() ? std::pair{0U, 0U} : counted->second;
    json.object().field("name", rule.pattern.name).field("pattern", rule.pattern.pattern);
    json.field("mode", guard::name_of(rule.mode)).field("masked", count.first).field("sealed", count.second).end();
  }
  json.end().field("reveal", rules.reveal).field("may_reveal", guard::may_reveal(rules, role_of(access)));
  json.field("since", format_time(inside.since)).key("not_looked_into").array();
  for (const auto line : not_looked_into) json.value(line);
  return json.end().end().take();
}

Result<> check_json(const net::Request& request) {
  if (request.content_type == "application/json") return {};
  return fail(ErrorKind::invalid, "Send the body with Content-Type: application/json.");
}

Result<net::Response> show(Privacy::Inside& inside, const net::Request& request) {
  return net::Response::json(shown(inside, request));
}

Result<net::Response> change(Privacy::Inside& inside, const net::Request& request) {
  TRY(check_json(request));
  const auto& access = access_of(request);
  const auto fields = TRY(JsonFields::parse(request.body));
  if (!fields.has("kinds") && !fields.has("patterns") && !fields.has("reveal"))
    return fail(ErrorKind::invalid, "Send kinds, patterns or reveal; an empty list of kinds masks nothing.");
  const auto rules = TRY(guard::change_rules(inside.rules_of(access.project)->rules, request.body));
  TRY(inside.projects.set_masking(access.project, guard::setting_of(rules), projects::actor_of(access)));
  return net::Response::json(shown(inside, request));
}

// What would be hidden in a text, under the project's rules or those that are sent along. Nothing of it is kept.
Result<net::Response> try_out(Privacy::Inside& inside, const net::Request& request) {
  TRY(check_json(request));
  const auto fields = TRY(JsonFields::parse(request.body));
  auto text = fields.text("text");
  const auto project = access_of(request).project;
  const auto rules = TRY(guard::change_rules(inside.rules_of(project)->rules, request.body));
  const auto scanner = inside.scanner_of(rules);
  JsonWriter json;
  json.object().key("found").array();
  if (scanner) {
    for (const auto& secret : scanner->find(text)) {
      json.object().field("kind", guard::name_of(secret.kind)).field("name", secret.name);
      json.field("start", static_cast<std::uint64_t>(secret.start));
      json.field("size", static_cast<std::uint64_t>(secret.size));
      json.field("mode", rules.is_sealed(secret) ? "dual" : "mask").end();
    }
    const guard::Sealer sealer = [&](const guard::Secret& secret, std::string_view value, std::size_t room) {
      return rules.is_sealed(secret) ? inside.sealed.reference(project, value, room) : std::string();
    };
    guard::Hide hide{.sealer = &sealer, .tally = {}};
    scanner->mask(text, hide);
  }
  return net::Response::json(json.end().field("masked", text).end().take());
}

}  // namespace

void add_masking_routes(net::Router& router, Privacy::Inside& inside) {
  using Work = Result<net::Response> (*)(Privacy::Inside&, const net::Request&);
  const auto add = [&](net::Route route, Work work) {
    route.handler = [&inside, work](net::Request& request) -> Task<Result<net::Response>> {
      co_return co_await net::on_pool(inside.pool, request.cancel,
                                      [&inside, work, &request] { return work(inside, request); });
    };
    route.body_bytes = most_text;
    router.add(std::move(route));
  };
  const std::string rules =
      "{epoch, changed, kinds:[{name, about, group, mode, on, masked, sealed}], patterns:[{name, pattern, mode, "
      "masked, sealed}], reveal, may_reveal, since, not_looked_into}";
  add({.method = "GET",
       .pattern = "/api/v1/masking",
       .permission = "read",
       .summary = "What is hidden before it is written, how, and how often since the start",
       .answers = rules},
      show);
  add({.method = "PUT",
       .pattern = "/api/v1/masking",
       .permission = "admin",
       .summary = "Sets what is hidden from now on: kinds by mode (off, mask, dual), own patterns (RE2), and the least "
                  "role that may reveal; what is left out stays",
       .accepts = "{kinds, patterns:[{name, pattern, mode}], reveal}",
       .answers = rules},
      change);
  add({.method = "POST",
       .pattern = "/api/v1/masking/test",
       .permission = "read",
       .summary = "What would be hidden in a text; nothing of it is kept",
       .accepts = "{text, kinds, patterns}",
       .answers = "{masked, found:[{kind, name, start, size, mode}]}"},
      try_out);
}

}  // namespace pawl::privacy
