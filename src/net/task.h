// The one place that names what a coroutine returns. Rules (style): parameters by value or from wiring, no lock and no
// view into another's buffer across co_await, every await has a deadline, over 100 µs of CPU goes to the pool.
#pragma once
#include <boost/asio/awaitable.hpp>

namespace pawl {

template <typename T = void>
using Task = boost::asio::awaitable<T>;

}  // namespace pawl
