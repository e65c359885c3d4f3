// The page's files as routes.
#include "assets.h"

#include "assets/assets.h"
#include "net/pages.h"

namespace pawl::app {
namespace {

const Asset* find(std::string_view path) {
  for (const auto& asset : ui_assets()) {
    if (asset.path == path) return &asset;
  }
  return nullptr;
}

net::StaticFile file_of(const Asset& asset) {
  return {asset.type, asset.etag, asset.plain, asset.brotli, asset.immutable};
}

// Whether a browser asks, to show the answer to somebody.
bool is_person(const net::Request& request) {
  return request.headers.get("accept").contains("text/html");
}

// A client of LangSmith whose endpoint is the bare root: where a page has its path, its answer is under /langsmith.
std::optional<net::Response> sent_to_langsmith(const net::Request& request) {
  if (is_person(request) || !(request.path.starts_with("/sessions") || request.path.starts_with("/datasets")))
    return std::nullopt;
  auto response = net::Response::text("", 307);
  response.headers.set("location", "/langsmith" + request.target);
  return response;
}

Task<Result<net::Response>> serve_asset(const net::Request& request) {
  if (auto elsewhere = sent_to_langsmith(request)) co_return std::move(*elsewhere);
  const Asset* asset = find(request.path);
  if (asset == nullptr) {
    const bool is_file = request.path.starts_with("/assets/");
    asset = is_file ? nullptr : find("/index.html");
  }
  if (asset == nullptr) co_return fail(ErrorKind::not_found, "There is no file {}.", request.path);
  co_return net::static_file(request, file_of(*asset));
}

// What no route knows: a person's browser is shown the page, which says so; a program gets the JSON of an error.
Task<Result<net::Response>> serve_missing(const net::Request& request) {
  const Asset* page = find("/index.html");
  if (!is_person(request) || page == nullptr || request.path.starts_with("/api/") || request.path.starts_with("/v1/"))
    co_return fail(ErrorKind::not_found, "There is nothing at this path.");
  auto response = net::static_file(request, file_of(*page));
  if (response.status == 200) response.status = 404;
  co_return response;
}

}  // namespace

void add_asset_routes(net::Router& router) {
  auto add = [&](std::string pattern) {
    router.add({.method = "GET",
                .pattern = std::move(pattern),
                .permission = "public",
                .handler = [](net::Request& request) { return serve_asset(request); },
                .summary = "The page"});
  };
  add("/");
  for (const char* place : {"/sessions",
                            "/sessions/{id}",
                            "/sessions/{rest...}",
                            "/traces",
                            "/traces/{rest...}",
                            "/spans",
                            "/settings",
                            "/settings/{rest...}",
                            "/dashboards",
                            "/dashboards/{rest...}",
                            "/costs",
                            "/costs/{rest...}",
                            "/compare",
                            "/incidents",
                            "/incidents/{rest...}",
                            "/alerts",
                            "/alerts/{rest...}",
                            "/slos",
                            "/reports",
                            "/reports/{rest...}",
                            "/experiments",
                            "/experiments/{rest...}",
                            "/datasets",
                            "/datasets/{id}",
                            "/evaluators",
                            "/evaluators/{rest...}",
                            "/scores",
                            "/mentions",
                            "/share",
                            "/login",
                            "/setup",
                            "/join",
                            "/welcome",
                            "/assets/{rest...}"}) {
    add(place);
  }
  router.add({.method = "GET",
              .pattern = "/{rest...}",
              .permission = "public",
              .handler = [](net::Request& request) { return serve_missing(request); },
              .summary = "What is nowhere: the page says so to a person, a program gets the error as JSON"});
  for (const auto& asset : ui_assets()) {
    const bool at_top = asset.path.find('/', 1) == std::string_view::npos && asset.path != "/index.html";
    if (at_top) add(std::string(asset.path));
  }
}

}  // namespace pawl::app
