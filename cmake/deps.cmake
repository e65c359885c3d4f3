# Libraries from Debian 12 (docs/dependencies.md); libchdb is loaded at run time, never linked.
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(simdjson 3 REQUIRED)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(GTest REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(deps REQUIRED IMPORTED_TARGET libnghttp2 re2 libzstd libxxhash libargon2 libcurl yaml-0.1 libzip muparser)
pkg_check_modules(hs REQUIRED libhs)   # linked by its path alone: <hs/hs.h> is found without a flag

# Asio and Beast are compiled once; everything that names them links this.
add_library(pawl_asio STATIC cmake/asio.cc)
target_compile_definitions(pawl_asio PUBLIC BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION)
target_link_libraries(pawl_asio PUBLIC Boost::headers OpenSSL::SSL Threads::Threads)

add_library(pawl_libraries INTERFACE)
target_link_libraries(pawl_libraries INTERFACE pawl_asio simdjson::simdjson fmt::fmt OpenSSL::Crypto ZLIB::ZLIB
  SQLite::SQLite3 PkgConfig::deps ${hs_LINK_LIBRARIES} CLI11::CLI11 tomlplusplus::tomlplusplus ${CMAKE_DL_LIBS})
