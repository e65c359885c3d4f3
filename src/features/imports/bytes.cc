// Files as streams, undone where they are compressed.
#include "bytes.h"

#include <zlib.h>
#include <zstd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace pawl::imports {
namespace {

constexpr std::size_t piece_bytes = 256U << 10;

struct Closer {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using Handle = std::unique_ptr<std::FILE, Closer>;

class Plain : public Bytes {
 public:
  Plain(Handle file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}
  Result<bool> more(std::string& into) override {
    const auto before = into.size();
    into.resize(before + piece_bytes);
    const auto got = std::fread(into.data() + before, 1, piece_bytes, file_.get());
    into.resize(before + got);
    consumed_ += got;
    if (got == 0 && std::ferror(file_.get()) != 0)
      return fail(ErrorKind::unavailable, "{}: reading failed: {}", path_, std::strerror(errno));
    return got > 0;
  }
  std::uint64_t consumed() const override { return consumed_; }
  const std::string& path() const { return path_; }

 private:
  Handle file_;
  std::string path_;
  std::uint64_t consumed_ = 0;
};

class Gzip : public Bytes {
 public:
  explicit Gzip(std::unique_ptr<Plain> inner) : inner_(std::move(inner)) {
    ready_ = inflateInit2(&z_, 15 + 32) == Z_OK;
  }
  ~Gzip() override { inflateEnd(&z_); }
  Result<bool> more(std::string& into) override {
    if (!ready_) return fail(ErrorKind::unavailable, "no memory to undo gzip");
    const auto before = into.size();
    while (into.size() == before) {
      if (at_ == in_.size()) {
        in_.clear(), at_ = 0;
        if (!TRY(inner_->more(in_))) {
          if (inside_) return fail(ErrorKind::corrupt, "{}: the gzip file is cut off", inner_->path());
          return false;
        }
      }
      into.resize(before + piece_bytes);
      z_.next_in = reinterpret_cast<Bytef*>(in_.data() + at_);
      z_.avail_in = static_cast<uInt>(in_.size() - at_);
      z_.next_out = reinterpret_cast<Bytef*>(into.data() + before);
      z_.avail_out = static_cast<uInt>(piece_bytes);
      inside_ = true;
      const int code = inflate(&z_, Z_NO_FLUSH);
      at_ = in_.size() - z_.avail_in;
      into.resize(before + piece_bytes - z_.avail_out);
      if (code == Z_STREAM_END) {  // another member may follow
        inside_ = false;
        inflateReset(&z_);
      } else if (code != Z_OK && code != Z_BUF_ERROR) {
        return fail(ErrorKind::corrupt, "{}: the gzip bytes are damaged", inner_->path());
      }
    }
    return true;
  }
  std::uint64_t consumed() const override { return inner_->consumed(); }

 private:
  std::unique_ptr<Plain> inner_;
  z_stream z_{};
  bool ready_ = false, inside_ = false;
  std::string in_;
  std::size_t at_ = 0;
};

class Zstd : public Bytes {
 public:
  explicit Zstd(std::unique_ptr<Plain> inner) : inner_(std::move(inner)), z_(ZSTD_createDStream()) {}
  ~Zstd() override { ZSTD_freeDStream(z_); }
  Result<bool> more(std::string& into) override {
    if (z_ == nullptr) return fail(ErrorKind::unavailable, "no memory to undo zstd");
    const auto before = into.size();
    while (into.size() == before) {
      if (at_ == in_.size()) {
        in_.clear(), at_ = 0;
        if (!TRY(inner_->more(in_))) {
          if (hint_ != 0) return fail(ErrorKind::corrupt, "{}: the zstd file is cut off", inner_->path());
          return false;
        }
      }
      into.resize(before + piece_bytes);
      ZSTD_inBuffer in{in_.data() + at_, in_.size() - at_, 0};
      ZSTD_outBuffer out{into.data() + before, piece_bytes, 0};
      hint_ = ZSTD_decompressStream(z_, &out, &in);
      into.resize(before + out.pos);
      at_ += in.pos;
      if (ZSTD_isError(hint_) != 0)
        return fail(ErrorKind::corrupt, "{}: the zstd bytes are damaged ({})", inner_->path(),
                    ZSTD_getErrorName(hint_));
    }
    return true;
  }
  std::uint64_t consumed() const override { return inner_->consumed(); }

 private:
  std::unique_ptr<Plain> inner_;
  ZSTD_DStream* z_;
  std::string in_;
  std::size_t at_ = 0, hint_ = 0;
};

class Text : public Bytes {
 public:
  Text(std::string text, std::size_t piece) : text_(std::move(text)), piece_(piece) {}
  Result<bool> more(std::string& into) override {
    if (at_ == text_.size()) return false;
    into.append(text_, at_, piece_);
    at_ = std::min(text_.size(), at_ + piece_);
    return true;
  }
  std::uint64_t consumed() const override { return at_; }

 private:
  std::string text_;
  std::size_t piece_, at_ = 0;
};

}  // namespace

Result<std::unique_ptr<Bytes>> open_bytes(const std::string& path) {
  Handle file(std::fopen(path.c_str(), "rb"));
  if (!file)
    return fail(errno == ENOENT ? ErrorKind::not_found : ErrorKind::denied, "{}: {}", path, std::strerror(errno));
  unsigned char first[4] = {};
  const auto got = std::fread(first, 1, sizeof first, file.get());
  std::rewind(file.get());
  auto plain = std::make_unique<Plain>(std::move(file), path);
  if (got >= 2 && first[0] == 0x1f && first[1] == 0x8b) return std::make_unique<Gzip>(std::move(plain));
  if (got == 4 && first[0] == 0x28 && first[1] == 0xb5 && first[2] == 0x2f && first[3] == 0xfd)
    return std::make_unique<Zstd>(std::move(plain));
  return plain;
}

std::unique_ptr<Bytes> text_bytes(std::string text, std::size_t piece) {
  return std::make_unique<Text>(std::move(text), piece == 0 ? 1 : piece);
}

}  // namespace pawl::imports
