// TLS with a certificate made here: versions, ALPN, trust.
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <filesystem>
#include <fstream>

#include "net/client.h"
#include "net/detail/test_server.h"

namespace pawl::net {
namespace {

using testing::RawSocket;
using testing::TestServer;

// A self-signed certificate for localhost and 127.0.0.1.
class Certificate {
 public:
  Certificate() {
    const auto base = std::filesystem::temp_directory_path() / fmt::format("pawl-tls-{}", ::getpid());
    files = {base.string() + ".crt", base.string() + ".key"};
    std::string curve = "P-256";
    EVP_PKEY* key = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve.data());
    X509* made = X509_new();
    X509_set_version(made, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made), 1);
    X509_gmtime_adj(X509_getm_notBefore(made), -60);
    X509_gmtime_adj(X509_getm_notAfter(made), 3'600);
    X509_set_pubkey(made, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
    X509_set_issuer_name(made, X509_get_subject_name(made));
    X509_EXTENSION* names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
    X509_add_ext(made, names, -1);
    X509_sign(made, key, EVP_sha256());
    FILE* out = std::fopen(files.certificate.c_str(), "w");
    PEM_write_X509(out, made);
    std::fclose(out);
    out = std::fopen(files.key.c_str(), "w");
    PEM_write_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(out);
    X509_EXTENSION_free(names);
    X509_free(made);
    EVP_PKEY_free(key);
  }
  ~Certificate() {
    std::filesystem::remove(files.certificate);
    std::filesystem::remove(files.key);
  }
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;
  TlsFiles files;
};

void add(Router& router) {
  router.add(Route{.method = "POST",
                   .pattern = "/echo",
                   .permission = "",
                   .handler = [](Request& request) -> Task<Result<Response>> {
                     co_return Response::text(fmt::format("{} {}", request.is_tls, request.body.size()));
                   }});
}

// What a handshake with these bounds chose; "" when it failed.
std::string handshake(std::uint16_t port, int most_version, std::string_view alpn, bool& connected) {
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_security_level(context, 0);
  SSL_CTX_set_max_proto_version(context, most_version);
  SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(alpn.data()),
                          static_cast<unsigned>(alpn.size()));
  RawSocket raw(port);
  SSL* ssl = SSL_new(context);
  SSL_set_fd(ssl, raw.fd());
  connected = SSL_connect(ssl) == 1;
  const unsigned char* chosen = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl, &chosen, &size);
  std::string out(reinterpret_cast<const char*>(chosen), size);
  SSL_free(ssl);
  SSL_CTX_free(context);
  return out;
}

TEST(Tls, ServesThoseWhoTrustIt) {
  const Certificate certificate;
  TestServer test(add, {}, {.tls = certificate.files});
  const std::string url = fmt::format("https://localhost:{}/echo", test.port);
  Client trusting({.ca_file = certificate.files.certificate});
  for (int i = 0; i < 3; ++i) {
    auto got = trusting.send({.method = "POST", .url = url, .body = std::string(300'000, 'x')});
    ASSERT_TRUE(got.has_value()) << got.error().what;
    EXPECT_EQ(got->body, "true 300000");
  }
  EXPECT_EQ(test.server.stats().connections, 1U);
  Client strict;
  auto untrusted = strict.send({.method = "POST", .url = url, .body = "x"});
  ASSERT_FALSE(untrusted.has_value());
  EXPECT_EQ(untrusted.error().kind, ErrorKind::denied) << untrusted.error().what;
  Client careless({.verify_certificates = false});
  EXPECT_EQ(careless.send({.method = "POST", .url = url, .body = "x"})->body, "true 1");
  EXPECT_TRUE(test.server.stop(2 * second));
}

TEST(Tls, VersionsAndProtocols) {
  const Certificate certificate;
  TestServer test(add, {}, {.tls = certificate.files});
  const std::string_view both("\x02h2\x08http/1.1", 12), old("\x08http/1.1", 9), odd("\x03xyz", 4);
  bool connected = false;
  EXPECT_EQ(handshake(test.port, TLS1_3_VERSION, both, connected), "h2");
  EXPECT_EQ(handshake(test.port, TLS1_2_VERSION, old, connected), "http/1.1");
  EXPECT_TRUE(connected);
  handshake(test.port, TLS1_1_VERSION, old, connected);
  EXPECT_FALSE(connected);
  handshake(test.port, TLS1_3_VERSION, odd, connected);
  EXPECT_FALSE(connected);
  RawSocket plain(test.port);
  plain.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  bool closed = false;
  plain.receive_all(2'000, &closed);
  EXPECT_TRUE(closed);
}

// The SHA-256 of the certificate that a new connection is shown.
std::string shown(std::uint16_t port) {
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  const RawSocket raw(port);
  SSL* ssl = SSL_new(context);
  SSL_set_fd(ssl, raw.fd());
  std::string out;
  if (SSL_connect(ssl) == 1) {
    X509* certificate = SSL_get1_peer_certificate(ssl);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    X509_digest(certificate, EVP_sha256(), digest, &size);
    out.assign(reinterpret_cast<const char*>(digest), size);
    X509_free(certificate);
  }
  SSL_free(ssl);
  SSL_CTX_free(context);
  return out;
}

TEST(Tls, ANewCertificateIsShownToNewConnections) {
  const Certificate certificate;
  TestServer test(add, {}, {.tls = certificate.files});
  Client kept({.verify_certificates = false});
  const ClientRequest request{
      .method = "POST", .url = fmt::format("https://localhost:{}/echo", test.port), .body = "x"};
  ASSERT_TRUE(kept.send(request).has_value());
  const std::string before = shown(test.port);
  ASSERT_TRUE(test.server.reload_tls().has_value());
  EXPECT_EQ(shown(test.port), before);
  const Certificate another;  // in the same files
  ASSERT_TRUE(test.server.reload_tls().has_value());
  const std::string after = shown(test.port);
  EXPECT_NE(after, before);
  EXPECT_EQ(after.size(), 32U);
  EXPECT_TRUE(kept.send(request).has_value());
  EXPECT_EQ(kept.send(request)->body, "true 1");
  std::ofstream(certificate.files.certificate) << "half of it";
  const auto failed = test.server.reload_tls();
  ASSERT_FALSE(failed.has_value());
  EXPECT_NE(failed.error().what.find(certificate.files.certificate), std::string::npos);
  EXPECT_EQ(shown(test.port), after);
}

TEST(Tls, BadFilesAreNamed) {
  TestServer test(add);
  auto failed = test.server.listen("127.0.0.1", 0,
                                   {.router = &test.router, .tls = TlsFiles{"/nonexistent.crt", "/nonexistent.key"}});
  ASSERT_FALSE(failed.has_value());
  EXPECT_NE(failed.error().what.find("/nonexistent.crt"), std::string::npos);
}

TEST(Client, SaysWhatIsWrong) {
  TestServer test(add);
  Client client({.connect_time = second});
  EXPECT_EQ(client.send({.url = "http://127.0.0.1:1/"}).error().kind, ErrorKind::unavailable);
  EXPECT_EQ(client.send({.url = "http://no.such.host.invalid/"}).error().kind, ErrorKind::unavailable);
  EXPECT_EQ(client.send({.url = "nonsense"}).error().kind, ErrorKind::invalid);
  Client outbound({.refuse_private = true});
  EXPECT_EQ(outbound.send({.method = "POST", .url = test.url("/echo")}).error().kind, ErrorKind::denied);
  EXPECT_EQ(outbound.send({.url = fmt::format("http://localhost:{}/echo", test.port)}).error().kind, ErrorKind::denied);
  ClientRequest split{.url = test.url("/echo")};
  split.headers.add("x", "a\r\nHost: b");
  EXPECT_EQ(client.send(split).error().kind, ErrorKind::invalid);
  Result<ClientResponse> inside = fail(ErrorKind::corrupt, "not called");
  run_here([&]() -> Task<void> {
    inside = co_await client.fetch({.method = "POST", .url = test.url("/echo"), .body = "abc"});
  });
  EXPECT_EQ(inside->body, "false 3");
}

}  // namespace
}  // namespace pawl::net
