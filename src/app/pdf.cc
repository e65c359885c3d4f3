// Chromium as a child: found on the path, started quietly with nothing of ours, waited for, its file read.
#include "pdf.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

#include "base/text.h"

namespace pawl::app {
namespace {

namespace fs = std::filesystem;

std::string search_path() {
  const char* path = std::getenv("PATH");
  return path == nullptr ? "/usr/bin" : path;
}

// Chromium, by its usual names; "" where it is nowhere.
std::string find_chromium() {
  for (const auto folder : split(search_path(), ':')) {
    for (const char* name : {"chromium", "chromium-browser", "google-chrome"}) {
      const auto program = fs::path(folder) / name;
      if (::access(program.c_str(), X_OK) == 0) return program;
    }
  }
  return "";
}

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> out;
  for (const auto& word : words) out.push_back(const_cast<char*>(word.c_str()));  // NOLINT: execve's own signature
  out.push_back(nullptr);
  return out;
}

// Quiet, with none of our descriptors and blocked signals, and a group of its own.
Result<pid_t> start(const std::vector<std::string>& words, const std::vector<std::string>& environment) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addclosefrom_np(&files, 3);
  posix_spawnattr_t how;
  posix_spawnattr_init(&how);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&how, &none);
  posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  pid_t child = 0;
  const int failed =
      posix_spawn(&child, words[0].c_str(), &files, &how, pointers(words).data(), pointers(environment).data());
  posix_spawnattr_destroy(&how);
  posix_spawn_file_actions_destroy(&files);
  if (failed != 0) return fail(ErrorKind::unavailable, "{} cannot be started", words[0]);
  return child;
}

Result<> run(const std::vector<std::string>& words, const std::vector<std::string>& environment) {
  const pid_t child = TRY(start(words, environment));
  const auto until = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  int status = 0;
  while (::waitpid(child, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > until) {
      ::kill(-child, SIGKILL);
      ::waitpid(child, &status, 0);
      return fail(ErrorKind::unavailable, "{} did not end within a minute", words[0]);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return fail(ErrorKind::unavailable, "{} failed", words[0]);
  return {};
}

}  // namespace

Result<std::optional<std::string>> print_pdf(const std::string& html) {
  const std::string chromium = find_chromium();
  if (chromium.empty()) return std::nullopt;
  std::string folder = (fs::temp_directory_path() / "pawl-report-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) return fail(ErrorKind::unavailable, "{} cannot be made", folder);
  const std::string page = folder + "/report.html", made = folder + "/report.pdf";
  std::ofstream(page, std::ios::binary) << html;
  std::vector<std::string> words = {chromium,
                                    "--headless",
                                    "--disable-gpu",
                                    "--no-first-run",
                                    "--no-pdf-header-footer",
                                    "--disable-dev-shm-usage",
                                    "--disable-background-networking",
                                    "--host-resolver-rules=MAP * ~NOTFOUND",
                                    "--user-data-dir=" + folder + "/profile",
                                    "--print-to-pdf=" + made,
                                    "file://" + page};
  if (::geteuid() == 0) words.insert(words.begin() + 1, "--no-sandbox");  // it starts as root in no other way
  const auto done = run(words, {"PATH=" + search_path(), "HOME=" + folder, "TMPDIR=" + folder});
  std::string pdf;
  if (std::ifstream file(made, std::ios::binary); file) pdf.assign(std::istreambuf_iterator<char>(file), {});
  std::error_code gone;
  fs::remove_all(folder, gone);
  if (!done) return std::unexpected(done.error());
  if (pdf.empty()) return fail(ErrorKind::unavailable, "Chromium made no PDF");
  return pdf;
}

}  // namespace pawl::app
