// Members of a project, invitations, and the users of the organisation.
#include "inside.h"

namespace pawl::accounts {
namespace {

Result<> write_invitation(Accounts& all, JsonWriter& json, const projects::Invitation& one) {
  json.field("id", one.id).field("email", one.email).field("role", one.role);
  json.field("by", TRY(name_of_actor(all, one.actor)));
  write_time(json, "created", one.created);
  write_time(json, "expires", one.expires);
  return {};
}

Result<net::Response> list_members(Accounts& all, const net::Request& request) {
  const auto& access = access_of(request);
  JsonWriter json;
  json.object().key("members").array();
  for (const auto& member : TRY(all.projects.members(access.project))) {
    json.object().field("id", member.user.id).field("email", member.user.email).field("name", member.user.name);
    json.field("role", member.role).field("by_rule", member.by_rule).field("disabled", member.user.disabled);
    json.field("me", member.user.id == access.user);
    write_time(json, "seen", member.user.seen);
    json.end();
  }
  json.end().key("invitations").array();
  for (const auto& one : TRY(all.projects.invitations(access.project))) {
    json.object();
    TRY(write_invitation(all, json, one));
    json.end();
  }
  return net::Response::json(json.end().end().take());
}

Result<net::Response> set_role(Accounts& all, const net::Request& request) {
  const auto& access = access_of(request);
  const auto fields = TRY(body_of(request));
  TRY(all.projects.set_role(access.project, TRY(number_of(request, "user")), fields.text("role"), actor_of(access)));
  return net::Response::json("{}");
}

Result<net::Response> remove_member(Accounts& all, const net::Request& request) {
  const auto& access = access_of(request);
  TRY(all.projects.remove_member(access.project, TRY(number_of(request, "user")), actor_of(access)));
  return net::Response::json("{}");
}

Result<net::Response> invite(Accounts& all, const net::Request& request) {
  const auto& access = access_of(request);
  const auto fields = TRY(body_of(request));
  const auto made =
      TRY(all.projects.invite(access.project, fields.text("email"), fields.text("role"), actor_of(access)));
  JsonWriter json;
  json.object();
  TRY(write_invitation(all, json, made.invitation));
  json.field("link", fmt::format("{}/join#{}", all.options.public_url(), made.token));
  return net::Response::json(json.end().take(), 201);
}

Result<net::Response> withdraw(Accounts& all, const net::Request& request) {
  const auto& access = access_of(request);
  TRY(all.projects.withdraw(access.project, request.capture("invitation"), actor_of(access)));
  return net::Response::json("{}");
}

Result<net::Response> look(Accounts& all, const net::Request& request) {
  const auto one = TRY(all.projects.invitation(TRY(body_of(request)).text("token")));
  JsonWriter json;
  json.object().field("email", one.email).field("project", one.project_name).field("role", one.role);
  return net::Response::json(json.end().take());
}

Result<net::Response> join(Accounts& all, const net::Request& request) {
  TRY(all.check_secure(request));
  const auto fields = TRY(body_of(request));
  return logged_in(
      TRY(all.projects.join(fields.text("token"), fields.text("name"), fields.text("password"), visit_of(request))));
}

Result<net::Response> accept(Accounts& all, const net::Request& request) {
  TRY(all.projects.accept(TRY(body_of(request)).text("token"), access_of(request).user));
  return net::Response::json("{}");
}

Result<net::Response> list_users(Accounts& all, const net::Request& request) {
  JsonWriter json;
  json.object().key("users").array();
  for (const auto& user : TRY(all.projects.users())) {
    json.object().field("id", user.id).field("email", user.email).field("name", user.name).field("owner", user.owner);
    json.field("disabled", user.disabled).field("me", user.id == access_of(request).user);
    json.field("via", user.has_password ? "password" : "single sign-on");
    write_time(json, "created", user.created);
    write_time(json, "seen", user.seen);
    json.end();
  }
  return net::Response::json(json.end().end().take());
}

Result<net::Response> change_user(Accounts& all, const net::Request& request) {
  const auto& access = access_of(request);
  const auto user = TRY(number_of(request, "user"));
  const auto fields = TRY(body_of(request));
  const auto disabled = fields.flag("disabled"), owner = fields.flag("owner");
  if (!disabled && !owner) return fail(ErrorKind::invalid, "Send disabled or owner, true or false.");
  if (disabled && *disabled && user == access.user)
    return fail(ErrorKind::conflict, "You cannot disable yourself. Ask another owner.");
  if (owner) TRY(all.projects.set_owner(user, *owner, actor_of(access)));
  if (disabled) TRY(all.projects.set_disabled(user, *disabled, actor_of(access)));
  return net::Response::json("{}");
}

}  // namespace

void add_people_routes(const std::shared_ptr<Accounts>& all) {
  add(all, {"GET", "/api/v1/members", "admin", list_members, "Who sees this project, and who is invited", "",
            "{members:[{id, email, name, role, by_rule, disabled, me, seen}], invitations:[{id, email, role, by, "
            "created, expires}]}"});
  add(all, {"PUT", "/api/v1/members/{user}", "admin", set_role, "Gives a member another role", "{role}", "{}"});
  add(all, {"DELETE", "/api/v1/members/{user}", "admin", remove_member, "Takes a member out of the project", "", "{}"});
  add(all, {"POST", "/api/v1/invitations", "admin", invite, "Invites somebody: a one-time link, 7 days",
            "{email, role}", "{id, email, role, by, created, expires, link}"});
  add(all, {"DELETE", "/api/v1/invitations/{invitation}", "admin", withdraw, "Withdraws an invitation", "", "{}"});
  add(all,
      {"POST", "/api/v1/invitation", "public", look, "What an invitation is for", "{token}", "{email, project, role}"});
  add(all, {"POST", "/api/v1/join", "public", join, "Makes the invited user, and logs in", "{token, name, password}",
            "{user}"});
  add(all,
      {"POST", "/api/v1/join/accept", "self", accept, "Accepts an invitation as who is logged in", "{token}", "{}"});
  add(all, {"GET", "/api/v1/users", "owner", list_users, "Users of the organisation", "",
            "{users:[{id, email, name, owner, disabled, me, via, created, seen}]}"});
  add(all, {"PUT", "/api/v1/users/{user}", "owner", change_user, "Disables a user, or makes them an owner",
            "{disabled, owner}", "{}"});
}

}  // namespace pawl::accounts
