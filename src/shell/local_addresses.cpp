#include "shell/local_addresses.hpp"

#include <ifaddrs.h>
#include <net/if.h>

#include <algorithm>
#include <memory>

#include "shell/socket_address.hpp"

namespace sidetone::shell {

std::vector<base::Address> local_addresses(Loopback loopback) {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return {};
  std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(list, freeifaddrs);
  std::vector<base::Address> result;
  for (const auto* each = list; each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr || (each->ifa_flags & IFF_UP) == 0) continue;
    auto endpoint = to_endpoint(*each->ifa_addr);
    if (!endpoint) continue;
    const auto& address = endpoint->address;
    if (address.is_loopback() && loopback == Loopback::leave_out) continue;
    if (address.is_v6() && address.is_link_local()) continue;
    result.push_back(address);
  }
  std::stable_sort(result.begin(), result.end(),
                   [](const auto& a, const auto& b) { return a.is_v6() < b.is_v6(); });
  std::vector<base::Address> unique;
  for (const auto& address : result)
    if (std::find(unique.begin(), unique.end(), address) == unique.end()) unique.push_back(address);
  return unique;
}

}  // namespace sidetone::shell
