// One request and what it came to.
#include "demo/asker.h"

#include "base/text.h"

namespace pawl::demo {

Result<std::string> Asker::call(const std::string& method, const std::string& path, std::string body) {
  net::ClientRequest request{.method = method, .url = url_ + path, .body = std::move(body), .time = patience_};
  request.headers.set("content-type", "application/json");
  if (!key_.empty()) request.headers.set("authorization", "Bearer " + key_);
  auto answer = TRY(client_.send(std::move(request)));
  if (answer.status < 300) return std::move(answer.body);
  return fail(ErrorKind::invalid, "{} {} answered {}: {}", method, path, answer.status, utf8_prefix(answer.body, 300));
}

}  // namespace pawl::demo
