// Projects, what is masked in them, and the snapshot that requests are judged by.
#include "projects.h"

#include "base/ids.h"
#include "base/text.h"
#include "inside.h"

namespace pawl::projects {

std::string Projects::Inside::random_text(std::size_t bytes) {
  const std::lock_guard lock(chance);
  return to_hex(random.bytes(bytes));
}

void Projects::Inside::forget_logins() {
  const std::lock_guard lock(mutex);
  known_logins.clear();
}

Projects::Projects(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}
Projects::~Projects() {
  inside_->write_last_used();
}

Result<std::unique_ptr<Projects>> Projects::open(ledger::Ledger& ledger, Random& random, const Clock& clock,
                                                 Audit audit) {
  auto inside = std::make_unique<Inside>(ledger, random, clock, std::move(audit));
  TRY(ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run("INSERT OR IGNORE INTO projects (id, name, created) VALUES (?, 'default', ?)",
              {std::int64_t{default_project}, clock.now()}));
    return {};
  }));
  inside->flushed = clock.monotonic();
  TRY(inside->load());
  return std::unique_ptr<Projects>(new Projects(std::move(inside)));
}

void Projects::refresh() {
  if (const auto done = inside_->load(); !done) {
    {
      const std::lock_guard lock(inside_->mutex);
      inside_->fault = done.error().what;
    }
    inside_->away = true;
    return;
  }
  inside_->away = false;
  inside_->check_watched();
  if (inside_->clock.monotonic() - inside_->flushed >= minute) inside_->write_last_used();
}

LedgerState Projects::ledger_state() const {
  LedgerState state{inside_->away, inside_->clock.monotonic() - inside_->confirmed, {}};
  if (state.away) {
    const std::lock_guard lock(inside_->mutex);
    state.why = inside_->fault;
  }
  return state;
}

Result<Project> Projects::create_project(std::string_view name, std::string_view actor) {
  TRY(check_name(name, "project's name"));
  std::int64_t id = 0;
  const auto made = inside_->ledger.change([&](ledger::Transaction& t) -> Result<> {
    const auto rows = TRY(t.run("INSERT INTO projects (name, created) VALUES (?, ?) RETURNING id",
                                {std::string(name), inside_->clock.now()}));
    id = rows.integer(0, 0);
    return inside_->audit(t, static_cast<ProjectId>(id), actor, "project.create", name);
  });
  if (!made) {
    if (made.error().kind == ErrorKind::conflict)
      return fail(ErrorKind::conflict, "There is a project {} already.", name);
    return std::unexpected(made.error());
  }
  inside_->forget_logins();  // an owner's roles are read again
  return Project{static_cast<ProjectId>(id), std::string(name), {}};
}

Result<std::vector<Project>> Projects::projects() const {
  const auto rows = TRY(inside_->ledger.read("SELECT id, name FROM projects ORDER BY id"));
  std::vector<Project> out;
  for (std::size_t i = 0; i < rows.size(); ++i)
    out.push_back({static_cast<ProjectId>(rows.integer(i, 0)), rows.text(i, 1), {}});
  return out;
}

Result<std::vector<Project>> Projects::projects_of(const Access& access) const {
  auto all = TRY(projects());
  if (access.local) {
    for (auto& project : all) project.role = "owner";
    std::erase_if(all, [](const Project& project) { return project.id != default_project; });
    return all;
  }
  if (!access.key.empty()) {
    std::erase_if(all, [&](const Project& project) { return project.id != access.project; });
    return all;
  }
  const auto rows =
      TRY(inside_->ledger.read("SELECT p.id, CASE WHEN u.owner THEN 'owner' ELSE m.role END FROM projects p JOIN users "
                               "u ON u.id = ? LEFT JOIN members m "
                               "ON m.project = p.id AND m.user = u.id WHERE u.owner OR m.role IS NOT NULL",
                               {access.user}));
  std::unordered_map<ProjectId, std::string> roles;
  for (std::size_t i = 0; i < rows.size(); ++i) roles[static_cast<ProjectId>(rows.integer(i, 0))] = rows.text(i, 1);
  std::erase_if(all, [&](const Project& project) { return !roles.contains(project.id); });
  for (auto& project : all) project.role = roles[project.id];
  return all;
}

Result<Project> Projects::find_project(std::string_view name) const {
  for (auto& project : TRY(projects())) {
    if (project.name == name || fmt::format("{}", project.id) == name) return project;
  }
  return fail(ErrorKind::not_found, "There is no project {}.", name);
}

Masking Projects::masking(ProjectId project) const {
  const auto snapshot = inside_->snapshot.load();
  const auto found = snapshot->masking.find(project);
  return {snapshot->epoch, found == snapshot->masking.end() ? std::nullopt : std::optional(found->second)};
}

Result<Masking> Projects::set_masking(ProjectId project, std::string_view kinds, std::string_view actor) {
  TRY(inside_->ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run("INSERT INTO epochs (at, what, project, value, actor) VALUES (?, 'masking', ?, ?, ?)",
              {inside_->clock.now(), std::int64_t{project}, std::string(kinds), std::string(actor)}));
    return inside_->audit(t, project, actor, "masking.set", kinds.empty() ? "nothing" : kinds);
  }));
  TRY(inside_->load());
  return masking(project);
}

}  // namespace pawl::projects
