// Blobs: immutable bytes by their SHA-256, as files. What put() or finish() answered is durable.
// DATA/blobs/ab/cdef…: the first two digits of the name are a folder, the other 62 the file; DATA/blobs/new/ holds what
// is being written. For media, large attachments and exports (data.md "Four stores"). Blocks: call it from the pool.
#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "base/result.h"
#include "base/rng.h"

namespace pawl::blobs {

struct BlobId {  // the SHA-256 of the bytes
  std::array<unsigned char, 32> digest{};
  auto operator<=>(const BlobId&) const = default;
};
BlobId id_of(std::string_view bytes);
std::string to_hex(const BlobId& id);  // 64 digits, lower case
std::optional<BlobId> blob_id_from_hex(std::string_view hex);

struct Blob {
  BlobId id;
  std::uint64_t bytes = 0;
};

struct Options {
  std::string data;                            // the data directory
  std::uint64_t max_bytes = 1ULL << 30U;       // of one blob
  std::uint64_t max_get_bytes = 64ULL << 20U;  // that get() puts into memory at once; more by read()
};

// Writes one blob piece by piece. Not thread-safe. Destroyed before finish(): nothing is kept.
class Upload {
 public:
  Result<> write(std::string_view bytes);  // exhausted above the limit, unavailable where the disk fails
  // Makes it durable. invalid where the bytes are not the `expected` ones.
  Result<Blob> finish(const std::optional<BlobId>& expected = std::nullopt);
  std::uint64_t bytes() const;

  struct Inside;
  explicit Upload(std::unique_ptr<Inside> inside);
  Upload(Upload&&) noexcept;
  Upload& operator=(Upload&&) noexcept;
  ~Upload();

 private:
  std::unique_ptr<Inside> inside_;
};

enum class Check {
  sum,   // the bytes are hashed: corrupt where they are not what was written
  none,  // only where the caller looks at them itself
};

// Thread-safe. Errors: not_found, exhausted (a limit of `Options`), unavailable (disk full or failing: try again),
// corrupt. One process a data directory (the journal's lock).
class Blobs {
 public:
  // Removes what earlier processes left unfinished. The references must outlive this.
  static Result<std::unique_ptr<Blobs>> open(Files& files, Random& random, Options options);
  ~Blobs();
  Blobs(const Blobs&) = delete;
  Blobs& operator=(const Blobs&) = delete;

  Result<Blob> put(std::string_view bytes);  // the same bytes again, at once or later: one file
  Result<Upload> put_stream();               // must end before this does
  Result<std::string> get(const BlobId& id, Check check = Check::sum);
  // A range, not checked; shorter where the blob ends.
  Result<std::string> read(const BlobId& id, std::uint64_t offset, std::uint64_t bytes);
  Result<> verify(const BlobId& id);  // of any length, in constant memory
  Result<Blob> find(const BlobId& id);
  bool exists(const BlobId& id) { return find(id).has_value(); }
  Result<> remove(const BlobId& id);
  // In the order of ids, after `after`; at most `limit` (and whole folders are read: not for every request).
  Result<std::vector<Blob>> list(const std::optional<BlobId>& after = std::nullopt, std::size_t limit = 1000);

  struct Inside;

 private:
  explicit Blobs(std::unique_ptr<Inside> inside);
  std::unique_ptr<Inside> inside_;
};

}  // namespace pawl::blobs
