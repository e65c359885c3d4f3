// Faults of the world as values: Result<T>, Error, TRY; and PAWL_CHECK for our own faults, which end the process.
#pragma once
#include <fmt/format.h>

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace pawl {

// What a caller can do about it. The table kind → HTTP status, gRPC code and "retry?" is in net/errors.h.
enum class ErrorKind {
  invalid,      // the request is wrong: mend it
  denied,       // not allowed to the one who asked
  not_found,    // not there, or not theirs
  conflict,     // it changed meanwhile, or exists already
  exhausted,    // a limit or quota
  unavailable,  // not now: try again
  corrupt,      // stored bytes are not what was written
};

// `what` is a sentence for the person who must act: what was wrong, where, what to do.
struct Error {
  ErrorKind kind = ErrorKind::invalid;
  std::string what;
};

template <typename T = void>
using Result = std::expected<T, Error>;

template <typename... Args>
[[nodiscard]] std::unexpected<Error> fail(ErrorKind kind, fmt::format_string<Args...> format, Args&&... args) {
  return std::unexpected(Error{kind, fmt::format(format, std::forward<Args>(args)...)});
}

std::string_view name_of(ErrorKind kind);

[[noreturn]] void check_failed(const char* expression, const char* file, int line, std::string_view detail);

}  // namespace pawl

#define PAWL_CONCAT_(a, b) a##b
#define PAWL_CONCAT(a, b) PAWL_CONCAT_(a, b)

// `auto x = TRY(f());` returns the error to the caller. A statement expression (clang), so it stands anywhere.
#define PAWL_TRY(name, leave, ...)                             \
  __extension__({                                              \
    auto name = (__VA_ARGS__);                                 \
    if (!name) leave std::unexpected(std::move(name.error())); \
    ::pawl::detail::take(std::move(name));                     \
  })
#define TRY(...) PAWL_TRY(PAWL_CONCAT(pawl_try_, __COUNTER__), return, __VA_ARGS__)
// The same inside a coroutine.
#define CO_TRY(...) PAWL_TRY(PAWL_CONCAT(pawl_try_, __COUNTER__), co_return, __VA_ARGS__)

// Stays on in release: a broken invariant of ours must not go on to lose somebody's data.
#define PAWL_CHECK(condition, ...)                                                                 \
  do {                                                                                             \
    if (!(condition)) [[unlikely]]                                                                 \
      ::pawl::check_failed(#condition, __FILE__, __LINE__, ::pawl::detail::describe(__VA_ARGS__)); \
  } while (false)

namespace pawl::detail {
template <typename T>
T take(std::expected<T, Error>&& result) {
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}
inline std::string describe() {
  return {};
}
template <typename... Args>
std::string describe(fmt::format_string<Args...> format, Args&&... args) {
  return fmt::format(format, std::forward<Args>(args)...);
}
}  // namespace pawl::detail
