// The disk as an argument: the few calls that durable stores make, the system's own, and what their faults mean.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace pawl {

// Errors of all calls: not_found (no such file), conflict (exists already, or locked), exhausted (disk or quota full),
// denied (permission, read-only), unavailable (everything else, I/O errors included); `what` names the path.
class File {
 public:
  File() = default;
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  virtual ~File() = default;
  // Writes the parts one after the other from `offset`; how many bytes were written may be fewer than all (write_all).
  virtual Result<std::size_t> write(std::span<const std::string_view> parts, std::uint64_t offset) = 0;
  // Fewer bytes than asked only at the end of the file.
  virtual Result<std::size_t> read(std::span<char> into, std::uint64_t offset) = 0;
  virtual Result<> sync() = 0;  // fdatasync: bytes and length are on the disk, the name may not be (sync_folder)
  // Makes the file at least this long, with space set aside where the file system can do that.
  virtual Result<> preallocate(std::uint64_t bytes) = 0;
  virtual Result<> truncate(std::uint64_t bytes) = 0;
  virtual Result<std::uint64_t> size() = 0;
};

class FileLock {  // let go when destroyed, or when the process ends in any way
 public:
  FileLock() = default;
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  virtual ~FileLock() = default;
};

struct FileEntry {
  std::string name;         // without its folder
  std::uint64_t bytes = 0;  // 0 for folders
  bool folder = false;
};

enum class OpenMode { read, write, create };  // write: must exist; create: must not exist, opened for both

class Files {
 public:
  Files() = default;
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;
  virtual ~Files() = default;
  virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
  virtual Result<> make_folders(const std::string& path) = 0;  // and its parents, each made durable; exists: fine
  virtual Result<> sync_folder(const std::string& path) = 0;   // creations, renames and removals in it are on the disk
  virtual Result<> rename(const std::string& from, const std::string& to) = 0;  // replaces `to`
  virtual Result<> remove(const std::string& path) = 0;
  virtual Result<std::vector<FileEntry>> list(const std::string& folder) = 0;  // sorted by name
  // One holder a path, over processes. `holder` is written into the file; who comes second gets conflict with the
  // first one's text.
  virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path, std::string_view holder) = 0;
};

class SystemFiles final : public Files {  // POSIX; thread-safe
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Result<> make_folders(const std::string& path) override;
  Result<> sync_folder(const std::string& path) override;
  Result<> rename(const std::string& from, const std::string& to) override;
  Result<> remove(const std::string& path) override;
  Result<std::vector<FileEntry>> list(const std::string& folder) override;
  Result<std::unique_ptr<FileLock>> lock(const std::string& path, std::string_view holder) override;
};

// Repeats short writes until everything is written.
Result<> write_all(File& file, std::span<const std::string_view> parts, std::uint64_t offset);
Result<> write_all(File& file, std::string_view bytes, std::uint64_t offset);
// The whole file; exhausted where it is longer than `limit`.
Result<std::string> read_all(Files& files, const std::string& path, std::uint64_t limit);
// "process 4711 on host7 since 2026-11-21T13:14:07.000000000Z", for locks.
std::string describe_process(Nanos since);

}  // namespace pawl
