// The program.
#include <fmt/format.h>
int main() {
  fmt::print("pawl {}\n", PAWL_VERSION);
  return 0;
}
