// Fuzzes what a mail server says: a reply takes whole lines out of what has come, and no text ends a mail early.
#include <cstdint>
#include <cstdlib>

#include "net/mail.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pawl::net;
  std::string buffer(reinterpret_cast<const char*>(data), size);
  if (("\r\n" + dots_doubled(buffer)).find("\r\n.\r\n") != std::string::npos) std::abort();
  (void)parse_mail_server(buffer);
  for (;;) {
    const std::size_t before = buffer.size();
    const auto reply = take_reply(buffer);
    if (!reply) return 0;
    if (reply->lines.empty() || buffer.size() >= before) std::abort();
  }
}
