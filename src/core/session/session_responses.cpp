// What the server says.
#include "core/session/session_impl.hpp"
#include "core/signal/trickle.hpp"

namespace sidetone::session {

using livekit::SignalResponse;

void Session::Impl::on_response(SignalResponse& response, Turn& turn) {
  switch (response.message_case()) {
    case SignalResponse::kJoin: return on_join(response.join(), turn);
    case SignalResponse::kReconnect: return on_reconnect(response.reconnect(), turn);
    case SignalResponse::kLeave: return on_leave(response.leave(), turn);
    case SignalResponse::kRefreshToken: options_.token = response.refresh_token(); return;
    case SignalResponse::kRequestResponse:
      return on_request_response(response.request_response(), turn);
    case SignalResponse::kRoomMoved: return on_moved(response.room_moved(), turn);
    default: break;
  }
  // A server that resumes without saying so: what it sends is good all the same (§7.1).
  if (phase_ == Phase::resuming && !greeted_) on_reconnect({}, turn);
  if (!greeted_) return;
  on_negotiation(response, turn);
  on_track_news(response, turn);
  on_room_news(response, turn);
}

void Session::Impl::on_negotiation(const SignalResponse& response, Turn& turn) {
  if (!publisher_) return;
  switch (response.message_case()) {
    case SignalResponse::kOffer: return on_offer(response.offer(), turn);
    case SignalResponse::kAnswer: return on_answer(response.answer(), turn);
    case SignalResponse::kTrickle: return on_trickle(response.trickle(), turn);
    case SignalResponse::kMediaSectionsRequirement:
      if (!single_) return;
      publisher_->add_receptions(response.media_sections_requirement().num_audios());
      publisher_->negotiate(turn);
      return;
    default: return;
  }
}

void Session::Impl::on_answer(const livekit::SessionDescription& answer, Turn& turn) {
  auto sections = publisher_->on_answer(answer, turn);
  if (!sections) {
    ++counters_.refused_descriptions;
    return;
  }
  tracks_.on_answer(*sections, *publisher_, turn);
  if (single_) follow_receptions(publisher_->receive(*sections, turn), turn);
}

void Session::Impl::on_trickle(const livekit::TrickleRequest& trickle, Turn& turn) {
  auto init = signal::parse_candidate_init(trickle.candidateinit());
  bool taken = false;
  if (init && trickle.target() == livekit::PUBLISHER)
    taken = publisher_->on_candidate(init->candidate, turn);
  else if (init && subscriber_)
    taken = subscriber_->on_candidate(init->candidate, turn);
  if (!taken) ++counters_.refused_candidates;
}

void Session::Impl::on_offer(const livekit::SessionDescription& offer, Turn& turn) {
  auto changes = subscriber_ ? subscriber_->on_offer(offer, turn)
                             : sdp::because("we have no connection to be offered on");
  if (changes)
    follow_receptions(*changes, turn);
  else
    ++counters_.refused_descriptions;
}

void Session::Impl::follow_receptions(const ReceptionChanges& changes, Turn& turn) {
  for (const auto& ended : changes.ended) {
    room_.set_subscribed(ended.track_sid, false, turn.out.events);
    if (!receptions()->receives(ended.track_sid))  // else it goes on in another section
      streams_.end(ended.track_sid, media::EndReason::unsubscribed, turn.now);
  }
  for (const auto& begun : changes.begun) streams_.begin(begun.track_sid, turn.now);
  resolve_receptions(turn);
}

void Session::Impl::on_track_news(const SignalResponse& response, Turn& turn) {
  switch (response.message_case()) {
    case SignalResponse::kTrackPublished:
      if (publisher_ && tracks_.on_published(response.track_published(), *publisher_, turn))
        publisher_->negotiate(turn);
      break;
    case SignalResponse::kTrackUnpublished:
      tracks_.on_unpublished(response.track_unpublished().track_sid(), publisher_.get(), turn);
      break;
    case SignalResponse::kMute:  // obeyed, not echoed (§4.3)
      tracks_.set_muted(response.mute().sid(), response.mute().muted(), turn);
      break;
    case SignalResponse::kTrackSubscribed:
      tracks_.on_subscribed(response.track_subscribed().track_sid(), turn);
      break;
    case SignalResponse::kSubscriptionResponse: {
      const auto& failed = response.subscription_response();
      auto code = failed.err() == livekit::SE_TRACK_NOTFOUND ? errc::not_found : errc::unsupported;
      turn.out.events.push(room::TrackSubscriptionFailed{failed.track_sid(), code});
      break;
    }
    default: break;
  }
}

void Session::Impl::on_room_news(const SignalResponse& response, Turn& turn) {
  switch (response.message_case()) {
    case SignalResponse::kUpdate:
      room_.on_update(response.update(), turn.out.events);
      finish_metadata(turn);
      resolve_receptions(turn);
      break;
    case SignalResponse::kSpeakersChanged:
      room_.on_speakers(response.speakers_changed(), turn.out.events);
      break;
    case SignalResponse::kRoomUpdate:
      room_.on_room(response.room_update().room(), turn.out.events);
      break;
    case SignalResponse::kConnectionQuality:
      room_.on_quality(response.connection_quality(), turn.out.events);
      break;
    case SignalResponse::kSubscriptionPermissionUpdate:
      room_.on_permission(response.subscription_permission_update(), turn.out.events);
      break;
    default: break;
  }
}

void Session::Impl::on_leave(const livekit::LeaveRequest& leave, Turn& turn) {
  auto reason = room::to_reason(leave.reason());
  auto name = livekit::DisconnectReason_Name(leave.reason());
  if (name.empty()) name = std::to_string(leave.reason());  // a newer server's
  auto text = "the server ended the session (" + name + ")";
  if (phase_ == Phase::connecting) {
    fail_connect(room::to_errc(reason), text, turn);
    return;
  }
  switch (leave.action()) {
    case livekit::LeaveRequest::RESUME: return reconnect(ReconnectPolicy::Mode::resume, text, turn);
    case livekit::LeaveRequest::RECONNECT:
      return reconnect(ReconnectPolicy::Mode::restart, text, turn);
    default: break;
  }
  // Servers before `action` said it this way (§2.6).
  if (leave.can_reconnect()) return reconnect(ReconnectPolicy::Mode::restart, text, turn);
  end(reason, room::to_errc(reason), text, turn);
}

void Session::Impl::on_request_response(const livekit::RequestResponse& response, Turn& turn) {
  if (response.has_add_track()) return tracks_.on_refused(response, turn);
  auto request = metadata_requests_.find(response.request_id());
  if (request == metadata_requests_.end()) return;
  auto id = request->second.operation;
  switch (response.reason()) {
    case livekit::RequestResponse::QUEUED: return;
    case livekit::RequestResponse::OK: operations_.succeed(id, turn.out.completions); break;
    case livekit::RequestResponse::NOT_ALLOWED:
      operations_.fail(id, errc::forbidden, response.message(), turn.out.completions);
      break;
    case livekit::RequestResponse::LIMIT_EXCEEDED:
      operations_.fail(id, errc::payload_too_large, response.message(), turn.out.completions);
      break;
    default: operations_.fail(id, errc::protocol_error, response.message(), turn.out.completions);
  }
  metadata_requests_.erase(request);
}

// Older servers do not say OK; but the change they made is in the next update.
void Session::Impl::finish_metadata(Turn& turn) {
  const auto& local = room_.local();
  std::erase_if(metadata_requests_, [&](const auto& entry) {
    const auto& [operation, change] = entry.second;
    bool there = (change.metadata.empty() || change.metadata == local.metadata) &&
                 (change.name.empty() || change.name == local.name);
    for (const auto& [key, value] : change.attributes) {
      auto found = local.attributes.find(key);
      there = there && (value.empty() ? found == local.attributes.end()
                                      : found != local.attributes.end() && found->second == value);
    }
    if (there) operations_.succeed(operation, turn.out.completions);
    return there;
  });
}

void Session::Impl::on_moved(const livekit::RoomMovedResponse& moved, Turn& turn) {
  if (!greeted_) return;
  if (!moved.token().empty()) options_.token = moved.token();
  livekit::JoinResponse join;
  *join.mutable_room() = moved.room();
  *join.mutable_participant() = moved.participant();
  *join.mutable_other_participants() = moved.other_participants();
  room_.on_join(join, turn.out.events);
  resolve_receptions(turn);
}

}  // namespace sidetone::session
