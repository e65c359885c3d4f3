// HTTP/2 and gRPC through a client of nghttp2 on a raw socket.
#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <map>
#include <thread>

#include "base/text.h"
#include "net/channel.h"
#include "net/detail/grpc_frame.h"
#include "net/detail/test_server.h"
#include "net/pool.h"

namespace pawl::net {
namespace {

using testing::quick_limits;
using testing::RawSocket;
using testing::status_of;
using testing::TestServer;

constexpr std::string_view method_path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

struct Got {
  std::map<std::string, std::string> headers;  // trailers too
  std::string body;
  bool closed = false, reset = false, sent_all_before = false;  // … the first header came
  std::uint32_t error = 0;
  std::string grpc_status() const { return headers.contains("grpc-status") ? headers.at("grpc-status") : "none"; }
  std::string status() const { return headers.contains(":status") ? headers.at(":status") : "none"; }
};

struct Sending {
  std::string bytes;
  std::size_t at = 0;
  bool stall = false;  // never ends
};

class H2Client {
 public:
  explicit H2Client(std::uint16_t port, std::uint32_t window = 65'535) : socket_(port), port_(port) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(
        callbacks, [](nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                      const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* user) {
          Got& one = static_cast<H2Client*>(user)->got[frame->hd.stream_id];
          if (one.headers.empty()) one.sent_all_before = static_cast<H2Client*>(user)->sent(frame->hd.stream_id);
          static_cast<H2Client*>(user)
              ->got[frame->hd.stream_id]
              .headers[std::string(reinterpret_cast<const char*>(name), name_size)] =
              std::string(reinterpret_cast<const char*>(value), value_size);
          return 0;
        });
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
        callbacks,
        [](nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* bytes, std::size_t size, void* user) {
          static_cast<H2Client*>(user)->got[id].body.append(reinterpret_cast<const char*>(bytes), size);
          return 0;
        });
    nghttp2_session_callbacks_set_on_stream_close_callback(
        callbacks, [](nghttp2_session*, std::int32_t id, std::uint32_t error, void* user) {
          static_cast<H2Client*>(user)->got[id].closed = true;
          static_cast<H2Client*>(user)->got[id].error = error;
          return 0;
        });
    nghttp2_session_callbacks_set_on_frame_recv_callback(
        callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
          if (frame->hd.type == NGHTTP2_GOAWAY) static_cast<H2Client*>(user)->goaway = true;
          if (frame->hd.type == NGHTTP2_RST_STREAM) static_cast<H2Client*>(user)->got[frame->hd.stream_id].reset = true;
          return 0;
        });
    nghttp2_session_client_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    const nghttp2_settings_entry setting{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &setting, 1);
    nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, 64 << 20);
    flush();  // the server waits for the preface no longer than for any head
  }
  ~H2Client() { nghttp2_session_del(session_); }
  H2Client(const H2Client&) = delete;
  H2Client& operator=(const H2Client&) = delete;

  using Fields = std::vector<std::pair<std::string, std::string>>;
  std::int32_t ask(std::string method, std::string path, Fields headers = {}, std::string body = {},
                   bool stall = false) {
    Fields all{{":method", std::move(method)}, {":scheme", "http"}, {":path", std::move(path)}};
    std::string authority = fmt::format("127.0.0.1:{}", port_);
    for (auto& [name, value] : headers)
      if (name == ":authority") authority = value;
    all.emplace_back(":authority", authority);
    for (auto& field : headers)
      if (field.first != ":authority") all.push_back(field);
    std::vector<nghttp2_nv> list;
    for (auto& [name, value] : all)
      list.push_back({reinterpret_cast<std::uint8_t*>(name.data()), reinterpret_cast<std::uint8_t*>(value.data()),
                      name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
    auto sending = std::make_unique<Sending>(Sending{std::move(body), 0, stall});
    nghttp2_data_provider provider{};
    provider.source.ptr = sending.get();
    provider.read_callback = [](nghttp2_session*, std::int32_t, std::uint8_t* into, std::size_t size,
                                std::uint32_t* flags, nghttp2_data_source* source, void*) -> ssize_t {
      auto& from = *static_cast<Sending*>(source->ptr);
      const std::size_t taken = std::min(size, from.bytes.size() - from.at);
      std::memcpy(into, from.bytes.data() + from.at, taken);
      from.at += taken;
      if (from.at == from.bytes.size()) {
        if (from.stall && taken == 0) return NGHTTP2_ERR_DEFERRED;
        if (!from.stall) *flags |= NGHTTP2_DATA_FLAG_EOF;
      }
      return static_cast<ssize_t>(taken);
    };
    const bool has_body = stall || !sending->bytes.empty();
    sendings_.push_back(std::move(sending));
    return nghttp2_submit_request(session_, nullptr, list.data(), list.size(), has_body ? &provider : nullptr, nullptr);
  }
  std::int32_t call(std::string message, Fields more = {}, std::string framed = {}) {
    Fields headers{{"content-type", "application/grpc"}, {"te", "trailers"}};
    for (auto& field : more) headers.push_back(field);
    return ask("POST", std::string(method_path), headers, framed.empty() ? detail::grpc_frame(message) : framed);
  }
  void flush() {
    const std::uint8_t* bytes = nullptr;
    for (ssize_t size; (size = nghttp2_session_mem_send(session_, &bytes)) > 0;)
      socket_.send({reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)});
  }
  // Until `done`, or nothing came for `ms`.
  bool run(const std::function<bool()>& done, int ms = 8'000) {
    for (bool closed = false;;) {
      flush();
      if (done()) return true;
      const std::string bytes = socket_.receive(ms, closed);
      if (bytes.empty()) {
        gone = closed;
        return done();
      }
      if (nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()) < 0)
        return false;
    }
  }
  Got& finish(std::int32_t id) {
    run([&] { return got[id].closed; });
    EXPECT_TRUE(got[id].closed) << "stream " << id << " did not end";
    return got[id];
  }
  void reset(std::int32_t id) { nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL); }
  bool sent(std::int32_t id) const {  // streams are numbered 1, 3, 5 …
    const Sending& one = *sendings_[static_cast<std::size_t>(id / 2)];
    return one.at == one.bytes.size();
  }
  bool all_sent() const {
    return std::ranges::all_of(sendings_, [](const auto& one) { return one->at == one->bytes.size(); });
  }

  std::map<std::int32_t, Got> got;
  bool goaway = false, gone = false;

 private:
  RawSocket socket_;
  std::uint16_t port_;
  nghttp2_session* session_ = nullptr;
  std::vector<std::unique_ptr<Sending>> sendings_;
};

class Http2 : public ::testing::Test {
 protected:
  static Limits limits() {
    Limits made = quick_limits();
    made.stream_window = 64U << 10;
    made.connection_window = 256U << 10;
    made.connection_bytes = 512U << 10;
    made.inflight_body_bytes = 48U << 20;
    made.body_bytes = 8U << 20;
    made.linger_time = 2 * second;
    return made;
  }
  void add(Router& router) {
    router.add(GrpcMethod{.path = std::string(method_path),
                          .permission = "ingest",
                          .handler = [this](Request& request) -> Task<Result<std::string>> {
                            if (request.body == "later") co_return fail(ErrorKind::unavailable, "Not now; try again.");
                            if (request.body == "bad") co_return fail(ErrorKind::invalid, "100% wrong.");
                            if (request.body == "throw") throw std::runtime_error("boom");
                            if (request.body == "wait") {
                              began = true;
                              while (!request.cancel.requested() && co_await sleep(20 * millisecond)) {
                              }
                              cancelled = request.cancel.raised();
                            }
                            if (request.body == "slow") {
                              began = true;
                              co_await sleep(400 * millisecond);
                            }
                            co_return fmt::format("{} {}", request.body.size(), request.content_encoding);
                          }});
    router.add(Route{.method = "POST",
                     .pattern = "/echo",
                     .permission = "ingest",
                     .handler = [](Request& request) -> Task<Result<Response>> {
                       co_return Response::bytes("text/plain", std::move(request.body));
                     }});
    router.add(Route{.method = "GET",
                     .pattern = "/live",
                     .permission = "read",
                     .handler = [this](Request&) -> Task<Result<Response>> { co_return Response::events(channel); }});
    router.add(Route{
        .method = "GET", .pattern = "/pieces", .permission = "read", .handler = [](Request&) -> Task<Result<Response>> {
          Response response;
          auto left = std::make_shared<int>(50);
          response.body = Source([left]() -> Task<Result<std::optional<std::string>>> {
            if (--*left < 0) co_return std::optional<std::string>();
            co_return std::optional(std::string(40'000, 'y'));
          });
          co_return response;
        }});
    router.add(Route{.method = "GET",
                     .pattern = "/cookie",
                     .permission = "read",
                     .handler = [](Request& request) -> Task<Result<Response>> {
                       co_return Response::text(std::string(request.headers.get("cookie")));
                     }});
  }
  ~Http2() override {
    EXPECT_TRUE(test.server.stop(3 * second));
    EXPECT_EQ(test.server.stats().body_bytes_inflight, 0U);
  }
  std::atomic<bool> began{false}, cancelled{false};
  std::shared_ptr<Channel> channel = std::make_shared<Channel>();
  TestServer test{[this](Router& router) { add(router); }, ServerOptions{.limits = limits()}};
};

TEST_F(Http2, GrpcCallsAreAnswered) {
  H2Client client(test.port);
  const auto plain = client.call("hello"), empty = client.call(""), big = client.call(std::string(5'000'000, 'x'));
  std::string squeezed = detail::grpc_frame("squeezed");
  squeezed[0] = 1;
  const auto packed = client.call("", {{"grpc-encoding", "gzip"}}, squeezed);
  EXPECT_EQ(client.finish(plain).body, detail::grpc_frame("5 "));
  EXPECT_EQ(client.got[plain].grpc_status(), "0");
  EXPECT_EQ(client.got[plain].headers["content-type"], "application/grpc");
  EXPECT_EQ(client.finish(empty).body, detail::grpc_frame("0 "));
  EXPECT_EQ(client.finish(big).body, detail::grpc_frame("5000000 "));
  EXPECT_EQ(client.finish(packed).body, detail::grpc_frame("8 gzip"));
}

TEST_F(Http2, GrpcErrorsAreTrailersOnly) {
  H2Client client(test.port);
  auto& later = client.finish(client.call("later"));
  EXPECT_EQ(later.status(), "200");
  EXPECT_EQ(later.grpc_status(), "14");
  EXPECT_EQ(later.headers["grpc-message"], "Not now; try again.");
  EXPECT_NE(from_base64(later.headers["grpc-status-details-bin"])->find("RetryInfo"), std::string::npos);
  EXPECT_EQ(later.body, "");
  auto& bad = client.finish(client.call("bad"));
  EXPECT_EQ(bad.grpc_status(), "3");
  EXPECT_EQ(bad.headers["grpc-message"], "100%25 wrong.");
  EXPECT_FALSE(bad.headers.contains("grpc-status-details-bin"));
  EXPECT_EQ(client.finish(client.call("throw")).grpc_status(), "13");
  EXPECT_EQ(client
                .finish(client.call("", {},
                                    std::string("\0\0\0\0\x09"
                                                "abc",
                                                8)))
                .grpc_status(),
            "3");
  std::string odd = detail::grpc_frame("x");
  odd[0] = 1;
  EXPECT_EQ(client.finish(client.call("", {}, odd)).grpc_status(), "13");
  EXPECT_EQ(client.finish(client.call("", {{"grpc-encoding", "snappy"}}, odd)).grpc_status(), "12");
  EXPECT_EQ(client.finish(client.call(std::string(9U << 20, 'x'))).grpc_status(), "3");
  const auto unknown =
      client.ask("POST", "/no.Such/Method", {{"content-type", "application/grpc"}}, detail::grpc_frame("x"));
  EXPECT_EQ(client.finish(unknown).grpc_status(), "12");
  const auto untyped = client.ask("POST", std::string(method_path), {{"content-type", "application/json"}}, "{}");
  EXPECT_EQ(client.finish(untyped).status(), "415");
}

TEST_F(Http2, OrdinaryRoutesAreServedToo) {
  H2Client client(test.port);
  const std::string body(3'000'000, 'b');
  const auto echo = client.ask("POST", "/echo", {}, body);
  EXPECT_EQ(client.finish(echo).body, body);
  EXPECT_EQ(client.got[echo].status(), "200");
  EXPECT_EQ(client.finish(client.ask("GET", "/none")).status(), "404");
  EXPECT_EQ(client.finish(client.ask("GET", "/echo")).status(), "405");
  EXPECT_EQ(client.finish(client.ask("GET", "/pieces")).body.size(), 2'000'000U);
  EXPECT_EQ(client.finish(client.ask("GET", "/cookie", {{"cookie", "a=1"}, {"cookie", "b=2"}})).body, "a=1; b=2");
  EXPECT_EQ(client.finish(client.ask("HEAD", "/cookie")).body, "");
  const auto live = client.ask("GET", "/live");
  channel->push(sse_event("span", "one"));
  EXPECT_TRUE(client.run([&] { return client.got[live].body.find("data: one") != std::string::npos; }));
  EXPECT_TRUE(client.run([&] { return client.got[live].body.find("still here") != std::string::npos; }));
  client.reset(live);
  client.flush();
  for (int i = 0; i < 400 && !channel->closed(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(25));
  EXPECT_TRUE(channel->closed());
}

TEST_F(Http2, ManyLargeCallsShareTheConnectionWithoutStanding) {
  H2Client client(test.port);
  std::vector<std::int32_t> calls;
  for (int i = 0; i < 20; ++i) calls.push_back(client.call(std::string(2'000'000, 'x')));
  for (auto id : calls) EXPECT_EQ(client.finish(id).grpc_status(), "0");
  std::vector<std::int32_t> small;
  for (int i = 0; i < 1'000; ++i) small.push_back(client.call("s"));
  for (auto id : small) EXPECT_EQ(client.finish(id).grpc_status(), "0");
}

TEST_F(Http2, CancelledAndTimedOutCallsAreTold) {
  H2Client client(test.port);
  const auto id = client.call("wait");
  client.run([&] { return began.load(); }, 100);
  client.reset(id);
  client.flush();
  for (int i = 0; i < 400 && !cancelled; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(25));
  EXPECT_TRUE(cancelled);
  EXPECT_EQ(client.finish(client.call("wait", {{"grpc-timeout", "100m"}})).grpc_status(),
            "0");  // the handler gave up at its deadline
}

TEST_F(Http2, StoppingLetsBegunCallsEnd) {
  H2Client client(test.port), idle(test.port);
  idle.finish(idle.call("x"));
  const auto id = client.call("slow");
  client.run([&] { return began.load(); }, 100);
  std::thread stopper([&] { EXPECT_TRUE(test.server.stop(5 * second)); });
  EXPECT_EQ(client.finish(id).grpc_status(), "0");
  client.run([&] { return client.gone; });
  EXPECT_TRUE(client.goaway);
  idle.run([&] { return idle.gone; });
  EXPECT_TRUE(idle.goaway && idle.gone);
  stopper.join();
}

// curl 7.88 loses an answer that comes before it has sent its body; so what is refused is read to its end.
TEST_F(Http2, ARefusedCallMaySendAllThatItHas) {
  H2Client client(test.port);
  const std::string body = detail::grpc_frame(std::string(2'000'000, 'x'));  // many times a stream's window
  const auto unknown = client.ask("POST", "/no.Such/Method", {{"content-type", "application/grpc"}}, body);
  const auto missing = client.ask("POST", "/none", {}, body),
             big = client.ask("POST", "/echo", {}, std::string(9U << 20, 'x'));
  EXPECT_EQ(client.finish(unknown).grpc_status(), "12");
  EXPECT_EQ(client.finish(missing).status(), "404");
  EXPECT_EQ(client.finish(big).status(), "413");
  for (auto id : {unknown, missing, big}) {
    EXPECT_FALSE(client.got[id].reset) << id;
    EXPECT_TRUE(client.got[id].sent_all_before) << id;
  }
  EXPECT_TRUE(client.all_sent());
}

TEST_F(Http2, ARefusedCallThatNeverEndsIsResetAfterAWhile) {
  H2Client client(test.port);
  const auto id = client.ask("POST", "/no.Such/Method", {{"content-type", "application/grpc"}}, "abc", true);
  client.run([&] { return client.got[id].grpc_status() == "12"; });
  EXPECT_FALSE(client.got[id].reset);
  EXPECT_TRUE(client.finish(id).reset);
  EXPECT_EQ(client.got[id].error, 0U);  // NO_ERROR: the answer stands
  EXPECT_EQ(client.finish(client.call("still fine")).grpc_status(), "0");
}

TEST_F(Http2, LimitsOfHeadsAndBodies) {
  H2Client client(test.port);
  EXPECT_EQ(client.finish(client.ask("GET", "/cookie", {{"x", std::string(40'000, 'x')}})).status(), "431");
  EXPECT_EQ(client.finish(client.ask("GET", "/" + std::string(20'000, 'x'))).status(), "414");
  EXPECT_EQ(client.finish(client.ask("GET", "/cookie", {{"host", "other.example"}})).status(), "400");
  EXPECT_EQ(client.finish(client.ask("POST", "/echo", {{"content-length", "99999999"}}, "abc", true)).status(), "413");
  auto& slow = client.finish(client.ask("POST", "/echo", {}, "abc", true));
  EXPECT_EQ(slow.status(), "408");
  EXPECT_EQ(client.finish(client.call("still fine")).grpc_status(), "0");
}

TEST_F(Http2, AnswersThatNobodyTakesEnd) {
  H2Client client(test.port, 0);  // no window for answers
  auto& stuck = client.finish(client.ask("GET", "/pieces"));
  EXPECT_EQ(stuck.status(), "200");
  EXPECT_NE(stuck.error, 0U);
}

TEST_F(Http2, TheBudgetOfBodiesHolds) {
  std::vector<std::unique_ptr<H2Client>> holders;
  const std::string part = detail::grpc_frame(std::string(8'280'000, 'x'));
  const std::string but_its_end = part.substr(0, part.size() - 10);
  for (int i = 0; i < 6; ++i) {  // nearly the whole budget
    holders.push_back(std::make_unique<H2Client>(test.port));
    holders.back()->ask("POST", std::string(method_path), {{"content-type", "application/grpc"}}, but_its_end, true);
    holders.back()->flush();
  }
  auto all_sent = [&] { return std::ranges::all_of(holders, [](const auto& holder) { return holder->all_sent(); }); };
  for (int round = 0; round < 10'000 && !all_sent(); ++round)
    for (auto& holder : holders) holder->run([] { return false; }, 1);
  EXPECT_TRUE(all_sent());
  H2Client client(test.port);
  auto& refused = client.finish(client.call(std::string(1'000'000, 'x')));
  EXPECT_EQ(refused.grpc_status(), "14");
  EXPECT_TRUE(refused.headers.contains("grpc-status-details-bin"));
}

TEST_F(Http2, BrokenPeers) {
  RawSocket garbage(test.port), silent(test.port), half(test.port);
  garbage.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + std::string(300, '\xff'));
  silent.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  half.send("PRI * HT");
  bool closed = false;
  garbage.receive_all(8'000, &closed);
  EXPECT_TRUE(closed);
  silent.receive_all(8'000, &closed);
  EXPECT_TRUE(closed);
  half.receive_all(8'000, &closed);
  EXPECT_TRUE(closed);
  H2Client resets(test.port);  // CVE-2023-44487
  for (int round = 0; round < 40 && !resets.gone; ++round) {
    for (int i = 0; i < 50; ++i) {
      const auto id = resets.call("x");
      resets.flush();
      resets.reset(id);
    }
    resets.run([] { return false; }, 1);
  }
  resets.run([&] { return resets.gone; }, 8'000);
  EXPECT_TRUE(resets.gone);
  H2Client client(test.port);
  EXPECT_EQ(client.finish(client.call("fine")).grpc_status(), "0");
}

TEST(Http2Local, AuthorityCountsAsHost) {
  TestServer test(
      [](Router& router) {
        router.add(GrpcMethod{.path = std::string(method_path),
                              .permission = "ingest",
                              .handler = [](Request&) -> Task<Result<std::string>> { co_return ""; }});
      },
      {}, {.local_mode = true});
  H2Client client(test.port);
  EXPECT_EQ(client.finish(client.call("x")).grpc_status(), "0");
  EXPECT_EQ(client.finish(client.call("x", {{":authority", "evil.example"}})).grpc_status(), "7");
  EXPECT_EQ(client.finish(client.call("x", {{"x-forwarded-for", "1.2.3.4"}})).grpc_status(), "7");
}

}  // namespace
}  // namespace pawl::net
