// Fuzzes what people write: rules, silences, and notices as they stand in the outbox. What is read can be told by every
// kind of channel.
#include <cstdint>
#include <cstdlib>

#include "definition.h"
#include "silences.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pawl::alerts;
  const std::string text(reinterpret_cast<const char*>(data), size);
  (void)parse_definition(text);
  const auto silence = read_silence(text, 1000);
  if (silence && !stored_silence(silence->matchers_json, silence->weekly_json)) std::abort();
  const auto notice = read_notice(text);
  if (!notice) return 0;
  const std::vector<Notice> one = {*notice};
  if (slack_body(one).empty() || mattermost_body(one).empty() || teams_body(one).empty() ||
      pagerduty_body(*notice, "k").empty() || alertmanager_body(one, 1000).empty())
    std::abort();
  const std::string mail = mail_text(one, "msg_1", "a@example.com", "b@example.com", 1000);
  const std::string head = mail.substr(0, mail.find("\r\n\r\n"));
  for (std::size_t at = 0; (at = head.find('\n', at)) != std::string::npos; ++at)
    if (at == 0 || head[at - 1] != '\r') std::abort();
  if (webhook_body(std::vector<std::string>{text, text}).empty()) std::abort();
  return 0;
}
