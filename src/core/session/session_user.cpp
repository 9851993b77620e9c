// What the user asks for.
#include <algorithm>

#include "core/session/session_impl.hpp"

namespace sidetone::session {
namespace {

// As many as an ICE agent takes.
constexpr std::size_t kMaxEndpoints = 16;

}  // namespace

Session::Impl::Impl(SessionConfig config)
    : config_(std::move(config)), tracks_(room_, operations_) {}

void Session::Impl::connect(OperationId id, ConnectOptions options, Turn& turn) {
  operations_.begin(id, OperationKind::connect, turn.now + options.timeout);
  if (phase_ != Phase::idle) {
    operations_.fail(id, errc::closed, "a room connects once; make another one for another call",
                     turn.out.completions);
    return;
  }
  options.endpoints.publisher.resize(std::min(options.endpoints.publisher.size(), kMaxEndpoints));
  options.endpoints.subscriber.resize(std::min(options.endpoints.subscriber.size(), kMaxEndpoints));
  options_ = std::move(options);
  single_ = options_.peer_connections != PeerConnections::dual;
  phase_ = Phase::connecting;
  attempt_began_ = options_.called.value_or(turn.now);
  connect_id_ = id;
  open_socket(false, turn);
}

void Session::Impl::publish(OperationId id,
                            TrackSpec spec,
                            media::SourcePipeline& pipeline,
                            Turn& turn) {
  operations_.begin(id, OperationKind::publish, turn.now + kDefaultTimeout);
  auto fail = [&](errc code, std::string_view text) {
    operations_.fail(id, code, text, turn.out.completions);
  };
  if (phase_ == Phase::idle || phase_ == Phase::connecting || phase_ == Phase::ended)
    return fail(errc::closed, "the room is not connected");
  if (!room_.local().permissions.can_publish)
    return fail(errc::forbidden, "the token does not allow publishing");
  if (tracks_.tracks().size() >= kMaxLocalTracks)
    return fail(errc::overflow, "32 tracks are published, which is the most");
  if (spec.cid.empty()) spec.cid = config_.random->text(22);
  bool taken = std::any_of(tracks_.tracks().begin(), tracks_.tracks().end(),
                           [&](const LocalTrack& track) { return track.spec.cid == spec.cid; });
  if (taken || spec.cid.find_first_of(" \r\n\t") != std::string::npos)
    return fail(errc::invalid_argument, "cid is taken or has spaces; it must be one unique word");
  tracks_.publish(id, std::move(spec), pipeline, turn);
}

void Session::Impl::unpublish(OperationId id, std::string_view track_sid, Turn& turn) {
  operations_.begin(id, OperationKind::unpublish, turn.now + kDefaultTimeout);
  if (phase_ == Phase::ended || phase_ == Phase::idle) {
    operations_.fail(id, errc::closed, "the room is not connected", turn.out.completions);
    return;
  }
  tracks_.unpublish(id, track_sid, publisher_.get(), turn);
}

error_code Session::Impl::set_muted(std::string_view track_sid, bool muted, Turn& turn) {
  if (phase_ == Phase::ended || phase_ == Phase::idle) return errc::closed;
  auto* track = tracks_.find(track_sid);
  if (track == nullptr) return errc::not_found;
  if (track->spec.muted == muted) return {};
  livekit::SignalRequest request;
  request.mutable_mute()->set_sid(track->sid);
  request.mutable_mute()->set_muted(muted);
  turn.requests.push(std::move(request));
  tracks_.set_muted(track_sid, muted, turn);
  return {};
}

error_code Session::Impl::set_subscribed(std::string_view track_sid, bool subscribed, Turn& turn) {
  if (phase_ == Phase::ended || phase_ == Phase::idle) return errc::closed;
  auto found = room_.find_track(track_sid);
  if (!found || found.participant->local) return errc::not_found;
  subscriptions_.insert_or_assign(std::string(track_sid), subscribed);
  room_.set_wanted(track_sid, subscribed);
  livekit::SignalRequest request;
  request.mutable_subscription()->add_track_sids(std::string(track_sid));
  request.mutable_subscription()->set_subscribe(subscribed);
  turn.requests.push(std::move(request));
  if (subscribed) {
    resolve_receptions(turn);
  } else {
    // At once, not when the server has offered without it: the end of a stream is prompt.
    room_.set_subscribed(track_sid, false, turn.out.events);
    streams_.end(track_sid, media::EndReason::unsubscribed, turn.now);
  }
  return {};
}

error_code Session::Impl::set_subscription_permissions(SubscriptionPermissions permissions,
                                                       Turn& turn) {
  if (phase_ == Phase::ended || phase_ == Phase::idle || phase_ == Phase::connecting)
    return errc::closed;
  if (permissions.participants.size() > room::kMaxParticipants) return errc::overflow;
  permissions_ = std::move(permissions);
  send_permissions(turn);
  return {};
}

void Session::Impl::send_permissions(Turn& turn) {
  if (!permissions_) return;
  livekit::SignalRequest request;
  auto& permission = *request.mutable_subscription_permission();
  permission.set_all_participants(permissions_->all_participants);
  for (const auto& allowed : permissions_->participants) {
    auto& entry = *permission.add_track_permissions();
    entry.set_participant_identity(allowed.identity);
    entry.set_all_tracks(allowed.all_tracks);
    for (const auto& sid : allowed.track_sids) entry.add_track_sids(sid);
  }
  turn.requests.push(std::move(request));
}

// A full reconnect gave a track another sid: who may hear it stays the same.
void Session::Impl::rename_permitted(const std::string& previous,
                                     const std::string& sid,
                                     Turn& turn) {
  if (!permissions_) return;
  bool renamed = false;
  for (auto& allowed : permissions_->participants)
    for (auto& track : allowed.track_sids)
      if (track == previous) {
        track = sid;
        renamed = true;
      }
  if (renamed) send_permissions(turn);
}

error_code Session::Impl::simulate(SimulatedFault fault, Turn& turn) {
  if (phase_ != Phase::connected) return errc::closed;
  livekit::SignalRequest request;
  auto& scenario = *request.mutable_simulate();
  switch (fault) {
    case SimulatedFault::signal_reconnect:
      reconnect(ReconnectPolicy::Mode::resume, "simulated", turn);
      return {};
    case SimulatedFault::full_reconnect:
      reconnect(ReconnectPolicy::Mode::restart, "simulated", turn);
      return {};
    case SimulatedFault::speaker_update: scenario.set_speaker_update(3); break;
    case SimulatedFault::node_failure: scenario.set_node_failure(true); break;
    case SimulatedFault::migration: scenario.set_migration(true); break;
    case SimulatedFault::server_leave: scenario.set_server_leave(true); break;
    case SimulatedFault::switch_candidate_protocol:
      scenario.set_switch_candidate_protocol(livekit::UDP);
      break;
    case SimulatedFault::disconnect_signal_on_resume:
      scenario.set_disconnect_signal_on_resume(true);
      break;
    case SimulatedFault::disconnect_signal_on_resume_no_messages:
      scenario.set_disconnect_signal_on_resume_no_messages(true);
      break;
  }
  turn.requests.push(std::move(request));
  return {};
}

void Session::Impl::set_metadata(OperationId id, const MetadataChange& change, Turn& turn) {
  operations_.begin(id, OperationKind::metadata, turn.now + kDefaultTimeout);
  if (phase_ == Phase::ended || phase_ == Phase::idle || phase_ == Phase::connecting) {
    operations_.fail(id, errc::closed, "the room is not connected", turn.out.completions);
    return;
  }
  livekit::SignalRequest request;
  auto& update = *request.mutable_update_metadata();
  update.set_metadata(change.metadata);
  update.set_name(change.name);
  update.mutable_attributes()->insert(change.attributes.begin(), change.attributes.end());
  update.set_request_id(next_request_);
  metadata_requests_.insert_or_assign(next_request_++, MetadataRequest{id, change});
  turn.requests.push(std::move(request));
}

error_code Session::Impl::attach(std::string_view track_sid,
                                 media::PacketSink& sink,
                                 StreamEnd end,
                                 base::Instant now) {
  if (phase_ == Phase::ended || phase_ == Phase::idle) return errc::closed;
  auto found = room_.find_track(track_sid);
  if (!found) return errc::not_found;
  if (found.participant->local) return tracks_.attach(track_sid, sink, end, now);
  return streams_.attach(track_sid, sink, end, now);
}

void Session::Impl::detach(const media::PacketSink& sink, base::Instant now) {
  streams_.detach(sink);
  tracks_.detach(sink, now);
}

error_code Session::Impl::send_data(const DataMessage& message, Turn& turn) {
  if (phase_ == Phase::ended || phase_ == Phase::idle) return errc::closed;
  if (message.payload.size() > kMaxDataBytes) return errc::payload_too_large;
  if (phase_ == Phase::connecting || publisher_ == nullptr) return errc::would_block;
  if (!room_.local().permissions.can_publish_data) return errc::forbidden;
  if (!publisher_->started()) publisher_->negotiate(turn);
  auto channel = publisher_->peer().channel(message.reliable ? kReliableLabel : kLossyLabel);
  if (!channel) return errc::would_block;
  auto bytes =
      data_.encode({message.payload, message.topic, message.reliable, &message.destinations});
  auto error =
      publisher_->peer().send_message(*channel, true, base::as_bytes(bytes), publisher_->output());
  if (error) return error;
  data_.sent(message.reliable, std::move(bytes));
  data_.trim(publisher_->peer().buffered_bytes());
  return {};
}

void Session::Impl::cancel(OperationId id, Turn& turn) {
  const auto* pending = operations_.find(id);
  if (pending == nullptr) return;
  auto aborted = make_error_code(boost::system::errc::operation_canceled);
  auto kind = pending->kind;
  if (kind == OperationKind::connect) return fail_connect(aborted, "cancelled", turn);
  operations_.fail(id, aborted, "cancelled", turn.out.completions);
  if (kind == OperationKind::publish) tracks_.withdraw(id, publisher_.get(), turn);
  std::erase_if(metadata_requests_,
                [&](const auto& entry) { return entry.second.operation == id; });
}

}  // namespace sidetone::session
