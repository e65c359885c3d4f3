// Zip archives: what was put in comes out, within bounds; what is damaged is named.
#include "wire/zip.h"

#include <gtest/gtest.h>
#include <zip.h>

#include "wire/compress.h"

namespace pawl {
namespace {

// An archive as libzip writes it; methods of ZIP_CM_*.
std::string zipped(const std::vector<ZipMember>& members, std::int32_t method) {
  zip_error_t error;
  zip_source_t* source = zip_source_buffer_create(nullptr, 0, 0, &error);
  zip_source_keep(source);
  zip_t* archive = zip_open_from_source(source, ZIP_TRUNCATE, &error);
  for (const auto& one : members) {
    zip_source_t* from = zip_source_buffer(archive, one.bytes.data(), one.bytes.size(), 0);
    const auto at = zip_file_add(archive, one.name.c_str(), from, ZIP_FL_ENC_UTF_8);
    EXPECT_GE(at, 0);
    EXPECT_EQ(zip_set_file_compression(archive, static_cast<zip_uint64_t>(at), method, 0), 0);
  }
  EXPECT_EQ(zip_close(archive), 0);
  zip_stat_t stat;
  EXPECT_EQ(zip_source_stat(source, &stat), 0);
  std::string out(stat.size, '\0');
  zip_source_open(source);
  EXPECT_EQ(zip_source_read(source, out.data(), out.size()), static_cast<zip_int64_t>(out.size()));
  zip_source_close(source);
  zip_source_free(source);
  return out;
}

const auto all = [](std::string_view) { return true; };

TEST(Zip, GivesWhatIsWanted) {
  const std::vector<ZipMember> members = {{"a.json", "{}"}, {"b/c.txt", std::string(100'000, 'x')}, {"empty", ""}};
  for (const std::int32_t method : {ZIP_CM_STORE, ZIP_CM_DEFLATE, ZIP_CM_BZIP2}) {
    const std::string archive = zipped(members, method);
    EXPECT_TRUE(is_zip(archive));
    const auto out = unzip(archive, 100'002, all);
    ASSERT_TRUE(out) << out.error().what;
    ASSERT_EQ(out->size(), 3U);
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_EQ((*out)[i].name, members[i].name);
      EXPECT_EQ((*out)[i].bytes, members[i].bytes);
    }
    const auto some = unzip(archive, 2, [](std::string_view name) { return name.ends_with(".json"); });
    ASSERT_TRUE(some);
    EXPECT_EQ(some->size(), 1U);
  }
}

TEST(Zip, NeverGrowsBeyondItsBound) {
  const std::string bomb = zipped({{"bomb", std::string(50'000'000, '\0')}}, ZIP_CM_DEFLATE);
  EXPECT_LT(bomb.size(), 100'000U);
  EXPECT_EQ(unzip(bomb, 1'000'000, all).error().kind, ErrorKind::exhausted);
  const std::string many = zipped({{"a", std::string(600, 'a')}, {"b", std::string(600, 'b')}}, ZIP_CM_DEFLATE);
  EXPECT_EQ(unzip(many, 1199, all).error().kind, ErrorKind::exhausted);
  EXPECT_TRUE(unzip(many, 1200, all));
  std::string liar = bomb;  // its directory says that it is small
  const auto size = liar.rfind("PK\x01\x02") + 24;
  liar.replace(size, 4, std::string("\x10\0\0\0", 4));
  const auto out = unzip(liar, 1'000'000, all);
  ASSERT_FALSE(out);
}

TEST(Zip, SaysWhatIsWrong) {
  for (const std::string& bytes : {std::string(), std::string("PK\x03\x04"), std::string(100, 'x')})
    EXPECT_EQ(unzip(bytes, 100, all).error().kind, ErrorKind::invalid);
  std::string damaged = zipped({{"named.txt", "some text that is stored"}}, ZIP_CM_STORE);
  damaged[damaged.find("text")] = 'T';
  const auto out = unzip(damaged, 100, all);
  ASSERT_FALSE(out);
  EXPECT_NE(out.error().what.find("named.txt is damaged"), std::string::npos) << out.error().what;
}

}  // namespace
}  // namespace pawl
