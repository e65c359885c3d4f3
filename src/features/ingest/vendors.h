// The vendors' own protocols in: Langfuse's batches, LangSmith's runs, the OpenAI Agents SDK's traces.
#pragma once
#include <functional>
#include <string>

#include "books.h"
#include "ingest.h"
#include "writer.h"

namespace pawl::ingest {

// What of ingest it goes through.
struct Passage {
  net::Pool& pool;
  const Clock& clock;
  Bookkeeper& books;
  Writer& writer;
  std::atomic<std::uint64_t>&requests, &secrets;
  std::function<void(Item, journal::Done)> append;
  decltype(Options::mask) mask;
  KeepOthers keep_others;
  std::size_t body_limit = 64U << 20;
};

class Vendors {
 public:
  explicit Vendors(Passage passage) : passage_(std::move(passage)) {}
  void add_routes(net::Router& router);

 private:
  struct Taken;
  struct Path;
  using Wrap = std::function<std::string(const net::Request&, std::string_view body)>;
  using Tell = std::function<net::Response(const net::Request&, const Taken&)>;

  Task<Result<Taken>> take(net::Request& request, llm::RunForm form, const Wrap& wrap);
  Result<Taken> read(net::Request& request, llm::RunForm form, const Wrap& wrap);
  Result<> hand_over_others(const net::Request& request, llm::RunForm form, Taken& taken);
  Task<Result<net::Response>> serve(net::Request& request, const Path& path);
  void turned_away(const net::Request& request, net::Response& response, llm::RunForm form) const;
  static net::Response tell(llm::RunForm form, const net::Request& request, const Taken& taken);

  Passage passage_;
};

}  // namespace pawl::ingest
