// Helicone's headers (wire.md 7): who programs built for its proxy say that they are. They arrive as span attributes of
// an instrumented HTTP client (http.request.header.…, whatever a caller adds by hand), or among the `extra_headers` of
// a call's parameters. Nobody's scope, and no marker: such a span is read as whatever else it is.
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
    {"Helicone-User-Id", user, 5},
    {"Helicone-Session-Id", session, 5},
    {"Helicone-Session-Name", task, 5},
    {"Helicone-Prompt-Id", prompt_name, 5},
    {"Helicone-Property-Environment", environment, 5},
    {"Helicone-Property-Tenant", customer, 6},
    {"Helicone-Property-Customer", customer, 5},
    {"Helicone-Property-Team", team, 5},
    {"Helicone-Property-Task", task, 4},
    {"Helicone-Property-Agent", agent, 7},
    {"http.request.header.helicone-user-id", user, 5},
    {"http.request.header.helicone-session-id", session, 5},
    {"http.request.header.helicone-session-name", task, 5},
    {"http.request.header.helicone-prompt-id", prompt_name, 5},
    {"http.request.header.helicone-property-environment", environment, 5},
    {"http.request.header.helicone-property-tenant", customer, 6},
    {"http.request.header.helicone-property-customer", customer, 5},
    {"http.request.header.helicone-property-team", team, 5},
    {"http.request.header.helicone-property-task", task, 4},
    {"http.request.header.helicone-property-agent", agent, 7},
};

}  // namespace

const Dialect helicone{.name = "helicone", .scopes = {}, .markers = {}, .keys = keys};

}  // namespace pawl::llm
