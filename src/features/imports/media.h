// Files that records of Langfuse refer to (@@@langfuseMedia:type=…|id=…|source=…@@@).
#pragma once
#include <map>
#include <string>

#include "items.h"

namespace pawl::imports {

// Langfuse keeps a file under its id: the first 22 characters of its SHA-256 in base64url. The id, or "" for a file
// that is not called by its own.
std::string media_id_of(const std::string& path);

class MediaFiles {
 public:
  void add(const std::string& id, const std::string& path) { paths_[id] = path; }
  // Adds what its items refer to: things where the export has the files, notes where not.
  void read(Mapped& out) const;

 private:
  void read_item(const Item& item, Mapped& out) const;
  std::map<std::string, std::string> paths_;
};

}  // namespace pawl::imports
