// Room: what participants ask for over the signalling connection (wire_protocol §3.1, §4, §8).
#include <algorithm>

#include "core/server/room.hpp"
#include "core/signal/trickle.hpp"

namespace sidetone::server {
namespace {

char source_letter(livekit::TrackSource source) {
  switch (source) {
    case livekit::CAMERA: return 'C';
    case livekit::MICROPHONE: return 'M';
    case livekit::SCREEN_SHARE: return 'S';
    case livekit::SCREEN_SHARE_AUDIO: return 's';
    default: return 'U';
  }
}

// Each feature once, so that a list has a bound.
template <class Features>
void copy_features(const Features& from, livekit::TrackInfo& to) {
  to.clear_audio_features();
  for (const auto feature : from) {
    const auto& known = to.audio_features();
    if (livekit::AudioTrackFeature_IsValid(feature) &&
        std::find(known.begin(), known.end(), feature) == known.end())
      to.add_audio_features(static_cast<livekit::AudioTrackFeature>(feature));
  }
}

}  // namespace

void Room::on_signal(Participant& participant, const livekit::SignalRequest& request, Turn turn) {
  switch (request.message_case()) {
    case livekit::SignalRequest::kOffer: return on_offer(participant, request.offer(), turn);
    case livekit::SignalRequest::kAnswer: return on_answer(participant, request.answer(), turn);
    case livekit::SignalRequest::kTrickle: return on_trickle(participant, request.trickle(), turn);
    case livekit::SignalRequest::kAddTrack:
      return on_add_track(participant, request.add_track(), turn);
    case livekit::SignalRequest::kMute: return on_mute(participant, request.mute(), turn);
    case livekit::SignalRequest::kSubscription:
      return on_subscription(participant, request.subscription(), turn);
    case livekit::SignalRequest::kTrackSetting:
      return on_track_setting(participant, request.track_setting(), turn);
    case livekit::SignalRequest::kSubscriptionPermission:
      return on_permission(participant, request.subscription_permission(), turn);
    case livekit::SignalRequest::kSyncState:
      return on_sync_state(participant, request.sync_state());
    case livekit::SignalRequest::kUpdateMetadata:
      return on_metadata(participant, request.update_metadata(), turn);
    case livekit::SignalRequest::kUpdateAudioTrack:
      return on_audio_features(participant, request.update_audio_track(), turn);
    case livekit::SignalRequest::kLeave: return expel(participant, livekit::CLIENT_INITIATED);
    default:
      return;  // asked unprompted by official SDKs, of no meaning for audio (wire_protocol §8.1,
               // 21)
  }
}

void Room::on_offer(Participant& participant, const livekit::SessionDescription& offer, Turn turn) {
  peer::Output output;
  const auto result = participant.on_offer(offer, turn, output);
  on_peer_output(participant, Target::publisher, output, turn);
  services_.counters.tracks_refused += result.refused;
  if (!result.ok) {
    // The real server ignores an offer it cannot parse, and so does this one: the client's own
    // deadline speaks up.
    ++services_.counters.negotiations_failed;
    return;
  }
  end_tracks(participant, result.ended, turn);
  publish(participant, result.published, turn);
}

void Room::on_answer(Participant& participant,
                     const livekit::SessionDescription& answer,
                     Turn turn) {
  peer::Output output;
  const auto result = participant.on_answer(answer, turn, output);
  on_peer_output(participant, Target::subscriber, output, turn);
  services_.counters.tracks_refused += result.refused;
  if (!result.ok) {
    ++services_.counters.negotiations_failed;
    return expel(participant, livekit::STATE_MISMATCH);
  }
  for (auto* subscription : participant.take_opened()) listen(participant, *subscription, turn);
}

void Room::on_trickle(Participant& participant, const livekit::TrickleRequest& trickle, Turn turn) {
  const auto target =
      trickle.target() == livekit::SUBSCRIBER ? Target::subscriber : Target::publisher;
  const auto candidate = signal::parse_candidate_init(trickle.candidateinit());
  if (!candidate) {
    livekit::RequestResponse response;
    response.set_reason(livekit::RequestResponse::UNCLASSIFIED_ERROR);
    response.set_message("candidateInit is not a JSON object");
    *response.mutable_trickle() = trickle;
    return reply(participant, std::move(response), turn);
  }
  peer::Output output;
  // A lite agent learns addresses from checks alone; what a candidate says is only a hint.
  if (participant.peer(target).add_remote_candidate(candidate->candidate, turn.now, output))
    ++services_.counters.negotiations_failed;
  on_peer_output(participant, target, output, turn);
}

void Room::on_add_track(Participant& participant,
                        const livekit::AddTrackRequest& request,
                        Turn turn) {
  livekit::RequestResponse refusal;
  *refusal.mutable_add_track() = request;
  const auto& limits = services_.config.limits;
  auto& tracks = participant.tracks();
  const bool known = std::any_of(tracks.begin(), tracks.end(),
                                 [&](auto& track) { return track->cid == request.cid(); });
  if (request.type() != livekit::AUDIO)
    refusal.set_reason(livekit::RequestResponse::UNSUPPORTED_TYPE);
  else if (!participant.may_publish(request.source()))
    refusal.set_reason(livekit::RequestResponse::NOT_ALLOWED);
  else if (request.cid().empty() || tracks.size() >= limits.tracks_per_participant ||
           std::max({request.cid().size(), request.name().size(), request.stream().size()}) >
               limits.name_bytes)
    refusal.set_reason(livekit::RequestResponse::LIMIT_EXCEEDED);
  else if (known)
    refusal.set_reason(livekit::RequestResponse::QUEUED);
  if (refusal.reason() != livekit::RequestResponse::OK) {
    ++services_.counters.tracks_refused;
    return reply(participant, std::move(refusal), turn);
  }

  auto track = std::make_unique<Track>();
  track->cid = request.cid();
  auto& info = track->info;
  info.set_sid(std::string("TR_A") + source_letter(request.source()) + services_.random.text(12));
  info.set_type(livekit::AUDIO);
  info.set_name(request.name());
  info.set_source(request.source());
  info.set_muted(request.muted());
  info.set_disable_dtx(request.disable_dtx());
  info.set_disable_red(request.disable_red());
  info.set_stream(request.stream().empty() ? "camera" : request.stream());
  info.set_encryption(request.encryption());
  copy_features(request.audio_features(), info);
  const auto& features = info.audio_features();
  const bool stereo =
      std::find(features.begin(), features.end(), livekit::TF_STEREO) != features.end();
  info.set_stereo(request.stereo() || stereo);

  livekit::SignalResponse response;
  response.mutable_track_published()->set_cid(track->cid);
  *response.mutable_track_published()->mutable_track() = info;
  tracks.push_back(std::move(track));
  participant.send(response, turn.out);
}

void Room::on_mute(Participant& participant, const livekit::MuteTrackRequest& request, Turn turn) {
  auto* track = participant.track(request.sid());
  if (track) return set_muted(participant, *track, request.muted(), turn);
  livekit::RequestResponse response;
  response.set_reason(livekit::RequestResponse::NOT_FOUND);
  *response.mutable_mute() = request;
  reply(participant, std::move(response), turn);
}

void Room::on_subscription(Participant& participant,
                           const livekit::UpdateSubscription& request,
                           Turn turn) {
  auto sids = std::vector<std::string>(request.track_sids().begin(), request.track_sids().end());
  for (const auto& group : request.participant_tracks())
    sids.insert(sids.end(), group.track_sids().begin(), group.track_sids().end());
  set_subscriptions(participant, sids, request.subscribe(), turn);
}

void Room::on_track_setting(Participant& participant,
                            const livekit::UpdateTrackSettings& request,
                            Turn turn) {
  for (const auto& sid : request.track_sids()) {
    auto* subscription = participant.subscription(sid);
    if (!subscription || subscription->disabled == request.disabled()) continue;
    subscription->disabled = request.disabled();
    const auto published = find_track(sid);
    if (request.disabled())
      participant.pause(*subscription, turn.now);
    else if (published.track && !published.track->info.muted())
      subscription->down.resume();
  }
}

// Those who lost the right stop hearing at once, those who won it are subscribed (wire_protocol
// §4.4).
void Room::on_permission(Participant& publisher,
                         const livekit::SubscriptionPermission& request,
                         Turn turn) {
  const auto before = std::exchange(publisher.permission, request);
  for (auto& other : participants_) {
    if (other.get() == &publisher) continue;
    for (auto& track : publisher.tracks()) {
      if (track->ssrc == 0) continue;
      const bool can = allows(request, *other, *track);
      if (can == allows(before, *other, *track) || !other->grants().can_subscribe) continue;
      livekit::SignalResponse response;
      auto& update = *response.mutable_subscription_permission_update();
      update.set_participant_sid(publisher.sid());
      update.set_track_sid(track->info.sid());
      update.set_allowed(can);
      if (!publisher.is_hidden()) other->send(response, turn.out);
      if (!can) {
        deafen(*other, *track);
        other->unsubscribe(track->info.sid(), turn.now);
      } else if (other->join().auto_subscribe) {
        subscribe(*other, publisher, *track);
      }
    }
  }
}

// After a resume: a client that publishes what is not known here must begin anew; all else that it
// says was never forgotten (wire_protocol §7.1).
void Room::on_sync_state(Participant& participant, const livekit::SyncState& state) {
  for (const auto& published : state.publish_tracks())
    if (!participant.track(published.track().sid()))
      return expel(participant, livekit::STATE_MISMATCH);
}

void Room::on_metadata(Participant& participant,
                       const livekit::UpdateParticipantMetadata& request,
                       Turn turn) {
  livekit::RequestResponse answer;
  answer.set_request_id(request.request_id());
  *answer.mutable_update_metadata() = request;
  if (!participant.grants().can_update_own_metadata) {
    answer.set_reason(livekit::RequestResponse::NOT_ALLOWED);
    answer.set_message("does not have permission to update own metadata");
  } else {
    const Profile change{request.name(),
                         request.metadata(),
                         {request.attributes().begin(), request.attributes().end()}};
    if (auto fault = update_profile(participant, change, turn); !fault.empty()) {
      answer.set_reason(livekit::RequestResponse::LIMIT_EXCEEDED);
      answer.set_message(std::move(fault));
    }
  }
  reply(participant, std::move(answer), turn);
}

void Room::on_audio_features(Participant& participant,
                             const livekit::UpdateLocalAudioTrack& request,
                             Turn turn) {
  auto* track = participant.track(request.track_sid());
  if (!track) {
    livekit::RequestResponse response;
    response.set_reason(livekit::RequestResponse::NOT_FOUND);
    *response.mutable_update_audio_track() = request;
    return reply(participant, std::move(response), turn);
  }
  copy_features(request.features(), track->info);
  if (track->ssrc == 0) return;  // told with its first announcement
  participant.touch();
  announce(participant.info(), turn.out);
}

void Room::reply(const Participant& participant, livekit::RequestResponse answer, Turn turn) const {
  livekit::SignalResponse response;
  *response.mutable_request_response() = std::move(answer);
  participant.send(response, turn.out);
}

}  // namespace sidetone::server
