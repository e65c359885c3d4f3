// What the rooms of LangSmith share.
#pragma once
#include "reads.h"

namespace pawl::sdks {

// An id as LangSmith's clients want it: as it is where it is a UUID, else the UUID of its key.
std::string uuid_of(std::string_view id);
std::string tenant_of(ProjectId project);  // a UUID, always the same
// The id of the project of runs of this name, where nobody gave it one.
std::string session_id_of(ProjectId project, std::string_view name);

// A view of a JSON object, of "{}" where it is none.
inline std::string_view or_empty(std::string_view object) {
  return json::is_object(object) ? object : "{}";
}

// A filter of LangSmith, such as and(eq(name, "x"), gt(latency, "2s")), in Pawl's own language. `invalid` names what is
// not offered. `from`: narrowed by conditions on start_time.
Result<std::string> filter_of_langsmith(std::string_view text, Nanos& from);

}  // namespace pawl::sdks
