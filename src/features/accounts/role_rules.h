// The operator's rules from what an identity provider says to roles here.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace pawl::accounts {

// "group:NAME -> owner", "email:ines@example.com -> refunds/admin", "email:*@example.com -> default/viewer",
// "everyone -> default/viewer".
struct RoleRule {
  enum class By { group, email, everyone } by = By::everyone;
  std::string value;  // name of the group as the provider writes it; address, or "*@domain", in lower case
  bool owner = false;
  std::string project, role;
};

// Rules parted by ';' or line ends. `invalid` names the one that is wrong, and why.
Result<std::vector<RoleRule>> parse_role_rules(std::string_view text);

struct Roles {
  bool owner = false;
  std::vector<std::pair<std::string, std::string>> projects;  // name, role; the highest of each project
};
// Addresses count only where the provider has verified them.
Roles roles_by(const std::vector<RoleRule>& rules, const std::vector<std::string>& groups, std::string_view email,
               bool email_is_verified);

}  // namespace pawl::accounts
