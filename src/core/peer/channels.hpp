// The data-channel part of a Peer: the SCTP association once there are keys, and before that the
// channels that wait for it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/peer/output.hpp"
#include "core/sctp/association.hpp"

namespace sidetone::peer {

class Channels {
 public:
  // LiveKit opens three.
  static constexpr std::size_t kMaxWaiting = 16;

  error_code open(sctp::ChannelOptions options, sctp::Outbox& out);
  error_code send(ChannelId channel, bool binary, Bytes message, sctp::Outbox& out);

  // Begins the association and opens the waiting channels. False when there can be none.
  bool start(sctp::Config config, Instant now, sctp::Outbox& out);
  void on_packet(Bytes packet, Instant now, sctp::Outbox& out);
  void poll(Instant now, sctp::Outbox& out);
  void close(sctp::Outbox& out);

  // Turns SCTP's events into the peer's.
  void translate(sctp::Outbox& from, Output& out);

  bool started() const { return association_.has_value(); }

  std::optional<ChannelId> find(std::string_view label) const;
  std::size_t buffered_bytes() const;

 private:
  std::optional<sctp::Association> association_;
  std::vector<sctp::ChannelOptions> waiting_;
  std::map<std::string, ChannelId, std::less<>> open_;
  bool closed_ = false;
};

}  // namespace sidetone::peer
