// The disk that forgets.
#include "base/sim_disk.h"

#include <algorithm>

namespace pawl {
namespace {

constexpr std::uint64_t sector = 512;

std::string folder_of(const std::string& path) {
  const auto slash = path.find_last_of('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

std::unexpected<Error> no_file(const std::string& path) {
  return fail(ErrorKind::not_found, "cannot open {}: no such file", path);
}
std::unexpected<Error> is_full() {
  return fail(ErrorKind::exhausted, "cannot write: the simulated disk is full");
}
std::unexpected<Error> broken(std::string_view doing) {
  return fail(ErrorKind::unavailable, "cannot {}: simulated I/O error", doing);
}

}  // namespace

struct SimDisk::Inode {
  std::string content;            // as read back now
  std::string durable;            // as after a crash
  std::set<std::uint64_t> dirty;  // sectors of content that are not durable
  std::uint64_t allocated = 0;
  std::uint64_t shortest = 0;  // since the last sync: what durable holds above is gone with the next
  std::set<std::uint64_t> unreadable;

  void resize(std::uint64_t bytes) {
    if (bytes < content.size() && bytes % sector != 0) dirty.insert(bytes / sector);
    dirty.erase(dirty.upper_bound(bytes / sector), dirty.end());
    content.resize(bytes, '\0');
    shortest = std::min(shortest, bytes);
  }
  void put(std::string_view bytes, std::uint64_t offset) {
    if (bytes.empty()) return;
    if (content.size() < offset + bytes.size()) content.resize(offset + bytes.size(), '\0');
    bytes.copy(content.data() + offset, bytes.size());
    for (std::uint64_t at = offset / sector; at <= (offset + bytes.size() - 1) / sector; ++at) dirty.insert(at);
  }
  void make_durable(std::uint64_t of) {
    if (of * sector >= content.size()) return;
    const std::uint64_t bytes = std::min(sector, content.size() - of * sector);
    if (durable.size() < of * sector + bytes) durable.resize(of * sector + bytes, '\0');
    durable.replace(of * sector, bytes, content, of * sector, bytes);
  }
};

struct SimDisk::OpenFile final : File {
  SimDisk& disk;
  std::shared_ptr<Inode> inode;
  std::uint64_t generation;
  OpenFile(SimDisk& of, std::shared_ptr<Inode> at) : disk(of), inode(std::move(at)), generation(of.generation_) {}

  Result<> still_open() const {
    if (generation == disk.generation_) return {};
    return fail(ErrorKind::unavailable, "the process that opened this file has ended");
  }
  Result<std::size_t> write(std::span<const std::string_view> parts, std::uint64_t offset) override {
    const std::scoped_lock guard(disk.mutex_);
    TRY(still_open());
    return disk.write(*inode, parts, offset);
  }
  Result<std::size_t> read(std::span<char> into, std::uint64_t offset) override {
    const std::scoped_lock guard(disk.mutex_);
    TRY(still_open());
    if (offset >= inode->content.size()) return 0;
    const std::size_t count = std::min<std::size_t>(into.size(), inode->content.size() - offset);
    const auto bad = inode->unreadable.lower_bound(offset / sector);
    if (bad != inode->unreadable.end() && *bad * sector < offset + count) return broken("read");
    inode->content.copy(into.data(), count, offset);
    return count;
  }
  Result<> sync() override {
    const std::scoped_lock guard(disk.mutex_);
    TRY(still_open());
    return disk.sync(*inode);
  }
  Result<> preallocate(std::uint64_t bytes) override {
    const std::scoped_lock guard(disk.mutex_);
    TRY(still_open());
    TRY(disk.begin_change());
    const std::uint64_t more = bytes > inode->allocated ? bytes - inode->allocated : 0;
    if (disk.used() + more > disk.faults_.capacity) return is_full();
    inode->allocated += more;
    if (inode->content.size() < bytes) inode->resize(bytes);
    return {};
  }
  Result<> truncate(std::uint64_t bytes) override {
    const std::scoped_lock guard(disk.mutex_);
    TRY(still_open());
    TRY(disk.begin_change());
    inode->resize(bytes);
    inode->allocated = bytes;
    return {};
  }
  Result<std::uint64_t> size() override {
    const std::scoped_lock guard(disk.mutex_);
    TRY(still_open());
    return inode->content.size();
  }
};

struct SimDisk::Held final : FileLock {
  SimDisk& disk;
  std::string path;
  std::uint64_t generation;
  Held(SimDisk& of, std::string at) : disk(of), path(std::move(at)), generation(of.generation_) {}
  ~Held() override {
    const std::scoped_lock guard(disk.mutex_);
    if (generation == disk.generation_) disk.locks_.erase(path);
  }
};

Result<bool> SimDisk::begin_change() {
  ++operations_;
  if (operations_ > faults_.power_off) return fail(ErrorKind::unavailable, "the simulated power is off");
  return operations_ == faults_.power_off;
}

std::uint64_t SimDisk::used() const {
  std::uint64_t bytes = 0;
  for (const auto& [path, inode] : names_) bytes += std::max<std::uint64_t>(inode->allocated, inode->content.size());
  return bytes;
}

Result<std::size_t> SimDisk::write(Inode& inode, std::span<const std::string_view> parts, std::uint64_t offset) {
  const bool last = TRY(begin_change());
  std::string bytes;
  for (const std::string_view part : parts) bytes += part;
  const bool fails = last || chance(faults_.write_error);
  if (fails || (bytes.size() > 1 && chance(faults_.short_write)))
    bytes.resize(random_.below(bytes.size()) + (fails ? 0 : 1));
  const std::uint64_t end = offset + bytes.size();
  if (end > inode.allocated) {
    const std::uint64_t room = faults_.capacity - std::min(faults_.capacity, used());
    const std::uint64_t grown = end - std::max(inode.allocated, std::min<std::uint64_t>(end, inode.content.size()));
    if (grown > room) {
      if (bytes.size() <= grown - room) return is_full();
      bytes.resize(bytes.size() - (grown - room));
    }
  }
  inode.put(bytes, offset);
  if (fails) return broken("write");
  return bytes.size();
}

Result<> SimDisk::sync(Inode& inode) {
  const bool last = TRY(begin_change());
  if (last || chance(faults_.sync_error)) {
    for (const std::uint64_t of : inode.dirty) {
      if (random_.below(2) == 0) inode.make_durable(of);
    }
    if (!last) inode.dirty.clear();  // the kernel calls them clean after it has told the error once
    return broken("sync");
  }
  inode.durable.resize(std::min<std::uint64_t>(inode.durable.size(), inode.shortest));
  inode.durable.resize(inode.content.size(), '\0');
  inode.shortest = inode.content.size();
  for (const std::uint64_t of : inode.dirty) inode.make_durable(of);
  inode.dirty.clear();
  return {};
}

Result<std::shared_ptr<SimDisk::Inode>> SimDisk::find(const std::string& path) const {
  const auto found = names_.find(path);
  if (found == names_.end()) return no_file(path);
  return found->second;
}

Result<std::unique_ptr<File>> SimDisk::open(const std::string& path, OpenMode mode) {
  const std::scoped_lock guard(mutex_);
  if (mode != OpenMode::create) return std::make_unique<OpenFile>(*this, TRY(find(path)));
  if (names_.contains(path)) return fail(ErrorKind::conflict, "cannot open {}: it exists", path);
  if (!folders_.contains(folder_of(path))) return no_file(path);
  auto inode = std::make_shared<Inode>();
  TRY(change_names({.folder = folder_of(path), .gone = "", .made = path, .inode = inode}));
  return std::make_unique<OpenFile>(*this, std::move(inode));
}

Result<> SimDisk::change_names(NameChange change) {
  const bool last = TRY(begin_change());
  if (!change.gone.empty()) names_.erase(change.gone);
  if (!change.made.empty()) names_[change.made] = change.inode;
  changes_.push_back(std::move(change));
  if (last) return broken("change a folder");
  return {};
}

Result<> SimDisk::make_folders(const std::string& path) {
  const std::scoped_lock guard(mutex_);
  for (auto slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    folders_.insert(path.substr(0, slash));
  }
  folders_.insert(path);
  return {};
}

Result<> SimDisk::rename(const std::string& from, const std::string& to) {
  const std::scoped_lock guard(mutex_);
  auto inode = TRY(find(from));
  return change_names({.folder = folder_of(to), .gone = from, .made = to, .inode = std::move(inode)});
}

Result<> SimDisk::remove(const std::string& path) {
  const std::scoped_lock guard(mutex_);
  TRY(find(path));
  return change_names({.folder = folder_of(path), .gone = path, .made = "", .inode = nullptr});
}

void SimDisk::apply(const NameChange& change) {
  if (!change.gone.empty()) durable_names_.erase(change.gone);
  if (!change.made.empty()) durable_names_[change.made] = change.inode;
}

Result<> SimDisk::sync_folder(const std::string& path) {
  const std::scoped_lock guard(mutex_);
  if (!folders_.contains(path)) return no_file(path);
  if (TRY(begin_change()) || chance(faults_.sync_error)) return broken("sync a folder");
  for (const NameChange& change : changes_) {
    if (change.folder == path) apply(change);
  }
  std::erase_if(changes_, [&](const NameChange& change) { return change.folder == path; });
  return {};
}

Result<std::vector<FileEntry>> SimDisk::list(const std::string& folder) {
  const std::scoped_lock guard(mutex_);
  if (!folders_.contains(folder)) return no_file(folder);
  std::vector<FileEntry> entries;
  const std::string prefix = folder + "/";
  const auto is_within = [&](const std::string& path) { return path.starts_with(prefix); };
  const auto is_child = [&](const std::string& path) { return path.find('/', prefix.size()) == std::string::npos; };
  for (auto at = names_.lower_bound(prefix); at != names_.end() && is_within(at->first); ++at) {
    if (!is_child(at->first)) continue;
    entries.push_back({.name = at->first.substr(prefix.size()), .bytes = at->second->content.size(), .folder = false});
  }
  for (auto at = folders_.lower_bound(prefix); at != folders_.end() && is_within(*at); ++at) {
    if (is_child(*at)) entries.push_back({.name = at->substr(prefix.size()), .bytes = 0, .folder = true});
  }
  std::ranges::sort(entries, {}, &FileEntry::name);
  return entries;
}

Result<std::unique_ptr<FileLock>> SimDisk::lock(const std::string& path, std::string_view holder) {
  const std::scoped_lock guard(mutex_);
  const auto [held, first] = locks_.try_emplace(path, holder);
  if (!first) return fail(ErrorKind::conflict, "{} is held by {}", path, held->second);
  return std::make_unique<Held>(*this, path);
}

void SimDisk::set_faults(const Faults& faults) {
  const std::scoped_lock guard(mutex_);
  faults_ = faults;
}

std::uint64_t SimDisk::operations() const {
  const std::scoped_lock guard(mutex_);
  return operations_;
}

void SimDisk::crash(Crash kind) {
  const std::scoped_lock guard(mutex_);
  ++generation_;
  locks_.clear();
  faults_ = {};
  if (kind == Crash::kill) return;
  static constexpr double shares[] = {0, 0.1, 0.5, 0.9, 1};  // of what was not synced and yet stays
  const double names_stay = shares[random_.below(std::size(shares))];
  for (const NameChange& change : changes_) {
    if (random_.unit() < names_stay) apply(change);
  }
  changes_.clear();
  names_ = durable_names_;
  const double bytes_stay = shares[random_.below(std::size(shares))];
  std::set<Inode*> seen;
  for (const auto& [path, inode] : names_) {
    if (!seen.insert(inode.get()).second) continue;
    const std::uint64_t length = random_.below(2) == 0 ? inode->content.size() : inode->durable.size();
    for (const std::uint64_t of : inode->dirty) {
      if (random_.unit() < bytes_stay) inode->make_durable(of);
    }
    inode->durable.resize(length, '\0');
    inode->content = inode->durable;
    inode->allocated = inode->shortest = length;
    inode->dirty.clear();
  }
}

std::string SimDisk::content(const std::string& path) const {
  const std::scoped_lock guard(mutex_);
  const auto inode = find(path);
  return inode ? (*inode)->content : "";
}

void SimDisk::set_content(const std::string& path, std::string content) {
  const std::scoped_lock guard(mutex_);
  auto& inode = names_[path];
  if (!inode) inode = std::make_shared<Inode>();
  folders_.insert(folder_of(path));
  inode->content = inode->durable = std::move(content);
  inode->dirty.clear();
  inode->shortest = inode->allocated = inode->content.size();
  durable_names_[path] = inode;
}

void SimDisk::flip_bit(const std::string& path, std::uint64_t bit) {
  const std::scoped_lock guard(mutex_);
  const auto inode = find(path);
  PAWL_CHECK(inode && bit / 8 < (*inode)->content.size());
  for (std::string* bytes : {&(*inode)->content, &(*inode)->durable}) {
    if (bit / 8 < bytes->size())
      (*bytes)[bit / 8] = static_cast<char>((*bytes)[bit / 8] ^ static_cast<char>(1U << (bit % 8)));
  }
}

void SimDisk::make_unreadable(const std::string& path, std::uint64_t offset) {
  const std::scoped_lock guard(mutex_);
  const auto inode = find(path);
  PAWL_CHECK(inode);
  (*inode)->unreadable.insert(offset / sector);
}

}  // namespace pawl
