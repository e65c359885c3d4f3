// Users, members of projects, invitations, log-ins: their values.
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"

namespace pawl::projects {

using ProjectId = std::uint32_t;

struct User {
  std::int64_t id = 0;
  std::string email, name;
  bool owner = false;  // of the organisation: everything, in every project
  bool disabled = false;
  bool has_password = false;  // false: comes by an identity provider only
  Nanos created = 0, seen = 0;
};

struct Member {
  User user;
  std::string role;      // "admin" "member" "viewer"; "owner" for an owner
  bool by_rule = false;  // given by a rule about groups or addresses, and taken by it
};

struct Invitation {
  std::string id;  // public: "inv_" and 12 characters
  ProjectId project = 0;
  std::string project_name, email, role, actor;
  Nanos created = 0, expires = 0;
};
struct NewInvitation {
  Invitation invitation;
  std::string token;  // shown once, stored as SHA-256
};

// Where a log-in comes from.
struct Visit {
  std::string address;  // of the person, not of a proxy
  std::string agent;    // User-Agent
};

struct LoggedIn {
  User user;
  std::string cookie;  // value of __Host-pawl
};

struct Login {
  std::string id;   // public; not the cookie
  std::string via;  // "password" "link" "single sign-on"
  std::string address, agent;
  Nanos created = 0, seen = 0, expires = 0;
};

// As an identity provider and the operator's rules describe somebody.
struct Person {
  std::string issuer, subject, email, name;
  bool email_is_verified = false;
  bool owner = false;
  std::vector<std::pair<std::string, std::string>> roles;  // name of a project, role
};

}  // namespace pawl::projects
