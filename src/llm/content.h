// Which bytes of a span are content, and where they are cut, so that what is repeated at every step is stored once.
#pragma once
#include <string_view>
#include <vector>

#include "llm/dialects.h"

namespace pawl::llm {

// Fills out.content and out.used. Pieces of one key, joined in order, are the attribute's text byte for byte.
void read_content(Reader& reader);

// The content of span events and of a log record's attributes and body.
void read_event_content(std::string_view event, otlp::Attributes attributes, Reader& reader);
bool has_event_content(std::string_view event);
void read_log_content(const otlp::LogRecord& record, Reader& reader);

// Cuts JSON text: an array of objects at its elements (separators lead: `[a` `,b` `]`), an object that holds a long
// list of messages at that list's elements. Anything else is one piece. Elements of role system go to Slot::system.
void cut_text(Slot slot, std::string_view key, std::string_view text, std::vector<Content>& out);

// The AnyValue of a KeyValue kept as received; "" where the bytes are none.
std::string_view value_bytes(std::string_view key_value);

}  // namespace pawl::llm
