// Files by content: write, sync, rename, sync the folder.
#include "blobs.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <tuple>

#include "base/text.h"

namespace pawl::blobs {
namespace {

constexpr std::uint64_t read_bytes = 1ULL << 20U;

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
    PAWL_CHECK(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
  }
  void add(std::string_view bytes) { PAWL_CHECK(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1); }
  BlobId finish() {
    BlobId id;
    PAWL_CHECK(EVP_DigestFinal_ex(context_.get(), id.digest.data(), nullptr) == 1);
    return id;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context_;
};

// The disk's room is nobody's quota: who sent the bytes may try again.
Error not_now(Error error) {
  if (error.kind == ErrorKind::exhausted) error.kind = ErrorKind::unavailable;
  return error;
}

}  // namespace

BlobId id_of(std::string_view bytes) {
  Sha256 sum;
  sum.add(bytes);
  return sum.finish();
}

std::string to_hex(const BlobId& id) {
  return pawl::to_hex(std::string_view(reinterpret_cast<const char*>(id.digest.data()), id.digest.size()));
}

std::optional<BlobId> blob_id_from_hex(std::string_view hex) {
  const auto bytes = from_hex(hex);
  BlobId id;
  if (!bytes || bytes->size() != id.digest.size()) return std::nullopt;
  std::ranges::transform(*bytes, id.digest.begin(), [](char c) { return static_cast<unsigned char>(c); });
  return id;
}

struct Blobs::Inside {
  Files& files;
  Random& random;
  Options options;
  std::string folder;
  std::mutex chance;                     // over `random`
  std::array<std::mutex, 256> changing;  // one a folder: a name is made or removed by one thread at a time

  Inside(Files& of, Random& by, Options with)
      : files(of), random(by), options(std::move(with)), folder(options.data + "/blobs") {}
  std::string folder_of(const BlobId& id) const { return fmt::format("{}/{:02x}", folder, id.digest[0]); }
  std::string path_of(const BlobId& id) const { return folder_of(id) + "/" + blobs::to_hex(id).substr(2); }
  std::string new_path() {
    const std::scoped_lock guard(chance);
    return fmt::format("{}/new/{:016x}{:016x}", folder, random.next(), random.next());
  }
  Result<std::unique_ptr<File>> open_file(const BlobId& id);
  Result<> keep(const std::string& path, const Blob& blob);
};

struct Upload::Inside {
  Blobs::Inside& blobs;
  std::string path;
  std::unique_ptr<File> file;
  Sha256 sum;
  std::uint64_t bytes = 0;
  Inside(Blobs::Inside& of, std::string at, std::unique_ptr<File> to)
      : blobs(of), path(std::move(at)), file(std::move(to)) {}
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;
  ~Inside() {
    if (!file) return;
    file.reset();
    std::ignore = blobs.files.remove(path);  // where it fails, the next start does it
  }
  Result<> keep(const Blob& blob) {
    TRY(file->sync());
    TRY(blobs.keep(path, blob));
    file.reset();
    return {};
  }
};

// The synced file at `path` gets its name, or goes where that exists already. Durable either way.
Result<> Blobs::Inside::keep(const std::string& path, const Blob& blob) {
  const std::string place = folder_of(blob.id);
  const std::scoped_lock guard(changing[blob.id.digest[0]]);
  TRY(files.make_folders(place));
  const auto there = open_file(blob.id);
  if (there && TRY((*there)->size()) == blob.bytes) {
    std::ignore = files.remove(path);
    return files.sync_folder(place);  // who named it may not have come so far
  }
  TRY(files.rename(path, path_of(blob.id)));
  if (auto synced = files.sync_folder(place); !synced) {
    std::ignore = files.remove(path_of(blob.id));  // or a later put would trust it
    return synced;
  }
  return {};
}

Result<std::unique_ptr<File>> Blobs::Inside::open_file(const BlobId& id) {
  auto file = files.open(path_of(id), OpenMode::read);
  if (!file && file.error().kind == ErrorKind::not_found) {
    return fail(ErrorKind::not_found, "there is no blob {}", blobs::to_hex(id));
  }
  return file;
}

Upload::Upload(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}
Upload::Upload(Upload&&) noexcept = default;
Upload& Upload::operator=(Upload&&) noexcept = default;
Upload::~Upload() = default;

std::uint64_t Upload::bytes() const {
  return inside_->bytes;
}

Result<> Upload::write(std::string_view bytes) {
  PAWL_CHECK(inside_->file, "written after the end");
  if (bytes.size() > inside_->blobs.options.max_bytes - inside_->bytes) {
    return fail(ErrorKind::exhausted, "the file has more than {} bytes", inside_->blobs.options.max_bytes);
  }
  if (const auto written = write_all(*inside_->file, bytes, inside_->bytes); !written) {
    return std::unexpected(not_now(written.error()));
  }
  inside_->sum.add(bytes);
  inside_->bytes += bytes.size();
  return {};
}

Result<Blob> Upload::finish(const std::optional<BlobId>& expected) {
  PAWL_CHECK(inside_->file, "finished twice");
  const Blob blob{.id = inside_->sum.finish(), .bytes = inside_->bytes};
  if (expected && *expected != blob.id) {
    return fail(ErrorKind::invalid, "the bytes have the SHA-256 {}, not {} as announced", to_hex(blob.id),
                to_hex(*expected));
  }
  if (const auto kept = inside_->keep(blob); !kept) return std::unexpected(not_now(kept.error()));
  return blob;
}

Result<std::unique_ptr<Blobs>> Blobs::open(Files& files, Random& random, Options options) {
  auto inside = std::make_unique<Inside>(files, random, std::move(options));
  const std::string unfinished = inside->folder + "/new";
  TRY(files.make_folders(unfinished));
  for (const FileEntry& entry : TRY(files.list(unfinished))) TRY(files.remove(unfinished + "/" + entry.name));
  return std::unique_ptr<Blobs>(new Blobs(std::move(inside)));
}

Blobs::Blobs(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}
Blobs::~Blobs() = default;

Result<Upload> Blobs::put_stream() {
  std::string path = inside_->new_path();
  auto file = inside_->files.open(path, OpenMode::create);
  if (!file) return std::unexpected(not_now(file.error()));
  return Upload(std::make_unique<Upload::Inside>(*inside_, std::move(path), std::move(*file)));
}

Result<Blob> Blobs::put(std::string_view bytes) {
  if (bytes.size() > inside_->options.max_bytes) {
    return fail(ErrorKind::exhausted, "the file has {} bytes, more than {}", bytes.size(), inside_->options.max_bytes);
  }
  const Blob blob{.id = id_of(bytes), .bytes = bytes.size()};
  {
    const std::scoped_lock guard(inside_->changing[blob.id.digest[0]]);
    const auto there = inside_->open_file(blob.id);
    if (there && TRY((*there)->size()) == blob.bytes) {
      TRY(inside_->files.sync_folder(inside_->folder_of(blob.id)));
      return blob;
    }
  }
  std::string path = inside_->new_path();
  auto file = inside_->files.open(path, OpenMode::create);
  if (!file) return std::unexpected(not_now(file.error()));
  Upload::Inside made(*inside_, std::move(path), std::move(*file));
  auto kept = write_all(*made.file, bytes, 0);
  if (kept) kept = made.keep(blob);
  if (!kept) return std::unexpected(not_now(kept.error()));
  return blob;
}

Result<Blob> Blobs::find(const BlobId& id) {
  const auto file = TRY(inside_->open_file(id));
  return Blob{.id = id, .bytes = TRY(file->size())};
}

Result<std::string> Blobs::get(const BlobId& id, Check check) {
  const auto file = TRY(inside_->open_file(id));
  const std::uint64_t bytes = TRY(file->size());
  if (bytes > inside_->options.max_get_bytes) {
    return fail(ErrorKind::exhausted, "blob {} has {} bytes: read it in ranges", blobs::to_hex(id), bytes);
  }
  std::string content(bytes, '\0');
  content.resize(TRY(file->read(content, 0)));
  if (check == Check::sum && id_of(content) != id) {
    return fail(ErrorKind::corrupt, "blob {} was changed on the disk", blobs::to_hex(id));
  }
  return content;
}

Result<std::string> Blobs::read(const BlobId& id, std::uint64_t offset, std::uint64_t bytes) {
  const auto file = TRY(inside_->open_file(id));
  const std::uint64_t all = TRY(file->size());
  if (bytes > inside_->options.max_get_bytes) {
    return fail(ErrorKind::exhausted, "{} bytes are more than are read at once", bytes);
  }
  std::string content(std::min(bytes, all - std::min(all, offset)), '\0');
  content.resize(TRY(file->read(content, offset)));
  return content;
}

Result<> Blobs::verify(const BlobId& id) {
  const auto file = TRY(inside_->open_file(id));
  Sha256 sum;
  std::string piece(read_bytes, '\0');
  for (std::uint64_t offset = 0;;) {
    const std::size_t got = TRY(file->read(piece, offset));
    if (got == 0) break;
    sum.add(std::string_view(piece).substr(0, got));
    offset += got;
  }
  if (sum.finish() != id) return fail(ErrorKind::corrupt, "blob {} was changed on the disk", blobs::to_hex(id));
  return {};
}

Result<> Blobs::remove(const BlobId& id) {
  const std::scoped_lock guard(inside_->changing[id.digest[0]]);
  TRY(inside_->open_file(id));
  TRY(inside_->files.remove(inside_->path_of(id)));
  return inside_->files.sync_folder(inside_->folder_of(id));
}

Result<std::vector<Blob>> Blobs::list(const std::optional<BlobId>& after, std::size_t limit) {
  std::vector<Blob> found;
  for (unsigned first = after ? after->digest[0] : 0; first < 256 && found.size() < limit; ++first) {
    const std::string prefix = fmt::format("{:02x}", first);
    const auto entries = inside_->files.list(inside_->folder + "/" + prefix);
    if (!entries && entries.error().kind == ErrorKind::not_found) continue;
    for (const FileEntry& entry : TRY(entries)) {
      const auto id = blob_id_from_hex(prefix + entry.name);
      if (!id || (after && *id <= *after)) continue;
      found.push_back({.id = *id, .bytes = entry.bytes});
      if (found.size() == limit) break;
    }
  }
  return found;
}

}  // namespace pawl::blobs
