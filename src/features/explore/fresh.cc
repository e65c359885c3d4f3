// A client sends the whole conversation with each call: what is new in it.
#include "fresh.h"

#include <algorithm>

#include "base/text.h"

namespace pawl::explore {

Id128 Fresh::message_of(const traces::Piece& piece) {
  const bool alone = piece.ref.format == llm::Format::json, one_of = piece.ref.format == llm::Format::json_element;
  std::string_view text = trim(piece.bytes);
  if (!alone && !one_of) return piece.ref.hash;
  if (alone && (!text.starts_with('[') || !text.ends_with(']'))) return piece.ref.hash;
  if (alone) text.remove_suffix(1);
  if (text.starts_with('[') || text.starts_with(',')) text.remove_prefix(1);
  if (text.ends_with(',')) text.remove_suffix(1);
  return hash128(trim(text));
}

std::vector<bool> Fresh::look(const std::vector<Id128>& hashes) {
  std::size_t common = 0;
  for (const auto& list : lists_) {
    const auto [mine, theirs] = std::ranges::mismatch(hashes, list);
    common = std::max(common, static_cast<std::size_t>(mine - hashes.begin()));
  }
  std::vector<bool> is_new;
  for (std::size_t i = 0; i < hashes.size(); ++i)
    is_new.push_back(i >= common && (common > 0 || !seen_.contains(hashes[i])));
  seen_.insert(hashes.begin(), hashes.end());
  lists_.push_back(hashes);
  if (lists_.size() > 16) lists_.pop_front();
  return is_new;
}

}  // namespace pawl::explore
