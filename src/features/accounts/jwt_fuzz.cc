// Keys and tokens as a hostile provider would write them.
#include "jwt.h"

#include "role_rules.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const pawl::accounts::KeySet known =
      pawl::accounts::KeySet::parse(
          R"({"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})")
          .value();
  (void)pawl::accounts::KeySet::parse(text);
  (void)known.open(text);
  (void)pawl::accounts::key_id_of(text);
  (void)pawl::accounts::parse_role_rules(text);
  return 0;
}
