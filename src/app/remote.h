// Asking a running server, or where none runs the data directory itself: what commands share.
#pragma once
#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pawl::app {

struct Asked {
  std::string server, data, project = "default";  // server, data: "" where nobody named one
  std::string filter, from, to, order, step, measures = "sessions,cost", by, grain;
  int limit = 50;
  bool json = false;
};
// --server, --data, --project.
void add_whereabouts(CLI::App& command, const std::shared_ptr<Asked>& asked);

// The body of the answer; an answer of 400 and more is an error with its message.
Result<std::string> call(const Asked& asked, const std::string& method, const std::string& path,
                         const std::string& body = {});
// Pieces of an endless answer of the server as they come, until `use` says false; a server must run.
Result<> follow(const Asked& asked, const std::string& path, const std::function<bool(std::string_view)>& use);
// Columns as wide as their widest cell; those of figures stand at the right. The first row is the head.
std::string table(const std::vector<std::vector<std::string>>& rows);
// "?a=1&b=2" of what is not empty.
std::string query_text(const std::vector<std::pair<std::string_view, std::string>>& fields);

}  // namespace pawl::app
