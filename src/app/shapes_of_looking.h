// Shapes of searching, state, likeness and saved views; inside of shapes.cc only.
#pragma once
#include "shapes.h"

namespace pawl::app {

inline constexpr ShapeField view_fields[] = {{"id", "string"},
                                             {"name", "string"},
                                             {"page", "string", "sessions traces spans"},
                                             {"state", "object", "of the page: filter, columns, order, chart …"},
                                             {"shared", "boolean", "the whole project sees it"},
                                             {"own", "boolean"},
                                             {"author", "string"},
                                             {"created", "time"},
                                             {"changed", "time"}};

inline constexpr ShapeField state_change_fields[] = {{"path", "string", "cart.total, items[2]"},
                                                     {"op", "string", "added changed removed"},
                                                     {"before", "any"},
                                                     {"after", "any"}};

inline constexpr ShapeField state_step_fields[] = {
    {"trace_id", "string"},       {"span_id", "string"},
    {"at", "time", "its end"},    {"name", "string"},
    {"agent", "string?"},         {"source", "string", "the attribute or event that told it"},
    {"changes", "[StateChange]"}, {"cut", "boolean", "there are more than 200"}};

inline constexpr ShapeField snippet_fields[] = {
    {"text", "string"},
    {"marks", "[any]", "where words stand: [from, length] in UTF-16 units of the text"},
    {"cut_before", "boolean"},
    {"cut_after", "boolean"}};

inline constexpr ShapeField hit_fields[] = {{"trace_id", "string"},
                                            {"span_id", "string"},
                                            {"session_id", "string?"},
                                            {"kind", "string"},
                                            {"name", "string"},
                                            {"agent", "string?"},
                                            {"status", "string"},
                                            {"start", "time"},
                                            {"slot", "string", "input output arguments result; \"\" where it is gone"},
                                            {"snippet", "Snippet"},
                                            {"more", "integer", "further bodies of the span that hold a word"}};

inline constexpr ShapeField similar_fields[] = {{"session", "Session", {}, true},
                                                {"trace", "Trace", "where it has no session", true},
                                                {"similarity", "number", "0 to 1"},
                                                {"same_tools", "[string]", "the rarest first"},
                                                {"same_words", "[string]", "the rarest first"}};

}  // namespace pawl::app
