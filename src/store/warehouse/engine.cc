// Loading libchdb.
#include "engine.h"

#include <dlfcn.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <fstream>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define PAWL_OWN_NAMESPACE 1
#endif
#endif

namespace pawl::warehouse {
namespace {

template <typename F>
bool resolve(void* library, const char* name, F& into) {
  into = reinterpret_cast<F>(dlsym(library, name));
  return into != nullptr;
}

bool has_avx2() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") != 0;
}

}  // namespace

void Engine::give_back_pages() {
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void*) {
        if (!std::string_view(info->dlpi_name).ends_with("libchdb.so")) return 0;
        const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
        for (std::size_t i = 0; i < info->dlpi_phnum; ++i) {
          const auto& part = info->dlpi_phdr[i];
          if (part.p_type != PT_LOAD || (part.p_flags & PF_W) != 0) continue;
          const std::uintptr_t begin = (info->dlpi_addr + part.p_vaddr + page - 1) / page * page;
          const std::uintptr_t end = (info->dlpi_addr + part.p_vaddr + part.p_filesz) / page * page;
          if (end > begin) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
        }
        return 1;
      },
      nullptr);
}

Result<Engine> Engine::load(const std::string& path) {
  if (!has_avx2())
    return fail(ErrorKind::unavailable, "the embedded ClickHouse needs a processor with AVX2 (x86-64-v3)");
#ifdef PAWL_OWN_NAMESPACE
  void* library = dlmopen(LM_ID_NEWLM, path.c_str(), RTLD_NOW | RTLD_LOCAL);
#else
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
#endif
  if (library == nullptr) return fail(ErrorKind::unavailable, "the engine could not be loaded: {}", dlerror());
  Engine e;
  const bool whole = resolve(library, "chdb_version", e.version) &&
                     resolve(library, "chdb_set_signal_handlers_enabled", e.set_signal_handlers_enabled) &&
                     resolve(library, "chdb_shutdown", e.shutdown) && resolve(library, "chdb_connect", e.connect) &&
                     resolve(library, "chdb_close_conn", e.close_conn) &&
                     resolve(library, "chdb_query_with_params_n", e.query_with_params_n) &&
                     resolve(library, "chdb_stream_insert_n", e.stream_insert_n) &&
                     resolve(library, "chdb_stream_append", e.stream_append) &&
                     resolve(library, "chdb_stream_done", e.stream_done) &&
                     resolve(library, "chdb_destroy_insert_stream", e.destroy_insert_stream) &&
                     resolve(library, "chdb_result_buffer", e.result_buffer) &&
                     resolve(library, "chdb_result_length", e.result_length) &&
                     resolve(library, "chdb_result_storage_rows_read", e.result_storage_rows_read) &&
                     resolve(library, "chdb_result_storage_bytes_read", e.result_storage_bytes_read) &&
                     resolve(library, "chdb_result_error", e.result_error) &&
                     resolve(library, "chdb_destroy_query_result", e.destroy_query_result);
  if (!whole) return fail(ErrorKind::unavailable, "{} is not the libchdb that Pawl was built for", path);
  e.set_signal_handlers_enabled(0);  // its SIGSEGV handler hangs the process (stack.md)
  return e;
}

}  // namespace pawl::warehouse
