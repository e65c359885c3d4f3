// Any bytes as stored content: parsing ends, keeps limits, and what is written is JSON.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "llm/content.h"
#include "llm/json_scan.h"
#include "llm/messages.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pawl;
  if (size < 2) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  constexpr std::string_view keys[] = {
      "k",       "gen_ai.choice",     "gen_ai.tool.message", "llm.input_messages", "gen_ai.prompt",
      "message", "ai.response.object"};
  const auto slot = static_cast<llm::Slot>(data[0] % 9);
  const std::string_view key = keys[data[1] % std::size(keys)];
  std::vector<llm::Content> content;
  llm::cut_text(slot, key, text, content);
  std::string joined;
  std::vector<llm::Piece> pieces;
  for (const auto& piece : content) {
    joined += piece.bytes;
    pieces.push_back({piece.slot, piece.format, piece.key, piece.role, piece.bytes});
  }
  if (joined != text) std::abort();
  pieces.push_back({slot, static_cast<llm::Format>(data[1] % 5), key, "user", text});
  JsonWriter json;
  llm::write_messages(json, llm::parse_messages(pieces));
  if (!llm::json::is_valid(json.text())) std::abort();
  if (!llm::json::is_valid(llm::parse_value_json(pieces))) std::abort();
  return 0;
}
