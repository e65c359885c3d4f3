// History from other platforms: reads an export or a store of Langfuse, LangSmith, Phoenix or MLflow and sends it to a
// running server by the protocols that the SDKs use, so that it is normalised, priced, counted and kept like all else.
// Ids and times stay. What was acknowledged is remembered in a state file: a second run goes on where the first ended.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace pawl::imports {

enum class Vendor : std::uint8_t { langfuse, langsmith, phoenix, mlflow };
std::string_view name_of(Vendor vendor);

struct Options {
  Vendor vendor = Vendor::langfuse;
  std::vector<std::string> paths;  // files, or folders with them
  std::string server;              // "http://127.0.0.1:7295"
  std::string key;                 // "" in local mode
  std::string project;             // only this project of the source; "" all
  std::string state;               // file that remembers how far it is; "" none
  bool anew = false;               // what the state file says is not looked at
  bool dry_run = false;            // everything is read and judged, nothing is sent
  Nanos patience = 10 * minute;    // how long a server that is away or full is waited for
};

struct Progress {
  std::string file;
  std::uint64_t bytes = 0, all_bytes = 0;  // of the files, as they stand on the disk
  std::uint64_t records = 0;               // read in this run
  Nanos since = 0;                         // the start
};

struct Place {
  std::string file;
  std::uint64_t line = 0;  // 0: the file has no lines
  std::uint64_t row = 0;   // from 1
};

// A reason why something was not carried, or what was left behind of what was.
struct Reason {
  std::uint64_t count = 0;
  std::vector<Place> places;  // the first five
};

struct Count {
  std::uint64_t carried = 0;  // acknowledged as new
  std::uint64_t already = 0;  // the server had it, or an earlier run carried it
  std::uint64_t refused = 0;  // in `refused` by reason
};

struct Report {
  std::map<std::string, Count> kinds;     // "trace", "observation", "score" …
  std::map<std::string, Reason> refused;  // what could not be carried
  std::map<std::string, Reason> left;     // what stayed behind of what was carried
  std::map<std::string, Reason> skipped;  // deleted at the source, of another project
  std::vector<std::string> unread;        // files of another sort, each with why
  bool knows_already = true;              // false: the key may not read, nobody asked the server what it has
  bool dry_run = false;
  Nanos took = 0;

  std::uint64_t carried() const;
  std::uint64_t already() const;
  std::uint64_t not_carried() const;
  std::string text() const;
  std::string json() const;
};

// Errors: `invalid` for a path, a file or a server that cannot be meant; `denied` for the key; `unavailable` where the
// server did not come back in time: what it had acknowledged is in the state file.
Result<Report> run(const Options& options, const std::function<void(const Progress&)>& progress);
// Where the state of such an import is kept: below $XDG_STATE_HOME, else ~/.local/state; "" without a home.
std::string usual_state(const Options& options, const std::function<const char*(const char*)>& environment);

}  // namespace pawl::imports
