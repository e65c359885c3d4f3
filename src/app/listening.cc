// From settings and inherited sockets to listeners.
#include "listening.h"

#include <sys/stat.h>

#include <algorithm>

namespace pawl::app {
namespace {

struct Usual {
  std::string_view name, setting, address;
};
constexpr Usual otlp[] = {{"otlp-http", "otlp_http", "127.0.0.1:4318"}, {"otlp-grpc", "otlp_grpc", "127.0.0.1:4317"}};

bool is_otlp(std::string_view name) {
  return std::ranges::any_of(otlp, [&](const Usual& one) { return one.name == name; });
}

}  // namespace

Result<std::vector<Listening>> listeners(const Config& config, const std::vector<Inherited>& inherited) {
  std::vector<Listening> out;
  for (const auto& one : inherited) {
    if (!is_otlp(one.name)) out.push_back({"main", one.address, true, one.descriptor});
  }
  if (out.empty()) out.push_back({"main", TRY(parse_address(config.get("listen"))), true});
  const bool standard = out.front().address.port == 7295;
  for (const auto& [name, setting, usual] : otlp) {
    const auto given = std::ranges::find(inherited, name, &Inherited::name);
    if (given != inherited.end()) {
      out.push_back({std::string(name), given->address, true, given->descriptor});
      continue;
    }
    const auto& text = config.get(setting);
    // The usual OTLP ports belong to the server on the usual port; a second one on another port leaves them alone.
    if (text == "off" || (text == usual && !standard)) continue;
    out.push_back({std::string(name), TRY(parse_address(text)), text != usual});
  }
  return out;
}

Result<std::optional<net::TlsFiles>> tls_files(const Config& config) {
  const auto &certificate = config.get("tls_cert"), &key = config.get("tls_key");
  if (certificate.empty() != key.empty())
    return fail(ErrorKind::invalid, "{} is missing: TLS needs tls_cert and tls_key.",
                certificate.empty() ? "tls_cert" : "tls_key");
  if (certificate.empty()) return std::nullopt;
  return net::TlsFiles{certificate, key};
}

CertificateWatch::CertificateWatch(std::optional<net::TlsFiles> files) : files_(std::move(files)), seen_(state()) {}

bool CertificateWatch::changed() {
  if (!files_) return false;
  auto now = state();
  if (now == seen_) return false;
  seen_ = std::move(now);
  return true;
}

std::string CertificateWatch::state() const {
  std::string out;
  if (!files_) return out;
  for (const auto& path : {files_->certificate, files_->key}) {
    struct stat at{};
    if (::stat(path.c_str(), &at) == 0)
      out += fmt::format("{}.{} {} {} ", at.st_mtim.tv_sec, at.st_mtim.tv_nsec, at.st_ino, at.st_size);
    else
      out += "none ";
  }
  return out;
}

}  // namespace pawl::app
