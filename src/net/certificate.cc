// Reading a certificate's dates.
#include "net/certificate.h"

#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstdio>
#include <ctime>
#include <memory>

namespace pawl::net {

Result<Nanos> certificate_end(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "r"), std::fclose);
  const std::unique_ptr<X509, void (*)(X509*)> one(
      file ? PEM_read_X509(file.get(), nullptr, nullptr, nullptr) : nullptr, X509_free);
  std::tm end{};
  if (!one || ASN1_TIME_to_tm(X509_get0_notAfter(one.get()), &end) != 1)
    return fail(ErrorKind::invalid, "{} has no certificate that can be read.", path);
  return static_cast<Nanos>(::timegm(&end)) * second;
}

}  // namespace pawl::net
