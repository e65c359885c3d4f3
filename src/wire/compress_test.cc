// Content encodings: round trips, bombs, damage.
#include "wire/compress.h"

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

namespace pawl {
namespace {

const std::string text = [] {
  std::string out;
  for (int i = 0; i < 5000; ++i) out += fmt::format("span {} of an agent; ", i);
  return out;
}();

std::string deflated(std::string_view bytes, int window_bits) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string in(bytes), out(deflateBound(&stream, in.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

// As LangSmith's client does: a frame that does not tell its size.
std::string zstd_stream(std::string_view bytes) {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
  ZSTD_outBuffer output{out.data(), out.size(), 0};
  EXPECT_EQ(ZSTD_compressStream2(context, &output, &input, ZSTD_e_flush), 0U);
  EXPECT_EQ(ZSTD_compressStream2(context, &output, &input, ZSTD_e_end), 0U);
  ZSTD_freeCCtx(context);
  out.resize(output.pos);
  return out;
}

constexpr std::size_t roomy = 1 << 20;

TEST(Compress, undoes_every_encoding) {
  EXPECT_EQ(decompress("", text, roomy).value(), text);
  EXPECT_EQ(decompress("identity", text, roomy).value(), text);
  EXPECT_EQ(decompress("gzip", gzip(text), roomy).value(), text);
  EXPECT_EQ(decompress("X-GZip", gzip(text, 1), roomy).value(), text);
  EXPECT_EQ(decompress("deflate", deflated(text, 15), roomy).value(), text);
  EXPECT_EQ(decompress("deflate", deflated(text, -15), roomy).value(), text) << "bare RFC 1951";
  EXPECT_EQ(decompress("zstd", zstd(text), roomy).value(), text);
  EXPECT_EQ(decompress("zstd", zstd_stream(text), roomy).value(), text);
  for (const std::string_view empty : {"gzip", "zstd"}) {
    EXPECT_EQ(decompress(empty, empty == "gzip" ? gzip("") : zstd(""), roomy).value(), "");
  }
}

TEST(Compress, several_members_and_frames_are_one_body) {
  EXPECT_EQ(decompress("gzip", gzip("a") + gzip("") + gzip("b"), roomy).value(), "ab");
  EXPECT_EQ(decompress("zstd", zstd("a") + zstd_stream("b"), roomy).value(), "ab");
}

TEST(Compress, lists_are_undone_from_the_right) {
  EXPECT_EQ(decompress("gzip, zstd", zstd(gzip(text)), roomy).value(), text);
  EXPECT_EQ(decompress(" zstd ,identity,gzip", gzip(zstd(text)), roomy).value(), text);
  EXPECT_EQ(decompress("gzip,gzip,gzip,gzip,gzip", text, roomy).error().kind, ErrorKind::invalid);
}

TEST(Compress, the_limit_is_the_largest_body_that_passes) {
  for (const auto& [name, bytes] : {std::pair<std::string, std::string>{"", text},
                                    {"gzip", gzip(text)},
                                    {"deflate", deflated(text, 15)},
                                    {"zstd", zstd(text)}}) {
    EXPECT_EQ(decompress(name, bytes, text.size()).value(), text) << name;
    const auto refused = decompress(name, bytes, text.size() - 1);
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().kind, ErrorKind::exhausted);
    EXPECT_EQ(decompress(name, bytes, 0).error().kind, ErrorKind::exhausted);
  }
}

TEST(Compress, bombs_do_not_grow) {
  const std::string zeros(64 << 20, '\0');
  EXPECT_EQ(decompress("gzip", gzip(zeros), roomy).error().kind, ErrorKind::exhausted);
  EXPECT_EQ(decompress("zstd", zstd(zeros), roomy).error().kind, ErrorKind::exhausted);
  EXPECT_EQ(decompress("gzip,gzip", gzip(gzip(zeros)), roomy).error().kind, ErrorKind::exhausted);
}

TEST(Compress, damage_is_invalid) {
  for (const std::string& name : {std::string("gzip"), std::string("deflate"), std::string("zstd")}) {
    const std::string bytes = name == "gzip" ? gzip(text) : name == "zstd" ? zstd(text) : deflated(text, 15);
    EXPECT_EQ(decompress(name, "", roomy).error().kind, ErrorKind::invalid) << name;
    EXPECT_EQ(decompress(name, "plain text", roomy).error().kind, ErrorKind::invalid) << name;
    EXPECT_EQ(decompress(name, bytes.substr(0, bytes.size() / 2), roomy).error().kind, ErrorKind::invalid) << name;
    EXPECT_EQ(decompress(name, bytes.substr(0, bytes.size() - 1), roomy).error().kind, ErrorKind::invalid) << name;
    EXPECT_EQ(decompress(name, bytes + "x", roomy).error().kind, ErrorKind::invalid) << name;
  }
}

TEST(Compress, an_unknown_encoding_is_told_the_known_ones) {
  EXPECT_EQ(decompress("snappy", text, roomy).error().what,
            "content-encoding `snappy` is not known; use gzip, deflate, zstd or identity");
}

}  // namespace
}  // namespace pawl
