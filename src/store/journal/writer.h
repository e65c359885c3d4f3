// Writes groups of records into segments: framing, sync, the next segment, the reserve. One thread.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "format.h"
#include "journal.h"

namespace pawl::journal {

struct Pending {
  Head head;
  std::string_view body;  // a request's
  std::string payload;    // a control record's
  Done done;
  Position at;  // where it was written
  bool control() const { return head.kind != static_cast<std::uint8_t>(Kind::request); }
  std::string_view bytes() const { return control() ? std::string_view(payload) : body; }
  std::uint64_t frame() const { return framed(head.length); }
};

// Syncs; where that fails ends the process, or tells the simulation (journal-format.md "Writing").
Result<> sync_or_end(File& file, const Options& options);

class Writer {
 public:
  // Told about each run of records: written and synced at their `at` (error == nullptr), or refused.
  using Finish = std::function<void(std::span<Pending> run, const Error* error)>;

  // Begins a segment with the number after `last_number`. Where the disk is full it begins without one, and refuses.
  static Result<std::unique_ptr<Writer>> open(Files& files, const Clock& clock, Random& random, const Options& options,
                                              const std::string& folder, std::uint64_t last_number);
  void commit(std::span<Pending> items, const Finish& finish);

  bool full() const { return full_; }
  std::uint64_t syncs() const { return syncs_; }

 private:
  Writer(Files& files, const Clock& clock, Random& random, const Options& options, std::string folder,
         std::uint64_t last_number)
      : files_(files),
        clock_(clock),
        random_(random),
        options_(options),
        folder_(std::move(folder)),
        last_number_(last_number) {}

  std::size_t fitting(std::span<const Pending> items) const;
  Result<> begin_for(const Pending& item, std::optional<Error>& no_room);
  Result<> begin_segment(std::uint64_t need);
  Result<> begin_reserve();
  Result<> prepare(File& file, SegmentHead& head, std::uint64_t bytes);
  void adopt(std::unique_ptr<File> file, const SegmentHead& head, std::uint64_t bytes, bool control_only);
  void make_reserve();
  Result<> write_run(std::span<Pending> run);
  SegmentHead next_head();
  std::string path_of(std::uint64_t number) const { return folder_ + "/" + segment_name(number); }
  std::string reserve_path() const { return folder_ + "/reserve"; }

  Files& files_;
  const Clock& clock_;
  Random& random_;
  const Options& options_;
  std::string folder_;
  std::uint64_t last_number_;                                     // of any segment, tried ones included
  std::unique_ptr<File> file_;                                    // nullptr: no segment is open
  std::uint64_t number_ = 0, salt_ = 0, offset_ = 0, bytes_ = 0;  // of the segment; all below offset_ is synced
  bool control_only_ = false;                                     // it was the reserve
  bool has_reserve_ = false;
  bool full_ = false;
  std::optional<Error> dead_;  // a sync failed: nothing is written any more
  std::uint64_t syncs_ = 0;
  std::vector<Head> heads_;  // of the run that is being written
  std::vector<std::string_view> parts_;
};

}  // namespace pawl::journal
