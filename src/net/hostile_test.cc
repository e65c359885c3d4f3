// What a broken or malicious HTTP/1 peer gets: a clear refusal, a closed connection, and no effect on anybody else.
#include <gtest/gtest.h>

#include <thread>

#include "net/detail/test_server.h"

namespace pawl::net {
namespace {

using testing::count;
using testing::quick_limits;
using testing::RawSocket;
using testing::status_of;
using testing::TestServer;

class Hostile : public ::testing::Test {
 protected:
  static Limits limits() {
    Limits made = quick_limits();
    made.inflight_body_bytes = 1U << 20;
    made.body_bytes = 4U << 20;
    made.connections = 40;
    return made;
  }
  void add(Router& router) {
    router.add(Route{.method = "POST",
                     .pattern = "/in",
                     .permission = "ingest",
                     .handler = [this](Request& request) -> Task<Result<Response>> {
                       ++handled;
                       co_return Response::text(fmt::format("got {}", request.body.size()));
                     }});
    router.add(Route{
        .method = "GET", .pattern = "/huge", .permission = "read", .handler = [](Request&) -> Task<Result<Response>> {
          co_return Response::text(std::string(64U << 20, 'z'));
        }});
  }
  // The whole answer to `bytes`; the connection must have been closed after it.
  std::string told(std::string_view bytes) {
    RawSocket raw(test.port);
    raw.send(bytes);
    bool closed = false;
    std::string answer = raw.receive_all(8'000, &closed);
    EXPECT_TRUE(closed) << answer;
    EXPECT_LE(count(answer, "HTTP/1.1 "), 1U) << answer;
    return answer;
  }
  int status(std::string_view lines, std::string_view body = {}) {
    return status_of(told(fmt::format("POST /in HTTP/1.1\r\nHost: a\r\n{}\r\n{}", lines, body)));
  }
  ~Hostile() override {
    RawSocket raw(test.port);
    raw.send("POST /in HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
    const std::string answer = raw.receive_all();
    EXPECT_NE(answer.find("got 2"), std::string::npos) << "no longer serves: " << answer;
    EXPECT_TRUE(test.server.stop(3 * second));
    EXPECT_EQ(test.server.stats().body_bytes_inflight, 0U);
  }

  std::atomic<int> handled{0};
  TestServer test{[this](Router& router) { add(router); }, ServerOptions{.limits = limits()}};
};

TEST_F(Hostile, Lengths) {
  EXPECT_EQ(status("Content-Length: 99999999999999999999\r\n"), 413);
  EXPECT_EQ(status("Content-Length: 999999999999\r\n"), 413);
  EXPECT_EQ(status("Content-Length: -4\r\n"), 400);
  EXPECT_EQ(status("Content-Length: 4\r\nContent-Length: 5\r\n", "abcd"), 400);
  EXPECT_EQ(status("Content-Length: 4, 4\r\n", "abcd"), 400);
  EXPECT_EQ(status("Content-Length: four\r\n", "abcd"), 400);
  EXPECT_EQ(handled, 0);
}

TEST_F(Hostile, NothingIsSmuggled) {
  const std::string hidden = "POST /in HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n";
  EXPECT_EQ(status("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n" + hidden), 400);
  EXPECT_EQ(status("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", "0\r\n\r\n" + hidden), 400);
  EXPECT_EQ(status("Transfer-Encoding: identity, chunked\r\n", "0\r\n\r\n" + hidden), 501);
  EXPECT_EQ(status("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n" + hidden), 501);
  EXPECT_EQ(status("Transfer-Encoding\t: chunked\r\n", "0\r\n\r\n" + hidden), 400);
  EXPECT_EQ(status("Transfer-Encoding: \x0b"
                   "chunked\r\n",
                   "0\r\n\r\n" + hidden),
            400);
  EXPECT_EQ(status("X: y\r\n Transfer-Encoding: chunked\r\n", hidden), 400);
  EXPECT_EQ(status("X: y\nTransfer-Encoding: chunked\r\n", hidden), 400);
  EXPECT_EQ(status("X: y\rTransfer-Encoding: chunked\r\n", hidden), 400);
  EXPECT_EQ(status_of(told("POST /in HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden)), 400);
  EXPECT_EQ(handled, 0);
}

TEST_F(Hostile, Chunks) {
  const std::string chunked = "Transfer-Encoding: chunked\r\n";
  EXPECT_EQ(status(chunked, "xyz\r\nabc\r\n0\r\n\r\n"), 400);
  EXPECT_EQ(status(chunked, "-3\r\nabc\r\n0\r\n\r\n"), 400);
  EXPECT_EQ(status(chunked, "FFFFFFFFFFFFFFFFF\r\nabc\r\n0\r\n\r\n"), 400);
  EXPECT_EQ(status(chunked, "3\r\nabcdef\r\n0\r\n\r\n"), 400);
  EXPECT_EQ(status(chunked, "3;" + std::string(200'000, 'e') + "\r\nabc\r\n0\r\n\r\n"), 400);
  EXPECT_EQ(status(chunked, "FFFFFFFF\r\n" + std::string(1'000, 'a')), 413);
  EXPECT_EQ(handled, 0);
}

TEST_F(Hostile, Heads) {
  EXPECT_EQ(status_of(told("\x16\x03\x01\x02\n")), 400);  // TLS on a plain port
  EXPECT_EQ(status_of(told("GARBAGE\r\n\r\n")), 400);
  EXPECT_EQ(status_of(told("BREW /in HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")), 405);
  EXPECT_EQ(status_of(told("POST /in HTTP/3.0\r\nHost: a\r\n\r\n")), 505);
  EXPECT_EQ(status_of(told("POST /in HTTP/1.1\r\n\r\n")), 400);
  EXPECT_EQ(status_of(told("CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n")), 400);
  EXPECT_EQ(status(fmt::format("X: {}\r\n", std::string(40'000, 'x'))), 431);
  std::string many;
  for (int i = 0; i < 500; ++i) many += fmt::format("X{}: y\r\n", i);
  EXPECT_EQ(status(many), 431);
  EXPECT_EQ(status(std::string_view("X: a\0b\r\n", 8)), 400);
  EXPECT_EQ(status("X: a\r\n folded\r\n"), 400);
  EXPECT_EQ(status_of(told(std::string(100'000, 'A'))), 431);
  EXPECT_EQ(handled, 0);
  EXPECT_GE(test.server.stats().malformed, 8U);
}

TEST_F(Hostile, SlowPeersAreCutOff) {
  RawSocket says_nothing(test.port), half_head(test.port), half_body(test.port), drips(test.port), idles(test.port);
  half_head.send("POST /in HTTP/1.1\r\nHo");
  half_body.send("POST /in HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc");
  drips.send("POST /in HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
  idles.send("POST /in HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
  for (int i = 0; i < 30; ++i) {
    drips.send("x");  // 20 bytes a second, under the minimum of 1,024
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  bool closed = false;
  EXPECT_EQ(says_nothing.receive_all(8'000, &closed), "");
  EXPECT_TRUE(closed);
  EXPECT_EQ(status_of(half_head.receive_all(8'000, &closed)), 408);
  EXPECT_TRUE(closed);
  EXPECT_EQ(status_of(half_body.receive_all(8'000, &closed)), 408);
  EXPECT_TRUE(closed);
  EXPECT_EQ(status_of(drips.receive_all(8'000, &closed)), 408);
  EXPECT_TRUE(closed);
  EXPECT_EQ(status_of(idles.receive_all(8'000, &closed)), 200);
  EXPECT_TRUE(closed);
  EXPECT_EQ(handled, 1);
}

TEST_F(Hostile, HalfClosedInTheMiddleOfABody) {
  RawSocket raw(test.port);
  raw.send("POST /in HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc");
  ::shutdown(raw.fd(), SHUT_WR);
  bool closed = false;
  EXPECT_EQ(raw.receive_all(8'000, &closed), "");
  EXPECT_TRUE(closed);
  EXPECT_EQ(handled, 0);
}

TEST_F(Hostile, TheBudgetOfBodiesHolds) {
  const std::string most(900'000, 'x');
  RawSocket holder(test.port);
  holder.send("POST /in HTTP/1.1\r\nHost: a\r\nContent-Length: 950000\r\n\r\n" + most);
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  const std::string answer = told("POST /in HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n" + most);
  EXPECT_EQ(status_of(answer), 503);
  EXPECT_NE(answer.find("retry-after: 1"), std::string::npos);
  holder.send(std::string(50'000, 'x'));
  EXPECT_NE(holder.receive_until("got").find("got 950000"), std::string::npos);
  EXPECT_EQ(test.server.stats().over_budget, 1U);
}

TEST_F(Hostile, TooManyConnections) {
  std::vector<std::unique_ptr<RawSocket>> all;
  for (int i = 0; i < 45; ++i) all.push_back(std::make_unique<RawSocket>(test.port));
  EXPECT_EQ(status_of(all.back()->receive_all(1'000)), 503);
  all.clear();
  for (int i = 0; i < 100 && test.server.stats().connections_open > 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(test.server.stats().connections_open, 0U);
  EXPECT_GE(test.server.stats().connections_refused, 5U);
}

TEST_F(Hostile, ReadersThatDoNotRead) {
  RawSocket raw(test.port);
  raw.send("GET /huge HTTP/1.1\r\nHost: a\r\n\r\n");
  for (int i = 0; i < 500 && test.server.stats().requests == 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  for (int i = 0; i < 500 && test.server.stats().connections_open > 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(test.server.stats().connections_open, 0U);
}

TEST_F(Hostile, PipelinesAreServedOneByOne) {
  std::string flood;
  for (int i = 0; i < 5'000; ++i) flood += "POST /in HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx";
  RawSocket raw(test.port);
  std::thread sender([&] { raw.send(flood); });
  std::string all;
  bool closed = false;
  while (count(all, "got 1") < 5'000 && !closed) {
    const std::string piece = raw.receive(3'000, closed);
    if (piece.empty()) break;
    all += piece;
  }
  sender.join();
  EXPECT_EQ(count(all, "got 1"), 5'000U);
}

}  // namespace
}  // namespace pawl::net
