// protozero as Pawl includes it everywhere: views are std::string_view, and a broken assertion throws. Without this a
// wrong wire type from outside would abort every build that has no NDEBUG.
// Do not call get_bool(): it reads a byte before it looks whether there is one (1.7.1). get_uint64() != 0 does.
#pragma once
#include <cstdint>
#include <stdexcept>
#include <string_view>

#if defined(PROTOZERO_CONFIG_HPP)
#error "include wire/protobuf.h instead of protozero's own headers"
#endif

namespace pawl::protobuf {
struct BadMessage : std::runtime_error {
  using std::runtime_error::runtime_error;
};
}  // namespace pawl::protobuf

#define protozero_assert(x) ((x) ? static_cast<void>(0) : throw ::pawl::protobuf::BadMessage("misread field"))
#define PROTOZERO_USE_VIEW std::string_view
#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>

namespace pawl::protobuf {

using Reader = protozero::pbf_reader;
using Writer = protozero::pbf_writer;

// Labels for `switch (reader.tag_and_type())`: field number and wire type together.
constexpr std::uint32_t varint_field(std::uint32_t number) {
  return protozero::tag_and_type(number, protozero::pbf_wire_type::varint);
}
constexpr std::uint32_t fixed64_field(std::uint32_t number) {
  return protozero::tag_and_type(number, protozero::pbf_wire_type::fixed64);
}
constexpr std::uint32_t bytes_field(std::uint32_t number) {
  return protozero::tag_and_type(number, protozero::pbf_wire_type::length_delimited);
}

}  // namespace pawl::protobuf
