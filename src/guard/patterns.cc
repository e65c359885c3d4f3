// The seam to Vectorscan (libhs 5.4): block mode, no starts of matches.
#include "guard/patterns.h"

#include <hs/hs.h>

namespace pawl::guard {
namespace {

unsigned flags_of(const Patterns::Pattern& pattern) {
  return (pattern.any_case ? HS_FLAG_CASELESS : 0U) | (pattern.roughly ? HS_FLAG_PREFILTER : 0U);
}

}  // namespace

Result<std::unique_ptr<const Patterns>> Patterns::compile(const std::vector<Pattern>& patterns) {
  std::unique_ptr<Patterns> out(new Patterns);
  if (patterns.empty()) return out;
  std::vector<const char*> texts;
  std::vector<unsigned> flags, ids;
  for (const auto& pattern : patterns) {
    texts.push_back(pattern.text.c_str());
    flags.push_back(flags_of(pattern));
    ids.push_back(static_cast<unsigned>(ids.size()));
  }
  hs_compile_error_t* error = nullptr;
  if (hs_compile_multi(texts.data(), flags.data(), ids.data(), static_cast<unsigned>(texts.size()), HS_MODE_BLOCK,
                       nullptr, &out->database_, &error) != HS_SUCCESS) {
    const std::string why = error->message;
    const std::string which = error->expression >= 0 ? patterns[static_cast<std::size_t>(error->expression)].text : "";
    hs_free_compile_error(error);
    return fail(ErrorKind::invalid, "{}: {}", which, why);
  }
  return out;
}

Patterns::~Patterns() {
  for (hs_scratch* one : free_) hs_free_scratch(one);
  hs_free_database(database_);
}

hs_scratch* Patterns::take() const {
  {
    const std::lock_guard lock(mutex_);
    if (!free_.empty()) {
      hs_scratch* const one = free_.back();
      free_.pop_back();
      return one;
    }
  }
  hs_scratch* fresh = nullptr;
  PAWL_CHECK(hs_alloc_scratch(database_, &fresh) == HS_SUCCESS, "no memory to look for patterns in");
  return fresh;
}

template <typename F>
void Patterns::scan(std::string_view bytes, F& each) const {
  if (database_ == nullptr || bytes.empty()) return;
  hs_scratch* const scratch = take();
  const auto told = [](unsigned id, unsigned long long, unsigned long long end, unsigned, void* context) {
    return (*static_cast<F*>(context))(Hit{id, static_cast<std::uint32_t>(end)}) ? 0 : 1;
  };
  const auto done = hs_scan(database_, bytes.data(), static_cast<unsigned>(bytes.size()), 0, scratch, told, &each);
  PAWL_CHECK(done == HS_SUCCESS || done == HS_SCAN_TERMINATED, "Vectorscan could not scan: {}", done);
  const std::lock_guard lock(mutex_);
  free_.push_back(scratch);
}

std::vector<Patterns::Hit> Patterns::hits(std::string_view bytes) const {
  std::vector<Hit> out;
  auto each = [&](const Hit& hit) {
    out.push_back(hit);
    return true;
  };
  scan(bytes, each);
  return out;
}

bool Patterns::any(std::string_view bytes) const {
  bool found = false;
  auto each = [&](const Hit&) {
    found = true;
    return false;
  };
  scan(bytes, each);
  return found;
}

}  // namespace pawl::guard
