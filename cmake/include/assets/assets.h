// The files of the page as they lie inside the program (tools/embed.py writes the table).
#pragma once
#include <span>
#include <string_view>

namespace pawl {
struct Asset {
  std::string_view path, type, etag, plain, brotli;  // brotli is empty where it saves nothing
  bool immutable;                                    // the name holds a hash of the content
};
std::span<const Asset> ui_assets();
}  // namespace pawl
