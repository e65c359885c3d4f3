// A disk for simulations: it forgets what was not synced, tears and reorders writes, fills up and fails, by a seed.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "base/rng.h"

namespace pawl {

// What is promised is what POSIX promises: bytes by File::sync, names by sync_folder of their folder, rename is atomic,
// a sector of 512 bytes is written whole. Folders are durable at once. Thread-safe.
class SimDisk final : public Files {
 public:
  struct Faults {                     // chances are from 0 to 1
    double short_write = 0;           // a write takes only a part
    double write_error = 0;           // a write fails, part of it may have happened
    double sync_error = 0;            // a sync fails; what it should have written is lost, and reads back until a crash
    std::uint64_t capacity = ~0ULL;   // bytes, as preallocated or written
    std::uint64_t power_off = ~0ULL;  // at this many changing operations: it may half happen, later ones fail
  };
  enum class Crash : std::uint8_t {
    kill,   // the process: all that was written stays
    power,  // the machine: of what was not synced, any part stays
  };

  explicit SimDisk(std::uint64_t seed) : random_(seed) {}
  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Result<> make_folders(const std::string& path) override;
  Result<> sync_folder(const std::string& path) override;
  Result<> rename(const std::string& from, const std::string& to) override;
  Result<> remove(const std::string& path) override;
  Result<std::vector<FileEntry>> list(const std::string& folder) override;
  Result<std::unique_ptr<FileLock>> lock(const std::string& path, std::string_view holder) override;

  void set_faults(const Faults& faults);
  std::uint64_t operations() const;  // changing ones so far
  // Ends the process or the machine, and starts it again: files open until now fail, locks are let go, power is on,
  // faults are off.
  void crash(Crash kind);

  // What is on the disk is changed behind everybody's back.
  std::string content(const std::string& path) const;
  void set_content(const std::string& path, std::string content);
  void flip_bit(const std::string& path, std::uint64_t bit);
  void make_unreadable(const std::string& path, std::uint64_t offset);  // its sector

 private:
  struct Inode;
  struct OpenFile;
  struct Held;
  struct NameChange {  // not durable yet
    std::string folder;
    std::string gone, made;  // "" for none
    std::shared_ptr<Inode> inode;
  };

  bool chance(double of) { return of > 0 && random_.unit() < of; }
  // Counts a changing operation: error: the power is off. True: it still happens, and is the last.
  Result<bool> begin_change();
  Result<> change_names(NameChange change);
  Result<std::shared_ptr<Inode>> find(const std::string& path) const;
  std::uint64_t used() const;
  void apply(const NameChange& change);  // to the durable names
  Result<std::size_t> write(Inode& inode, std::span<const std::string_view> parts, std::uint64_t offset);
  Result<> sync(Inode& inode);

  mutable std::mutex mutex_;
  SeededRandom random_;
  Faults faults_;
  std::uint64_t operations_ = 0, generation_ = 0;
  std::map<std::string, std::shared_ptr<Inode>> names_, durable_names_;
  std::vector<NameChange> changes_;
  std::set<std::string> folders_;
  std::map<std::string, std::string> locks_;
};

}  // namespace pawl
