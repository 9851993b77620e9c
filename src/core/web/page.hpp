// The web page: which request gets which file, with the headers that lock the page in. "/" is the
// page for a browser (Accept: text/html) and nothing here for anybody else, so that health checks
// find their "OK" (core/server/admission.hpp). No state; any thread. Source: architecture.md §8.
#pragma once

#include <optional>
#include <span>

#include "core/web/assets.hpp"
#include "core/web/message.hpp"

namespace sidetone::web {

// Nothing: this request asks for no file of the page. `offers_token` tells the page that it may ask
// for a token (core/web/dev_token.hpp).
std::optional<Response> page(const Request& request,
                             std::span<const Asset> files,
                             bool offers_token);

}  // namespace sidetone::web
