// Handing a mail to a mail server, by libcurl (RFC 5321; STARTTLS RFC 3207, implicit TLS RFC 8314, AUTH RFC 4954).
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace pawl::net {

struct MailServer {  // the operator's own choice, so it may be a private address
  enum class Security : unsigned char { tls, starttls, none };
  std::string host;
  std::uint16_t port = 0;
  Security security = Security::starttls;
  std::string user, password;  // none: no AUTH
  std::string ca_file;         // PEM; empty: the system's
};
// "smtps://HOST[:465]" TLS from the start, "smtp://HOST[:587]" STARTTLS or nothing, "smtp+plain://HOST[:25]" none at
// all.
Result<MailServer> parse_mail_server(std::string_view text);

struct Mail {
  std::string from;             // address
  std::vector<std::string> to;  // addresses
  std::string text;             // headers and body, lines end in CRLF
};

// Blocks. Errors: `unavailable` for what another try may mend (network, 4xx), `invalid` for what the server refuses for
// good (5xx), also where only some recipients were refused and the others got it: the sentence names them; `denied` for
// a certificate that is not trusted, or a server that offers no STARTTLS.
Result<> send_mail(const MailServer& server, const Mail& mail, Nanos time = 10 * second);

}  // namespace pawl::net
