// Hides what a project wants hidden: rules made ready once, a body in place, originals sealed before it is kept.
#include "base/text.h"
#include "inside.h"
#include "wire/multipart.h"

namespace pawl::privacy {
namespace {

// Parts that are JSON or text; what is attached as a file is kept as it is.
void mask_parts(std::string& body, const guard::SecretScanner& scanner, guard::Hide& hide) {
  const std::string_view view = body;
  std::vector<std::pair<std::size_t, std::size_t>> places;
  const auto walked = walk_multipart(view, multipart_boundary_of_body(view), [&](const Part& part) {
    const auto type = trim(cut(part.content_type, ';').first);
    const bool texts = type.empty() || type == "application/json" || type.starts_with("text/");
    if (texts && (part.encoding.empty() || part.encoding == "identity"))
      places.emplace_back(static_cast<std::size_t>(part.bytes.data() - view.data()), part.bytes.size());
  });
  if (!walked) places = {{0, body.size()}};  // it is refused; nothing of it may stay readable
  for (const auto& [from, size] : places) scanner.mask_json(std::span(body).subspan(from, size), hide);
}

void mask_body(Form form, guard::Signal signal, std::string& body, const guard::SecretScanner& scanner,
               guard::Hide& hide) {
  if (form == Form::otlp) {
    (void)guard::mask_otlp(body, signal, scanner, hide);  // what is no message is refused by who reads it
  } else if (form == Form::multipart) {
    mask_parts(body, scanner, hide);
  } else if (form == Form::json) {
    scanner.mask_json(body, hide);
  } else {
    scanner.mask(body, hide);
  }
}

}  // namespace

std::shared_ptr<const guard::SecretScanner> Privacy::Inside::scanner_of(const guard::Rules& rules) {
  const auto own = rules.patterns();
  if (rules.kinds() == 0 && own.empty()) return nullptr;
  if (!own.empty()) return std::make_shared<const guard::SecretScanner>(rules.kinds(), own);
  if (rules.kinds() == guard::default_secrets && usual.valid()) return usual.get();
  {
    const std::lock_guard lock(mutex);
    if (const auto found = scanners.find(rules.kinds()); found != scanners.end()) return found->second;
  }
  auto made = std::make_shared<const guard::SecretScanner>(rules.kinds());
  const std::lock_guard lock(mutex);
  return scanners.try_emplace(rules.kinds(), std::move(made)).first->second;
}

std::shared_ptr<const Ready> Privacy::Inside::rules_of(ProjectId project) {
  auto setting = projects.masking(project).kinds;
  {
    const std::lock_guard lock(mutex);
    if (const auto found = ready.find(project); found != ready.end() && found->second->setting == setting)
      return found->second;
  }
  auto made = std::make_shared<Ready>();
  made->rules = guard::rules_in_force(setting);
  made->setting = std::move(setting);
  made->scanner = scanner_of(made->rules);
  const std::lock_guard lock(mutex);
  return ready[project] = std::move(made);
}

void Privacy::Inside::add(ProjectId project, const guard::Tally& tally) {
  if (tally.total() == 0) return;
  const std::lock_guard lock(mutex);
  guard::Tally& all = tallies[project];
  for (std::size_t i = 0; i < guard::secret_kinds; ++i) {
    all.masked[i] += tally.masked[i];
    all.sealed[i] += tally.sealed[i];
  }
  for (const auto& [name, count] : tally.patterns) {
    all.patterns[name].first += count.first;
    all.patterns[name].second += count.second;
  }
}

guard::Tally Privacy::Inside::tally_of(ProjectId project) const {
  const std::lock_guard lock(mutex);
  const auto found = tallies.find(project);
  return found == tallies.end() ? guard::Tally{} : found->second;
}

Privacy::Privacy(net::Pool& pool, ledger::Ledger& ledger, projects::Projects& projects, sealed::Sealed& sealed,
                 const Clock& clock, const Log& log, Options options)
    : inside_(std::make_unique<Inside>(pool, ledger, projects, sealed, clock, log, std::move(options), clock.now())) {}
Privacy::~Privacy() = default;

void Privacy::prepare() {
  inside_->usual = std::async(std::launch::async, [] {
                     return std::make_shared<const guard::SecretScanner>(guard::default_secrets);
                   }).share();
}

Result<Privacy::Done> Privacy::mask(ProjectId project, Form form, guard::Signal signal, std::string& body) {
  const auto ready = inside_->rules_of(project);
  Done done{.epoch = inside_->projects.masking(project).epoch};
  if (!ready->scanner) return done;
  std::vector<sealed::Value> values;
  const guard::Sealer sealer = [&](const guard::Secret& secret, std::string_view value, std::size_t room) {
    if (!ready->rules.is_sealed(secret)) return std::string();
    auto reference = inside_->sealed.reference(project, value, room);
    const bool own = secret.kind == guard::SecretKind::pattern;
    values.push_back({reference, std::string(own ? secret.name : guard::name_of(secret.kind)), std::string(value)});
    return reference;
  };
  guard::Hide hide{.sealer = ready->rules.seals() ? &sealer : nullptr, .tally = {}};
  mask_body(form, signal, body, *ready->scanner, hide);
  if (const auto kept = inside_->sealed.keep(project, values); !kept)
    return fail(ErrorKind::unavailable, "What this project seals cannot be kept now, so nothing was taken: {}",
                kept.error().what);
  done.hidden = hide.tally.total();
  inside_->add(project, hide.tally);
  return done;
}

void Privacy::hide(ProjectId project, Form form, std::string& text) {
  const auto ready = inside_->rules_of(project);
  if (!ready->scanner) return;
  guard::Hide hide;
  mask_body(form, guard::Signal::traces, text, *ready->scanner, hide);
  inside_->add(project, hide.tally);
}

bool Privacy::blocks(ProjectId project) {
  return inside_->rules_of(project)->rules.seals();
}

std::vector<guard::OwnPattern> Privacy::patterns(ProjectId project) {
  return inside_->rules_of(project)->rules.patterns();
}

void Privacy::add_routes(net::Router& router) {
  add_masking_routes(router, *inside_);
  add_reveal_routes(router, *inside_);
}
void Privacy::open(warehouse::Warehouse& warehouse) {
  inside_->warehouse = &warehouse;
}
void Privacy::close() {
  inside_->warehouse = nullptr;
}

void Privacy::write_metrics(std::string& out) const {
  const std::lock_guard lock(inside_->mutex);
  using Counts = std::array<std::uint32_t, guard::secret_kinds> guard::Tally::*;
  const auto write = [&](std::string_view name, std::string_view help, Counts counts) {
    out += fmt::format("# HELP {0} {1}\n# TYPE {0} counter\n", name, help);
    for (const auto& [project, tally] : inside_->tallies) {
      for (std::size_t i = 0; i < guard::secret_kinds; ++i) {
        if (const auto count = (tally.*counts)[i]; count > 0)
          out += fmt::format("{}{{project=\"{}\",kind=\"{}\"}} {}\n", name, project,
                             guard::name_of(static_cast<guard::SecretKind>(i)), count);
      }
    }
  };
  write("pawl_masked_total", "Secrets and personal data hidden before anything was written.", &guard::Tally::masked);
  write("pawl_sealed_total", "Of those, the ones whose original was sealed.", &guard::Tally::sealed);
}

}  // namespace pawl::privacy
