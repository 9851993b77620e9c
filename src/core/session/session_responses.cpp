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
  if (!publisher_ || !subscriber_) return;
  if (response.has_offer()) return on_offer(response.offer(), turn);
  if (response.has_answer()) {
    auto sections = publisher_->on_answer(response.answer(), turn);
    if (sections)
      tracks_.on_answer(*sections, *publisher_, turn);
    else
      ++counters_.refused_descriptions;
  } else if (response.has_trickle()) {
    auto init = signal::parse_candidate_init(response.trickle().candidateinit());
    if (!init) return;
    if (response.trickle().target() == livekit::SUBSCRIBER)
      subscriber_->on_candidate(init->candidate, turn);
    else
      publisher_->on_candidate(init->candidate, turn);
  }
}

void Session::Impl::on_offer(const livekit::SessionDescription& offer, Turn& turn) {
  auto changes = subscriber_->on_offer(offer, turn);
  if (!changes) {
    ++counters_.refused_descriptions;
    return;
  }
  for (const auto& ended : changes->ended) {
    room_.set_subscribed(ended.track_sid, false, turn.out.events);
    if (!subscriber_->receives(ended.track_sid))  // else it goes on in another section
      streams_.end(ended.track_sid, media::EndReason::unsubscribed, turn.now);
  }
  for (const auto& begun : changes->begun) streams_.begin(begun.track_sid, turn.now);
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
  auto text =
      "the server ended the session (" + livekit::DisconnectReason_Name(leave.reason()) + ")";
  if (phase_ == Phase::connecting) {
    fail_connect(room::to_errc(reason), text, turn);
    return;
  }
  switch (leave.action()) {
    case livekit::LeaveRequest::RESUME: return reconnect(ReconnectPolicy::Mode::resume, text, turn);
    case livekit::LeaveRequest::RECONNECT:
      return reconnect(ReconnectPolicy::Mode::restart, text, turn);
    default: return end(reason, room::to_errc(reason), text, turn);
  }
}

void Session::Impl::on_request_response(const livekit::RequestResponse& response, Turn& turn) {
  if (response.has_add_track()) return tracks_.on_refused(response, turn);
  auto request = metadata_requests_.find(response.request_id());
  if (request == metadata_requests_.end()) return;
  auto id = request->second;
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
