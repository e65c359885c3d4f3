// Prompts: the ledger's rows and the snapshot that is read.
#include "prompts.h"

#include <algorithm>

#include "base/ids.h"
#include "base/rng.h"
#include "base/text.h"

namespace pawl::prompts {
namespace {

constexpr ledger::Migration steps[] = {{"prompts", 1, R"sql(
CREATE TABLE prompts (project INTEGER NOT NULL REFERENCES projects (id), name TEXT NOT NULL,
  tags TEXT NOT NULL, -- a line each
  created INTEGER NOT NULL, changed INTEGER NOT NULL, PRIMARY KEY (project, name)) STRICT;
CREATE TABLE prompt_versions (project INTEGER NOT NULL, name TEXT NOT NULL, number INTEGER NOT NULL,
  id TEXT NOT NULL UNIQUE, chat INTEGER NOT NULL, prompt TEXT NOT NULL, config TEXT NOT NULL,
  commit_message TEXT NOT NULL, author TEXT NOT NULL, created INTEGER NOT NULL,
  PRIMARY KEY (project, name, number), FOREIGN KEY (project, name) REFERENCES prompts (project, name)) STRICT;
CREATE TABLE prompt_labels (project INTEGER NOT NULL, name TEXT NOT NULL, label TEXT NOT NULL, number INTEGER NOT NULL,
  PRIMARY KEY (project, name, label),
  FOREIGN KEY (project, name, number) REFERENCES prompt_versions (project, name, number)) STRICT;
)sql"}};

constexpr std::size_t most_name = 250, most_label = 36, most_text = 4U << 20;
constexpr std::int64_t most_number = 1'000'000;

std::vector<std::string> lines(std::string_view text) {
  std::vector<std::string> out;
  for (const auto line : split(text, '\n'))
    if (!line.empty()) out.emplace_back(line);
  return out;
}

// Lower case, digits, "_", "-" and "."; `latest` is ours.
Result<> check_label(std::string_view label) {
  const bool fits = !label.empty() && label.size() <= most_label && std::ranges::all_of(label, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
  });
  if (fits) return {};
  return fail(ErrorKind::invalid, "Label '{}' must be 1 to {} of a-z, 0-9, _, - and '.'.", label, most_label);
}

Result<> check(const New& version) {
  if (version.name.empty() || version.name.size() > most_name)
    return fail(ErrorKind::invalid, "A prompt's name has 1 to {} bytes.", most_name);
  for (const char c : version.name)
    if (static_cast<unsigned char>(c) < 0x20 || c == '|')
      return fail(ErrorKind::invalid, "A prompt's name holds no '|' and no control characters.");
  if (version.prompt.size() + version.config.size() > most_text)
    return fail(ErrorKind::exhausted, "A prompt and its config have at most {} bytes.", most_text);
  if (version.number && (*version.number < 1 || *version.number > most_number))
    return fail(ErrorKind::invalid, "A version's number is from 1 to {}.", most_number);
  for (const auto& label : version.labels) TRY(check_label(label));
  for (const auto& tag : version.tags.value_or(std::vector<std::string>{}))
    if (tag.empty() || tag.size() > 200 || tag.find('\n') != std::string::npos)
      return fail(ErrorKind::invalid, "A tag is one line of 1 to 200 bytes.");
  return {};
}

Result<> put_labels(ledger::Transaction& t, ProjectId project, Prompt& prompt, std::int64_t number,
                    const std::vector<std::string>& labels) {
  for (const auto& label : labels) {
    if (label == "latest") continue;
    TRY(t.run("INSERT OR REPLACE INTO prompt_labels (project, name, label, number) VALUES (?, ?, ?, ?)",
              {std::int64_t{project}, prompt.name, label, number}));
    prompt.labels[label] = number;
  }
  return {};
}

}  // namespace

std::span<const ledger::Migration> migrations() {
  return steps;
}

std::vector<std::string> Prompt::labels_of(std::int64_t number) const {
  std::vector<std::string> out;
  for (const auto& [label, at] : labels)
    if (at == number) out.push_back(label);
  if (number == latest()) out.emplace_back("latest");
  return out;
}

const Version* Prompt::find(std::string_view label) const {
  if (label == "latest") return find(latest());
  const auto found = labels.find(std::string(label));
  return found == labels.end() ? nullptr : find(found->second);
}

const Version* Prompt::find(std::int64_t number) const {
  const auto found = versions.find(number);
  return found == versions.end() ? nullptr : &found->second;
}

Result<std::unique_ptr<Prompts>> Prompts::open(ledger::Ledger& ledger, const Clock& clock) {
  std::unordered_map<ProjectId, std::map<std::string, std::shared_ptr<Prompt>>> found;
  const auto names = TRY(ledger.read("SELECT project, name, tags, created, changed FROM prompts"));
  for (std::size_t i = 0; i < names.size(); ++i) {
    auto prompt = std::make_shared<Prompt>();
    prompt->name = names.text(i, 1), prompt->tags = lines(names.text(i, 2));
    prompt->created = names.integer(i, 3), prompt->changed = names.integer(i, 4);
    found[static_cast<ProjectId>(names.integer(i, 0))][prompt->name] = std::move(prompt);
  }
  const auto versions = TRY(ledger.read(
      "SELECT project, name, number, id, chat, prompt, config, commit_message, author, created FROM prompt_versions"));
  for (std::size_t i = 0; i < versions.size(); ++i) {
    const auto number = versions.integer(i, 2);
    found[static_cast<ProjectId>(versions.integer(i, 0))][versions.text(i, 1)]->versions[number] = {
        versions.text(i, 3),         number,
        versions.integer(i, 4) != 0, versions.text(i, 5),
        versions.text(i, 6),         versions.text(i, 7),
        versions.text(i, 8),         versions.integer(i, 9)};
  }
  const auto labels = TRY(ledger.read("SELECT project, name, label, number FROM prompt_labels"));
  for (std::size_t i = 0; i < labels.size(); ++i) {
    found[static_cast<ProjectId>(labels.integer(i, 0))][labels.text(i, 1)]->labels[labels.text(i, 2)] =
        labels.integer(i, 3);
  }
  auto snapshot = std::make_shared<Snapshot>();
  for (auto& [project, prompts] : found)
    snapshot->projects[project] = std::make_shared<const OfProject>(prompts.begin(), prompts.end());
  auto out = std::unique_ptr<Prompts>(new Prompts(ledger, clock));
  out->snapshot_.store(std::move(snapshot));
  return out;
}

Known Prompts::find(ProjectId project, const std::string& name) const {
  const auto snapshot = snapshot_.load();
  const auto of_project = snapshot->projects.find(project);
  if (of_project == snapshot->projects.end()) return nullptr;
  const auto found = of_project->second->find(name);
  return found == of_project->second->end() ? nullptr : found->second;
}

std::vector<Known> Prompts::all(ProjectId project) const {
  std::vector<Known> out;
  const auto snapshot = snapshot_.load();
  const auto of_project = snapshot->projects.find(project);
  if (of_project == snapshot->projects.end()) return out;
  for (const auto& [name, prompt] : *of_project->second) out.push_back(prompt);
  return out;
}

void Prompts::publish(ProjectId project, const std::string& name, Known prompt) {
  auto next = std::make_shared<Snapshot>(*snapshot_.load());
  auto& of_project = next->projects[project];
  auto names = of_project == nullptr ? OfProject{} : *of_project;
  if (prompt == nullptr)
    names.erase(name);
  else
    names[name] = std::move(prompt);
  of_project = std::make_shared<const OfProject>(std::move(names));
  snapshot_.store(std::move(next));
}

Result<Known> Prompts::add(ProjectId project, New version) {
  TRY(check(version));
  const std::lock_guard lock(changing_);
  const Nanos now = clock_.now();
  const auto known = find(project, version.name);
  auto prompt = known == nullptr ? std::make_shared<Prompt>() : std::make_shared<Prompt>(*known);
  if (known == nullptr) prompt->name = version.name, prompt->created = now;
  if (!prompt->versions.empty() && prompt->versions.rbegin()->second.chat != version.chat) {
    return fail(ErrorKind::conflict, "Prompt {} is of type {}; its versions keep it.", version.name,
                version.chat ? "text" : "chat");
  }
  const std::int64_t number = version.number.value_or(prompt->latest() + 1);
  if (prompt->versions.contains(number))
    return fail(ErrorKind::conflict, "Prompt {} has a version {} already.", version.name, number);
  if (version.tags) prompt->tags = *version.tags;
  prompt->changed = now;
  SystemRandom random;
  Version added{to_hex(std::string_view(random.bytes(16))),
                number,
                version.chat,
                version.prompt,
                version.config.empty() ? "{}" : version.config,
                version.commit_message,
                version.author,
                now};
  TRY(ledger_.change([&](ledger::Transaction& t) -> Result<> {
    TRY(
        t.run("INSERT INTO prompts (project, name, tags, created, changed) VALUES (?, ?, ?, ?, ?) ON CONFLICT "
              "(project, name) DO UPDATE SET tags = excluded.tags, changed = excluded.changed",
              {std::int64_t{project}, prompt->name, join(prompt->tags, "\n"), prompt->created, now}));
    TRY(
        t.run("INSERT INTO prompt_versions (project, name, number, id, chat, prompt, config, commit_message, author, "
              "created) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
              {std::int64_t{project}, prompt->name, number, added.id, std::int64_t{added.chat ? 1 : 0}, added.prompt,
               added.config, added.commit_message, added.author, now}));
    return put_labels(t, project, *prompt, number, version.labels);
  }));
  prompt->versions[number] = std::move(added);
  publish(project, prompt->name, prompt);
  return prompt;
}

Result<Known> Prompts::label(ProjectId project, const std::string& name, std::int64_t number,
                             const std::vector<std::string>& labels) {
  for (const auto& label : labels) {
    TRY(check_label(label));
    if (label == "latest") return fail(ErrorKind::invalid, "Label 'latest' is always on the newest version.");
  }
  const std::lock_guard lock(changing_);
  const auto known = find(project, name);
  if (known == nullptr || known->find(number) == nullptr)
    return fail(ErrorKind::not_found, "Prompt not found: '{}' with version {}", name, number);
  auto prompt = std::make_shared<Prompt>(*known);
  prompt->changed = clock_.now();
  TRY(ledger_.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run("UPDATE prompts SET changed = ? WHERE project = ? AND name = ?",
              {prompt->changed, std::int64_t{project}, name}));
    return put_labels(t, project, *prompt, number, labels);
  }));
  publish(project, name, prompt);
  return prompt;
}

Result<> Prompts::remove(ProjectId project, const std::string& name, std::optional<std::int64_t> number,
                         std::string_view label) {
  const std::lock_guard lock(changing_);
  const auto known = find(project, name);
  if (known == nullptr) return fail(ErrorKind::not_found, "Prompt not found: '{}'", name);
  auto prompt = std::make_shared<Prompt>(*known);
  std::erase_if(prompt->versions, [&](const auto& one) {
    if (number) return one.first == *number;
    const auto labels = known->labels_of(one.first);
    return label.empty() || std::ranges::find(labels, label) != labels.end();
  });
  if (prompt->versions.size() == known->versions.size())
    return fail(ErrorKind::not_found, "Prompt not found: '{}' with that version or label", name);
  std::erase_if(prompt->labels, [&](const auto& one) { return !prompt->versions.contains(one.second); });
  TRY(ledger_.change([&](ledger::Transaction& t) -> Result<> {
    for (const auto& [gone, version] : known->versions) {
      if (prompt->versions.contains(gone)) continue;
      const std::vector<ledger::Value> which = {std::int64_t{project}, name, gone};
      TRY(t.run("DELETE FROM prompt_labels WHERE project = ? AND name = ? AND number = ?", which));
      TRY(t.run("DELETE FROM prompt_versions WHERE project = ? AND name = ? AND number = ?", which));
    }
    if (prompt->versions.empty())
      TRY(t.run("DELETE FROM prompts WHERE project = ? AND name = ?", {std::int64_t{project}, name}));
    return {};
  }));
  publish(project, name, prompt->versions.empty() ? nullptr : Known(prompt));
  return {};
}

}  // namespace pawl::prompts
