// A page as a PDF, by Chromium where it is installed: a process of its own, without network and our environment.
#pragma once
#include <optional>
#include <string>

#include "base/result.h"

namespace pawl::app {

// Blocks for some seconds, at most for a minute. Nothing: there is no Chromium here. `unavailable` where it failed.
Result<std::optional<std::string>> print_pdf(const std::string& html);

}  // namespace pawl::app
