// What goes over the data channels: DataPackets with our numbers in them, and theirs checked.
// Source: protocol/wire_protocol.md §4.6.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.hpp"
#include "livekit.pb.h"

namespace sidetone::session {

inline constexpr std::string_view kReliableLabel = "_reliable";
inline constexpr std::string_view kLossyLabel = "_lossy";
// Of the user's payload: the server announces messages of 65,535 bytes and adds the sender to them.
inline constexpr std::size_t kMaxDataBytes = 64'000;

class DataMessages {
 public:
  struct Outgoing {
    base::Bytes payload;
    std::string_view topic;
    bool reliable = true;
    const std::vector<std::string>* destinations = nullptr;
  };

  // Reliable messages take the next number; say sent() when the transport took the bytes: they are
  // kept until the transport has them acknowledged.
  std::string encode(const Outgoing& message) const;
  void sent(bool reliable, std::string bytes);
  // The transport still has `buffered` bytes unacknowledged: what is older need not be kept.
  void trim(std::size_t buffered);
  // A resumed session: the numbered messages that the server has not seen, oldest first; what it
  // has seen is forgotten. Valid until the next call.
  std::vector<std::string_view> unseen(std::uint32_t last_seen);

  // Nothing for what does not decode, was there before, or is not for the application.
  std::optional<livekit::DataPacket> decode(base::Bytes bytes, bool reliable);

  // The numbers start at 1 in each new session.
  void restart();
  void forget(std::string_view participant_sid);

  // SyncState.datachannel_receive_states.
  const std::map<std::string, std::uint32_t, std::less<>>& received() const { return received_; }

  std::uint64_t undecodable() const { return undecodable_; }

  std::uint64_t duplicates() const { return duplicates_; }

 private:
  struct Kept {
    std::uint32_t sequence = 0;
    std::string bytes;
  };

  std::uint32_t next_sequence_ = 1;
  std::deque<Kept> kept_;  // bounded by what the transport buffers
  std::size_t kept_bytes_ = 0;
  std::map<std::string, std::uint32_t, std::less<>> received_;  // last number by participant sid
  std::uint64_t undecodable_ = 0;
  std::uint64_t duplicates_ = 0;
};

}  // namespace sidetone::session
