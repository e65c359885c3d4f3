// Files on POSIX.
#include "base/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <system_error>

#include "base/text.h"

namespace pawl {
namespace {

std::unexpected<Error> failed(std::string_view doing, std::string_view path, int code) {
  ErrorKind kind = ErrorKind::unavailable;
  if (code == ENOENT || code == ENOTDIR) kind = ErrorKind::not_found;
  if (code == EEXIST) kind = ErrorKind::conflict;
  if (code == ENOSPC || code == EDQUOT || code == EFBIG) kind = ErrorKind::exhausted;
  if (code == EACCES || code == EPERM || code == EROFS) kind = ErrorKind::denied;
  return fail(kind, "cannot {} {}: {}", doing, path, std::generic_category().message(code));
}

template <typename Call>
auto retried(Call call) {  // a signal is no fault
  auto answer = call();
  while (answer < 0 && errno == EINTR) answer = call();
  return answer;
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int number() const { return number_; }

 private:
  int number_;
};

class SystemFile final : public File {
 public:
  SystemFile(std::string path, Descriptor descriptor) : path_(std::move(path)), descriptor_(std::move(descriptor)) {}

  Result<std::size_t> write(std::span<const std::string_view> parts, std::uint64_t offset) override {
    std::array<iovec, 1024> vectors{};  // IOV_MAX of Linux
    const std::size_t count = std::min(parts.size(), vectors.size());
    for (std::size_t i = 0; i < count; ++i) {
      vectors[i] = {.iov_base = const_cast<char*>(parts[i].data()), .iov_len = parts[i].size()};  // NOLINT
    }
    const auto written = retried([&] {
      return ::pwritev(descriptor_.number(), vectors.data(), static_cast<int>(count), static_cast<off_t>(offset));
    });
    if (written < 0) return failed("write", path_, errno);
    return static_cast<std::size_t>(written);
  }

  Result<std::size_t> read(std::span<char> into, std::uint64_t offset) override {
    std::size_t have = 0;
    while (have < into.size()) {
      const auto got = retried([&] {
        return ::pread(descriptor_.number(), into.data() + have, into.size() - have, static_cast<off_t>(offset + have));
      });
      if (got < 0) return failed("read", path_, errno);
      if (got == 0) break;
      have += static_cast<std::size_t>(got);
    }
    return have;
  }

  Result<> sync() override {
    if (::fdatasync(descriptor_.number()) != 0) return failed("sync", path_, errno);  // never repeated: see journal
    return {};
  }

  Result<> preallocate(std::uint64_t bytes) override {
    const int answer = retried([&] { return ::fallocate(descriptor_.number(), 0, 0, static_cast<off_t>(bytes)); });
    if (answer == 0 || errno == EOPNOTSUPP || errno == ENOSYS) return {};  // such a file system grows as it is written
    return failed("preallocate", path_, errno);
  }

  Result<> truncate(std::uint64_t bytes) override {
    if (retried([&] { return ::ftruncate(descriptor_.number(), static_cast<off_t>(bytes)); }) == 0) return {};
    return failed("truncate", path_, errno);
  }

  Result<std::uint64_t> size() override {
    struct stat status{};
    if (::fstat(descriptor_.number(), &status) != 0) return failed("look at", path_, errno);
    return static_cast<std::uint64_t>(status.st_size);
  }

 private:
  std::string path_;
  Descriptor descriptor_;
};

class SystemFileLock final : public FileLock {
 public:
  explicit SystemFileLock(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

 private:
  Descriptor descriptor_;
};

std::string folder_of(const std::string& path) {
  const auto slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Result<std::unique_ptr<File>> SystemFiles::open(const std::string& path, OpenMode mode) {
  int flags = O_CLOEXEC;
  flags |= mode == OpenMode::read ? O_RDONLY : O_RDWR;
  if (mode == OpenMode::create) flags |= O_CREAT | O_EXCL;
  Descriptor descriptor(retried([&] { return ::open(path.c_str(), flags, 0600); }));
  if (descriptor.number() < 0) return failed("open", path, errno);
  return std::make_unique<SystemFile>(path, std::move(descriptor));
}

Result<> SystemFiles::make_folders(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0) return sync_folder(folder_of(path));
  if (errno == EEXIST) return {};
  if (errno != ENOENT) return failed("make folder", path, errno);
  TRY(make_folders(folder_of(path)));
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return failed("make folder", path, errno);
  return sync_folder(folder_of(path));
}

Result<> SystemFiles::sync_folder(const std::string& path) {
  const Descriptor folder(retried([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
  if (folder.number() < 0) return failed("open folder", path, errno);
  if (::fsync(folder.number()) != 0) return failed("sync folder", path, errno);
  return {};
}

Result<> SystemFiles::rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return failed("rename", from, errno);
  return {};
}

Result<> SystemFiles::remove(const std::string& path) {
  if (::unlink(path.c_str()) != 0) return failed("remove", path, errno);
  return {};
}

Result<std::vector<FileEntry>> SystemFiles::list(const std::string& folder) {
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(folder.c_str()), &::closedir);
  if (!stream) return failed("list", folder, errno);
  std::vector<FileEntry> entries;
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) break;
    const std::string_view name(&entry->d_name[0]);
    struct stat status{};
    if (name == "." || name == ".." || ::fstatat(::dirfd(stream.get()), &entry->d_name[0], &status, 0) != 0) continue;
    const bool is_folder = S_ISDIR(status.st_mode);
    entries.push_back({.name = std::string(name),
                       .bytes = is_folder ? 0 : static_cast<std::uint64_t>(status.st_size),
                       .folder = is_folder});
  }
  if (errno != 0) return failed("list", folder, errno);
  std::ranges::sort(entries, {}, &FileEntry::name);
  return entries;
}

Result<std::unique_ptr<FileLock>> SystemFiles::lock(const std::string& path, std::string_view holder) {
  Descriptor descriptor(retried([&] { return ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600); }));
  if (descriptor.number() < 0) return failed("open", path, errno);
  if (retried([&] { return ::flock(descriptor.number(), LOCK_EX | LOCK_NB); }) != 0) {
    if (errno != EWOULDBLOCK) return failed("lock", path, errno);
    std::array<char, 512> text{};
    const auto got = ::pread(descriptor.number(), text.data(), text.size(), 0);
    const std::string_view first(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
    return fail(ErrorKind::conflict, "{} is held by {}: stop it first, or choose another folder", path,
                trim(first).empty() ? "another process" : trim(first));
  }
  const std::string line = fmt::format("{}\n", holder);
  if (::ftruncate(descriptor.number(), 0) != 0) return failed("write", path, errno);
  if (::pwrite(descriptor.number(), line.data(), line.size(), 0) < 0) return failed("write", path, errno);
  return std::make_unique<SystemFileLock>(std::move(descriptor));
}

Result<> write_all(File& file, std::span<const std::string_view> parts, std::uint64_t offset) {
  while (!parts.empty()) {
    if (parts.front().empty()) {
      parts = parts.subspan(1);
      continue;
    }
    std::size_t written = TRY(file.write(parts, offset));
    if (written == 0) return fail(ErrorKind::unavailable, "the disk took no byte at {}", offset);
    offset += written;
    while (!parts.empty() && written >= parts.front().size()) {
      written -= parts.front().size();
      parts = parts.subspan(1);
    }
    if (written > 0) {  // the rest of the part that was cut
      const std::string_view rest = parts.front().substr(written);
      TRY(write_all(file, rest, offset));
      offset += rest.size();
      parts = parts.subspan(1);
    }
  }
  return {};
}

Result<> write_all(File& file, std::string_view bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const std::size_t written = TRY(file.write({&bytes, 1}, offset));
    if (written == 0) return fail(ErrorKind::unavailable, "the disk took no byte at {}", offset);
    bytes.remove_prefix(written);
    offset += written;
  }
  return {};
}

Result<std::string> read_all(Files& files, const std::string& path, std::uint64_t limit) {
  const auto file = TRY(files.open(path, OpenMode::read));
  const std::uint64_t bytes = TRY(file->size());
  if (bytes > limit) return fail(ErrorKind::exhausted, "{} has {} bytes, more than {}", path, bytes, limit);
  std::string content(bytes, '\0');
  content.resize(TRY(file->read(content, 0)));
  return content;
}

std::string describe_process(Nanos since) {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '?';
  return fmt::format("process {} on {} since {}", ::getpid(), host.data(), format_time(since));
}

}  // namespace pawl
