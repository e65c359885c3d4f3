// Calls of the server's API, as a person's browser makes them.
#pragma once
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "net/client.h"

namespace pawl::demo {

class Asker {
 public:
  Asker(std::string url, std::string key, Nanos patience)
      : url_(std::move(url)), key_(std::move(key)), patience_(patience) {}
  // The answer's body; `invalid` with what the server says where it says no.
  Result<std::string> call(const std::string& method, const std::string& path, std::string body = {});

 private:
  std::string url_, key_;
  Nanos patience_;
  net::Client client_;
};

}  // namespace pawl::demo
