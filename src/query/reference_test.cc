// docs/reference names every dimension, flag and measure in the words of the catalogue.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tree.h"

namespace pawl::query {
namespace {

std::string page(const std::string& name) {
  const std::ifstream file(PAWL_SOURCE_DIR "/docs/reference/" + name);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(Reference, IsCurrent) {
  const std::string filters = page("filters.md"), measured = page("measures.md");
  for (const DimensionInfo& dimension : dimensions()) {
    std::string operators;
    for (const std::string_view one : dimension.operators)
      operators += fmt::format("{}`{}`", operators.empty() ? "" : " ", one);
    const std::string line = fmt::format("| `{}` | {} | {} | {} | {}", dimension.name, name_of(dimension.type),
                                         operators, dimension.groups ? "yes" : "", dimension.definition);
    EXPECT_NE(filters.find(line), std::string::npos) << line;
  }
  for (const Flag& flag : flag_table()) {
    const std::string line = fmt::format("| `is:{}` | {} |", flag.name, flag.definition);
    EXPECT_NE(filters.find(line), std::string::npos) << line;
  }
  for (const MeasureInfo& measure : measures()) {
    const std::string line = fmt::format("| `{}` | {} | {} |", measure.name, measure.unit, measure.definition);
    EXPECT_NE(measured.find(line), std::string::npos) << line;
  }
}

}  // namespace
}  // namespace pawl::query
