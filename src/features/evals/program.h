// An evaluator that is a program: JSON lines on its standard input and output (docs/guides/evals.md "Programs").
#pragma once
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent.h"

namespace pawl::evals {

// Of one worker: started when it is first asked, in an empty folder, with an empty environment but PATH, LANG and
// PAWL_DIR (where pawl was started), no descriptors but its three, and limits on memory, files and processes.
class Program {
 public:
  explicit Program(const Evaluator& evaluator);
  ~Program();
  Program(Program&&) noexcept;
  Program(const Program&) = delete;

  // Its scores by name; a bare number or truth has the evaluator's name. What hangs, dies or floods is ended, started
  // again and asked once more; then its score is null, with the reason.
  std::vector<std::pair<std::string, trials::Given>> ask(const datasets::Item& item, const Outcome& outcome);
  const std::string& name() const;

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

// A line that a program answered: its scores, or why it is none. `id`: of the request that waits.
struct Answered {
  bool mine = false;  // false: of another id; it is ignored
  std::vector<std::pair<std::string, trials::Given>> scores;
  std::string trouble;  // what it says that went wrong
};
Answered read_program_line(std::string_view line, std::string_view id, const std::string& name);

}  // namespace pawl::evals
