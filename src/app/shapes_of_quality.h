// Shapes of datasets and of what scores may be; inside of shapes.cc only.
#pragma once
#include "shapes.h"

namespace pawl::app {

inline constexpr ShapeField definition_fields[] = {{"name", "string"},
                                                   {"id", "string"},
                                                   {"kind", "string", "numeric boolean category text"},
                                                   {"description", "string"},
                                                   {"least", "number?"},
                                                   {"most", "number?"},
                                                   {"categories", "[any]", "{name, value}"},
                                                   {"archived", "boolean"},
                                                   {"created", "time"},
                                                   {"changed", "time"}};

inline constexpr ShapeField dataset_fields[] = {{"name", "string"},
                                                {"id", "string"},
                                                {"description", "string"},
                                                {"version", "integer", "rises with each write"},
                                                {"cases", "integer", "that are not retired"},
                                                {"experiments", "integer"},
                                                {"metadata", "object?"},
                                                {"created", "time"},
                                                {"changed", "time"}};

inline constexpr ShapeField case_fields[] = {{"id", "string", "within its dataset"},
                                             {"input", "any"},
                                             {"expected", "any"},
                                             {"expected_trajectory", "any", "null, or a list of {name, arguments}"},
                                             {"criteria", "any", "what a good outcome is"},
                                             {"tags", "[string]"},
                                             {"split", "[string]"},
                                             {"cluster", "string", "its family: the unit of the gate"},
                                             {"owner", "string"},
                                             {"metadata", "any"},
                                             {"source_trace", "string"},
                                             {"source_span", "string"},
                                             {"retired", "boolean"},
                                             {"version", "integer", "of the dataset, that brought it"},
                                             {"created", "time"},
                                             {"changed", "time"}};

inline constexpr ShapeField feedback_key_fields[] = {{"key", "string", "public: it may stand in a web page"},
                                                     {"names", "[string]", "scores that it may give"},
                                                     {"created", "time"},
                                                     {"author", "string"},
                                                     {"revoked", "time?"},
                                                     {"snippet", "string", "two lines for a web page"}};

}  // namespace pawl::app
