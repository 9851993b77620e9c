#include "core/session/remote_streams.hpp"

#include <algorithm>

namespace sidetone::session {

error_code RemoteStreams::attach(std::string_view track_sid,
                                 media::PacketSink& sink,
                                 StreamEnd end,
                                 base::Instant now) {
  auto found = streams_.find(track_sid);
  if (found == streams_.end()) found = streams_.emplace(std::string(track_sid), Stream{}).first;
  auto& stream = found->second;
  auto same = std::find_if(stream.listeners.begin(), stream.listeners.end(),
                           [&](const Listener& l) { return l.sink == &sink; });
  if (same != stream.listeners.end()) return {};
  if (stream.listeners.size() >= kMaxListeners) return errc::overflow;
  stream.listeners.push_back({&sink, end});
  for (const auto& packet : stream.early) sink.on_packet(packet, now);
  stream.early = {};
  return {};
}

void RemoteStreams::detach(const media::PacketSink& sink) {
  for (auto& [sid, stream] : streams_)
    std::erase_if(stream.listeners, [&](const Listener& l) { return l.sink == &sink; });
}

void RemoteStreams::begin(std::string_view track_sid, base::Instant now) {
  auto found = streams_.find(track_sid);
  if (found == streams_.end()) found = streams_.emplace(std::string(track_sid), Stream{}).first;
  found->second.begun = now;
  found->second.early.clear();
}

void RemoteStreams::end(std::string_view track_sid, media::EndReason reason, base::Instant now) {
  auto found = streams_.find(track_sid);
  if (found == streams_.end()) return;
  for (const auto& listener : found->second.listeners)
    if (listener.end == StreamEnd::with_track) listener.sink->end(reason, now);
  streams_.erase(found);
}

void RemoteStreams::end_all(media::EndReason reason, base::Instant now) {
  while (!streams_.empty()) end(std::string(streams_.begin()->first), reason, now);
}

bool RemoteStreams::deliver(std::string_view track_sid,
                            const rtp::ReceivedPacket& packet,
                            base::Instant now) {
  auto found = streams_.find(track_sid);
  if (found == streams_.end()) return false;
  auto& stream = found->second;
  for (const auto& listener : stream.listeners) listener.sink->on_packet(packet, now);
  if (!stream.listeners.empty()) return true;
  if (now - stream.begun > kEarlyFor || stream.early.size() >= kMaxEarly) {
    stream.early = {};
    return false;
  }
  stream.early.push_back(packet);
  return true;
}

}  // namespace sidetone::session
