// What the benches share: a server of their own, its processor time, its memory, what it keeps on the disk.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/rng.h"

namespace pawl::bench {

// Seconds of processor time by who used it: accept (network, pool, journal), write (our writer), engine.
struct Cpu {
  double accept = 0, write = 0, engine = 0;
  double all() const { return accept + write + engine; }
};
Cpu cpu_seconds(pid_t process);
std::uint64_t resident_mb(pid_t process);

// Bytes of what the engine keeps once merged: parts that a merge has replaced wait some minutes for their removal, and
// a part's name ends in its level and begins with the blocks that it covers.
double active_bytes(const std::string& data);

struct Server {
  std::string data, url;
  pid_t process = 0;
};
// On `data` as it is; nothing where it does not get ready.
std::optional<Server> start(const std::string& program, const std::string& data);
void stop(const Server& server);

// Text of about `bytes`, with an order number of its own: no body is one that a peer would not have to store.
std::string words(Random& random, std::size_t bytes);

// F1, false firings and delay of the rules on labelled series; causes found. From the root of the tree.
void run_alerts();
// Processor time of a thousand alert rules beside ten million spans a day; eight minutes. On what `data` holds, which
// the rules learn from and which stays; "": on nothing.
void run_rules(const std::string& program, const std::string& data);
void run_load(const std::string& program, bool brief);
// Bytes a second of looking for secrets, over recorded requests. From the root of the tree.
void run_masking();
// Batches of Langfuse's and LangSmith's clients, and reading prompts.
void run_vendors(const std::string& program);
// Imports of cases, near-duplicates, the gate, trajectories.
void run_evals(const std::string& program);
// `data` filled with that many spans of 30 days up to now, and their bodies: 160 words a span; some
// of their text is in `data`/passages.txt. False: it says why not.
bool fill_apart(const std::string& data, std::uint64_t spans);
// `sql` with each name replaced by its value.
std::string with(std::string_view sql, const std::vector<std::pair<std::string, std::string>>& values);
// Full text for words and phrases that are drawn from what is stored: lines of the file `passages`. `range`:
// "&from=…&to=…".
void bench_search(const Server& server, const std::string& range, const std::string& passages);
// Lists, look-ups and measures over `spans` stored spans of 30 days; fills DATA first.
void run_queries(const std::string& program, const std::string& data, std::uint64_t spans);

}  // namespace pawl::bench
