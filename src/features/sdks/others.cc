// What comes in a vendor's batch beside runs: scores, feedback, links of runs to dataset items, attachments.
#include "base/ids.h"
#include "base/text.h"
#include "langsmith.h"

namespace pawl::sdks {
namespace {

constexpr std::size_t most_attachment = 64U << 20;

Result<scores::Score> score_of(const projects::Access& access, const Beside& other) {
  auto score = TRY(other.type == "feedback" ? scores::from_langsmith(other.json) : scores::from_langfuse(other.json));
  if (score.id.empty()) score.id = other.id;
  if (score.at == 0) score.at = other.at;
  if (score.author.empty()) score.author = actor_of(access);
  return score;
}

// Kept by its bytes, once; the run that it belongs to is its place.
Result<> keep_attachment(Sdks::Inside& inside, ProjectId project, const Beside& other) {
  if (other.json.size() > most_attachment)
    return fail(ErrorKind::exhausted, "Attachment {} has more than {} bytes.", other.name, most_attachment);
  const auto blob = TRY(inside.parts.blobs.put(other.json));
  const std::string digest(reinterpret_cast<const char*>(blob.id.digest.data()), blob.id.digest.size());
  const std::string id = to_base64url(digest).substr(0, 22);
  const Nanos now = inside.clock.now();
  return inside.parts.ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run(
        "INSERT OR IGNORE INTO media (project, id, digest, type, bytes, announced, uploaded, status, error) VALUES "
        "(?, ?, ?, ?, ?, ?, ?, 200, '')",
        {std::int64_t{project}, id, blobs::to_hex(blob.id), std::string(other.content_type),
         static_cast<std::int64_t>(blob.bytes), now, now}));
    TRY(
        t.run("INSERT OR IGNORE INTO media_places (project, media, trace_id, span_id, dataset, item, field) VALUES (?, "
              "?, '', ?, '', '', ?)",
              {std::int64_t{project}, id, std::string(other.id), std::string(other.name)}));
    return {};
  });
}

Result<> keep_run_item(Sdks::Inside& inside, ProjectId project, const Beside& other) {
  TRY(put_langfuse_run_item(inside, project, TRY(Doc::of(std::string(other.json)))));
  return {};
}

bool is_score(const Beside& other) {
  return other.type == "score-create" || other.type == "feedback";
}

}  // namespace

Result<std::vector<std::string>> Sdks::keep(const projects::Access& access, const std::vector<Beside>& others) {
  std::vector<std::string> why(others.size());
  std::vector<scores::Score> found;
  std::vector<std::size_t> places;
  std::uint64_t unread = 0;
  for (std::size_t i = 0; i < others.size(); ++i) {
    const auto& other = others[i];
    Result<> kept;
    if (is_score(other)) {
      const auto whole = check_json(other.json);
      auto score = whole ? score_of(access, other) : Result<scores::Score>(std::unexpected(whole.error()));
      if (score) found.push_back(std::move(*score)), places.push_back(i);
      if (!score) kept = std::unexpected(score.error()), ++unread;
    } else if (other.type == "attachment") {
      kept = keep_attachment(*inside_, access.project, other);
    } else if (other.type == "dataset-run-item-create") {
      kept = keep_run_item(*inside_, access.project, other);
    } else {
      kept = fail(ErrorKind::invalid, "Pawl does not take {} here.", other.type);
    }
    if (!kept && kept.error().kind == ErrorKind::unavailable) return std::unexpected(kept.error());
    if (!kept) why[i] = kept.error().what;
  }
  if (found.empty() && unread == 0) return why;
  const auto outcomes = TRY(inside_->parts.scores.put(access.project, std::move(found), unread));
  for (std::size_t i = 0; i < outcomes.size(); ++i) why[places[i]] = outcomes[i].refused;
  return why;
}

}  // namespace pawl::sdks
