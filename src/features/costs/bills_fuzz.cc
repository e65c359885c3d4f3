// Exports of providers are foreign bytes: whatever they are, they are read or refused.
#include "bills.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, unsigned long size) {
  const auto bills = pawl::costs::read_bills({reinterpret_cast<const char*>(data), size});
  if (bills) {
    for (const auto& bill : bills->records) pawl::costs::comparable(bill.model);
  }
  return 0;
}
