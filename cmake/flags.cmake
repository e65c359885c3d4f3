# Compiler, warnings, sanitizers, linker, cache. One compiler: clang 19 (docs/decisions/0001).
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
add_compile_options(-fPIE)  # of libraries too: programs and libraries share one precompiled header
add_link_options(-pie)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
option(PAWL_PCH "precompiled headers" ON)
option(PAWL_FUZZ "libFuzzer targets" OFF)
set(PAWL_SANITIZE "" CACHE STRING "address,undefined | thread | empty")
set(PAWL_DEPS "${CMAKE_SOURCE_DIR}/third_party" CACHE PATH "what `make deps` fills")

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
endif()
add_link_options(-fuse-ld=lld -Wl,--as-needed)
add_compile_options(-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
add_compile_options("SHELL:-Xclang -fno-pch-timestamp")  # a system update that only touches headers breaks no build
if(PAWL_SANITIZE)
  add_compile_options(-fsanitize=${PAWL_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${PAWL_SANITIZE})
  if(PAWL_SANITIZE MATCHES thread)
    add_compile_definitions(BOOST_ASIO_DISABLE_FENCED_BLOCK)
  endif()
endif()
if(PAWL_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

add_library(pawl_flags INTERFACE)
target_compile_options(pawl_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
  -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual -Wcast-qual -Wformat=2 -Wimplicit-fallthrough -Wno-missing-designated-field-initializers -Werror)
target_compile_definitions(pawl_flags INTERFACE BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_SEPARATE_COMPILATION
  BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_DISABLE_BOOST_ARRAY
  $<$<CONFIG:Release>:_FORTIFY_SOURCE=2>)
