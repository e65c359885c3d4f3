// A mail as the text that a mail server is handed: headers that nobody can smuggle lines into (RFC 5322, RFC 2047), a
// part in text and one in HTML (RFC 2046), files beside them.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace pawl::net {

// "a@b": what a mail server can be told in `RCPT TO`, and a header can hold.
bool is_mail_address(std::string_view text);

struct MailFile {
  std::string name, type, bytes;  // name: plain ASCII without quotes
};
struct MailText {
  std::string_view from, to;  // addresses; `to` may be several, with commas
  std::string_view id;        // unique, letters and digits: the same mail sent again has the same
  std::string_view thread;    // likewise: mails of one thread are one conversation; "" = none
  std::string_view list;      // who of us sends: "alerts", "reports"
  std::string_view subject;   // anything
  std::string_view text, html;
  std::vector<MailFile> files;
};
std::string mail_text(const MailText& mail, Nanos now);

}  // namespace pawl::net
