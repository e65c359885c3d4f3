// An answer of any bytes: it is refused or shown, and what is shown steers no terminal.
#include "base/result.h"
#include "terminal.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace pawl;
  const std::string_view answer(reinterpret_cast<const char*>(data), size);
  auto viewer = terminal::Viewer::create(answer);
  if (!viewer) return 0;
  for (const std::string_view key : {"j", "e", "x", "s", "left", "t", "d", "/", "a", "enter", "n", "?"}) {
    viewer->press(key);
    PAWL_CHECK(!viewer->draw(60, 12, false).contains('\x1b'));
  }
  PAWL_CHECK(!viewer->print(80).contains('\x1b') && !viewer->transcript().contains('\x1b'));
  PAWL_CHECK(terminal::diff(answer, answer, true).value().same, "a run differs from itself");
  return 0;
}
