// What users may ask of a room from any thread: a copy of the session's state, renewed on the
// strand before each event is delivered.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <sidetone/participant.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/room/room_state.hpp"

namespace sidetone::shell {

// The session's values as users see them.
Track to_public(const room::Track& track,
                const room::ParticipantRef& who,
                const std::weak_ptr<RoomDriver>& room);
Participant to_public(const room::Participant& participant, const std::weak_ptr<RoomDriver>& room);

class RoomView {
 public:
  struct Snapshot {
    ConnectionState state = ConnectionState::disconnected;
    std::string name;
    std::string sid;
    std::string metadata;
    Participant local;
    std::vector<Participant> remotes;
  };

  void update(Snapshot snapshot) {
    auto fresh = std::make_shared<const Snapshot>(std::move(snapshot));
    std::lock_guard lock(mutex_);
    snapshot_.swap(fresh);
  }

  std::shared_ptr<const Snapshot> get() const {
    std::lock_guard lock(mutex_);
    return snapshot_;
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Snapshot> snapshot_ = std::make_shared<const Snapshot>();
};

}  // namespace sidetone::shell
