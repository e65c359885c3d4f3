// Spans to the server, as one exporter of one service sends them.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "demo/speak.h"
#include "net/client.h"

namespace pawl::demo {

struct Sent {
  std::size_t bytes = 0, sent_bytes = 0;  // before and after compression
};

class Sender {  // of one thread
 public:
  Sender(std::string url, std::string key) : url_(std::move(url)), key_(std::move(key)) {}
  // One request. Tries again while the server says 503 or cannot be reached, until `patience` is over.
  Result<Sent> send(const Row& row, const std::vector<Spoken>& spans, Nanos patience);
  // Records that the server has acknowledged and not put into a batch yet; 0 where it does not say.
  std::uint64_t waiting();
  // Waits until queries see so many spans that start from `from` on.
  Result<> wait_until_stored(std::uint64_t spans, Nanos from, Nanos patience);

 private:
  std::string url_, key_;
  net::Client client_;
};

}  // namespace pawl::demo
