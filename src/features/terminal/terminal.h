// Runs on a terminal: one to walk through, two side by side. Pure: what is typed goes in, what is shown comes out.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pawl::terminal {

// Two answers of GET /api/v1/sessions/ID or /traces/ID (bodies=new), step by step: aligned by what steps are and how
// alike their words are (longest common subsequence by worth), what ran inside of a step below it. The rules are those
// of the page (docs/guides/replay.md "Two runs side by side").
struct Difference {
  std::string text, json;  // for people, for programs
  bool same = false;       // no agent did anything otherwise
};
Result<Difference> diff(std::string_view left, std::string_view right, bool all);  // all: also what is the same

// One run to walk through.
class Viewer {
 public:
  static Result<Viewer> create(std::string_view answer);  // as above
  Viewer(Viewer&&) noexcept;
  Viewer& operator=(Viewer&&) noexcept;
  ~Viewer();

  // A key: one character, or "up" "down" "left" "right" "enter" "escape" "backspace" "pageup" "pagedown" "home" "end".
  void press(std::string_view key);
  bool done() const;
  // The whole screen: `rows` lines of at most `columns` characters; ANSI where `styled`.
  std::string draw(std::size_t columns, std::size_t rows, bool styled) const;
  std::string print(std::size_t columns) const;  // all steps, for who cannot press keys
  std::string transcript() const;                // what was said and done

 private:
  struct State;
  explicit Viewer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace pawl::terminal
