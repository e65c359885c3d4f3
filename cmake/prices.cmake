# The price list, deflated, inside the program (data/prices, refreshed by `make prices`; read by src/llm/prices_parse.cc).
set(PRICES_GEN "${CMAKE_BINARY_DIR}/prices_embed")
set(PRICES_JSON "${CMAKE_SOURCE_DIR}/data/prices/genai-prices.json")
add_custom_command(OUTPUT ${PRICES_GEN}/pawl_prices.S
  COMMAND python3 ${CMAKE_SOURCE_DIR}/tools/embed_file.py ${PRICES_JSON} pawl_prices ${PRICES_GEN}
  DEPENDS ${PRICES_JSON} ${CMAKE_SOURCE_DIR}/tools/embed_file.py VERBATIM)
add_library(pawl_prices_embed STATIC ${PRICES_GEN}/pawl_prices.S)
target_link_libraries(pawl_llm PUBLIC pawl_prices_embed)
