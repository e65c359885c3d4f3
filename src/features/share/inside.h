// What the rooms of share links share.
#pragma once
#include <mutex>
#include <optional>
#include <unordered_map>

#include "base/json.h"
#include "share.h"

namespace pawl::share {

struct Object {
  std::string kind, id;
};

struct Link {
  std::string id, redaction, note, author;
  ProjectId project = 0;
  std::vector<Object> objects;
  Nanos created = 0, expires = 0, revoked = 0, last_opened = 0;
  std::int64_t openings = 0;
};

// How often an address may try: wrong tokens, and all requests.
class Pace {
 public:
  Result<> check(std::string_view address, Nanos now);  // `exhausted`; counts a request
  void wrong(std::string_view address, Nanos now);

 private:
  struct Seen {
    Nanos since = 0, wrong_since = 0;
    int requests = 0, wrong = 0;
  };
  std::mutex mutex_;
  std::unordered_map<std::string, Seen> seen_;
};

struct Share {
  net::Pool& pool;
  projects::Projects& projects;
  ledger::Ledger& ledger;
  Random& random;
  const Clock& clock;
  Options options;
  Pace pace;
};

inline constexpr std::string_view link_columns =
    "id, project, objects, redaction, note, author, created, expires, revoked, openings, last_opened";
Link link_of(const ledger::Rows& rows, std::size_t row);
std::string digest_of(std::string_view token);

using Work = Result<net::Response> (*)(Share& all, const net::Request& request);
void add(net::Router& router, const std::shared_ptr<Share>& all, net::Route route, Work work);
void add_public_routes(net::Router& router, const std::shared_ptr<Share>& all);

// An answer of the API without bodies: what people or programs wrote is left out, figures and names stay.
std::string without_bodies(std::string_view json);

}  // namespace pawl::share
