// A real server on the loopback: what honest clients get, and how it ends.
#include "net/server.h"

#include <gtest/gtest.h>

#include <thread>

#include "net/channel.h"
#include "net/client.h"
#include "net/detail/test_server.h"
#include "net/local_mode.h"
#include "net/pages.h"
#include "net/pool.h"

namespace pawl::net {
namespace {

using testing::count;
using testing::quick_limits;
using testing::RawSocket;
using testing::status_of;
using testing::TestServer;

void echo_routes(Router& router) {
  router.add(Route{.method = "POST",
                   .pattern = "/echo",
                   .permission = "ingest",
                   .handler = [](Request& request) -> Task<Result<Response>> {
                     co_return Response::bytes("text/plain", std::move(request.body));
                   }});
  router.add(Route{.method = "GET",
                   .pattern = "/items/{id}",
                   .permission = "read",
                   .handler = [](Request& request) -> Task<Result<Response>> {
                     if (request.capture("id") == "none")
                       co_return fail(ErrorKind::not_found, "There is no item 'none'.");
                     if (request.capture("id") == "throw") throw std::runtime_error("boom");
                     co_return Response::json(
                         fmt::format(R"({{"id":"{}","q":"{}"}})", request.capture("id"), request.query.get("q")));
                   }});
}

TEST(Server, AnswersAndKeepsTheConnection) {
  TestServer test(echo_routes);
  Client client;
  for (int i = 0; i < 3; ++i) {
    auto got = client.send({.url = test.url("/items/a%2Fb?q=x%20y")});
    ASSERT_TRUE(got.has_value()) << got.error().what;
    EXPECT_EQ(got->status, 200);
    EXPECT_EQ(got->body, R"({"id":"a/b","q":"x y"})");
    EXPECT_EQ(got->headers.get("x-content-type-options"), "nosniff");
  }
  EXPECT_EQ(test.server.stats().connections, 1U);
  std::string big(5'000'000, 'x');
  auto got = client.send({.method = "POST", .url = test.url("/echo"), .body = big});
  ASSERT_TRUE(got.has_value()) << got.error().what;
  EXPECT_EQ(got->body, big);
  EXPECT_EQ(test.server.stats().body_bytes_inflight, 0U);
}

TEST(Server, ErrorsAreJson) {
  TestServer test(echo_routes);
  Client client;
  auto missing = client.send({.url = test.url("/items/none")});
  EXPECT_EQ(missing->status, 404);
  EXPECT_NE(missing->body.find(R"("code":"not_found","message":"There is no item 'none'.")"), std::string::npos);
  EXPECT_EQ(client.send({.url = test.url("/items/throw")})->status, 500);
  EXPECT_EQ(client.send({.url = test.url("/nowhere")})->status, 404);
  auto wrong = client.send({.method = "GET", .url = test.url("/echo")});
  EXPECT_EQ(wrong->status, 405);
  EXPECT_EQ(wrong->headers.get("allow"), "POST, OPTIONS");
  auto head = client.send({.method = "HEAD", .url = test.url("/items/1")});
  EXPECT_EQ(head->status, 200);
  EXPECT_EQ(head->headers.get("content-length"), "17");
  EXPECT_EQ(client.send({.method = "POST", .url = test.url("/nowhere"), .body = "small"})->status, 404);
  EXPECT_EQ(test.server.stats().connections, 1U);  // a refusal does not cost the connection
}

TEST(Server, ARouteShapesItsErrors) {
  ServerOptions options;
  options.gate = [](Request& request, std::string_view) -> std::optional<Response> {
    if (request.headers.find("x-key")) return std::nullopt;
    return Response::error(request, 401, "Send a key.");
  };
  TestServer test(
      [](Router& router) {
        router.add(
            Route{.method = "POST",
                  .pattern = "/v1/traces",
                  .permission = "ingest",
                  .handler = [](Request&) -> Task<Result<Response>> { co_return fail(ErrorKind::invalid, "Wrong."); },
                  .body_bytes = 10,
                  .shape_error =
                      [](const Request&, Response& response) {
                        response.headers.set("content-type", "application/x-protobuf");
                        response.body = "status: " + response.message;
                      }});
      },
      std::move(options));
  Client client;
  ClientRequest request{.method = "POST", .url = test.url("/v1/traces"), .body = "x"};
  EXPECT_EQ(client.send(request)->body, "status: Send a key.");
  request.headers.add("x-key", "1");
  auto wrong = client.send(request);
  EXPECT_EQ(wrong->status, 400);
  EXPECT_EQ(wrong->body, "status: Wrong.");
  EXPECT_EQ(wrong->headers.get("content-type"), "application/x-protobuf");
  request.body = std::string(11, 'x');
  auto large = client.send(request);
  EXPECT_EQ(large->status, 413);
  EXPECT_TRUE(large->body.starts_with("status: The body has 11 bytes")) << large->body;
}

TEST(Server, ChunkedBodiesPipelinesAndContinue) {
  TestServer test(echo_routes);
  RawSocket raw(test.port);
  raw.send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;ext=1\r\nde\r\n0\r\nTrailer: "
      "x\r\n\r\n"
      "GET /items/1 HTTP/1.1\r\nHost: a\r\n\r\n\r\nGET /items/2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const std::string all = raw.receive_all();
  EXPECT_NE(all.find("\r\n\r\nabcdeHTTP/1.1 200"), std::string::npos) << all;
  EXPECT_EQ(count(all, "HTTP/1.1 200"), 3U);
  RawSocket waits(test.port);
  waits.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(waits.receive_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  waits.send("hi");
  EXPECT_EQ(status_of(waits.receive_until("\r\n\r\nhi")), 200);
  RawSocket old(test.port);
  old.send("GET /items/1 HTTP/1.0\r\n\r\n");
  bool closed = false;
  EXPECT_EQ(status_of(old.receive_all(8'000, &closed)), 200);
  EXPECT_TRUE(closed);
}

TEST(Server, GateComesBeforeTheBody) {
  ServerOptions options;
  std::atomic<int> seen{0};
  options.gate = [](Request& request, std::string_view permission) -> std::optional<Response> {
    request.who = std::string("someone");
    if (permission == "ingest" && request.headers.get("authorization") != "Bearer yes")
      return Response::error(request, 401, "Send a key.");
    return std::nullopt;
  };
  options.observe = [&](const Served& served) { seen += served.status == 401 && served.pattern == "/echo"; };
  TestServer test(echo_routes, std::move(options));
  RawSocket raw(test.port);
  raw.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 50000000\r\n\r\n");
  EXPECT_EQ(status_of(raw.receive_all()), 401);  // although no byte of the body was sent
  Client client;
  ClientRequest good{.method = "POST", .url = test.url("/echo"), .body = "x"};
  EXPECT_EQ(client.send(good)->status, 401);
  good.headers.add("authorization", "Bearer yes");
  EXPECT_EQ(client.send(good)->status, 200);
  EXPECT_EQ(seen, 2);
}

TEST(Server, EventsFlowAndEndWithTheClient) {
  auto channel = std::make_shared<Channel>(4);
  ServerOptions options{.limits = quick_limits()};
  TestServer test(
      [&](Router& router) {
        router.add(Route{.method = "GET",
                         .pattern = "/live",
                         .permission = "read",
                         .handler = [&](Request&) -> Task<Result<Response>> { co_return Response::events(channel); }});
      },
      std::move(options));
  RawSocket raw(test.port);
  channel->push(sse_event("", "early"));
  raw.send("GET /live HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_NE(raw.receive_until("early").find("text/event-stream"), std::string::npos);
  channel->push(sse_event("span", "1"));
  EXPECT_NE(raw.receive_until("data: 1").find("event: span"), std::string::npos);
  EXPECT_NE(raw.receive_until("still here").find(": still here"), std::string::npos);
  ::shutdown(raw.fd(), SHUT_RDWR);
  for (int i = 0; i < 400 && !channel->closed(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_TRUE(channel->closed());
  Channel full(2);
  for (int i = 0; i < 5; ++i) full.push("x");
  EXPECT_EQ(full.dropped(), 3U);
}

TEST(Server, SourcesAreChunkedAndBreakLoudly) {
  TestServer test([](Router& router) {
    router.add(Route{.method = "GET",
                     .pattern = "/big/{ok}",
                     .permission = "",
                     .handler = [](Request& request) -> Task<Result<Response>> {
                       Response response;
                       auto left = std::make_shared<int>(100);
                       const bool breaks = request.capture("ok") == "no";
                       response.body = Source([left, breaks]() -> Task<Result<std::optional<std::string>>> {
                         if (--*left == 50 && breaks) co_return fail(ErrorKind::unavailable, "the store went away");
                         if (*left < 0) co_return std::optional<std::string>();
                         co_return std::optional(std::string(10'000, 'y'));
                       });
                       co_return response;
                     }});
  });
  Client client;
  EXPECT_EQ(client.send({.url = test.url("/big/yes")})->body.size(), 1'000'000U);
  EXPECT_FALSE(client.send({.url = test.url("/big/no")}).has_value());
  std::size_t streamed = 0;
  ClientRequest piecewise{.url = test.url("/big/yes"),
                          .on_data = [&](std::string_view piece) { return (streamed += piece.size()) < 1'000'000; }};
  EXPECT_TRUE(client.send(piecewise).has_value());
  EXPECT_EQ(streamed, 1'000'000U);
}

TEST(Server, PoolWorkLearnsThatItsClientLeft) {
  Pool pool(1, 2);
  std::atomic<bool> began{false}, left{false};
  TestServer test([&](Router& router) {
    router.add(Route{.method = "GET",
                     .pattern = "/slow",
                     .permission = "",
                     .handler = [&](Request& request) -> Task<Result<Response>> {
                       CO_TRY(co_await on_pool(pool, request.cancel, [&](const Cancel& stop) {
                         began = true;
                         while (!stop.requested()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
                         left = stop.raised();
                       }));
                       co_return Response::text("done");
                     }});
  });
  {
    RawSocket raw(test.port);
    raw.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    while (!began) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  for (int i = 0; i < 400 && !left; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_TRUE(left);
  EXPECT_TRUE(test.server.stop(2 * second));
}

TEST(Server, StopsInOrder) {
  std::atomic<bool> began{false};
  TestServer test([&](Router& router) {
    router.add(Route{
        .method = "GET", .pattern = "/slow", .permission = "", .handler = [&](Request&) -> Task<Result<Response>> {
          began = true;
          co_await sleep(400 * millisecond);
          co_return Response::text("done");
        }});
  });
  RawSocket raw(test.port), idle(test.port);
  raw.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  while (!began) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_TRUE(test.server.stop(5 * second));
  bool closed = false;
  const std::string answer = raw.receive_all(8'000, &closed);
  EXPECT_NE(answer.find("connection: close\r\n\r\ndone"), std::string::npos) << answer;
  EXPECT_TRUE(closed);
  idle.receive_all(8'000, &closed);
  EXPECT_TRUE(closed);
  EXPECT_FALSE(RawSocket(test.port).connected());
}

TEST(Server, ListeningFailsWithAReason) {
  TestServer test(echo_routes);
  auto taken = test.server.listen("127.0.0.1", test.port, {.router = &test.router});
  EXPECT_EQ(taken.error().kind, ErrorKind::conflict);
  EXPECT_EQ(test.server.listen("nowhere", 0, {.router = &test.router}).error().kind, ErrorKind::invalid);
  const int copy = ::dup(test.server.descriptors().front());
  auto adopted = test.server.adopt(copy, {.router = &test.router});
  ASSERT_TRUE(adopted.has_value());
  EXPECT_EQ(*adopted, test.port);
}

// Peers that keep their connection and peers that open one each time, while one server after the other takes the
// socket.
TEST(Server, NoRequestIsLostWhereAnotherTakesTheSocket) {
  auto first = std::make_unique<TestServer>(echo_routes);
  const std::uint16_t port = first->port;
  std::atomic<bool> stop{false};
  std::atomic<int> answered{0}, lost{0};
  std::vector<std::thread> peers;
  for (const std::size_t kept : {8U, 0U, 8U, 0U})
    peers.emplace_back([&, kept] {
      Client client({.keep_connections = kept});
      while (!stop) {
        const auto got =
            client.send({.method = "POST", .url = fmt::format("http://127.0.0.1:{}/echo", port), .body = "x"});
        ++(got && got->status == 200 ? answered : lost);
      }
    });
  for (int round = 0; round < 4; ++round) {
    const int before = answered;
    while (answered < before + 50) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    const int copy = ::dup(first->server.descriptors().back());
    EXPECT_TRUE(first->server.stop(5 * second));
    auto second_one = std::make_unique<TestServer>(echo_routes);
    EXPECT_TRUE(second_one->server.adopt(copy, {.router = &second_one->router}).has_value());
    first = std::move(second_one);
  }
  stop = true;
  for (auto& peer : peers) peer.join();
  EXPECT_EQ(lost, 0);
  EXPECT_GT(answered, 200);
}

TEST(Server, LocalModeIsAskedFirst) {
  TestServer test(echo_routes, {}, {.local_mode = true});
  auto ask = [&](std::string_view head) {
    RawSocket raw(test.port);
    raw.send(head);
    return status_of(raw.receive_until("\r\n\r\n"));
  };
  EXPECT_EQ(ask(fmt::format("GET /items/1 HTTP/1.1\r\nHost: localhost:{}\r\n\r\n", test.port)), 200);
  EXPECT_EQ(ask("GET /items/1 HTTP/1.1\r\nHost: evil.example\r\n\r\n"), 403);
  EXPECT_EQ(ask(fmt::format("GET /items/1 HTTP/1.0\r\nHost: localhost:{}\r\n\r\n", test.port)), 403);
  EXPECT_EQ(ask(fmt::format(
                "POST /echo HTTP/1.1\r\nHost: localhost:{}\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nabc",
                test.port)),
            415);
}

TEST(Tasks, JoinAndWakeFromSleep) {
  Io io(2);
  Log log(Log::Format::text, Level::error);
  std::atomic<int> ended{0};
  {
    Tasks tasks(io, log);
    for (int i = 0; i < 4; ++i)
      tasks.spawn("sleeper", [&](Cancel stop) -> Task<void> {
        while (!stop.requested() && co_await sleep(hour)) {
        }
        ++ended;
      });
    tasks.spawn("quick", [&](Cancel) -> Task<void> {
      co_await sleep(millisecond);
      ++ended;
    });
    while (tasks.running() > 4) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(ended, 5);
}

TEST(Pool, RefusesWhatItCannotHold) {
  Pool pool(1, 1);
  std::atomic<bool> go{false};
  std::atomic<int> refused{0}, done{0};
  Io io(2);
  Log log(Log::Format::text, Level::error);
  Tasks tasks(io, log);
  for (int i = 0; i < 5; ++i)
    tasks.spawn("work", [&](Cancel) -> Task<void> {
      auto got = co_await on_pool(pool, {}, [&]() -> Result<int> {
        while (!go) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        return 7;
      });
      ++(got ? done : refused);
    });
  while (refused < 3) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  go = true;
  tasks.join();
  EXPECT_GE(done, 1);
  EXPECT_EQ(done + refused, 5);
}

}  // namespace
}  // namespace pawl::net
