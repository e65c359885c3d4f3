// Sends items in batches, obeys what the server says of its load, and finds the one record of a batch that is refused.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/ids.h"
#include "imports.h"
#include "items.h"
#include "net/client.h"

namespace pawl::imports {

struct Sent {
  Item item;
  Place place;
  std::string refused;   // why, or ""
  bool already = false;  // the server had it
  std::string note;      // what stayed behind of it, or ""
};

std::string message_of(const net::ClientResponse& answer);  // what a server says went wrong

class Sender {
 public:
  explicit Sender(const Options& options);
  // Whether the server is there and takes the key; and whether it holds anything that this import could repeat.
  Result<> greet();
  // All of them, whatever that takes; fills `refused` and `already`. An error: nothing of what is left was sent, and
  // what was sent can be sent again.
  Result<> send(std::vector<Sent>& batch);
  bool knows_already() const { return can_read_; }

 private:
  struct Held {  // a thing that the server has
    Id128 same;  // of the members that are compared
    std::optional<Nanos> changed;
  };
  static Held held_of(std::string_view answer, const Thing& thing);
  struct Asked {
    std::string method, path, content_type, body;
  };
  Result<net::ClientResponse> call(const Asked& asked);
  Result<> send_some(std::vector<Sent*> some);
  Result<> send_thing(Sent& one);  // things.cc
  Result<> send_media(Sent& one);
  Result<bool> is_there(Sent& one);
  Result<bool> weigh(Sent& one, const Held& held);
  Result<const std::unordered_map<std::string, Held>*> held_in(const Thing& thing);
  Result<> split(const std::vector<Sent*>& some, const std::string& why);
  Result<> mark_held(const std::vector<Sent*>& all);
  Result<bool> ask_held(const std::vector<Sent*>& some);

  const Options& options_;
  net::Client client_;
  bool can_read_ = true, fresh_ = false;
  std::unordered_set<std::string> made_;                                     // datasets, by this run
  std::map<std::string, std::unordered_map<std::string, Held>> held_items_;  // by dataset and id
};

}  // namespace pawl::imports
