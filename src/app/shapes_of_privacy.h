// Shapes of share links and comments. For shapes.cc only.
#pragma once
#include "shapes.h"

namespace pawl::app {

inline constexpr ShapeField shared_fields[] = {{"kind", "string", "trace session"}, {"id", "string"}};

inline constexpr ShapeField share_fields[] = {{"id", "string"},
                                              {"kind", "string", "trace session compare"},
                                              {"objects", "[Shared]", "one, or two that are compared"},
                                              {"redaction", "string", "masked no_bodies full"},
                                              {"note", "string"},
                                              {"author", "string", "as in the audit table"},
                                              {"created", "time", "what came later is not shown"},
                                              {"expires", "time"},
                                              {"revoked", "time?"},
                                              {"openings", "integer"},
                                              {"last_opened", "time?"}};

inline constexpr ShapeField author_fields[] = {{"id", "string"}, {"name", "string"}};

inline constexpr ShapeField mentioned_fields[] = {{"id", "integer"}, {"handle", "string"}, {"name", "string"}};

inline constexpr ShapeField comment_fields[] = {{"id", "string"},
                                                {"session_id", "string?"},
                                                {"trace_id", "string?"},
                                                {"span_id", "string?"},
                                                {"author", "Author"},
                                                {"text", "string", "Markdown; \"\" of a deleted one"},
                                                {"mentions", "[Mentioned]", "members"},
                                                {"parent", "string?", "the comment that it answers"},
                                                {"created", "time"},
                                                {"edited", "time?"},
                                                {"deleted", "boolean"},
                                                {"mine", "boolean", "of whoever asks"},
                                                {"source", "string", "\"\", or where it was imported from"}};

}  // namespace pawl::app
