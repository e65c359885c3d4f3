// Blobs: one file a content, durable when answered, checked when read.
#include "blobs.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <thread>

#include "base/sim_disk.h"

namespace pawl::blobs {
namespace {

class OnSimulatedDisk : public testing::Test {
 protected:
  std::unique_ptr<Blobs> open(Options options = {}) {
    options.data = "/data";
    return Blobs::open(disk_, random_, options).value();
  }
  static std::string path_of(const BlobId& id) {
    const std::string hex = to_hex(id);
    return "/data/blobs/" + hex.substr(0, 2) + "/" + hex.substr(2);
  }
  SimDisk disk_{1};
  SeededRandom random_{2};
};

TEST_F(OnSimulatedDisk, BytesComeBackByTheirSum) {
  const auto blobs = open();
  const Blob blob = blobs->put("hello").value();
  EXPECT_EQ(to_hex(blob.id), "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
  EXPECT_EQ(blob_id_from_hex(to_hex(blob.id)), blob.id);
  EXPECT_EQ(blob_id_from_hex("2cf2"), std::nullopt);
  EXPECT_EQ(blob_id_from_hex(std::string(64, 'x')), std::nullopt);
  EXPECT_EQ(blobs->get(blob.id), "hello");
  EXPECT_EQ(blobs->read(blob.id, 1, 3), "ell");
  EXPECT_EQ(blobs->read(blob.id, 4, 30), "o");
  EXPECT_EQ(blobs->read(blob.id, 40, 30), "");
  EXPECT_EQ(blobs->find(blob.id)->bytes, 5);
  EXPECT_TRUE(blobs->verify(blob.id));
  const BlobId other = id_of("other");
  EXPECT_FALSE(blobs->exists(other));
  for (const ErrorKind kind : {blobs->get(other).error().kind, blobs->read(other, 0, 1).error().kind,
                               blobs->verify(other).error().kind, blobs->remove(other).error().kind}) {
    EXPECT_EQ(kind, ErrorKind::not_found);
  }
  ASSERT_TRUE(blobs->remove(blob.id));
  EXPECT_FALSE(blobs->exists(blob.id));
}

TEST_F(OnSimulatedDisk, AStreamIsOneBlobAndKeepsNothingWhereItFails) {
  const auto blobs = open({.max_bytes = 10});
  {
    Upload upload = blobs->put_stream().value();
    ASSERT_TRUE(upload.write("hel"));
    ASSERT_TRUE(upload.write("lo"));
    EXPECT_EQ(upload.finish(id_of("hello"))->id, id_of("hello"));
  }
  {
    Upload upload = blobs->put_stream().value();
    ASSERT_TRUE(upload.write("123456"));
    EXPECT_EQ(upload.write("78901").error().kind, ErrorKind::exhausted);
  }
  {
    Upload upload = blobs->put_stream().value();
    ASSERT_TRUE(upload.write("other"));
    EXPECT_EQ(upload.finish(id_of("hello")).error().kind, ErrorKind::invalid);
  }
  {
    const Upload given_up = blobs->put_stream().value();
  }
  EXPECT_EQ(blobs->put("12345678901").error().kind, ErrorKind::exhausted);
  EXPECT_EQ(blobs->list()->size(), 1);
  EXPECT_TRUE(disk_.list("/data/blobs/new")->empty());
}

TEST_F(OnSimulatedDisk, AChangedBitIsFoundAndAPutMendsAWrongLength) {
  const auto blobs = open();
  const BlobId id = blobs->put(std::string(3000, 'a'))->id;
  disk_.flip_bit(path_of(id), 8000);
  EXPECT_EQ(blobs->get(id).error().kind, ErrorKind::corrupt);
  EXPECT_EQ(blobs->verify(id).error().kind, ErrorKind::corrupt);
  EXPECT_TRUE(blobs->get(id, Check::none));
  disk_.set_content(path_of(id), "short");
  ASSERT_TRUE(blobs->put(std::string(3000, 'a')));
  EXPECT_TRUE(blobs->verify(id));
}

TEST_F(OnSimulatedDisk, TheListIsInOrderAndGoesOnWhereItStopped) {
  const auto blobs = open();
  std::map<BlobId, std::uint64_t> put;
  for (std::uint64_t i = 0; i < 600; ++i) {
    const Blob blob = blobs->put(std::string(i, 'x')).value();
    put[blob.id] = blob.bytes;
  }
  std::map<BlobId, std::uint64_t> listed;
  std::optional<BlobId> after;
  while (true) {
    const auto page = blobs->list(after, 37).value();
    if (page.empty()) break;
    for (const Blob& blob : page) {
      EXPECT_TRUE(!after || blob.id > *after);
      after = blob.id;
      listed[blob.id] = blob.bytes;
    }
  }
  EXPECT_EQ(listed, put);
}

TEST_F(OnSimulatedDisk, AFullDiskRefusesAndGoesOn) {
  const auto blobs = open();
  disk_.set_faults({.capacity = 1000});
  EXPECT_EQ(blobs->put(std::string(2000, 'a')).error().kind, ErrorKind::unavailable);
  EXPECT_TRUE(disk_.list("/data/blobs/new")->empty());
  disk_.set_faults({});
  EXPECT_TRUE(blobs->put(std::string(2000, 'a')));
}

TEST(Simulation, WhatWasAnsweredIsThereWhole) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    SeededRandom random(seed);
    SimDisk disk(seed);
    std::map<BlobId, std::string> kept;
    for (int life = 0; life < 4; ++life) {
      SimDisk::Faults faults{.short_write = 0.2, .write_error = 0.02, .sync_error = seed % 2 == 0 ? 0.05 : 0};
      faults.power_off = disk.operations() + 1 + random.below(100);
      disk.set_faults(faults);
      if (auto opened = Blobs::open(disk, random, {.data = "/data"})) {
        Blobs& blobs = **opened;
        for (int i = 0; i < 40; ++i) {
          const std::string bytes = std::string(random.below(4) * 700, 'z') + std::to_string(random.below(12));
          if (random.below(6) == 0) {
            kept.erase(id_of(bytes));  // whether it is gone or not
            static_cast<void>(blobs.remove(id_of(bytes)));
          } else if (const auto blob = blobs.put(bytes)) {
            kept[blob->id] = bytes;
          }
        }
      }
      disk.crash(random.below(2) == 0 ? SimDisk::Crash::kill : SimDisk::Crash::power);
      const auto blobs = Blobs::open(disk, random, {.data = "/data"}).value();
      for (const auto& [id, bytes] : kept) ASSERT_EQ(blobs->get(id), bytes);
      for (const Blob& blob : blobs->list().value()) ASSERT_TRUE(blobs->verify(blob.id)) << "half a blob";
      EXPECT_TRUE(disk.list("/data/blobs/new")->empty());
    }
  }
}

TEST(OnDisk, ConcurrentPutsOfOneContentAreOneFile) {
  const std::string data = testing::TempDir() + "/pawl_blobs_" + std::to_string(SystemRandom().next());
  SystemFiles files;
  SystemRandom random;
  {
    const auto blobs = Blobs::open(files, random, {.data = data}).value();
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 30; ++i) {
          EXPECT_TRUE(blobs->put(std::string(5000, 'c')));
          EXPECT_TRUE(blobs->put(std::to_string(i)));
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(blobs->list()->size(), 31);
    EXPECT_TRUE(files.list(data + "/blobs/new")->empty());
    EXPECT_TRUE(blobs->verify(id_of(std::string(5000, 'c'))));
  }
  std::filesystem::remove_all(data);
}

}  // namespace
}  // namespace pawl::blobs
