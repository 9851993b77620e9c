// The addresses of this machine's interfaces that are up: what ICE offers as host candidates.
#pragma once

#include <vector>

#include "core/base/endpoint.hpp"

namespace sidetone::shell {

enum class Loopback { leave_out, include };

// IPv4 before IPv6, no duplicates, no link-local IPv6 (it needs a scope that SDP cannot carry).
// Empty when the system does not tell.
std::vector<base::Address> local_addresses(Loopback loopback);

}  // namespace sidetone::shell
