// RoomDriver: what happened, told to the user; and streams that follow tracks and participants.
#include <boost/asio/error.hpp>

#include "shell/room_driver.hpp"

namespace sidetone::shell {
namespace {

std::size_t data_bytes(const RoomEvent& event) {
  const auto* data = std::get_if<DataReceived>(&event);
  return data ? data->payload.size() : 0;
}

room::ParticipantRef who_is(const room::Participant& participant) {
  return {participant.sid, participant.identity, participant.local};
}

// The session's event as users see it; nothing for what only concerns the inside.
class Translate {
 public:
  explicit Translate(std::weak_ptr<RoomDriver> driver) : driver_(std::move(driver)) {}

  using Event = std::optional<RoomEvent>;

  Event operator()(const room::Connected&) const { return Connected{}; }

  Event operator()(const room::ParticipantConnected& e) const {
    return ParticipantConnected{to_public(e.participant, driver_)};
  }

  Event operator()(const room::ParticipantDisconnected& e) const {
    return ParticipantDisconnected{to_public(e.participant, driver_), e.reason};
  }

  Event operator()(const room::TrackPublished& e) const { return TrackPublished{track(e)}; }

  Event operator()(const room::TrackUnpublished& e) const { return TrackUnpublished{track(e)}; }

  Event operator()(const room::TrackSubscribed& e) const { return TrackSubscribed{track(e)}; }

  Event operator()(const room::TrackUnsubscribed& e) const { return TrackUnsubscribed{track(e)}; }

  Event operator()(const room::TrackSubscriptionFailed& e) const {
    return TrackSubscriptionFailed{e.track_sid, e.code};
  }

  Event operator()(const room::SubscriptionPermissionChanged& e) const {
    return TrackSubscriptionPermissionChanged{track(e), e.allowed};
  }

  Event operator()(const room::TrackMuted& e) const { return TrackMuted{track(e)}; }

  Event operator()(const room::TrackUnmuted& e) const { return TrackUnmuted{track(e)}; }

  Event operator()(const room::LocalTrackSubscribed& e) const {
    return LocalTrackSubscribed{e.track_sid};
  }

  Event operator()(const room::ActiveSpeakersChanged& e) const {
    ActiveSpeakersChanged changed;
    for (const auto& speaker : e.speakers)
      changed.speakers.push_back({speaker.who.sid, speaker.who.identity, speaker.level});
    return changed;
  }

  Event operator()(const room::ConnectionQualityChanged& e) const {
    return ConnectionQualityChanged{e.who.identity, e.quality};
  }

  Event operator()(const room::RoomMetadataChanged& e) const {
    return RoomMetadataChanged{e.metadata};
  }

  Event operator()(const room::RoomInfoChanged& e) const {
    return RoomUpdated{e.name, e.sid, e.num_participants, e.num_publishers, e.recording};
  }

  Event operator()(const room::ParticipantPermissionsChanged& e) const {
    return ParticipantPermissionsChanged{e.who.identity, e.permissions};
  }

  Event operator()(const room::ParticipantMetadataChanged& e) const {
    return ParticipantMetadataChanged{e.who.identity, e.metadata};
  }

  Event operator()(const room::ParticipantNameChanged& e) const {
    return ParticipantNameChanged{e.who.identity, e.name};
  }

  Event operator()(const room::ParticipantAttributesChanged& e) const {
    return ParticipantAttributesChanged{e.who.identity, e.changed};
  }

  Event operator()(const room::DataReceived& e) const {
    return DataReceived{e.who.identity, e.payload, e.topic, e.reliable};
  }

  Event operator()(const room::Reconnecting&) const { return Reconnecting{}; }

  Event operator()(const room::Reconnected&) const { return Reconnected{}; }

  Event operator()(const room::Disconnected& e) const {
    return Disconnected{e.reason, e.code, e.text};
  }

  template <class Other>
  Event operator()(const Other&) const {
    return std::nullopt;
  }

 private:
  template <class E>
  Track track(const E& e) const {
    return to_public(e.track, e.who, driver_);
  }

  std::weak_ptr<RoomDriver> driver_;
};

}  // namespace

Track to_public(const room::Track& track,
                const room::ParticipantRef& who,
                const std::weak_ptr<RoomDriver>& room) {
  return {track.sid,    track.name,       track.mime_type, track.kind, track.source, track.muted,
          track.stereo, track.subscribed, who.local,       who.sid,    who.identity, room};
}

Participant to_public(const room::Participant& participant, const std::weak_ptr<RoomDriver>& room) {
  Participant result{participant.sid,
                     participant.identity,
                     participant.name,
                     participant.metadata,
                     participant.attributes,
                     participant.kind,
                     participant.local,
                     participant.active,
                     participant.speaking,
                     participant.audio_level,
                     participant.quality,
                     participant.permissions,
                     {}};
  for (const auto& track : participant.tracks)
    result.tracks.push_back(to_public(track, who_is(participant), room));
  return result;
}

void RoomDriver::renew_view() {
  const auto& state = session_.room();
  RoomView::Snapshot snapshot;
  snapshot.state = session_.state();
  snapshot.name = state.info().name;
  snapshot.sid = state.info().sid;
  snapshot.metadata = state.info().metadata;
  snapshot.local = to_public(state.local(), weak_from_this());
  for (const auto& [sid, participant] : state.remotes())
    snapshot.remotes.push_back(to_public(participant, weak_from_this()));
  view_.update(std::move(snapshot));
}

void RoomDriver::on_event(const room::Event& event) {
  track_followers(event);
  if (const auto* moved = std::get_if<room::LocalTrackRepublished>(&event))
    return follow_republished(*moved);
  auto translated = std::visit(Translate(weak_from_this()), event);
  if (translated) publish_event(std::move(*translated));
  // Those who wait for events got this one first, then hear of the end.
  if (std::holds_alternative<room::Disconnected>(event)) end_room();
}

// A full reconnect gave a track of ours a new sid; the user's handle keeps the old one.
void RoomDriver::follow_republished(const room::LocalTrackRepublished& moved) {
  if (auto track = local_tracks_.extract(moved.previous_sid)) {
    track.key() = moved.track.sid;
    track.mapped().sid = moved.track.sid;
    local_tracks_.insert(std::move(track));
    for (auto& follower : followers_)
      if (follower.track_sid == moved.previous_sid) follower.track_sid = moved.track.sid;
    for (auto& [first, present] : moved_)
      if (present == moved.previous_sid) present = moved.track.sid;
    moved_.try_emplace(moved.previous_sid, moved.track.sid);
  }
}

std::string RoomDriver::current_sid(const std::string& track_sid) const {
  const auto moved = moved_.find(track_sid);
  return moved == moved_.end() ? track_sid : moved->second;
}

void RoomDriver::publish_event(RoomEvent event) {
  std::vector<std::shared_ptr<std::function<void(const RoomEvent&)>>> handlers;
  {
    std::lock_guard lock(mutex_);
    handlers = handlers_;
  }
  if (!handlers.empty())
    loop_->finish_for_user([self = shared_from_this(), handlers = std::move(handlers), event] {
      for (const auto& handler : handlers) {
        if (self->silenced_.load(std::memory_order_acquire)) return;
        self->loop_->guarded([&] { (*handler)(event); });
      }
    });
  if (!event_waiters_.empty()) return event_waiters_.pop().complete({}, std::move(event));
  event_bytes_ += data_bytes(event);
  events_.push_back(std::move(event));
  while (events_.size() > kMaxEvents || event_bytes_ > kMaxEventBytes) {
    (void)pop_event();
    ++events_dropped_;
  }
}

RoomEvent RoomDriver::pop_event() {
  auto event = std::move(events_.front());
  events_.pop_front();
  event_bytes_ -= data_bytes(event);
  return event;
}

void RoomDriver::start_next_event(Operation<RoomEvent>::Handler handler) {
  Operation<RoomEvent> operation(loop_, next_id_++, std::move(handler), canceller());
  if (loop_->ended()) return operation.complete(boost::asio::error::eof, {});
  on_strand([operation = std::move(operation)](RoomDriver& self) mutable {
    if (!self.events_.empty() && self.event_waiters_.empty()) {
      return operation.complete({}, self.pop_event());
    }
    if (self.ended_) return operation.complete(boost::asio::error::eof, {});
    self.event_waiters_.push(std::move(operation));
  });
}

void RoomDriver::add_handler(std::function<void(const RoomEvent&)> handler) {
  std::lock_guard lock(mutex_);
  handlers_.push_back(std::make_shared<std::function<void(const RoomEvent&)>>(std::move(handler)));
}

// ---- streams
// --------------------------------------------------------------------------------------------------------

void RoomDriver::follow_track(std::string track_sid, const std::shared_ptr<StreamCore>& core) {
  on_strand([sid = std::move(track_sid), core](RoomDriver& self) {
    if (self.ended_) return core->end(media::EndReason::room_closed, now());
    const auto present = self.current_sid(sid);
    if (self.session_.attach(present, *core, session::StreamEnd::with_track, now()))
      return core->end(media::EndReason::unpublished, now());
    self.keep_follower({core, present, {}, {}});
  });
}

void RoomDriver::follow_participant(std::string identity,
                                    TrackSource source,
                                    const std::shared_ptr<StreamCore>& core) {
  on_strand([identity = std::move(identity), source, core](RoomDriver& self) {
    if (self.ended_) return core->end(media::EndReason::room_closed, now());
    auto& follower = self.keep_follower({core, {}, identity, source});
    const auto* participant = self.session_.room().find_identity(identity);
    if (!participant) return;
    for (const auto& track : participant->tracks)
      if (track.source == source && (track.subscribed || participant->local))
        return self.attach(follower, track.sid);
  });
}

// A stream may be closed already, or be closed at this moment on another thread: it is dropped in a
// turn of its own, not inside this call.
Follower& RoomDriver::keep_follower(Follower follower) {
  auto& kept = followers_.emplace_back(std::move(follower));
  kept.core->on_closed([weak = weak_from_this(), core = kept.core.get()] {
    if (auto driver = weak.lock())
      driver->on_strand([core](RoomDriver& self) { self.drop_follower(core); });
  });
  return kept;
}

void RoomDriver::attach(Follower& follower, std::string_view track_sid) {
  follower.track_sid = track_sid;
  follower.core->release();
  session_.detach(*follower.core, now());
  if (session_.attach(track_sid, *follower.core, session::StreamEnd::by_owner, now()))
    follower.track_sid.clear();
}

void RoomDriver::drop_follower(const StreamCore* core) {
  for (auto at = followers_.begin(); at != followers_.end(); ++at)
    if (at->core.get() == core) {
      session_.detach(*at->core, now());
      followers_.erase(at);
      return;
    }
}

void RoomDriver::track_followers(const room::Event& event) {
  if (const auto* subscribed = std::get_if<room::TrackSubscribed>(&event))
    return follow_begun(subscribed->who, subscribed->track);
  if (const auto* unsubscribed = std::get_if<room::TrackUnsubscribed>(&event))
    return follow_ended(unsubscribed->track.sid);
  // A track of our own has no subscription: it is heard from the moment its transport is up.
  if (const auto* published = std::get_if<room::TrackPublished>(&event)) {
    if (published->who.local) follow_begun(published->who, published->track);
  } else if (const auto* unpublished = std::get_if<room::TrackUnpublished>(&event)) {
    if (!unpublished->who.local) return;
    follow_ended(unpublished->track.sid);
    local_tracks_.erase(unpublished->track.sid);
  }
}

void RoomDriver::follow_begun(const room::ParticipantRef& who, const room::Track& track) {
  for (auto& follower : followers_)
    if (!follower.identity.empty() && follower.track_sid != track.sid &&
        follower.identity == who.identity && follower.source == track.source)
      attach(follower, track.sid);
}

void RoomDriver::follow_ended(std::string_view track_sid) {
  for (auto& follower : followers_)
    if (!follower.identity.empty() && follower.track_sid == track_sid) follower.track_sid.clear();
}

}  // namespace sidetone::shell
