# Tests across modules; each module's own *_test.cc was added by pawl_rank.

# A ClickHouse server's double for the remote warehouse: libchdb in a process of its own.
add_executable(chdb_http EXCLUDE_FROM_ALL tests/chdb_http/chdb_http.cc)
target_link_libraries(chdb_http PRIVATE pawl_net pawl_store_warehouse)
target_compile_options(chdb_http PRIVATE "SHELL:-iquote ${CMAKE_SOURCE_DIR}/src")  # the engine is behind the door
pawl_options(chdb_http)
