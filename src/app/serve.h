// The one list: everything that a serving Pawl is made of, in start order.
#pragma once
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "base/time.h"

namespace pawl::app {

struct Listen {
  std::string address = "127.0.0.1";
  std::uint16_t port = 7295;
};

struct Settings {
  std::string data = "data";
  Listen listen;
  bool otlp_ports = true;  // 127.0.0.1:4318 and :4317 too
  std::string prices;      // own price file, or ""
};

// Serves until SIGTERM or SIGINT. The result is the exit code.
int serve(const Settings& settings, const Log& log);

}  // namespace pawl::app
