// Reading rules, and what they give.
#include "role_rules.h"

#include <array>

#include "base/text.h"

namespace pawl::accounts {
namespace {

constexpr std::array<std::string_view, 3> ranks = {"viewer", "member", "admin"};

std::size_t rank_of(std::string_view role) {
  return static_cast<std::size_t>(std::ranges::find(ranks, role) - ranks.begin());
}

bool fits(const RoleRule& rule, const std::vector<std::string>& groups, const std::string& email) {
  switch (rule.by) {
    case RoleRule::By::group:
      return std::ranges::find(groups, rule.value) != groups.end();
    case RoleRule::By::email:
      return rule.value.starts_with('*') ? email.ends_with(rule.value.substr(1)) && email.size() >= rule.value.size()
                                         : email == rule.value && !email.empty();
    case RoleRule::By::everyone:
      return true;
  }
  return false;
}

Result<RoleRule> parse_rule(std::string_view text) {
  const auto wrong = [&](std::string_view why) {
    return fail(ErrorKind::invalid,
                "oidc_roles: \"{}\": {}. Write group:NAME -> owner, or email:*@example.com -> PROJECT/viewer.", text,
                why);
  };
  const auto arrow = text.rfind("->");
  if (arrow == std::string_view::npos) return wrong("there is no ->");
  const auto who = trim(text.substr(0, arrow)), what = trim(text.substr(arrow + 2));
  RoleRule rule;
  if (who == "everyone") {
    rule.by = RoleRule::By::everyone;
  } else if (who.starts_with("group:")) {
    rule.by = RoleRule::By::group;
    rule.value = trim(who.substr(6));
    if (rule.value.empty()) return wrong("the group has no name");
  } else if (who.starts_with("email:")) {
    rule.by = RoleRule::By::email;
    rule.value = to_lower(trim(who.substr(6)));
    const auto at = rule.value.find('@');
    if (at == std::string::npos || at == 0 || at + 1 == rule.value.size() || (rule.value[0] == '*' && at != 1) ||
        rule.value.find('*', 1) != std::string::npos)
      return wrong("an address is name@domain or *@domain");
  } else {
    return wrong("it begins neither with group: nor email: nor everyone");
  }
  if (what == "owner") {
    rule.owner = true;
    return rule;
  }
  const auto slash = what.rfind('/');
  if (slash == std::string_view::npos || slash == 0) return wrong("what it gives is neither owner nor PROJECT/ROLE");
  rule.project = trim(what.substr(0, slash));
  rule.role = trim(what.substr(slash + 1));
  if (rank_of(rule.role) == ranks.size()) return wrong("a role is admin, member or viewer");
  return rule;
}

}  // namespace

Result<std::vector<RoleRule>> parse_role_rules(std::string_view text) {
  std::vector<RoleRule> out;
  for (const auto line : split(text, '\n')) {
    for (const auto piece : split(line, ';')) {
      if (!trim(piece).empty()) out.push_back(TRY(parse_rule(trim(piece))));
    }
  }
  return out;
}

Roles roles_by(const std::vector<RoleRule>& rules, const std::vector<std::string>& groups, std::string_view email,
               bool email_is_verified) {
  const std::string address = email_is_verified ? to_lower(email) : std::string();
  Roles out;
  for (const auto& rule : rules) {
    if (!fits(rule, groups, address)) continue;
    out.owner = out.owner || rule.owner;
    if (rule.owner) continue;
    const auto known = std::ranges::find(out.projects, rule.project, [](const auto& one) { return one.first; });
    if (known == out.projects.end())
      out.projects.emplace_back(rule.project, rule.role);
    else if (rank_of(rule.role) > rank_of(known->second))
      known->second = rule.role;
  }
  return out;
}

}  // namespace pawl::accounts
