// Zip archives by libzip; zstd, which Debian 12's libzip does not know, by our own decompress.
#include "zip.h"

#include <zip.h>
#include <zlib.h>

#include <memory>

#include "compress.h"

namespace pawl {
namespace {

constexpr std::uint16_t zstd_method = 93;
constexpr std::size_t piece = 64U << 10;

struct CloseArchive {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
struct CloseFile {
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};
using Archive = std::unique_ptr<zip_t, CloseArchive>;
using File = std::unique_ptr<zip_file_t, CloseFile>;

Result<Archive> open_archive(std::string_view bytes) {
  if (bytes.empty()) return fail(ErrorKind::invalid, "This is no zip archive: it is empty.");
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  Archive archive(source == nullptr ? nullptr : zip_open_from_source(source, ZIP_RDONLY, &error));
  const std::string why = archive == nullptr ? zip_error_strerror(&error) : "";
  if (archive == nullptr && source != nullptr) zip_source_free(source);
  zip_error_fini(&error);
  if (archive == nullptr) return fail(ErrorKind::invalid, "This is no zip archive that can be read: {}.", why);
  return archive;
}

Error too_large(std::size_t limit) {
  return {ErrorKind::exhausted, fmt::format("The archive unpacks to more than {} bytes.", limit)};
}

// At most `limit` bytes of a member; `flags` says whether as it is packed.
Result<std::string> read_member(zip_t* archive, const zip_stat_t& stat, zip_flags_t flags, std::size_t limit) {
  const File file(zip_fopen_index(archive, stat.index, flags));
  if (file == nullptr) return fail(ErrorKind::invalid, "{} cannot be unpacked: {}.", stat.name, zip_strerror(archive));
  std::string out;
  for (;;) {
    const std::size_t size = out.size();
    out.resize(size + piece);
    const auto count = zip_fread(file.get(), out.data() + size, piece);
    if (count < 0)
      return fail(ErrorKind::invalid, "{} is damaged: {}.", stat.name,
                  zip_error_strerror(zip_file_get_error(file.get())));
    out.resize(size + static_cast<std::size_t>(count));
    if (out.size() > limit) return std::unexpected(too_large(limit));
    if (count == 0) return out;
  }
}

Result<std::string> unpacked(zip_t* archive, const zip_stat_t& stat, std::size_t packed, std::size_t limit) {
  constexpr unsigned needed = ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD | ZIP_STAT_CRC | ZIP_STAT_SIZE;
  if ((stat.valid & needed) != needed) return fail(ErrorKind::invalid, "{} has no size or checksum.", stat.name);
  if (stat.encryption_method != ZIP_EM_NONE) return fail(ErrorKind::invalid, "{} is encrypted.", stat.name);
  if (stat.size > limit) return std::unexpected(too_large(limit));
  if (stat.comp_method != zstd_method) return read_member(archive, stat, 0, limit);
  const std::string raw = TRY(read_member(archive, stat, ZIP_FL_COMPRESSED, packed));
  auto out = decompress("zstd", raw, limit);
  if (!out && out.error().kind == ErrorKind::exhausted) return std::unexpected(too_large(limit));
  if (!out) return fail(ErrorKind::invalid, "{} is damaged: {}", stat.name, out.error().what);
  const auto sum = crc32_z(0, reinterpret_cast<const Bytef*>(out->data()), out->size());
  if (out->size() != stat.size || sum != stat.crc)
    return fail(ErrorKind::invalid, "{} is damaged: its size or checksum is another.", stat.name);
  return out;
}

}  // namespace

bool is_zip(std::string_view bytes) {
  return bytes.starts_with("PK\x03\x04");
}

Result<std::vector<ZipMember>> unzip(std::string_view bytes, std::size_t limit,
                                     const std::function<bool(std::string_view)>& wanted) {
  const Archive archive = TRY(open_archive(bytes));
  std::vector<ZipMember> out;
  std::size_t left = limit;
  const auto count = static_cast<zip_uint64_t>(zip_get_num_entries(archive.get(), 0));
  for (zip_uint64_t i = 0; i < count; ++i) {
    zip_stat_t stat;
    if (zip_stat_index(archive.get(), i, ZIP_FL_ENC_RAW, &stat) != 0 || (stat.valid & ZIP_STAT_NAME) == 0)
      return fail(ErrorKind::invalid, "Member {} of the archive cannot be read.", i + 1);
    if (!wanted(stat.name)) continue;
    auto member = unpacked(archive.get(), stat, bytes.size(), left);
    if (!member && member.error().kind == ErrorKind::exhausted) return std::unexpected(too_large(limit));
    out.push_back({stat.name, TRY(std::move(member))});
    left -= out.back().bytes.size();
  }
  return out;
}

}  // namespace pawl
