// Until when a certificate is good.
#pragma once
#include <string>

#include "base/result.h"
#include "base/time.h"

namespace pawl::net {

// The end of the first certificate of a PEM file. `invalid` where there is none.
Result<Nanos> certificate_end(const std::string& path);

}  // namespace pawl::net
