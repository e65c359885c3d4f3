// One conversation with a mail server.
#include "net/mail.h"

#include <openssl/ssl.h>

#include <functional>

#include "base/text.h"
#include "net/detail/stream.h"

namespace pawl::net {
namespace {

namespace asio = boost::asio;
using detail::as_value;
using detail::tcp;

constexpr std::size_t most_reply = 64U << 10;

bool offers(const MailReply& reply, std::string_view word) {
  for (const auto& line : reply.lines) {
    const auto [name, rest] = cut(line, ' ');
    if (equals_ignoring_case(name, word) || (word == "AUTH" && equals_ignoring_case(name.substr(0, 5), "AUTH=")))
      return true;
  }
  return false;
}

bool offers_auth(const MailReply& reply, std::string_view way) {
  for (const auto& line : reply.lines) {
    if (equals_ignoring_case(std::string_view(line).substr(0, 4), "AUTH") && contains_ignoring_case(line, way))
      return true;
  }
  return false;
}

class Conversation {
 public:
  Conversation(const MailServer& server, const Mail& mail, tcp::socket socket, asio::ssl::context& tls)
      : server_(server), mail_(mail), stream_(std::move(socket)), tls_(tls) {}
  detail::Stream& stream() { return stream_; }

  Task<Result<>> run() {
    if (server_.security == MailServer::Security::tls) CO_TRY(co_await secure());
    CO_TRY(co_await expect(2, "its greeting"));
    auto hello = CO_TRY(co_await say("EHLO pawl", 2));
    if (server_.security == MailServer::Security::starttls) {
      if (!offers(hello, "STARTTLS"))
        co_return fail(ErrorKind::denied, "{} offers no STARTTLS; smtp+plain:// would send without.", server_.host);
      CO_TRY(co_await say("STARTTLS", 2));
      buffer_.clear();  // what came before the handshake is nobody's word (CVE-2011-0411)
      CO_TRY(co_await secure());
      hello = CO_TRY(co_await say("EHLO pawl", 2));
    }
    if (!server_.user.empty()) CO_TRY(co_await log_in(hello));
    co_return co_await hand_over();
  }

 private:
  Task<Result<>> secure() {
    std::string why;
    bool untrusted = false;
    if (co_await stream_.connect_tls(tls_, server_.host, true, why, untrusted)) co_return Result<>();
    if (untrusted) co_return fail(ErrorKind::denied, "The certificate of {} is not trusted: {}.", server_.host, why);
    co_return fail(ErrorKind::unavailable, "No TLS with {}: {}.", server_.host, why);
  }

  Task<Result<MailReply>> expect(int hundreds, std::string what) {
    for (;;) {
      if (auto reply = take_reply(buffer_)) {
        if (reply->code / 100 == hundreds) co_return std::move(*reply);
        const auto said =
            repair_utf8(utf8_prefix(reply->lines.empty() ? "" : std::string_view(reply->lines.back()), 200));
        co_return fail(reply->code / 100 == 5 ? ErrorKind::invalid : ErrorKind::unavailable,
                       "The mail server {} answered {} to {}: {}", server_.host, reply->code, what, said);
      }
      if (buffer_.size() > most_reply) co_return fail(ErrorKind::unavailable, "{} answers without end.", server_.host);
      char piece[4096];
      const std::size_t size = co_await stream_.read(asio::buffer(piece));
      if (size == 0)
        co_return fail(ErrorKind::unavailable, "The mail server {} did not answer to {}.", server_.host, what);
      buffer_.append(piece, size);
    }
  }
  // `shown`: what errors call it; passwords stay out of them.
  Task<Result<MailReply>> say(std::string line, int hundreds, std::string shown = {}) {
    const std::string what = shown.empty() ? line : shown;
    const std::string sent = line + "\r\n";
    (void)co_await stream_.write(sent);  // where it fails the reply does not come either
    co_return co_await expect(hundreds, what);
  }

  Task<Result<>> log_in(MailReply hello) {
    if (offers_auth(hello, "PLAIN")) {
      const std::string plain = std::string(1, '\0') + server_.user + std::string(1, '\0') + server_.password;
      CO_TRY(co_await say("AUTH PLAIN " + to_base64(plain), 2, "AUTH PLAIN"));
      co_return Result<>();
    }
    if (!offers_auth(hello, "LOGIN"))
      co_return fail(ErrorKind::invalid, "The mail server {} takes neither AUTH PLAIN nor LOGIN.", server_.host);
    CO_TRY(co_await say("AUTH LOGIN", 3));
    CO_TRY(co_await say(to_base64(server_.user), 3, "the user"));
    CO_TRY(co_await say(to_base64(server_.password), 2, "the password"));
    co_return Result<>();
  }

  Task<Result<>> hand_over() {
    CO_TRY(co_await say(fmt::format("MAIL FROM:<{}>", mail_.from), 2));
    std::string refused;
    std::size_t taken = 0;
    for (const auto& to : mail_.to) {
      const auto said = co_await say(fmt::format("RCPT TO:<{}>", to), 2);
      if (!said && said.error().kind != ErrorKind::invalid) co_return std::unexpected(said.error());
      said ? ++taken : (refused += (refused.empty() ? "" : " ") + said.error().what, taken);
    }
    if (taken == 0) co_return fail(ErrorKind::invalid, "{}", refused);
    CO_TRY(co_await say("DATA", 3));
    const std::string text = dots_doubled(mail_.text) + ".";
    CO_TRY(co_await say(text, 2, "the mail"));
    (void)co_await stream_.write("QUIT\r\n");
    if (!refused.empty()) co_return fail(ErrorKind::invalid, "The others got it, but: {}", refused);
    co_return Result<>();
  }

  const MailServer& server_;
  const Mail& mail_;
  detail::Stream stream_;
  asio::ssl::context& tls_;
  std::string buffer_;
};

struct Deadline {  // outlives the wait for it
  bool late = false;
  std::function<void()> stop;  // ends what is being awaited
};

Task<Result<>> converse(const MailServer& server, const Mail& mail, asio::ssl::context& tls, Nanos time) {
  const auto executor = co_await asio::this_coro::executor;
  tcp::resolver resolver(executor);
  const auto deadline = std::make_shared<Deadline>(false, [&] { resolver.cancel(); });
  asio::steady_timer timer(executor, std::chrono::nanoseconds(time));
  timer.async_wait([deadline](boost::system::error_code ended) {
    if (ended) return;
    deadline->late = true;
    if (deadline->stop) deadline->stop();
  });
  const auto unreachable = [&](std::string_view why) {
    deadline->stop = nullptr;
    return fail(ErrorKind::unavailable, "The mail server {}:{} cannot be reached: {}.", server.host, server.port,
                deadline->late ? "no answer in time" : why);
  };
  auto [failed, ends] = co_await resolver.async_resolve(server.host, fmt::format("{}", server.port), as_value);
  if (failed) co_return unreachable(failed.message());
  std::string why = "it has no address";
  for (const auto& end : ends) {
    if (deadline->late) break;
    Conversation talk(server, mail, tcp::socket(executor), tls);
    deadline->stop = [&talk] { talk.stream().close(); };
    auto [error] = co_await talk.stream().socket().async_connect(end.endpoint(), as_value);
    if (!error) {
      auto done = co_await talk.run();
      deadline->stop = nullptr;
      if (!done && deadline->late) co_return unreachable("");
      co_return done;
    }
    deadline->stop = nullptr;
    why = error.message();
  }
  co_return unreachable(why);
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

std::optional<MailReply> take_reply(std::string& buffer) {
  MailReply out;
  for (std::size_t at = 0;;) {
    const auto end = buffer.find('\n', at);
    if (end == std::string::npos) return std::nullopt;
    std::string_view line = std::string_view(buffer).substr(at, end - at);
    if (line.ends_with('\r')) line.remove_suffix(1);
    at = end + 1;
    const auto code = line.size() >= 3 ? parse_int(line.substr(0, 3)) : std::nullopt;
    const bool known = code && *code >= 100 && *code <= 599;
    const bool more = known && line.size() > 3 && line[3] == '-';
    out.code = known ? static_cast<int>(*code) : 0;
    out.lines.emplace_back(line.substr(std::min<std::size_t>(known ? 4 : 0, line.size())));
    if (more && out.lines.size() < 1000) continue;
    buffer.erase(0, at);
    return out;
  }
}

std::string dots_doubled(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\n', at);
    std::string_view line = text.substr(at, end == std::string_view::npos ? end : end - at);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with('.')) out += '.';
    out += line;
    out += "\r\n";
    at = end == std::string_view::npos ? text.size() : end + 1;
  }
  return out;
}

Result<> send_mail(const MailServer& server, const Mail& mail, Nanos time) {
  for (const auto& address : mail.to)
    if (address.find_first_of("\r\n<> ") != std::string::npos || address.empty())
      return fail(ErrorKind::invalid, "{} is no address.", repair_utf8(address));
  asio::ssl::context tls(asio::ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(tls.native_handle(), TLS1_2_VERSION);
  boost::system::error_code error;
  if (server.ca_file.empty())
    tls.set_default_verify_paths(error);
  else
    tls.load_verify_file(server.ca_file, error);
  if (error) return fail(ErrorKind::denied, "The trusted certificates cannot be read: {}.", error.message());
  asio::io_context context(1);
  std::optional<Result<>> outcome;
  asio::co_spawn(context, converse(server, mail, tls, time), [&](const std::exception_ptr& thrown, Result<> got) {
    if (!thrown) outcome = std::move(got);
  });
  context.run();
  if (!outcome) return fail(ErrorKind::unavailable, "The call to the mail server did not end.");
  return *outcome;
}

}  // namespace pawl::net
