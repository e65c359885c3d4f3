// What frameworks print when they put an object of Python into an attribute: repr() of dicts, lists, dataclasses,
// models and enumerations (conventions.md traps 10 and 12), as JSON.
#pragma once
#include <string>
#include <string_view>

namespace pawl::llm {

// The JSON of a Python literal: `{'a': (1, None)}` → `{"a":[1,null]}`. A constructor is an object with its class
// under "__class__" and what stood without a name under "args": `Tool(name='x')` → `{"__class__":"Tool","name":"x"}`;
// `<Role.USER: 'user'>` is its value, anything else in angles its text; a leading underscore of a name is dropped.
// "" where the text is no literal, is cut off, or nests deeper than 64.
std::string python_to_json(std::string_view text);

// Whether it is worth a try: begins as a container or as a constructor with a named argument, and ends so.
bool looks_like_python(std::string_view text);

}  // namespace pawl::llm
