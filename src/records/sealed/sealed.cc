// Sealing and opening, and the table of what is sealed.
#include "sealed.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <memory>

#include "base/text.h"

namespace pawl::sealed {
namespace {

constexpr std::size_t nonce_bytes = 12, tag_bytes = 16;
constexpr std::size_t most_known = 500'000;  // digests of a project in memory

constexpr ledger::Migration steps[] = {{"sealed", 1, R"sql(
CREATE TABLE sealed (project INTEGER NOT NULL REFERENCES projects (id),
  digest TEXT NOT NULL, -- keyed hash of the value, hex
  reference TEXT NOT NULL, -- what stands in bodies
  kind TEXT NOT NULL, -- which rule hid it
  box TEXT NOT NULL, -- nonce, ciphertext and tag of AES-256-GCM, base64
  at INTEGER NOT NULL, PRIMARY KEY (project, reference, digest)) STRICT;
)sql"}};

std::string hmac(std::string_view key, std::string_view text) {
  std::string out(32, '\0');
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), reinterpret_cast<unsigned char*>(out.data()), &size);
  return out;
}

const unsigned char* raw(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* raw(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

using Cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

// `about` is bound to the box: a row that somebody moves to another place does not open.
std::string seal(std::string_view key, std::string_view nonce, std::string_view about, std::string_view value) {
  const Cipher cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  std::string out(value.size(), '\0'), tag(tag_bytes, '\0');
  int size = 0;
  const bool done =
      EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, raw(key), raw(nonce)) == 1 &&
      EVP_EncryptUpdate(cipher.get(), nullptr, &size, raw(about), static_cast<int>(about.size())) == 1 &&
      EVP_EncryptUpdate(cipher.get(), raw(out), &size, raw(value), static_cast<int>(value.size())) == 1 &&
      EVP_EncryptFinal_ex(cipher.get(), raw(out) + size, &size) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, static_cast<int>(tag_bytes), tag.data()) == 1;
  PAWL_CHECK(done, "AES-256-GCM failed");
  return std::string(nonce) + out + tag;
}

Result<std::string> unseal(std::string_view key, std::string_view about, std::string_view box) {
  if (box.size() < nonce_bytes + tag_bytes) return fail(ErrorKind::corrupt, "A sealed value is cut off.");
  const Cipher cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  const auto nonce = box.substr(0, nonce_bytes);
  const auto text = box.substr(nonce_bytes, box.size() - nonce_bytes - tag_bytes);
  std::string tag(box.substr(box.size() - tag_bytes)), out(text.size(), '\0');
  int size = 0;
  const bool done =
      EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, raw(key), raw(nonce)) == 1 &&
      EVP_DecryptUpdate(cipher.get(), nullptr, &size, raw(about), static_cast<int>(about.size())) == 1 &&
      EVP_DecryptUpdate(cipher.get(), raw(out), &size, raw(text), static_cast<int>(text.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, static_cast<int>(tag_bytes), tag.data()) == 1 &&
      EVP_DecryptFinal_ex(cipher.get(), raw(out) + size, &size) == 1;
  if (!done)
    return fail(ErrorKind::corrupt,
                "A sealed value does not open: the data directory's body.key is another one, or the row was changed.");
  return out;
}

}  // namespace

std::span<const ledger::Migration> migrations() {
  return steps;
}

Sealed::Sealed(ledger::Ledger& ledger, Random& random, const Clock& clock, std::string secret)
    : ledger_(ledger), random_(random), clock_(clock), secret_(std::move(secret)) {}

std::string Sealed::key(ProjectId project, std::string_view what) const {
  return hmac(secret_, fmt::format("{}\n{}", what, project));
}

std::string Sealed::reference(ProjectId project, std::string_view value, std::size_t size) const {
  constexpr std::string_view letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::string out;
  for (const char c : hmac(key(project, "references"), value).substr(0, size))
    out += letters[static_cast<unsigned char>(c) % letters.size()];
  return out;
}

Result<> Sealed::keep(ProjectId project, const std::vector<Value>& values) {
  if (values.empty()) return {};
  if (secret_.empty()) return fail(ErrorKind::unavailable, "The installation's secret (body.key) cannot be read.");
  const std::string sealing = key(project, "sealing"), naming = key(project, "references");
  std::vector<std::pair<std::string, const Value*>> fresh;
  {
    const std::lock_guard lock(mutex_);
    auto& known = known_[project];
    if (known.size() > most_known) known.clear();
    for (const Value& value : values) {
      auto digest = to_hex(hmac(naming, value.value));
      if (!known.contains(value.reference + digest)) fresh.emplace_back(std::move(digest), &value);
    }
  }
  if (fresh.empty()) return {};
  TRY(ledger_.change([&](ledger::Transaction& t) -> Result<> {
    for (const auto& [digest, value] : fresh) {
      const auto box = seal(sealing, random_.bytes(nonce_bytes), value->reference, value->value);
      TRY(t.run("INSERT OR IGNORE INTO sealed (project, digest, reference, kind, box, at) VALUES (?, ?, ?, ?, ?, ?)",
                {std::int64_t{project}, digest, value->reference, value->kind, to_base64(box), clock_.now()}));
    }
    return {};
  }));
  const std::lock_guard lock(mutex_);
  for (const auto& [digest, value] : fresh) known_[project].insert(value->reference + digest);
  return {};
}

Result<std::vector<Value>> Sealed::open(ProjectId project, const std::vector<std::string>& references) const {
  const std::string sealing = key(project, "sealing");
  std::vector<Value> out;
  for (const auto& reference : references) {
    const auto rows = TRY(
        ledger_.read("SELECT kind, box FROM sealed WHERE project = ? AND reference = ? ORDER BY at, digest LIMIT 20",
                     {std::int64_t{project}, reference}));
    for (std::size_t i = 0; i < rows.size(); ++i)
      out.push_back(
          {reference, rows.text(i, 0), TRY(unseal(sealing, reference, from_base64(rows.text(i, 1)).value_or("")))});
  }
  return out;
}

Result<bool> Sealed::any(ProjectId project) const {
  return TRY(ledger_.read("SELECT 1 FROM sealed WHERE project = ? LIMIT 1", {std::int64_t{project}})).size() > 0;
}

Result<std::int64_t> Sealed::remove(ProjectId project, const std::vector<std::string>& references) {
  std::int64_t count = 0;
  const std::lock_guard lock(mutex_);  // nobody counts on what goes
  TRY(ledger_.change([&](ledger::Transaction& t) -> Result<> {
    for (const auto& reference : references) {
      TRY(t.run("DELETE FROM sealed WHERE project = ? AND reference = ?", {std::int64_t{project}, reference}));
      count += t.changes();
    }
    return {};
  }));
  known_.erase(project);
  return count;
}

}  // namespace pawl::sealed
