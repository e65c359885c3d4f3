// The disk's seam: the system's own and the simulated one keep the same promises; the simulated one forgets the rest.
#include "base/files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "base/sim_disk.h"

namespace pawl {
namespace {

void keeps_promises(Files& files, const std::string& folder) {
  ASSERT_TRUE(files.make_folders(folder + "/a/b"));
  ASSERT_TRUE(files.make_folders(folder + "/a/b"));
  const std::string path = folder + "/a/b/one";
  EXPECT_EQ(files.open(path, OpenMode::read).error().kind, ErrorKind::not_found);
  EXPECT_EQ(files.open(folder + "/none/one", OpenMode::create).error().kind, ErrorKind::not_found);
  {
    const auto file = files.open(path, OpenMode::create).value();
    EXPECT_EQ(files.open(path, OpenMode::create).error().kind, ErrorKind::conflict);
    ASSERT_TRUE(file->preallocate(100));
    EXPECT_EQ(file->size(), 100);
    const std::array<std::string_view, 4> parts = {"hel", "", "lo ", "world"};
    ASSERT_TRUE(write_all(*file, parts, 3));
    ASSERT_TRUE(file->sync());
    ASSERT_TRUE(file->truncate(14));
    std::string all(50, '?');
    EXPECT_EQ(file->read(all, 0), 14);
    EXPECT_EQ(all.substr(0, 14), std::string("\0\0\0hello world", 14));
    EXPECT_EQ(file->read(all, 99), 0);
  }
  ASSERT_TRUE(files.rename(path, folder + "/a/b/two"));
  ASSERT_TRUE(files.sync_folder(folder + "/a/b"));
  EXPECT_EQ(read_all(files, folder + "/a/b/two", 14)->size(), 14);
  EXPECT_EQ(read_all(files, folder + "/a/b/two", 13).error().kind, ErrorKind::exhausted);
  const auto entries = files.list(folder + "/a/b").value();
  ASSERT_EQ(entries.size(), 1);
  EXPECT_EQ(entries[0].name, "two");
  EXPECT_EQ(entries[0].bytes, 14);
  EXPECT_TRUE(files.list(folder + "/a")->at(0).folder);
  EXPECT_EQ(files.list(folder + "/none").error().kind, ErrorKind::not_found);
  ASSERT_TRUE(files.remove(folder + "/a/b/two"));
  EXPECT_EQ(files.remove(folder + "/a/b/two").error().kind, ErrorKind::not_found);

  auto lock = files.lock(folder + "/LOCK", "process 1 since noon");
  ASSERT_TRUE(lock);
  const auto second = files.lock(folder + "/LOCK", "process 2");
  EXPECT_EQ(second.error().kind, ErrorKind::conflict);
  EXPECT_NE(second.error().what.find("process 1 since noon"), std::string::npos);
  lock->reset();
  EXPECT_TRUE(files.lock(folder + "/LOCK", "process 3"));
}

TEST(Files, TheSystemKeepsThePromises) {
  const std::string folder = testing::TempDir() + "/pawl_files_" + std::to_string(SystemRandom().next());
  SystemFiles files;
  keeps_promises(files, folder);
  std::filesystem::remove_all(folder);
}

TEST(Files, TheSimulationKeepsThePromises) {
  SimDisk disk(1);
  keeps_promises(disk, "/data");
  disk.set_faults({.short_write = 0.5});
  keeps_promises(disk, "/short");
}

TEST(SimDisk, APowerCutLeavesWhatWasSyncedAndAnyPartOfTheRest) {
  std::set<std::string> outcomes;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SimDisk disk(seed);
    ASSERT_TRUE(disk.make_folders("/d"));
    {
      const auto file = disk.open("/d/f", OpenMode::create).value();
      ASSERT_TRUE(write_all(*file, std::string(1024, 'a'), 0));
      ASSERT_TRUE(file->sync());
      ASSERT_TRUE(disk.sync_folder("/d"));
      ASSERT_TRUE(write_all(*file, std::string(1024, 'b'), 0));
      ASSERT_TRUE(disk.open("/d/unsynced", OpenMode::create));
      disk.crash(SimDisk::Crash::power);
      EXPECT_FALSE(file->sync()) << "its process is gone";
    }
    const std::string content = disk.content("/d/f");
    ASSERT_EQ(content.size(), 1024);
    outcomes.insert(fmt::format("{}{}{}", content[0], content[600], disk.list("/d")->size()));
    for (const std::size_t half : {0U, 512U}) {
      EXPECT_EQ(content.substr(half, 512), std::string(512, content[half])) << "a sector is whole";
    }
  }
  EXPECT_EQ(outcomes.size(), 8) << "both sectors and the name, each with and without";
}

TEST(SimDisk, AKillLosesNothingThatWasWritten) {
  SimDisk disk(1);
  ASSERT_TRUE(disk.make_folders("/d"));
  ASSERT_TRUE(write_all(*disk.open("/d/f", OpenMode::create).value(), "abc", 0));
  disk.crash(SimDisk::Crash::kill);
  EXPECT_EQ(disk.content("/d/f"), "abc");
}

TEST(SimDisk, AFailedSyncIsForgottenByTheCacheButNotByTheDisk) {
  SimDisk disk(3);
  ASSERT_TRUE(disk.make_folders("/d"));
  const auto file = disk.open("/d/f", OpenMode::create).value();
  ASSERT_TRUE(disk.sync_folder("/d"));
  ASSERT_TRUE(write_all(*file, std::string(51'200, 'x'), 0));
  disk.set_faults({.sync_error = 1});
  EXPECT_FALSE(file->sync());
  disk.set_faults({});
  EXPECT_TRUE(file->sync()) << "the second says that all is well";
  EXPECT_EQ(disk.content("/d/f"), std::string(51'200, 'x')) << "and it reads well";
  disk.crash(SimDisk::Crash::power);
  EXPECT_NE(disk.content("/d/f"), std::string(51'200, 'x'));
}

}  // namespace
}  // namespace pawl
