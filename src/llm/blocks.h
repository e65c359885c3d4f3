// Blocks of content (text, call, result, reasoning, media) in the words of every provider; internal to shapes.cc.
#pragma once
#include <initializer_list>
#include <string>
#include <string_view>

#include "llm/json_scan.h"
#include "llm/shapes.h"

namespace pawl::llm {

// The first of these members that is there and not null; as text.
std::string_view any_of(std::string_view object, std::initializer_list<std::string_view> keys);
std::string any_text(std::string_view object, std::initializer_list<std::string_view> keys);
std::string_view any_of(const json::Object& object, std::initializer_list<std::string_view> keys);
std::string any_text(const json::Object& object, std::initializer_list<std::string_view> keys);

bool is_tool_block(std::string_view block);  // a call or a result without a type: by its members
void add_call(std::string_view call, Message& message);
void add_result(std::string_view result, Message& message, int depth);
void add_reasoning(std::string_view block, Message& message);

}  // namespace pawl::llm
