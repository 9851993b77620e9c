#include "core/server/participant.hpp"

#include <algorithm>
#include <utility>

#include "core/server/participant_info.hpp"
#include "core/signal/wire.hpp"

namespace sidetone::server {
namespace {

constexpr int kSubscriberPrimarySince = 3;  // protocol version (wire_protocol §2.6)

std::int64_t unix_ms(const Config& config, base::Instant now) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(config.wall.unix_time(now)).count();
}

}  // namespace

Participant::Participant(std::uint64_t id, JoinRequest join, Parts parts, base::Instant now)
    : joined_at(now),
      data(parts.config.limits, now),
      id_(id),
      config_(parts.config),
      random_(parts.random),
      join_(std::move(join)),
      subscriber_primary_(join_.claims.grants->can_subscribe &&
                          join_.protocol >= kSubscriberPrimarySince),
      info_(make_info(join_, "PA_" + parts.random.text(12), unix_ms(parts.config, now))),
      publisher_(std::move(parts.publisher)),
      subscriber_(std::move(parts.subscriber)),
      publisher_answer_(parts.random.u64() >> 1),
      subscriber_offer_(parts.random.u64() >> 1, subscriber_primary_) {
  permission.set_all_participants(true);
}

bool Participant::may_publish(livekit::TrackSource source) const {
  const auto& rights = info_.permission();
  if (!rights.can_publish()) return false;
  const auto& sources = rights.can_publish_sources();
  return sources.empty() || std::find(sources.begin(), sources.end(), source) != sources.end();
}

void Participant::set_permission(const livekit::ParticipantPermission& rights) {
  const bool hidden = is_hidden();
  *info_.mutable_permission() = rights;
  info_.mutable_permission()->set_hidden(hidden);
  apply(rights, *join_.claims.grants);
}

const livekit::ParticipantInfo& Participant::touch() {
  info_.clear_tracks();
  for (const auto& track : tracks_)
    if (track->ssrc != 0) *info_.add_tracks() = track->info;
  info_.set_is_publisher(info_.tracks_size() > 0);
  info_.set_version(info_.version() + 1);
  return info_;
}

void Participant::send(const livekit::SignalResponse& response, Outbox& out) const {
  if (connection) out.signals.push({*connection, signal::encode(response)});
}

void Participant::lose_signal() {
  connection.reset();
  if (!answer_due_) return;
  answer_due_.reset();
  offer_wanted_ = true;
}

bool Participant::may_resume() const {
  return was_connected && peer(data_target()).state() != peer::State::closed;
}

void Participant::resume(Turn turn, peer::Output& peers) {
  departs_at.reset();
  if (peer(data_target()).state() == peer::State::failed)
    departs_at = turn.now + config_.limits.departure_timeout;
  if (offer_id_ == 0) return;
  subscriber_->restart(turn.now, peers);
  answer_due_.reset();  // whatever was answered on the old connection: this offer says it all
  offer_wanted_ = true;
}

sdp::TransportParameters Participant::local(Target target) const {
  return peer(target).local_parameters();
}

Track* Participant::track(std::string_view sid) {
  for (auto& track : tracks_)
    if (track->info.sid() == sid) return track.get();
  return nullptr;
}

Track* Participant::track_by_ssrc(std::uint32_t ssrc) {
  for (auto& track : tracks_)
    if (track->ssrc == ssrc) return track.get();
  return nullptr;
}

bool allows(const livekit::SubscriptionPermission& permission,
            const Participant& listener,
            const Track& track) {
  if (permission.all_participants()) return true;
  for (const auto& grant : permission.track_permissions()) {
    const bool meant = grant.participant_identity().empty()
                           ? grant.participant_sid() == listener.sid()
                           : grant.participant_identity() == listener.identity();
    const auto& sids = grant.track_sids();
    if (meant &&
        (grant.all_tracks() || std::find(sids.begin(), sids.end(), track.info.sid()) != sids.end()))
      return true;
  }
  return false;
}

// The pending track of the section's msid, else the first pending one (wire_protocol §4.3).
Track* Participant::match(const sdp::AudioSection& section) {
  Track* first = nullptr;
  for (auto& track : tracks_) {
    if (track->ssrc != 0) continue;
    if (section.msid && section.msid->track == track->cid) return track.get();
    if (!first) first = track.get();
  }
  return first;
}

void Participant::receive(Track& track, const sdp::AudioSection& section, Negotiated& result) {
  track.ssrc = section.ssrc;
  track.opus = section.opus.value_or(111);
  track.red = section.red;
  track.info.set_mid(section.mid);
  track.info.set_mime_type(section.red ? "audio/red" : "audio/opus");
  auto& codec = *track.info.add_codecs();
  codec.set_mime_type(track.info.mime_type());
  codec.set_mid(section.mid);
  codec.set_cid(track.cid);
  result.published.push_back(&track);
}

Participant::Negotiated Participant::on_offer(const livekit::SessionDescription& offer,
                                              Turn turn,
                                              peer::Output& peers) {
  Negotiated result;
  const auto description = sdp::parse(offer.sdp());
  if (!description) {
    result.error = description.error().sentence;
    return result;
  }
  const auto remote = sdp::transport_parameters(*description);
  if (!remote) {
    result.error = remote.error().sentence;
    return result;
  }
  if (const auto error = publisher_->set_remote(*remote, turn.now, peers)) {
    result.error = error.message();
    return result;
  }
  sdp::PublisherAnswerOptions options;
  for (const auto& track : tracks_) {
    const bool dtx = !track->info.disable_dtx();
    options.tracks.push_back({track->cid, !track->info.disable_red(), dtx, track->info.stereo()});
  }
  const auto answer = publisher_answer_.answer(*description, local(Target::publisher), options);
  if (!answer) {
    result.error = answer.error().sentence;
    return result;
  }
  adopt(sdp::audio_sections(*description), sdp::audio_sections(*answer), turn, peers, result);

  livekit::SignalResponse response;
  auto& message = *response.mutable_answer();
  message.set_type("answer");
  message.set_sdp(sdp::to_text(*answer));
  message.set_id(offer.id());
  send(response, turn.out);
  result.ok = true;
  return result;
}

// What the offered sections mean for the tracks: new media, or the end of it.
void Participant::adopt(const std::vector<sdp::AudioSection>& offered,
                        const std::vector<sdp::AudioSection>& answered,
                        Turn turn,
                        peer::Output& peers,
                        Negotiated& result) {
  for (std::size_t i = 0; i < offered.size() && i < answered.size(); ++i) {
    const auto& section = offered[i];
    const bool carries = sdp::sends(section.direction) && section.ssrc != 0 && answered[i].opus &&
                         sdp::receives(answered[i].direction) && !answered[i].rejected;
    for (const auto& track : tracks_)
      if (track->info.mid() == section.mid && track->ssrc != 0 &&
          (!carries || track->ssrc != section.ssrc))
        result.ended.push_back(track->info.sid());
    if (!carries || track_by_ssrc(section.ssrc)) continue;
    auto* track = match(section);
    if (!track) continue;
    auto effective = section;
    effective.red = answered[i].red;
    effective.opus = answered[i].opus;
    rtp::ReceiverConfig receiver;
    receiver.ssrc = section.ssrc;
    receiver.nack = answered[i].nack && !answered[i].red;
    receiver.level_extension_id = answered[i].level_extension.value_or(0);
    if (publisher_->add_receiver(receiver, turn.now, peers)) {
      ++result.refused;
      continue;
    }
    receive(*track, effective, result);
  }
}

Subscription* Participant::subscription(std::string_view track_sid) {
  for (auto& subscription : subscriptions_)
    if (subscription->track_sid == track_sid && !subscription->down.is_closing())
      return subscription.get();
  return nullptr;
}

bool Participant::subscribe(const Participant& publisher, const Track& track) {
  if (subscription(track.info.sid())) return true;
  sdp::ForwardedTrack forwarded;
  forwarded.participant_sid = publisher.sid();
  forwarded.track_sid = track.info.sid();
  forwarded.ssrc = random_.u32() | 1U;
  forwarded.red = track.red.has_value();
  forwarded.nack = !track.red;
  forwarded.stereo = track.info.stereo();
  const auto mid = subscriber_offer_.add(forwarded);
  if (!mid) return false;
  auto subscription = std::make_unique<Subscription>();
  subscription->publisher_sid = publisher.sid();
  subscription->track_sid = track.info.sid();
  subscription->mid = *mid;
  subscription->ssrc = forwarded.ssrc;
  subscriptions_.push_back(std::move(subscription));
  offer_wanted_ = true;
  return true;
}

void Participant::unsubscribe(std::string_view track_sid, base::Instant now) {
  auto* found = subscription(track_sid);
  if (!found) return;
  found->down.close(now);
  settling_ = true;
  ++ending_;
}

void Participant::pause(Subscription& subscription, base::Instant now) {
  subscription.down.pause(now);
  settling_ = true;
}

void Participant::offer_if_needed(Turn turn) {
  if (!offer_wanted_ || answer_due_ || !connection) return;
  // Without data channels on it, there is no connection before there is a track.
  if (!subscriber_primary_ && offer_id_ == 0 && subscriptions_.empty()) return;
  offer_wanted_ = false;
  answer_due_ = turn.now + config_.limits.answer_timeout;
  const auto description = subscriber_offer_.offer(local(Target::subscriber));
  livekit::SignalResponse response;
  auto& message = *response.mutable_offer();
  message.set_type("offer");
  message.set_sdp(sdp::to_text(description));
  message.set_id(++offer_id_);
  for (const auto& subscription : subscriptions_)
    (*message.mutable_mid_to_track_id())[subscription->mid] = subscription->track_sid;
  send(response, turn.out);
}

Participant::Negotiated Participant::on_answer(const livekit::SessionDescription& answer,
                                               Turn turn,
                                               peer::Output& peers) {
  Negotiated result;
  result.ok = true;
  if (!answer_due_) return result;                                  // of an offer we did not make
  if (answer.id() != 0 && answer.id() != offer_id_) return result;  // native SDKs send no id
  const auto description = sdp::parse(answer.sdp());
  if (!description) return {false, description.error().sentence, {}, {}, 0};
  const auto remote = sdp::transport_parameters(*description);
  if (!remote) return {false, remote.error().sentence, {}, {}, 0};
  if (const auto error = subscriber_->set_remote(*remote, turn.now, peers))
    return {false, error.message(), {}, {}, 0};
  const auto sections = subscriber_offer_.apply(*description);
  if (!sections) return {false, sections.error().sentence, {}, {}, 0};
  answer_due_.reset();
  for (const auto& section : *sections)
    if (!open(section)) ++result.refused;
  return result;
}

// Forwarding begins on a section that the client will play. False when the transport took no more
// streams.
bool Participant::open(const sdp::AudioSection& section) {
  if (section.rejected || !sdp::receives(section.direction) || !section.opus) return true;
  for (auto& subscription : subscriptions_) {
    if (subscription->mid != section.mid || subscription->down.is_closing()) continue;
    const DownTrack::Route route{subscription->ssrc, *section.opus, section.red};
    if (subscription->answered) {
      subscription->down.open(route);
      continue;
    }
    rtp::SenderConfig sender;
    sender.ssrc = subscription->ssrc;
    sender.payload_type = *section.opus;
    sender.cname = subscription->publisher_sid + "|" + subscription->track_sid;
    sender.nack = section.nack;
    sender.wall = config_.wall;
    if (subscriber_->add_sender(sender)) return false;
    subscription->answered = true;
    subscription->down.open(route);
    opened_.push_back(subscription.get());
  }
  return true;
}

base::Deadline Participant::next_deadline() const {
  auto deadline = base::earliest(publisher_->next_deadline(), subscriber_->next_deadline());
  if (settling_)
    for (const auto& subscription : subscriptions_)
      deadline = base::earliest(deadline, subscription->down.next_deadline());
  // Until then nothing would be done about it: the deadline would be due again and again.
  if (was_connected) deadline = base::earliest(deadline, answer_due_);
  deadline = base::earliest(deadline, token_due);
  return base::earliest(deadline, departs_at);
}

void Participant::on_deadline(Turn turn, peer::Output& peers) {
  if (!std::exchange(settling_, false)) return;
  for (auto& subscription : subscriptions_) {
    if (base::is_due(subscription->down.next_deadline(), turn.now))
      subscription->down.on_deadline(turn.now, *subscriber_, peers);
    settling_ = settling_ || subscription->down.next_deadline();
  }
}

bool Participant::sweep_subscriptions() {
  if (ending_ == 0) return false;
  const auto before = subscriptions_.size();
  std::erase_if(subscriptions_, [this](const auto& subscription) {
    if (!subscription->down.done()) return false;
    subscriber_offer_.remove(subscription->mid);
    subscriber_->remove_sender(subscription->ssrc);
    std::erase(opened_, subscription.get());
    return true;
  });
  if (subscriptions_.size() == before) return false;
  ending_ -= before - subscriptions_.size();
  offer_wanted_ = true;
  return true;
}

}  // namespace sidetone::server
