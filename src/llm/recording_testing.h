// For tests: a recording of a real SDK (tests/fixtures/otlp/NAME) walked, read and recounted.
#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "llm/messages.h"
#include "llm/recount.h"
#include "llm/span.h"

namespace pawl::llm {

// A reading that owns its text, so that it outlives the request.
struct KeptPiece {
  Slot slot;
  Format format;
  std::string key, role, bytes;
};
struct KeptSpan {
  std::string trace, name, scope;
  Id128 span, parent;
  Nanos start = 0, end = 0;
  Reading reading;                // content and views cleared
  std::vector<KeptPiece> pieces;  // of the span and of its log records
  std::string log_user, log_session;
  Verdict verdict;  // views into `reading` of spans of the same trace
};
struct Recording {
  std::string name;
  std::vector<std::unique_ptr<KeptSpan>> spans;
  std::vector<std::string> problems;  // bytes that could not be read, content that does not add up
};

std::filesystem::path fixture_path(std::string_view of);
std::vector<std::string> recording_names();
std::string read_fixture(const std::filesystem::path& file);  // undoes .zst
Recording read_recording(const std::string& name);
// OTLP/JSON bodies of traces, then of logs ("" for none).
Recording read_json(std::string_view traces, std::string_view logs = {});

std::vector<Piece> pieces_of(const KeptSpan& span, Slot slot);

}  // namespace pawl::llm
