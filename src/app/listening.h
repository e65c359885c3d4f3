// Where a server listens: its settings, what was handed over to it, and its certificates.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "handover.h"
#include "net/server.h"

namespace pawl::app {

struct Listening {
  std::string name;  // "main", "otlp-http", "otlp-grpc"
  Address address;
  bool must = false;    // the server does not start without it
  int descriptor = -1;  // handed over: it listens already
};

// What the settings ask for, on sockets that were handed over where there are some: by their name, else all of them
// serve as main, instead of `listen`.
Result<std::vector<Listening>> listeners(const Config& config, const std::vector<Inherited>& inherited);

// The files of tls_cert and tls_key; nothing where there are none. `invalid` where only one of them is set.
Result<std::optional<net::TlsFiles>> tls_files(const Config& config);

// Tells when the files of a certificate were replaced or written again.
class CertificateWatch {
 public:
  explicit CertificateWatch(std::optional<net::TlsFiles> files);
  bool changed();  // since the last call

 private:
  std::string state() const;
  std::optional<net::TlsFiles> files_;
  std::string seen_;
};

}  // namespace pawl::app
