// Baselines of branches, as files.
#include "kept.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "report.h"

namespace pawl::gate {
namespace {

namespace fs = std::filesystem;

std::string path_of(const std::string& folder, const std::string& branch) {
  return (fs::path(folder) / (percent_encode(branch) + ".jsonl")).string();
}

}  // namespace

Result<std::string> kept_baseline(const std::string& folder, const std::vector<std::string>& branches) {
  for (const auto& branch : branches) {
    std::error_code error;
    if (auto path = path_of(folder, branch); fs::is_regular_file(path, error)) return path;
  }
  return fail(ErrorKind::not_found, "no results are kept in {} for {}", folder, join(branches, " or "));
}

Result<> keep_baseline(const std::string& folder, const std::string& branch, const std::string& results) {
  std::error_code error;
  fs::create_directories(folder, error);
  const std::string path = path_of(folder, branch), fresh = fmt::format("{}.{}", path, ::getpid());
  if (!error) fs::copy_file(results, fresh, fs::copy_options::overwrite_existing, error);
  if (!error) fs::rename(fresh, path, error);
  if (!error) return {};
  std::error_code ignored;
  fs::remove(fresh, ignored);
  return fail(ErrorKind::unavailable, "{} could not be kept as {}: {}", printable(results), printable(path),
              error.message());
}

}  // namespace pawl::gate
