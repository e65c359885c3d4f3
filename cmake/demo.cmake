# The demo's fleet inside the program (data/demo, made by tools/demo_pack.py; read by src/app/demo/fleet.cc).
set(DEMO_DATA "${CMAKE_SOURCE_DIR}/data/demo/fleet.jsonl.zst")
set(DEMO_EMBED "${CMAKE_BINARY_DIR}/demo_embed/pawl_demo.S")
file(CONFIGURE OUTPUT ${DEMO_EMBED} @ONLY CONTENT [[
.section .rodata,"a",@progbits
.global pawl_demo
.global pawl_demo_end
.balign 16
pawl_demo:
.incbin "@DEMO_DATA@"
pawl_demo_end:
.byte 0
.section .note.GNU-stack,"",@progbits
]])
set_source_files_properties(${DEMO_EMBED} PROPERTIES OBJECT_DEPENDS ${DEMO_DATA})
add_library(pawl_demo_embed STATIC ${DEMO_EMBED})
target_link_libraries(pawl PRIVATE pawl_demo_embed)
