// What the rooms of scores share: rows of the ledger as scores.
#pragma once
#include "scores.h"

namespace pawl::scores {

std::string select_scores(std::string_view where);  // SELECT … FROM scores WHERE …
Score score_of(const ledger::Rows& rows, std::size_t i);

}  // namespace pawl::scores
