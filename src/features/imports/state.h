// How far an import is, in a small file: for each file of the export how many rows were acknowledged.
#pragma once
#include <map>
#include <string>

#include "base/result.h"

namespace pawl::imports {

struct FileState {
  std::string mark;         // what tells this file from another of its name: size, time and first bytes
  std::uint64_t rows = 0;   // acknowledged, from its begin
  std::uint64_t items = 0;  // records of them
  bool whole = false;
  unsigned later = 0;  // passes that it is needed in again
};

class State {
 public:
  // "" remembers nothing. A file that cannot be read as a state is `invalid`; one that is not there is new.
  static Result<State> open(std::string path, bool anew);
  FileState& of(const std::string& file, const std::string& mark);  // begins anew where the mark is another
  std::map<std::string, std::string> memory;                        // what the reader had learnt
  Result<> write() const;                                           // durable on return

 private:
  std::string path_;
  std::map<std::string, FileState> files_;
};

// Size, time and first bytes of a file.
Result<std::string> mark_of(const std::string& file);

}  // namespace pawl::imports
