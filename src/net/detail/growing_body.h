// A message body for Beast's parser that grows with what has come, never with what was promised.
#pragma once
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/http/message.hpp>
#include <string>

namespace pawl::net::detail {

struct GrowingBody {
  using value_type = std::string;
  static constexpr std::size_t trusted = 256U << 10;  // reserved on the peer's word

  class reader {
   public:
    template <bool R, class F>
    reader(boost::beast::http::header<R, F>&, value_type& body) : body_(body) {}
    void init(const boost::optional<std::uint64_t>& length, boost::beast::error_code& error) {
      error = {};
      if (length) body_.reserve(std::min<std::uint64_t>(*length, trusted));
    }
    template <class Buffers>
    std::size_t put(const Buffers& buffers, boost::beast::error_code& error) {
      error = {};
      std::size_t size = 0;
      for (auto part : boost::beast::buffers_range_ref(buffers)) {
        body_.append(static_cast<const char*>(part.data()), part.size());
        size += part.size();
      }
      return size;
    }
    void finish(boost::beast::error_code& error) { error = {}; }

   private:
    value_type& body_;
  };
};

}  // namespace pawl::net::detail
