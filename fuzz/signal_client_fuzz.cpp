// SignalResponses of any bytes into a client's signalling session and its room's state.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "core/room/room_state.hpp"
#include "core/signal/client_session.hpp"

namespace {

using namespace sidetone;

void apply(const livekit::SignalResponse& response,
           room::RoomState& state,
           room::EventOutbox& out) {
  if (response.has_join()) state.on_join(response.join(), out);
  if (response.has_reconnect()) state.on_resumed();
  if (response.has_update()) state.on_update(response.update(), out);
  if (response.has_speakers_changed()) state.on_speakers(response.speakers_changed(), out);
  if (response.has_connection_quality()) state.on_quality(response.connection_quality(), out);
  if (response.has_room_update()) state.on_room(response.room_update().room(), out);
  if (response.has_subscription_permission_update())
    state.on_permission(response.subscription_permission_update(), out);
  if (response.has_mute())
    state.set_subscribed(response.mute().sid(), response.mute().muted(), out);
}

}  // namespace

// Each message is a length byte and that many bytes; the length is also how much time passes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  signal::ClientSession session(base::WallClock{});
  signal::ClientOutbox out;
  room::RoomState state;
  room::EventOutbox events;
  base::Instant now{};
  session.open({}, now, out);
  session.on_socket_open(now, out);
  auto rest = std::as_bytes(std::span(data, size));
  while (!rest.empty()) {
    auto length = std::min<std::size_t>(std::to_integer<std::size_t>(rest[0]), rest.size() - 1);
    now += std::chrono::milliseconds(20 * length);
    session.on_deadline(now, out);
    session.on_message(rest.subspan(1, length), now, out);
    rest = rest.subspan(1 + length);
    for (auto& output : out)
      if (auto* received = std::get_if<signal::Received>(&output))
        apply(received->response, state, events);
    out.clear();
    events.clear();
  }
  if (state.remotes().size() > room::kMaxParticipants) std::abort();
  return 0;
}
