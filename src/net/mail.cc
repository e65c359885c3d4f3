// One conversation with a mail server, which libcurl holds.
#include "net/mail.h"

#include <curl/curl.h>

#include <memory>
#include <mutex>

#include "base/text.h"

namespace pawl::net {
namespace {

// What was said on both sides, as far as a sentence about it needs it. Of commands only the first word is kept, and the
// address of RCPT: passwords stay out.
struct Talk {
  std::string_view left;  // of the mail, still to be sent
  std::string command = "its greeting", recipient;
  int code = 0;          // of the last reply
  std::string said;      // its last line
  std::string refused;   // recipients
  int refused_code = 0;  // of the one whose refusal is the least final
};

std::size_t give(char* to, std::size_t size, std::size_t count, void* talk) {
  std::string_view& left = static_cast<Talk*>(talk)->left;
  const std::size_t now = std::min(size * count, left.size());
  left.copy(to, now);
  left.remove_prefix(now);
  return now;
}

int hear(CURL*, curl_infotype type, char* data, std::size_t size, void* to) {
  Talk& talk = *static_cast<Talk*>(to);
  std::string_view line(data, size);
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  if (type == CURLINFO_HEADER_OUT) {
    talk.recipient = line.starts_with("RCPT TO:") ? repair_utf8(line.substr(8)) : "";
    const bool word = line.starts_with("EHLO") || line.starts_with("STARTTLS") || line.starts_with("AUTH") ||
                      line.starts_with("MAIL") || line.starts_with("RCPT") || line.starts_with("DATA");
    talk.command = word ? std::string(cut(line, ' ').first) : "the log-in";
  }
  if (type == CURLINFO_DATA_OUT) talk.command = "the mail";
  if (type != CURLINFO_HEADER_IN || line.size() < 3) return 0;
  const auto code = parse_int(line.substr(0, 3));
  if (!code) return 0;
  talk.code = static_cast<int>(*code);
  talk.said = repair_utf8(utf8_prefix(line.substr(std::min<std::size_t>(4, line.size())), 200));
  if (talk.recipient.empty() || talk.code < 400) return 0;
  talk.refused_code = talk.refused_code == 0 ? talk.code : std::min(talk.refused_code, talk.code);
  talk.refused += fmt::format("{}{} was refused with {}: {}", talk.refused.empty() ? "" : "; ", talk.recipient,
                              talk.code, talk.said);
  return 0;
}

struct Freed {
  void operator()(CURL* call) const { curl_easy_cleanup(call); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

Result<> outcome(CURLcode code, const MailServer& server, const Talk& talk, const char* why) {
  if (code == CURLE_OK && talk.refused.empty()) return {};
  if (code == CURLE_OK) return fail(ErrorKind::invalid, "The others got it, but {}", talk.refused);
  if (code == CURLE_PEER_FAILED_VERIFICATION)
    return fail(ErrorKind::denied, "The certificate of {} is not trusted: {}.", server.host, why);
  if (code == CURLE_USE_SSL_FAILED)
    return fail(ErrorKind::denied, "{} offers no STARTTLS; smtp+plain:// would send without.", server.host);
  if (!talk.refused.empty())  // nobody is left to send it to; what was said after that is a farewell
    return fail(talk.refused_code >= 500 ? ErrorKind::invalid : ErrorKind::unavailable, "{}", talk.refused);
  if (code == CURLE_OPERATION_TIMEDOUT || talk.code < 400)
    return fail(ErrorKind::unavailable, "The mail server {}:{} cannot be reached: {}.", server.host, server.port,
                code == CURLE_OPERATION_TIMEDOUT ? "no answer in time" : why);
  return fail(talk.code >= 500 ? ErrorKind::invalid : ErrorKind::unavailable,
              "The mail server {} answered {} to {}: {}", server.host, talk.code, talk.command, talk.said);
}

}  // namespace

Result<MailServer> parse_mail_server(std::string_view text) {
  MailServer out;
  const auto wrong = [&] {
    return fail(ErrorKind::invalid,
                "smtp = {} must be smtps://HOST, smtp://HOST or smtp+plain://HOST, each with :PORT.", text);
  };
  std::string_view rest = text;
  const auto take = [&](std::string_view scheme, MailServer::Security security, std::uint16_t port) {
    if (!text.starts_with(scheme)) return false;
    rest.remove_prefix(scheme.size());
    out.security = security, out.port = port;
    return true;
  };
  if (!take("smtps://", MailServer::Security::tls, 465) && !take("smtp://", MailServer::Security::starttls, 587) &&
      !take("smtp+plain://", MailServer::Security::none, 25))
    return wrong();
  if (rest.ends_with('/')) rest.remove_suffix(1);
  const auto colon = rest.rfind(':');
  if (colon != std::string_view::npos && rest.find(']', colon) == std::string_view::npos) {
    const auto port = parse_int(rest.substr(colon + 1));
    if (!port || *port < 1 || *port > 65'535) return wrong();
    out.port = static_cast<std::uint16_t>(*port);
    rest = rest.substr(0, colon);
  }
  if (rest.starts_with('[') && rest.ends_with(']')) rest = rest.substr(1, rest.size() - 2);
  if (rest.empty() || rest.find_first_of("@/ \r\n?#") != std::string_view::npos) return wrong();
  out.host = rest;
  return out;
}

Result<> send_mail(const MailServer& server, const Mail& mail, Nanos time) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  const std::unique_ptr<CURL, Freed> call(curl_easy_init());
  if (!call) return fail(ErrorKind::unavailable, "There is no memory for a mail.");
  std::unique_ptr<curl_slist, Freed> recipients;
  for (const auto& to : mail.to) {
    if (to.empty() || to.find_first_of("\r\n<> ") != std::string::npos)
      return fail(ErrorKind::invalid, "{} is no address.", repair_utf8(to));
    recipients.reset(curl_slist_append(recipients.release(), fmt::format("<{}>", to).c_str()));
  }
  const bool tls = server.security == MailServer::Security::tls;
  const bool six = server.host.find(':') != std::string::npos;
  const std::string url = fmt::format("{}://{}{}{}:{}/pawl", tls ? "smtps" : "smtp", six ? "[" : "", server.host,
                                      six ? "]" : "", server.port);
  const std::string from = fmt::format("<{}>", mail.from);
  Talk talk{.left = mail.text};
  char why[CURL_ERROR_SIZE] = "";
  CURL* const c = call.get();
  curl_easy_setopt(c, CURLOPT_URL, url.c_str());
  curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt(c, CURLOPT_PROXY, "");  // none from the environment
  curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, static_cast<long>(time / millisecond));
  curl_easy_setopt(c, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (server.security == MailServer::Security::starttls)
    curl_easy_setopt(c, CURLOPT_USE_SSL, static_cast<long>(CURLUSESSL_ALL));
  if (!server.ca_file.empty()) curl_easy_setopt(c, CURLOPT_CAINFO, server.ca_file.c_str());
  if (!server.user.empty()) {
    curl_easy_setopt(c, CURLOPT_USERNAME, server.user.c_str());
    curl_easy_setopt(c, CURLOPT_PASSWORD, server.password.c_str());
    curl_easy_setopt(c, CURLOPT_SASL_IR, 1L);  // the name with the first word: a round less
  }
  curl_easy_setopt(c, CURLOPT_MAIL_FROM, from.c_str());
  curl_easy_setopt(c, CURLOPT_MAIL_RCPT, recipients.get());
  curl_easy_setopt(c, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
  curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(c, CURLOPT_READFUNCTION, give);
  curl_easy_setopt(c, CURLOPT_READDATA, &talk);
  curl_easy_setopt(c, CURLOPT_VERBOSE, 1L);  // to `hear`
  curl_easy_setopt(c, CURLOPT_DEBUGFUNCTION, hear);
  curl_easy_setopt(c, CURLOPT_DEBUGDATA, &talk);
  curl_easy_setopt(c, CURLOPT_ERRORBUFFER, why);
  const CURLcode code = curl_easy_perform(c);
  return outcome(code, server, talk, why[0] != '\0' ? why : curl_easy_strerror(code));
}

}  // namespace pawl::net
