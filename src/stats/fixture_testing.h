// Reads the vectors of tests/fixtures, for tests of this module.
#pragma once
#include <gtest/gtest.h>
#include <simdjson.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "wire/compress.h"

namespace pawl::stats {

inline std::string fixture(std::string_view name) {
  const auto path = std::filesystem::path("tests/fixtures") / name;
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path << " is read from the root of the tree";
  std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (path.extension() != ".zst") return bytes;
  auto text = decompress("zstd", bytes, std::size_t{1} << 28);
  EXPECT_TRUE(text) << path;
  return text ? *text : "";
}

inline std::vector<double> numbers(simdjson::dom::element list) {
  std::vector<double> out;
  for (const auto item : list.get_array()) out.push_back(item.is_null() ? std::nan("") : item.get_double().value());
  return out;
}

}  // namespace pawl::stats
