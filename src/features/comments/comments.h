// What people say about a session, a trace or a span: Markdown, answers, mentions of members that find them in the page
// and by mail; and comments that came with imported history.
#pragma once
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "net/pool.h"
#include "net/router.h"
#include "records/projects/projects.h"
#include "store/ledger/ledger.h"

namespace pawl::comments {

using projects::ProjectId;

std::span<const ledger::Migration> migrations();

struct Options {
  std::function<std::string()> public_url;
  // Hands a mail to the server; none: mentions are in the page alone. Blocks.
  std::function<Result<>(std::string_view to, const std::function<std::string(std::string_view from)>& text)> mail;
  std::function<Result<>(ProjectId, std::string& text)> mask;  // hides what the project wants hidden
};

// The handles that a text mentions: "@bob", "@bob@example.com"; lower case, each once, in order. None in code.
std::vector<std::string> mentions_in(std::string_view text);

// The references outlive the router.
void add_routes(net::Router& router, net::Pool& pool, projects::Projects& projects, ledger::Ledger& ledger,
                const Clock& clock, const Log& log, Options options);

}  // namespace pawl::comments
