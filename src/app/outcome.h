// How a command ends: what it prints, and its exit code (0 done, 3 could not be done, 64 wrong usage).
#pragma once
#include <string>
#include <string_view>

#include "base/result.h"

namespace pawl::app {

// Says on standard error what went wrong; the exit code.
int complain(const Error& error);
// Prints the text with a line end, or complains; the exit code.
int finish(const Result<std::string>& text);
// A file that a command was asked for, made anew. `unavailable` where it cannot be written.
Result<> write_file(const std::string& path, std::string_view text);

}  // namespace pawl::app
