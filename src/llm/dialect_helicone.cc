// Helicone's headers (wire.md 7): who programs built for its proxy say that they are. They arrive as span attributes of
// an instrumented HTTP client (http.request.header.…, whatever a caller adds by hand), or among the `extra_headers` of
// a call's parameters, in any case and with _ for - (find_header in fields.cc). Nobody's scope, and no marker: such a
// span is read as whatever else it is.
#include "llm/dialects.h"

namespace pawl::llm {
namespace {

using enum Field;
constexpr Key keys[] = {
    {"helicone-user-id", user, 5},
    {"helicone-session-id", session, 5},
    {"helicone-session-name", task, 5},
    {"helicone-prompt-id", prompt_name, 5},
    {"helicone-property-environment", environment, 5},
    {"helicone-property-tenant", customer, 6},
    {"helicone-property-customer", customer, 5},
    {"helicone-property-team", team, 5},
    {"helicone-property-task", task, 4},
    {"helicone-property-agent", agent, 7},
};

}  // namespace

const Dialect helicone{.name = "helicone", .scopes = {}, .markers = {}, .keys = keys};

}  // namespace pawl::llm
