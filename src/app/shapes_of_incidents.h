// Shapes of incidents; inside of shapes.cc only.
#pragma once
#include "shapes.h"

namespace pawl::app {

inline constexpr ShapeField incident_fields[] = {
    {"id", "string"},
    {"number", "integer", "within the project"},
    {"name", "string", "INC- and the number; names it in paths, as the number alone does"},
    {"title", "string"},
    {"severity", "string", "critical major minor"},
    {"status", "string", "open mitigated resolved"},
    {"owner", "string", "\"\": nobody"},
    {"agent", "string", "\"\": all"},
    {"filter", "string", "further terms of what it is about"},
    {"runbook", "string", "name of a template, or \"\""},
    {"began", "time"},
    {"opened", "time"},
    {"mitigated", "time?"},
    {"resolved", "time?"},
    {"opened_by", "string", "pawl: a rule did"},
    {"alerts", "integer"},
    {"firing", "integer", "of them"},
    {"traces", "integer", "linked"},
    {"cases", "integer", "that it gave"},
    {"window", "object", "{from, to}: of figures and steps", true},
    {"where", "string", "the filter of all its spans", true},
    {"timeline", "[IncidentEntry]", "the oldest first", true},
    {"linked_alerts", "[object]", "{event, rule, name, split, severity, fired, resolved, sentence}", true},
    {"links", "[object]", "{kind, id, note, at, actor}", true},
    {"linked_cases", "[object]", "{dataset, id, trace_id, at, actor}", true}};
inline constexpr ShapeField incident_entry_fields[] = {
    {"number", "integer"},
    {"at", "time", "when it happened"},
    {"written", "time"},
    {"actor", "string"},
    {"kind", "string",
     "opened firing resolved note status severity owner title agent filter runbook began trace session case step"},
    {"text", "string", "of a note Markdown"},
    {"data", "object"}};

}  // namespace pawl::app
