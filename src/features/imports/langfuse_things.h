// Prompts, datasets, their items and runs, and comments of Langfuse.
#pragma once
#include <string_view>

#include "fields.h"
#include "items.h"

namespace pawl::imports {

enum class LangfuseThing : std::uint8_t { none, prompt, prompt_list, dataset, item, run, run_item, comment, session };
// By the table's name in a dump, else by the fields.
LangfuseThing langfuse_thing(std::string_view table, const Fields& row);
// In the words of Pawl's routes. `row` stands in `object`; `cells`: JSON columns are text in it.
void read_langfuse_thing(LangfuseThing thing, const Fields& row, bool cells, Memory& memory, Mapped& out);
// Scores that stand in columns of their names, as exports of the page of traces and observations have them: in the
// pass of items they are carried, unless scores themselves have come. `id`: of the trace or observation.
struct ScoreColumns {
  std::string trace, observation;
  std::optional<Nanos> at;
};
void read_score_columns(std::string_view object, const ScoreColumns& of, Memory& memory, Mapped& out);

}  // namespace pawl::imports
