#include "core/web/site.hpp"

#include "core/web/page.hpp"
#include "core/web/room_service.hpp"

namespace sidetone::web {

std::optional<Response> Site::answer(const Request& request,
                                     server::Server& server,
                                     server::Turn turn) {
  if (auto file = page(request, assets(), offers_token(dev_token_, request))) return file;
  if (auto answer = room_service(request, server, turn)) return answer;
  const auto now =
      std::chrono::duration_cast<signal::UnixSeconds>(server.config().wall.unix_time(turn.now));
  return dev_token(dev_token_, request, now);
}

}  // namespace sidetone::web
