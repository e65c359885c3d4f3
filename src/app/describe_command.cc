// `pawl describe`: what Pawl is made of.
#include <unistd.h>

#include <filesystem>

#include "commands.h"
#include "describe.h"
#include "outcome.h"
#include "serve.h"

namespace pawl::app {
namespace {

Result<std::string> describe(const CLI::App& app, const std::string& page, bool json) {
  if (page == "cli") return cli_page(app);
  const auto folder = std::filesystem::temp_directory_path() / fmt::format("pawl-describe-{}", getpid());
  const auto clean = [](const std::filesystem::path* path) {
    std::error_code error;
    std::filesystem::remove_all(*path, error);
  };
  const std::unique_ptr<const std::filesystem::path, decltype(clean)> removed(&folder, clean);
  const auto config =
      TRY(Config::load({{"data", folder.string()},
                        {"public_url", "https://pawl.example.com"},  // with what is there only where it is set up
                        {"oidc_issuer", "https://id.example.com"},
                        {"oidc_client_id", "pawl"}},
                       "", [](const char*) -> const char* { return nullptr; }));
  const Log log(Log::Format::text, Level::error);
  const auto installation = TRY(Installation::hollow(config, log));
  const auto slices = TRY(installation->slices());
  if (page == "api") return api_page(slices);
  if (page == "tables") return tables_page(slices);
  if (!page.empty()) return fail(ErrorKind::invalid, "--page {} must be api, cli or tables.", page);
  return json ? described_as_json(slices, app) + "\n" : described(slices);
}

}  // namespace

void add_describe_command(CLI::App& app, Commands& commands) {
  struct Words {
    std::string page;
    bool json = false;
  };
  const auto words = std::make_shared<Words>();
  auto* command = app.add_subcommand("describe", "Prints what Pawl is made of: routes, tables, jobs, commands");
  command->add_option("--page", words->page, "A page of docs/reference: api, cli or tables");
  command->add_flag("--json", words->json, "JSON");
  command->callback([&app, &commands, words] {
    commands.chosen = [&app, words] { return finish(describe(app, words->page, words->json)); };
  });
}

}  // namespace pawl::app
