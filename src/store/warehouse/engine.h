// Our own declarations of the part of libchdb's C ABI that Pawl uses (26.7), loaded at run time.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.h"

struct chdb_result;  // free with chdb_destroy_query_result
struct chdb_conn_box {
  void* impl;
};
using chdb_connection = chdb_conn_box*;
struct chdb_ins_box {
  void* impl;
};
using chdb_insert_stream = chdb_ins_box*;

namespace pawl::warehouse {

// Each member is the library's function of the same name behind chdb_.
struct Engine {
  const char* (*version)() = nullptr;
  void (*set_signal_handlers_enabled)(int) = nullptr;
  int (*shutdown)() = nullptr;
  chdb_connection* (*connect)(int, char**) = nullptr;  // null on failure; the reason is on standard error only
  void (*close_conn)(chdb_connection*) = nullptr;
  chdb_result* (*query_with_params_n)(chdb_connection, const char*, std::size_t, const char*, std::size_t,
                                      const char* const*, const std::size_t*, const char* const*, const std::size_t*,
                                      std::size_t) = nullptr;
  chdb_insert_stream (*stream_insert_n)(chdb_connection, const char*, std::size_t, const char*, std::size_t) = nullptr;
  int (*stream_append)(chdb_insert_stream, const void*, std::size_t) = nullptr;
  chdb_result* (*stream_done)(chdb_insert_stream) = nullptr;
  void (*destroy_insert_stream)(chdb_insert_stream) = nullptr;
  char* (*result_buffer)(chdb_result*) = nullptr;
  std::size_t (*result_length)(chdb_result*) = nullptr;
  std::uint64_t (*result_storage_rows_read)(chdb_result*) = nullptr;
  std::uint64_t (*result_storage_bytes_read)(chdb_result*) = nullptr;
  const char* (*result_error)(chdb_result*) = nullptr;
  void (*destroy_query_result)(chdb_result*) = nullptr;

  // In sanitizer builds into a link namespace of its own: the library carries its own allocator (docs/decisions/0003).
  static Result<Engine> load(const std::string& library);
  // Its code and constants leave the memory of the process until they are touched again (from the page cache): most of
  // the 200 MB is for starting only.
  static void give_back_pages();
};

}  // namespace pawl::warehouse
