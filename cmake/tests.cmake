# Tests across modules; each module's own *_test.cc was added by pawl_rank.
