// What a case asserts of its own outcome: criteria {"asserts": [{kind, …, weight, score, not} or {all|any: […]}],
// "threshold": share}. Inside of trials only.
#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "evaluators.h"

namespace pawl::trials {

// Of those with this score's name, or of all: with a name the weighted share that holds; without one 1 where all hold,
// or the threshold's share of the weights. No score where the case asserts nothing.
Given by_asserts(std::string_view score, const datasets::Item& item, const Outcome& outcome);

// How alike two texts are, 0 to 1: "fuzzy" (1 − insertions and deletions over both lengths), "levenshtein" (the number
// of edits instead), "rouge_1", "rouge_2", "rouge_l" (F of n-grams, of the longest common subsequence; words of
// letters and digits in lower case, no stemming). At most 5,000 bytes of each count.
double likeness(std::string_view how, std::string_view a, std::string_view b);

// Each `{{…}}` replaced by what `said` gives for it: for the words within, trimmed, and for the place as it stands.
using Said = std::function<Result<std::string>(std::string_view words, std::string_view place)>;
Result<std::string> fill_places(std::string_view text, const Said& said);
// `{{input.name}}` (or item.name), `{{expected}}`, `{{metadata.name}}` replaced by what the case says.
std::string filled(const std::string& text, const datasets::Item& item);

}  // namespace pawl::trials
