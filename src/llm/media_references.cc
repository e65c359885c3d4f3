// Langfuse's references to media in text: @@@langfuseMedia:type=image/png|id=…|source=bytes@@@.
#include "base/text.h"
#include "llm/messages.h"

namespace pawl::llm {
namespace {

constexpr std::string_view opening = "@@@langfuseMedia:", closing = "@@@";
constexpr std::size_t most_references = 100;  // in one message

// What stands between the marks, as a part; one that names no media stays text alone.
bool read_reference(std::string_view inside, Part& part) {
  part.type = Part::Type::media;
  for (const auto pair : split(inside, '|')) {
    const auto [name, value] = cut(pair, '=');
    if (name == "type") part.media_type = value;
    if (name == "id") part.uri = fmt::format("/api/v1/media/{}", percent_encode(value));
  }
  return !part.uri.empty();
}

void add_references(std::string_view text, std::vector<Part>& out) {
  for (auto at = text.find(opening); at != std::string_view::npos && out.size() < most_references;
       at = text.find(opening, at)) {
    at += opening.size();
    const auto end = text.find(closing, at);
    if (end == std::string_view::npos) return;
    Part part;
    if (read_reference(text.substr(at, end - at), part)) out.push_back(std::move(part));
    at = end + closing.size();
  }
}

}  // namespace

void add_media_references(std::vector<Message>& messages) {
  for (auto& message : messages) {
    std::vector<Part> found;
    for (const auto& part : message.parts) add_references(part.text, found);
    for (auto& part : found) message.parts.push_back(std::move(part));
  }
}

}  // namespace pawl::llm
