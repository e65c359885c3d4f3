// Asking a running server, or where none runs the data directory itself: what commands share.
#pragma once
#include <simdjson.h>

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
// The text of a value of an answer; "–" for null.
std::string text_of(const simdjson::dom::element& value);
std::string cell_of(const simdjson::dom::element& of, std::string_view member);  // "–" where it is not there, too
// Members of the objects of an answer's list, as rows under their names; "–" for what is not there. `corrupt` where the
// answer has no such list.
Result<std::vector<std::vector<std::string>>> list_rows(const std::string& answer, std::string_view list,
                                                        const std::vector<std::string_view>& columns);
Result<std::string> list_table(const std::string& answer, std::string_view list,
                               const std::vector<std::string_view>& columns);  // the same, as a table
// "?a=1&b=2" of what is not empty.
std::string query_text(const std::vector<std::pair<std::string_view, std::string>>& fields);

}  // namespace pawl::app
