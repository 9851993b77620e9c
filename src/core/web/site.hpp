// Everything that the server answers over HTTP beside joining: the web page, a token for trying
// things out, and LiveKit's RoomService. One strand.
#pragma once

#include <optional>

#include "core/server/server.hpp"
#include "core/web/dev_token.hpp"
#include "core/web/message.hpp"

namespace sidetone::web {

class Site {
 public:
  explicit Site(DevToken dev_token = {}) : dev_token_(std::move(dev_token)) {}

  // Nothing: not ours; the server's admission answers (core/server/server.hpp).
  std::optional<Response> answer(const Request& request, server::Server& server, server::Turn turn);

 private:
  DevToken dev_token_;
};

}  // namespace sidetone::web
