// A tree of path segments; each node knows the routes that end there.
#include "net/router.h"

#include <map>

#include "base/text.h"

namespace pawl::net {
namespace {

// What a pattern says once it is cut: its literal segments stand in the tree, its names beside the route.
struct End {
  const Route* route;
  std::vector<std::string> names;
};

std::vector<std::string_view> segments_of(std::string_view path) {
  return split(path.substr(1), '/');
}

std::string allow_of(const std::vector<End>& ends) {
  std::vector<std::string> methods;
  for (const End& end : ends) methods.push_back(end.route->method);
  for (const End& end : ends)
    if (end.route->method == "GET") methods.emplace_back("HEAD");
  methods.emplace_back("OPTIONS");
  return join(methods, ", ");
}

const End* end_for(const std::vector<End>& ends, std::string_view method) {
  for (const End& end : ends)
    if (end.route->method == method) return &end;
  return method == "HEAD" ? end_for(ends, "GET") : nullptr;
}

}  // namespace

struct Router::Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literal;
  std::unique_ptr<Node> any;
  std::vector<End> here, rest;  // `rest`: {name...} begins at this node

  using Taken = std::vector<std::string_view>;  // segments that {names} took, encoded
  // The first node in order of precedence at which a route ends; `taken` is what led there.
  const Node* find(std::span<const std::string_view> path, Taken& taken) const {
    if (path.empty()) return here.empty() ? nullptr : this;
    if (auto next = literal.find(path.front()); next != literal.end())
      if (const Node* found = next->second->find(path.subspan(1), taken)) return found;
    if (!any || path.front().empty()) return nullptr;
    taken.push_back(path.front());
    const Node* found = any->find(path.subspan(1), taken);
    if (!found) taken.pop_back();
    return found;
  }
  // The deepest node whose {name...} can take the rest; that is the last element of `taken`.
  const Node* find_rest(std::span<const std::string_view> path, std::string_view whole, Taken& taken) const {
    if (path.empty()) return nullptr;
    if (auto next = literal.find(path.front()); next != literal.end())
      if (const Node* found = next->second->find_rest(path.subspan(1), whole, taken)) return found;
    if (any && !path.front().empty()) {
      taken.push_back(path.front());
      if (const Node* found = any->find_rest(path.subspan(1), whole, taken)) return found;
      taken.pop_back();
    }
    if (rest.empty()) return nullptr;
    taken.push_back(whole.substr(static_cast<std::size_t>(path.front().data() - whole.data())));
    return this;
  }
};

Router::Router() : root_(std::make_unique<Node>()) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

void Router::add(Route route) {
  PAWL_CHECK(route.pattern.starts_with('/'), "route '{}' must begin with a slash", route.pattern);
  PAWL_CHECK(route.handler != nullptr, "route '{}' has no handler", route.pattern);
  routes_.push_back(std::make_unique<Route>(std::move(route)));
  const Route& added = *routes_.back();
  Node* node = root_.get();
  End end{&added, {}};
  bool takes_rest = false;
  for (std::string_view segment : segments_of(added.pattern)) {
    PAWL_CHECK(!takes_rest, "in '{}' something follows the rest", added.pattern);
    if (!segment.starts_with('{')) {
      auto& next = node->literal[std::string(segment)];
      if (!next) next = std::make_unique<Node>();
      node = next.get();
      continue;
    }
    PAWL_CHECK(segment.ends_with('}') && segment.size() > 2, "'{}' in '{}' is no name", segment, added.pattern);
    std::string_view name = segment.substr(1, segment.size() - 2);
    takes_rest = name.ends_with("...");
    if (takes_rest) name.remove_suffix(3);
    end.names.emplace_back(name);
    if (takes_rest) continue;
    if (!node->any) node->any = std::make_unique<Node>();
    node = node->any.get();
  }
  std::vector<End>& ends = takes_rest ? node->rest : node->here;
  for (const End& other : ends)
    PAWL_CHECK(other.route->method != added.method, "{} {} is there twice", added.method, added.pattern);
  ends.push_back(std::move(end));
}

void Router::add(GrpcMethod method) {
  PAWL_CHECK(method.path.starts_with('/') && method.handler != nullptr, "gRPC method '{}'", method.path);
  PAWL_CHECK(!grpc(method.path), "gRPC method '{}' is there twice", method.path);
  grpc_.push_back(std::make_unique<GrpcMethod>(std::move(method)));
}

const GrpcMethod* Router::grpc(std::string_view path) const {
  for (const auto& method : grpc_)  // three or four of them
    if (method->path == path) return method.get();
  return nullptr;
}

Router::Match Router::match(std::string_view method, std::string_view path) const {
  Match match;
  match.status = 404;
  if (!path.starts_with('/')) return match;
  const std::vector<std::string_view> segments = segments_of(path);
  Node::Taken taken;
  const Node* node = root_->find(segments, taken);
  const std::vector<End>* ends = node ? &node->here : nullptr;
  if (!node) {
    taken.clear();
    node = root_->find_rest(segments, path, taken);
    if (node) ends = &node->rest;
  }
  if (!node) return match;
  const End* end = end_for(*ends, method);
  if (!end) {
    const bool options = method == "OPTIONS", takes_rest = ends == &node->rest;
    if (takes_rest && !options) return match;  // a catch-all page makes no other method known
    match.status = options ? 204 : 405;
    match.allow = allow_of(*ends);
    return match;
  }
  for (std::size_t i = 0; i < taken.size(); ++i) {
    const bool is_rest = ends == &node->rest && i + 1 == taken.size();
    auto value = is_rest ? std::optional(std::string(taken[i])) : percent_decode(taken[i]);
    if (!value) {
      match.status = 400;
      return match;
    }
    match.captures.add(end->names[i], std::move(*value));
  }
  match.route = end->route;
  match.status = 200;
  return match;
}

}  // namespace pawl::net
