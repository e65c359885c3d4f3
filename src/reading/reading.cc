// A request that reads: the warehouse, the pool, the end of what nobody waits for.
#include "reading.h"

namespace pawl::reading {

Task<Result<net::Response>> answer(net::Pool& pool, warehouse::Warehouse* store,
                                   const std::function<std::string()>& progress, net::Request& request, Work work) {
  if (store == nullptr)
    co_return fail(ErrorKind::unavailable, "Pawl accepts data, but cannot answer queries yet: {}.", progress());
  co_return co_await net::on_pool(pool, request.cancel, [&](const net::Cancel& stop) -> Result<net::Response> {
    warehouse::ForOne asked(*store, [stop] { return stop.requested(); });
    return work(asked, stop);
  });
}

}  // namespace pawl::reading
