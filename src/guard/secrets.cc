// Finds and masks: Vectorscan says where something could end, readers say what is there and which bytes to hide.
#include "guard/secrets.h"

#include <algorithm>
#include <numeric>

#include "base/text.h"
#include "guard/own_patterns.h"
#include "guard/patterns.h"
#include "guard/readers.h"

namespace pawl::guard {
namespace {

constexpr int most_turns = 20;  // of looking again

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

// A number of JSON that is no text, or OTLP's way to write one in a text ("intValue":"…"): stars would break it.
bool is_number(std::string_view text, const Secret& secret) {
  for (const char c : text.substr(secret.start, secret.size))
    if (c < '0' || c > '9') return false;
  std::size_t before = secret.start, behind = secret.start + secret.size;
  constexpr std::string_view written = "\"intValue\"";
  if (before > 0 && text[before - 1] == '"') {
    std::size_t at = before - 1;
    while (at > 0 && (is_space(text[at - 1]) || text[at - 1] == ':')) --at;
    return text.substr(0, at).ends_with(written);
  }
  while (before > 0 && is_space(text[before - 1])) --before;
  while (behind < text.size() && is_space(text[behind])) ++behind;
  return before > 0 && behind < text.size() &&
         std::string_view(":,[").find(text[before - 1]) != std::string_view::npos &&
         std::string_view(",}]").find(text[behind]) != std::string_view::npos;
}

// Where an escape of JSON ends that `at` lies in; `at` itself where it lies in none.
std::size_t behind_escape(std::string_view text, std::size_t at) {
  for (std::size_t back = 1; back <= 5 && back <= at; ++back) {
    const std::size_t from = at - back;
    if (text[from] != '\\') continue;
    std::size_t before = 0;
    while (before < from && text[from - before - 1] == '\\') ++before;
    const std::size_t end = from + (text[from + 1] == 'u' ? 6 : 2);
    return before % 2 == 0 && end > at ? std::min(end, text.size()) : at;
  }
  return at;
}

// The places of a secret that are overwritten: escapes of JSON, quotes and what is no ASCII stay.
std::vector<std::size_t> places_of(std::string_view text, const Secret& secret) {
  std::vector<std::size_t> out;
  const bool key = secret.kind == SecretKind::private_key, own = secret.kind == SecretKind::pattern;
  for (std::size_t i = own ? behind_escape(text, secret.start) : secret.start; i < secret.start + secret.size; ++i) {
    const char c = text[i];
    if (key || own) {
      if (c == '\\') {  // it and what it escapes stay
        i += i + 1 < text.size() && text[i + 1] == 'u' ? 5 : 1;
        continue;
      }
      if (key && !chars::in(chars::alnum | chars::base64, c)) continue;
      if (own && (c == '"' || static_cast<unsigned char>(c) < ' ' || static_cast<unsigned char>(c) >= 0x7F)) continue;
    }
    if (secret.kind == SecretKind::email && c == '@') continue;
    out.push_back(i);
  }
  return out;
}

// Where `out` has its first eight and more bytes side by side: how many, from which.
std::pair<std::size_t, std::size_t> room_in(const std::vector<std::size_t>& places) {
  for (std::size_t from = 0, to = 0; from < places.size(); from = to) {
    for (to = from + 1; to < places.size() && places[to] == places[to - 1] + 1;) ++to;
    if (to - from >= least_reference + 2) return {places[from], to - from};
  }
  return {0, 0};
}

std::vector<std::size_t> all_of(const Secret& secret) {
  std::vector<std::size_t> out(secret.size);
  std::iota(out.begin(), out.end(), secret.start);
  return out;
}

void hide_one(std::span<char> text, const Secret& secret, const Sealer* sealer, Tally& tally) {
  const std::string_view view(text.data(), text.size());
  const auto kind = static_cast<std::size_t>(secret.kind);
  ++tally.masked[kind];
  if (secret.kind == SecretKind::pattern) ++tally.patterns[std::string(secret.name)].first;
  if (is_number(view, secret)) {
    for (std::size_t i = 0; i < secret.size; ++i) text[secret.start + i] = '9';
    return;
  }
  auto places = places_of(view, secret);
  if (sealer != nullptr) {
    if (secret.kind == SecretKind::email) places = all_of(secret);
    const auto [from, room] = room_in(places);
    const std::string reference =
        room == 0 ? std::string()
                  : (*sealer)(secret, view.substr(secret.start, secret.size), std::min(room - 2, longest_reference));
    if (!reference.empty()) {
      for (const std::size_t place : places) text[place] = '*';
      std::ranges::copy(reference, text.begin() + static_cast<std::ptrdiff_t>(from) + 1);
      ++tally.sealed[kind];
      if (secret.kind == SecretKind::pattern) ++tally.patterns[std::string(secret.name)].second;
      return;
    }
    places = places_of(view, secret);
  }
  for (const std::size_t place : places) text[place] = '*';
}

// In order, one behind the other: what lies in another or across is one.
std::vector<Secret> apart(std::vector<Secret> found) {
  std::sort(found.begin(), found.end(),
            [](const Secret& a, const Secret& b) { return a.start != b.start ? a.start < b.start : a.kind < b.kind; });
  std::vector<Secret> out;
  for (const Secret& secret : found) {
    if (out.empty() || secret.start >= out.back().start + out.back().size) {
      out.push_back(secret);
    } else {
      out.back().size = std::max(out.back().size, secret.start + secret.size - out.back().start);
    }
  }
  return out;
}

}  // namespace

const std::vector<SecretRule>& secret_rules() {
  static const std::vector<SecretRule> all = [] {
    std::vector<SecretRule> out(usual_rules.begin(), usual_rules.end());
    out.insert(out.end(), cloud_rules.begin(), cloud_rules.end());
    out.insert(out.end(), service_rules.begin(), service_rules.end());
    return out;
  }();
  return all;
}

std::size_t Tally::total() const {
  return std::accumulate(masked.begin(), masked.end(), std::size_t{0});
}

std::vector<Reference> references_in(std::string_view text) {
  std::vector<Reference> out;
  for (std::size_t at = text.find('*'); at != std::string_view::npos; at = text.find('*', at)) {
    std::size_t end = at + 1;
    while (end < text.size() && chars::in(chars::alnum, text[end])) ++end;
    const std::size_t size = end - at - 1;
    if (size < least_reference || size > longest_reference || end == text.size() || text[end] != '*') {
      at = end == at + 1 ? at + 1 : end;
      continue;
    }
    const std::string_view name = text.substr(at + 1, size);
    while (end < text.size() && text[end] == '*') ++end;
    out.push_back({name, text.substr(at, end - at)});
    at = end;
  }
  return out;
}

struct SecretScanner::State {
  struct Reader {
    const SecretRule* rule = nullptr;  // else:
    const Anchor* anchor = nullptr;    // none of both: an own pattern
  };
  std::vector<Reader> readers;  // by the number of a pattern of Vectorscan
  std::unique_ptr<const Patterns> patterns;
  std::unique_ptr<const OwnExpressions> own;
  bool everywhere = false;  // an own pattern that Vectorscan cannot look for

  void add_own(const std::vector<OwnPattern>& wanted, std::vector<Patterns::Pattern>& all);

  // In order of their start; may overlap.
  std::vector<Secret> scan(std::string_view text) const {
    std::vector<Secret> found;
    for (const auto& hit : patterns->hits(text)) {
      const Reader& reader = readers[hit.pattern];
      std::optional<Secret> secret;
      if (reader.rule != nullptr)
        secret = read_rule(*reader.rule, text, hit.end - lead_of(*reader.rule));
      else if (reader.anchor != nullptr)
        secret = reader.anchor->read(text, hit.end - reader.anchor->lead);
      if (secret) found.push_back(*secret);
    }
    return found;
  }
};

void SecretScanner::State::add_own(const std::vector<OwnPattern>& wanted, std::vector<Patterns::Pattern>& all) {
  own = std::make_unique<const OwnExpressions>(wanted);
  for (const OwnPattern& one : wanted) {
    Patterns::Pattern rough{.text = rough_pattern(one.pattern), .roughly = true};
    if (rough.text.empty() || !Patterns::compile({rough})) {
      everywhere = true;
      continue;
    }
    all.push_back(std::move(rough));
    readers.push_back({});
  }
}

SecretScanner::SecretScanner(SecretKinds kinds, const std::vector<OwnPattern>& own) {
  auto state = std::make_unique<State>();
  std::vector<Patterns::Pattern> all;
  for (const SecretRule& rule : secret_rules()) {
    if ((kinds & only(rule.kind)) == 0) continue;
    all.push_back({.text = pattern_of(rule)});
    state->readers.push_back({.rule = &rule});
  }
  for (const Anchor& anchor : anchors()) {
    if ((kinds & only(anchor.kind)) == 0) continue;
    all.push_back({.text = std::string(anchor.pattern), .any_case = anchor.any_case});
    state->readers.push_back({.anchor = &anchor});
  }
  state->add_own(own, all);
  auto compiled = Patterns::compile(all);
  PAWL_CHECK(compiled, "{}", compiled.error().what);
  state->patterns = std::move(*compiled);
  state_ = std::move(state);
}

SecretScanner::SecretScanner(SecretScanner&&) noexcept = default;
SecretScanner& SecretScanner::operator=(SecretScanner&&) noexcept = default;
SecretScanner::~SecretScanner() = default;

std::vector<Secret> SecretScanner::find(std::string_view text) const {
  auto found = state_->scan(text);
  state_->own->find(text, found);
  return apart(std::move(found));
}

bool SecretScanner::may_hold(std::string_view bytes) const {
  return state_->everywhere || state_->patterns->any(bytes);
}

SecretScanner::Places SecretScanner::places(std::string_view bytes) const {
  Places out{.everywhere = state_->everywhere, .ends = {}};
  if (out.everywhere) return out;
  for (const auto& hit : state_->patterns->hits(bytes)) out.ends.push_back(hit.end - 1);
  std::sort(out.ends.begin(), out.ends.end());
  return out;
}

// What is hidden may have been in the way of something else, so look again. Each turn leaves fewer bytes to hide; what
// a reference could look like by chance is starred at last.
std::size_t SecretScanner::mask_found(std::span<char> text, Hide& hide, bool with_own) const {
  const std::string_view view(text.data(), text.size());
  std::size_t count = 0;
  for (int turn = 0; turn < most_turns; ++turn) {
    auto found = state_->scan(view);
    if (with_own) state_->own->find(view, found);
    if (found.empty()) return count;
    found = apart(std::move(found));
    for (const Secret& secret : found) hide_one(text, secret, turn < 2 ? hide.sealer : nullptr, hide.tally);
    count += found.size();
    if (with_own && turn == 2) with_own = false;  // a pattern may fit stars
  }
  return count;
}

std::size_t SecretScanner::mask(std::span<char> text, Hide& hide) const {
  return mask_found(text, hide, !state_->own->empty());
}

std::size_t SecretScanner::mask(std::span<char> text) const {
  Hide hide;
  return mask(text, hide);
}

std::size_t SecretScanner::mask_json(std::span<char> json, Hide& hide) const {
  const std::string_view view(json.data(), json.size());
  if (!may_hold(view)) return 0;
  std::size_t count = 0;
  if (!state_->own->empty()) {
    std::vector<Secret> found;
    state_->own->find_in_json(view, found);
    found = apart(std::move(found));
    for (const Secret& secret : found) hide_one(json, secret, hide.sealer, hide.tally);
    count = found.size();
  }
  return count + mask_found(json, hide, false);
}

std::string redact(std::string text, const std::vector<OwnPattern>& own) {
  Hide hide;
  if (own.empty()) {
    static const SecretScanner all(all_kinds);
    all.mask_json(text, hide);
  } else {
    SecretScanner(all_kinds, own).mask_json(text, hide);
  }
  return text;
}

std::string redact(std::string text) {
  return redact(std::move(text), {});
}

const SecretScanner& Scanners::of(SecretKinds kinds) {
  const std::lock_guard lock(mutex_);
  auto& made = made_[kinds];
  if (!made) made = std::make_unique<const SecretScanner>(kinds);
  return *made;
}

}  // namespace pawl::guard
