// The way from a request to an answer of the warehouse, for every feature that reads.
#pragma once
#include <functional>
#include <string>

#include "net/pool.h"
#include "net/router.h"
#include "store/warehouse/warehouse.h"

namespace pawl::reading {

using Work = std::function<Result<net::Response>(warehouse::Warehouse& asked, const net::Cancel& stop)>;

// Runs `work` on the pool with the warehouse; its queries end when nobody waits for the answer any more. While `store`
// is null (it is not open yet) the answer is `unavailable`, with the sentence of `progress` on how far the start has
// come. `pool`, `progress`, the request and what `work` refers to outlive the answer.
Task<Result<net::Response>> answer(net::Pool& pool, warehouse::Warehouse* store,
                                   const std::function<std::string()>& progress, net::Request& request, Work work);

// The handler of a route that does no more than that: `inside` has the pool, the warehouse and the sentence
// (`options.progress`), and outlives the router.
template <typename Inside>
net::Handler handler(Inside& inside,
                     Result<net::Response> (*work)(Inside&, warehouse::Warehouse&, const net::Request&)) {
  return [&inside, work](net::Request& request) {
    return answer(inside.pool, inside.warehouse.load(), inside.options.progress, request,
                  [&inside, work, &request](warehouse::Warehouse& asked, const net::Cancel&) {
                    return work(inside, asked, request);
                  });
  };
}

}  // namespace pawl::reading
