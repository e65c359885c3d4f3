// What a layout may say, and how a mistake in one is told.
#include <gtest/gtest.h>

#include "dashboards.h"

namespace pawl::dashboards {
namespace {

std::string said(std::string_view json) {
  const auto layout = read_layout(json);
  return layout ? *layout : layout.error().what;
}

TEST(Layout, IsWrittenInAFixedOrderAndReadsBackTheSame) {
  const auto text = said(R"({"panels":[{"split":"team","measure":"cost","label":"Cost","kind":"bars","wide":true,
    "filter":"kind=llm"},{"kind":"ranks","label":"Agents","split":"agent","columns":[{"measure":"cost","label":"Cost",
    "worse":"up"}]}],"figures":[{"label":"Runs","measure":"traces","grain":"trace"}],"title":"Mine","base":3})");
  EXPECT_EQ(
      text,
      R"({"title":"Mine","figures":[{"label":"Runs","measure":"traces","grain":"trace"}],"panels":[)"
      R"({"id":"p1","kind":"bars","wide":true,"split":"team","label":"Cost","measure":"cost","filter":"kind=llm"},)"
      R"({"id":"p2","kind":"ranks","split":"agent","label":"Agents","columns":[{"label":"Cost","measure":"cost","worse":"up"}]}]})");
  EXPECT_EQ(said(text), text);
}

TEST(Layout, AMistakeSaysWhereAndWhatIsNear) {
  const auto panel = [](std::string_view inside) {
    return said("{\"title\":\"x\",\"panels\":[{" + std::string(inside) + "}]}");
  };
  EXPECT_EQ(said("[]"), "A dashboard is a JSON object with a title, figures and panels.");
  EXPECT_EQ(said("{}"), "The dashboard needs title.");
  EXPECT_EQ(said(R"({"titl":"x"})"), "The dashboard has no key titl. Did you mean title?");
  EXPECT_EQ(panel(R"("kind":"line")"), "panels[0]: kind is one of lines, bars, ranks. Did you mean lines?");
  EXPECT_EQ(panel(R"("kind":"lines","label":"x","measur":"cost")"),
            "panels[0] has no key measur. Did you mean measure?");
  EXPECT_EQ(panel(R"("kind":"lines","label":"x")"), "panels[0] needs measure.");
  EXPECT_EQ(panel(R"("kind":"ranks","label":"x","split":"agent")"), "panels[0] needs columns: at least one.");
  EXPECT_NE(panel(R"("kind":"lines","label":"x","measure":"costs")").find("cost"), std::string::npos);
  EXPECT_NE(panel(R"("kind":"lines","label":"x","measure":"cost","filter":"durration>1s")").find("duration?"),
            std::string::npos);
  EXPECT_NE(panel(R"("kind":"lines","label":"x","measure":"cost","split":"nothing")").find("panels[0]: "),
            std::string::npos);
}

TEST(Layout, TwoPanelsHaveNotOneId) {
  EXPECT_EQ(said(R"({"title":"x","panels":[{"id":"a","kind":"lines","label":"x","measure":"cost"},
    {"id":"a","kind":"lines","label":"x","measure":"cost"}]})"),
            "panels[1]: another panel has the id a too.");
}

}  // namespace
}  // namespace pawl::dashboards
