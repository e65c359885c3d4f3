// The JSON shapes that SDKs and providers give messages: OpenAI chat and responses, Anthropic and Bedrock blocks,
// Gemini contents, OTel parts, LangChain objects, Vercel, Genkit, Mastra. Any bytes are taken.
#pragma once
#include <string_view>
#include <vector>

#include "llm/messages.h"

namespace pawl::llm {

// Nesting beyond this is shown as it is.
inline constexpr int shape_depth = 12;

std::string_view role_of_word(std::string_view word);  // "human" → "user", "model" → "assistant"; "" for no role

// A content value (string, block, list of blocks) as parts.
void append_content(std::string_view raw, Message& message, int depth = shape_depth);
// One message object; false where it is none.
bool append_message(std::string_view raw, std::string_view default_role, std::vector<Message>& out,
                    int depth = shape_depth);
// A whole document: a list of messages, a request, a response, a framework's object. What has no known shape becomes
// one message with that text.
void append_document(std::string_view raw, std::string_view default_role, std::vector<Message>& out,
                     int depth = shape_depth);

// What Python printed (python_literal.h) as a document; false where it is none, or says nothing.
bool append_printed(std::string_view text, std::string_view default_role, std::vector<Message>& out,
                    int depth = shape_depth);

// A block of content (text, call, result …) that is no message of its own.
bool is_block(std::string_view raw);

// A result's value as text: strings, text blocks and LangChain messages give their text, else the JSON.
std::string value_text(std::string_view raw, int depth = shape_depth);
Part text_part(std::string text, Part::Type type = Part::Type::text);

}  // namespace pawl::llm
