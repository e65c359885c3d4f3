// Commands on a data directory and against a running server.
#include "commands.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/json.h"
#include "base/rng.h"
#include "base/text.h"
#include "ledger.h"
#include "outcome.h"
#include "records/audit/audit.h"
#include "records/projects/projects.h"

namespace pawl::app {
namespace {

struct Words {
  std::string data = "pawl-data", name, project = "default", scopes = "ingest", expires, id, email, role = "member";
  bool json = false, owner = false;
};

// The ledger of a data directory; a running server sees what changes here within half a second.
struct Opened {
  SystemClock clock;
  SystemRandom random;
  std::unique_ptr<ledger::Ledger> ledger;
  std::unique_ptr<projects::Projects> projects;
};

Result<std::unique_ptr<Opened>> open(const std::string& data) {
  auto opened = std::make_unique<Opened>();
  std::error_code error;
  std::filesystem::create_directories(data, error);
  opened->ledger = TRY(open_ledger(data));
  auto* o = opened.get();
  opened->projects =
      TRY(projects::Projects::open(*opened->ledger, opened->random, opened->clock,
                                   [o](ledger::Transaction& transaction, std::uint32_t project, std::string_view actor,
                                       std::string_view action, std::string_view detail) {
                                     return audit::append(transaction, o->clock.now(), project, actor, action, detail);
                                   }));
  return opened;
}

Result<std::string> create_project(const Words& w) {
  auto opened = TRY(open(w.data));
  const auto made = TRY(opened->projects->create_project(w.name, "command line"));
  if (!w.json) return fmt::format("Project {} has the id {}.\n", made.name, made.id);
  JsonWriter json;
  return json.object().field("id", made.id).field("name", made.name).end().take() + "\n";
}

Result<std::string> list_projects(const Words& w) {
  auto opened = TRY(open(w.data));
  const auto all = TRY(opened->projects->projects());
  JsonWriter json;
  json.array();
  std::string table;
  for (const auto& project : all) {
    json.object().field("id", project.id).field("name", project.name).end();
    table += fmt::format("{:>6}  {}\n", project.id, project.name);
  }
  return w.json ? json.end().take() + "\n" : table;
}

Result<std::string> create_key(const Words& w) {
  auto opened = TRY(open(w.data));
  const auto project = TRY(opened->projects->find_project(w.project));
  const auto scopes = TRY(projects::parse_scopes(w.scopes));
  Nanos expires = 0;
  if (!w.expires.empty()) {
    const auto life = parse_duration(w.expires);
    if (!life) return fail(ErrorKind::invalid, "--expires {} must be a length of time such as 90d.", w.expires);
    expires = opened->clock.now() + *life;
  }
  const auto made = TRY(opened->projects->create_key(project.id, w.name, scopes, expires, "command line"));
  if (!w.json)
    return fmt::format("{}\n\nKey {} of project {} ({}). It is shown this once.\n", made.secret, made.key.id,
                       project.name, projects::to_text(scopes));
  JsonWriter json;
  json.object().field("id", made.key.id).field("key", made.secret).field("project", project.name).key("scopes").array();
  for (const auto scope : split(projects::to_text(scopes), ',')) json.value(scope);
  return json.end().end().take() + "\n";
}

Result<std::string> list_keys(const Words& w) {
  auto opened = TRY(open(w.data));
  const auto project = TRY(opened->projects->find_project(w.project));
  JsonWriter json;
  json.array();
  std::string table;
  for (const auto& key : TRY(opened->projects->keys(project.id))) {
    const std::string state = key.revoked != 0                                        ? "revoked"
                              : key.expires != 0 && key.expires < opened->clock.now() ? "expired"
                                                                                      : "valid";
    json.object()
        .field("id", key.id)
        .field("name", key.name)
        .field("scopes", projects::to_text(key.scopes))
        .field("state", state);
    json.field("created", format_time(key.created)).end();
    table += fmt::format("{}  {:8} {:24} {}\n", key.id, state, projects::to_text(key.scopes), key.name);
  }
  return w.json ? json.end().take() + "\n" : table;
}

Result<std::string> revoke_key(const Words& w) {
  auto opened = TRY(open(w.data));
  const auto rows = TRY(opened->ledger->read("SELECT project FROM keys WHERE id = ?", {w.id}));
  if (rows.size() == 0) return fail(ErrorKind::not_found, "There is no key {}.", w.id);
  TRY(opened->projects->revoke_key(static_cast<projects::ProjectId>(rows.integer(0, 0)), w.id, "command line"));
  return fmt::format("Key {} is revoked; a running server refuses it within a second.\n", w.id);
}

Result<std::string> given_password() {
  const char* given = std::getenv("PAWL_PASSWORD");
  if (given == nullptr) return fail(ErrorKind::invalid, "Give the password in the environment variable PAWL_PASSWORD.");
  return std::string(given);
}

Result<std::string> create_user(const Words& w) {
  auto opened = TRY(open(w.data));
  const std::string password = TRY(given_password());
  const auto made =
      TRY(opened->projects->create_user(w.email, w.name.empty() ? w.email : w.name, password, w.owner, "command line"));
  if (!w.owner) {
    const auto project = TRY(opened->projects->find_project(w.project));
    TRY(opened->projects->add_member(made.id, project.id, w.role, "command line"));
  }
  return fmt::format("User {} can log in.\n", made.email);
}

Result<projects::User> find_user(const Opened& opened, std::string_view email) {
  for (auto& user : TRY(opened.projects->users())) {
    if (user.email == to_lower(trim(email))) return user;
  }
  return fail(ErrorKind::not_found, "There is no user {}.", email);
}

Result<std::string> list_users(const Words& w) {
  const auto opened = TRY(open(w.data));
  JsonWriter json;
  json.array();
  std::string table;
  for (const auto& user : TRY(opened->projects->users())) {
    const std::string state = user.disabled ? "disabled" : user.owner ? "owner" : "user";
    json.object().field("email", user.email).field("name", user.name).field("owner", user.owner);
    json.field("disabled", user.disabled).end();
    table += fmt::format("{:8} {:40} {}\n", state, user.email, user.name);
  }
  return w.json ? json.end().take() + "\n" : table;
}

Result<std::string> disable_user(const Words& w) {
  const auto opened = TRY(open(w.data));
  const auto user = TRY(find_user(*opened, w.email));
  TRY(opened->projects->set_disabled(user.id, true, "command line"));
  return fmt::format("User {} is disabled; a running server lets them out within a second.\n", user.email);
}

Result<std::string> enable_user(const Words& w) {
  const auto opened = TRY(open(w.data));
  const auto user = TRY(find_user(*opened, w.email));
  TRY(opened->projects->set_disabled(user.id, false, "command line"));
  return fmt::format("User {} can log in again.\n", user.email);
}

Result<std::string> set_password(const Words& w) {
  const auto opened = TRY(open(w.data));
  const auto user = TRY(find_user(*opened, w.email));
  TRY(opened->projects->reset_password(user.id, TRY(given_password()), "command line"));
  return fmt::format("User {} has a new password; all their log-ins are ended.\n", user.email);
}

using Work = Result<std::string> (*)(const Words&);

}  // namespace

void add_ledger_commands(CLI::App& app, Commands& commands) {
  const auto words = std::make_shared<Words>();
  auto add = [&](CLI::App* group, const char* name, const char* about, Work work) {
    auto* command = group->add_subcommand(name, about);
    command->add_option("--data", words->data, "Data directory [pawl-data]");
    command->add_flag("--json", words->json, "JSON");
    command->callback([&commands, words, work] { commands.chosen = [words, work] { return finish(work(*words)); }; });
    return command;
  };
  auto* project = app.add_subcommand("project", "Projects")->require_subcommand(1);
  add(project, "create", "Makes a project", create_project)->add_option("name", words->name, "Its name")->required();
  add(project, "list", "Lists projects", list_projects);
  auto* key = app.add_subcommand("key", "Keys")->require_subcommand(1);
  auto* create = add(key, "create", "Makes a key", create_key);
  create->add_option("--project", words->project, "Its project [default]");
  create->add_option("--scopes", words->scopes, "ingest,read,write,admin,operate [ingest]");
  create->add_option("--expires", words->expires, "A length of time, such as 90d");
  create->add_option("--name", words->name, "A name to know it by");
  add(key, "list", "Lists the keys of a project", list_keys)
      ->add_option("--project", words->project, "The project [default]");
  add(key, "revoke", "Revokes a key", revoke_key)->add_option("id", words->id, "Its id, pk_…")->required();
  auto* user = app.add_subcommand("user", "Users")->require_subcommand(1);
  auto* new_user = add(user, "create", "Makes a user; the password comes from PAWL_PASSWORD", create_user);
  new_user->add_option("email", words->email, "E-mail address")->required();
  new_user->add_option("--name", words->name, "Shown name");
  new_user->add_option("--project", words->project, "Member of this project [default]");
  new_user->add_option("--role", words->role, "admin, member or viewer [member]");
  for (const auto& [name, about, work] :
       {std::tuple<const char*, const char*, Work>{"disable", "Ends a user's log-ins and lets them in no more",
                                                   disable_user},
        {"enable", "Lets a disabled user in again", enable_user},
        {"password", "Sets a password from PAWL_PASSWORD and ends all log-ins of the user", set_password}}) {
    add(user, name, about, work)->add_option("email", words->email, "E-mail address")->required();
  }
  add(user, "list", "Lists the users", list_users);
  new_user->add_flag("--owner", words->owner, "Of the organisation: everything, in every project");
}

void add_describe_command(CLI::App& app, Commands& commands);     // describe_command.cc
void add_demo_command(CLI::App& app, Commands& commands);         // demo_command.cc
void add_remote_commands(CLI::App& app, Commands& commands);      // remote_commands.cc
void add_care_commands(CLI::App& app, Commands& commands);        // care_commands.cc
void add_quarantine_commands(CLI::App& app, Commands& commands);  // quarantine_commands.cc
void add_connect_command(CLI::App& app, Commands& commands);      // connect_command.cc
void add_run_command(CLI::App& app, Commands& commands);          // run_command.cc
void add_quality_commands(CLI::App& app, Commands& commands);     // quality_commands.cc
void add_dataset_commands(CLI::App& app, Commands& commands);     // dataset_commands.cc
void add_eval_commands(CLI::App& app, Commands& commands);        // eval_commands.cc
void add_alert_commands(CLI::App& app, Commands& commands);       // alert_commands.cc
void add_import_command(CLI::App& app, Commands& commands);       // import_command.cc
void add_look_commands(CLI::App& app, Commands& commands);        // look_commands.cc

void add_commands(CLI::App& app, Commands& commands) {
  add_ledger_commands(app, commands);
  add_remote_commands(app, commands);
  add_look_commands(app, commands);
  add_care_commands(app, commands);
  add_quarantine_commands(app, commands);
  add_connect_command(app, commands);
  add_run_command(app, commands);
  add_quality_commands(app, commands);
  add_dataset_commands(app, commands);
  add_eval_commands(app, commands);
  add_alert_commands(app, commands);
  add_import_command(app, commands);
  add_demo_command(app, commands);
  add_describe_command(app, commands);
}

}  // namespace pawl::app
