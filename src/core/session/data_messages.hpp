// What goes over the data channels: DataPackets with our numbers in them, and theirs checked.
// Source: protocol/wire_protocol.md §4.6.
#pragma once

#include <cstdint>
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

  // Reliable messages take the next number; say sent() when the transport took the bytes.
  std::string encode(const Outgoing& message) const;
  void sent(bool reliable);

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
  std::uint32_t next_sequence_ = 1;
  std::map<std::string, std::uint32_t, std::less<>> received_;  // last number by participant sid
  std::uint64_t undecodable_ = 0;
  std::uint64_t duplicates_ = 0;
};

}  // namespace sidetone::session
