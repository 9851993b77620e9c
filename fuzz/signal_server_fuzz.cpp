// SignalRequests, request lines and trickled candidates of any bytes, as a server reads them.
#include <cstdint>
#include <cstdlib>

#include "core/signal/server_session.hpp"
#include "core/signal/trickle.hpp"
#include "core/signal/url.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sidetone;
  auto bytes = std::as_bytes(std::span(data, size));
  signal::ServerSession session(base::WallClock{});
  signal::ServerOutbox out;
  session.on_message(bytes, base::Instant{}, out);
  session.on_message(bytes, base::Instant{}, out);
  if (session.closed() != (session.malformed() != 0)) std::abort();

  auto text = base::as_text(bytes);
  auto target = signal::parse_target(text);
  if (target.query.size() > 64) std::abort();
  (void)signal::make_socket_request(text, "token", {});
  (void)signal::make_socket_request("ws://h", text, {});
  if (auto init = signal::parse_candidate_init(text)) {
    auto again = signal::parse_candidate_init(signal::format_candidate_init(*init));
    if (!again || again->candidate != init->candidate || again->sdp_mid != init->sdp_mid)
      std::abort();
  }
  return 0;
}
