// Inflating and deflating bodies with zlib and zstd.
#include "wire/compress.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "base/text.h"

namespace pawl {
namespace {

enum class Format : std::uint8_t { identity, gzip, deflate, zstd };
constexpr std::size_t most_encodings = 4;  // in one list; each is undone under the same limit

std::optional<Format> format_from(std::string_view name) {
  if (name.empty() || equals_ignoring_case(name, "identity")) return Format::identity;
  if (equals_ignoring_case(name, "gzip") || equals_ignoring_case(name, "x-gzip")) return Format::gzip;
  if (equals_ignoring_case(name, "deflate")) return Format::deflate;
  if (equals_ignoring_case(name, "zstd")) return Format::zstd;
  return std::nullopt;
}

std::unexpected<Error> too_large(std::size_t limit) {
  return fail(ErrorKind::exhausted, "the body holds more than {} bytes when decompressed; send smaller batches", limit);
}

// Output that doubles up to one byte past the limit: a body that needs that byte is too large.
class Growing {
 public:
  Growing(std::size_t input, std::size_t limit) : limit_(limit) {
    text_.resize(std::min(limit + 1, std::max<std::size_t>(input * 4, 4096)));
  }
  // False when the limit is passed.
  bool make_room() {
    if (used_ < text_.size()) return true;
    if (used_ > limit_) return false;
    text_.resize(std::min(limit_ + 1, text_.size() * 2));
    return true;
  }
  char* free() { return text_.data() + used_; }
  std::size_t room() const { return text_.size() - used_; }
  void add(std::size_t bytes) { used_ += bytes; }
  Result<std::string> finish() {
    if (used_ > limit_) return too_large(limit_);
    text_.resize(used_);
    return std::move(text_);
  }

 private:
  std::string text_;
  std::size_t used_ = 0, limit_;
};

// RFC 1950 §2.2: the first two bytes as a number are divisible by 31, and the method is 8. Some send bare RFC 1951.
bool has_zlib_header(std::string_view bytes) {
  if (bytes.size() < 2) return false;
  const unsigned first = static_cast<unsigned char>(bytes[0]);
  const unsigned second = static_cast<unsigned char>(bytes[1]);
  return (first & 0x0FU) == 8 && (first * 256 + second) % 31 == 0;
}

struct Inflater {
  z_stream stream{};
  Inflater() = default;
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { inflateEnd(&stream); }
};

constexpr std::size_t piece = std::size_t{1} << 30U;  // zlib counts in 32 bits

// window_bits: 31 gzip, 15 zlib, -15 bare (zlib.h, inflateInit2). A gzip body may be several members in a row.
Result<std::string> inflate_all(std::string_view bytes, int window_bits, std::string_view name, std::size_t limit) {
  Inflater inflater;
  z_stream& stream = inflater.stream;
  PAWL_CHECK(inflateInit2(&stream, window_bits) == Z_OK);
  Growing out(bytes.size(), limit);
  std::size_t read = 0;
  bool ended = false;
  while (!ended || (window_bits == 31 && read < bytes.size())) {
    if (ended) PAWL_CHECK(inflateReset(&stream) == Z_OK);
    if (!out.make_room()) return too_large(limit);
    const std::size_t given = std::min(bytes.size() - read, piece), room = std::min(out.room(), piece);
    // zlib's interface is not const-correct; it does not write there.
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data() + read));
    stream.avail_in = static_cast<uInt>(given);
    stream.next_out = reinterpret_cast<Bytef*>(out.free());
    stream.avail_out = static_cast<uInt>(room);
    const int answer = inflate(&stream, Z_NO_FLUSH);
    read += given - stream.avail_in;
    out.add(room - stream.avail_out);
    ended = answer == Z_STREAM_END;
    if (ended || answer == Z_OK) continue;
    if (answer == Z_BUF_ERROR && read < bytes.size()) continue;
    if (answer == Z_BUF_ERROR) return fail(ErrorKind::invalid, "the body ends inside its {} data", name);
    return fail(ErrorKind::invalid, "the body is not {}: {} at byte {}", name,
                stream.msg == nullptr ? "damaged" : stream.msg, read);
  }
  if (read < bytes.size()) return fail(ErrorKind::invalid, "bytes follow the {} data", name);
  return out.finish();
}

// Frames in a row, none of which needs to tell its size (LangSmith's do not). The window is bounded by the library's
// own 128 MB, which is reserved and touched only as far as the data goes.
Result<std::string> unzstd(std::string_view bytes, std::size_t limit) {
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(), &ZSTD_freeDCtx);
  PAWL_CHECK(context != nullptr);
  Growing out(bytes.size(), limit);
  ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
  std::size_t wanted = 1;
  while (wanted != 0 || input.pos < input.size) {
    if (!out.make_room()) return too_large(limit);
    ZSTD_outBuffer output{out.free(), out.room(), 0};
    const std::size_t before = input.pos;
    wanted = ZSTD_decompressStream(context.get(), &output, &input);
    if (ZSTD_isError(wanted) != 0) {
      return fail(ErrorKind::invalid, "the body is not zstd: {} near byte {}", ZSTD_getErrorName(wanted), input.pos);
    }
    out.add(output.pos);
    if (wanted != 0 && input.pos == before && output.pos == 0) {
      return fail(ErrorKind::invalid, "the body ends inside its zstd data");
    }
  }
  return out.finish();
}

Result<std::string> undo(Format format, std::string_view bytes, std::size_t limit) {
  switch (format) {
    case Format::identity:
      break;
    case Format::gzip:
      return inflate_all(bytes, 31, "gzip", limit);
    case Format::deflate:
      return inflate_all(bytes, has_zlib_header(bytes) ? 15 : -15, "deflate", limit);
    case Format::zstd:
      return unzstd(bytes, limit);
  }
  if (bytes.size() > limit) return too_large(limit);
  return std::string(bytes);
}

}  // namespace

Result<std::string> decompress(std::string_view encoding, std::string_view bytes, std::size_t limit) {
  std::vector<Format> formats;
  for (const std::string_view name : split(encoding, ',')) {
    const std::optional<Format> format = format_from(trim(name));
    if (!format) {
      return fail(ErrorKind::invalid, "content-encoding `{}` is not known; use gzip, deflate, zstd or identity",
                  trim(name));
    }
    if (*format != Format::identity) formats.push_back(*format);
  }
  if (formats.size() > most_encodings) {
    return fail(ErrorKind::invalid, "content-encoding names more than {} encodings", most_encodings);
  }
  if (formats.empty()) return undo(Format::identity, bytes, limit);
  std::string held;
  while (!formats.empty()) {
    held = TRY(undo(formats.back(), bytes, limit));
    bytes = held;
    formats.pop_back();
  }
  return held;
}

std::string gzip(std::string_view bytes, int level) {
  z_stream stream{};
  PAWL_CHECK(deflateInit2(&stream, level, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out;
  std::size_t read = 0;
  int answer = Z_OK;
  while (answer != Z_STREAM_END) {
    const std::size_t used = out.size(), given = std::min(bytes.size() - read, piece);
    out.resize(used + std::clamp<std::size_t>((bytes.size() - read) / 4, 1024, piece));
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data() + read));
    stream.avail_in = static_cast<uInt>(given);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + used);
    stream.avail_out = static_cast<uInt>(out.size() - used);
    answer = deflate(&stream, read + given == bytes.size() ? Z_FINISH : Z_NO_FLUSH);
    PAWL_CHECK(answer != Z_STREAM_ERROR);
    read += given - stream.avail_in;
    out.resize(out.size() - stream.avail_out);
  }
  deflateEnd(&stream);
  return out;
}

std::string zstd(std::string_view bytes, int level) {
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  const std::size_t size = ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), level);
  PAWL_CHECK(ZSTD_isError(size) == 0);
  out.resize(size);
  return out;
}

}  // namespace pawl
