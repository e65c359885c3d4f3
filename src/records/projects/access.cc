// Scopes as text, and what the gate left in the request.
#include "base/text.h"
#include "projects.h"

namespace pawl::projects {

const Access& access_of(const net::Request& request) {
  const auto* access = std::any_cast<Access>(&request.who);
  PAWL_CHECK(access != nullptr, "{} was handled without having passed the gate", request.path);
  return *access;
}

std::string actor_of(const Access& access) {
  if (access.local) return "local";
  return access.key.empty() ? fmt::format("user {}", access.user) : "key " + access.key;
}

Result<Scopes> parse_scopes(std::string_view list) {
  Scopes scopes;
  for (const auto word : split(list, ',')) {
    const auto name = trim(word);
    if (name == "ingest")
      scopes.ingest = true;
    else if (name == "read")
      scopes.read = true;
    else if (name == "write")
      scopes.write = true;
    else if (name == "admin")
      scopes.administer = true;
    else if (name == "operate")
      scopes.operate = true;
    else
      return fail(ErrorKind::invalid, "No scope is called {}. Known: ingest, read, write, admin, operate.", name);
  }
  return scopes;
}

bool covers(const Scopes& mine, const Scopes& asked) {
  return (mine.ingest || !asked.ingest) && (mine.read || !asked.read) && (mine.write || !asked.write) &&
         (mine.administer || !asked.administer) && (mine.operate || !asked.operate);
}

std::string to_text(const Scopes& scopes) {
  std::vector<std::string> words;
  if (scopes.ingest) words.emplace_back("ingest");
  if (scopes.read) words.emplace_back("read");
  if (scopes.write) words.emplace_back("write");
  if (scopes.administer) words.emplace_back("admin");
  if (scopes.operate) words.emplace_back("operate");
  return join(words, ",");
}

}  // namespace pawl::projects
