// Picking records out of a request: messages around them are copied without their other records.
#include "wire/otlp_pick.h"

#include "wire/json_body.h"
#include "wire/otlp_parts.h"
#include "wire/protobuf.h"

namespace pawl::otlp {
namespace {

// Counts records and says which are wanted; what was picked, in order.
class Picked {
 public:
  explicit Picked(std::span<const std::size_t> which) : which_(which) {}
  bool next() {
    const bool wanted = found.size() < which_.size() && which_[found.size()] == at_;
    ++at_;
    return wanted;
  }
  bool whole() const { return found.size() == which_.size(); }
  std::vector<std::string> found;

 private:
  std::span<const std::size_t> which_;
  std::size_t at_ = 0;
};

// A message in two parts: its fields other than `inner`, verbatim, and the bytes of each `inner`.
struct Parts {
  std::string others;
  std::vector<std::string_view> inner;
};

Parts parts_of(std::string_view message, std::uint32_t inner) {
  Parts parts;
  protobuf::Reader reader{message};
  for (const char* start = reader.data().data(); reader.next(); start = reader.data().data()) {
    if (reader.tag_and_type() == protobuf::bytes_field(inner)) {
      parts.inner.push_back(reader.get_view());
    } else {
      reader.skip();
      parts.others.append(start, reader.data().data());
    }
  }
  return parts;
}

void append_field(std::string& to, std::uint32_t field, std::string_view bytes) {
  protobuf::Writer(to).add_bytes(field, bytes.data(), bytes.size());
}

// Export*ServiceRequest: groups = 1; Resource*: scopes = 2; Scope*: records = 2.
void pick_protobuf(std::string_view body, Picked& picked) {
  const Parts request = parts_of(body, 1);
  for (const std::string_view group_bytes : request.inner) {
    const Parts group = parts_of(group_bytes, 2);
    for (const std::string_view scope_bytes : group.inner) {
      const Parts scope = parts_of(scope_bytes, 2);
      for (const std::string_view record : scope.inner) {
        if (!picked.next()) continue;
        std::string in_scope = scope.others, in_group = group.others, out = request.others;
        append_field(in_scope, 2, record);
        append_field(in_group, 2, in_scope);
        append_field(out, 1, in_group);
        picked.found.push_back(std::move(out));
      }
    }
  }
}

class JsonPick {
 public:
  JsonPick(std::string_view body, Signal signal, Scratch& scratch, Picked& picked)
      : json_(body, scratch), levels_(levels_of(signal)), picked_(picked) {}

  void request() {
    JsonValue root = json_.root();
    json_.object(root, [&](std::string_view name, JsonValue& value) {
      if (field_hash(name) != field_hash(levels_.group)) return json_.skip(value);
      json_.array(value, [&](JsonValue& item) { group(item); });
    });
  }

 private:
  std::string text_of(JsonValue& value) {
    if (json_.kind(value) != JsonKind::object) {
      json_.skip(value);
      return "{}";
    }
    return std::string(json_.object(value, [&](std::string_view, JsonValue& part) { json_.skip(part); }));
  }

  // Reads `own` of an object first, then hands each element of `list` to `each`.
  template <typename F>
  void level(JsonValue& object, std::string_view own, std::string& own_text, std::string_view list, F&& each) {
    own_text = "{}";
    json_.object_twice(
        object,
        [&](std::string_view name, JsonValue& value) {
          if (field_hash(name) == field_hash(own)) own_text = text_of(value);
        },
        [&](std::string_view name, JsonValue& value) {
          if (field_hash(name) == field_hash(own)) return;
          if (field_hash(name) != field_hash(list)) return json_.skip(value);
          json_.array(value, each);
        });
  }

  void group(JsonValue& object) {
    level(object, "resource", resource_, levels_.scope, [&](JsonValue& item) { scope(item); });
  }

  void scope(JsonValue& object) {
    level(object, "scope", scope_, levels_.record, [&](JsonValue& item) {
      const bool wanted = picked_.next();
      if (!wanted) return json_.skip(item);
      picked_.found.push_back(fmt::format(R"({{"{}":[{{"resource":{},"{}":[{{"scope":{},"{}":[{}]}}]}}]}})",
                                          levels_.group, resource_, levels_.scope, scope_, levels_.record,
                                          text_of(item)));
    });
  }

  JsonBody json_;
  const Levels& levels_;
  Picked& picked_;
  std::string resource_, scope_;
};

}  // namespace

Result<std::vector<std::string>> pick(std::string_view body, Signal signal, Encoding encoding,
                                      std::span<const std::size_t> which) {
  Picked picked(which);
  try {
    if (encoding == Encoding::protobuf) {
      pick_protobuf(body, picked);
    } else {
      Scratch scratch(*std::pmr::new_delete_resource(), Scratch::Blocks::give_back);
      JsonPick(body, signal, scratch, picked).request();
    }
  } catch (const Stop& stop) {
    return fail(ErrorKind::invalid, "{}", stop.what);
  } catch (const std::exception& error) {
    return fail(ErrorKind::invalid, "the body is no OTLP request: {}", error.what());
  }
  if (!picked.whole()) return fail(ErrorKind::invalid, "the request has no record {}", which[picked.found.size()]);
  return std::move(picked.found);
}

}  // namespace pawl::otlp
