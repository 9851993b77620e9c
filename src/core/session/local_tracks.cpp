#include "core/session/local_tracks.hpp"

#include <algorithm>

namespace sidetone::session {
namespace {

errc refusal_code(livekit::RequestResponse::Reason reason) {
  switch (reason) {
    case livekit::RequestResponse::NOT_ALLOWED: return errc::forbidden;
    case livekit::RequestResponse::NOT_FOUND: return errc::not_found;
    case livekit::RequestResponse::LIMIT_EXCEEDED: return errc::overflow;
    case livekit::RequestResponse::UNSUPPORTED_TYPE: return errc::unsupported;
    default: return errc::protocol_error;
  }
}

// The pipeline is its owner's again.
void let_go(media::SourcePipeline& pipeline, media::EndReason why, base::Instant now) {
  pipeline.end_taps(why, now);
  pipeline.set_sink(false, now);
}

}  // namespace

void LocalTracks::publish(OperationId id,
                          TrackSpec spec,
                          media::SourcePipeline& pipeline,
                          Turn& turn) {
  LocalTrack track;
  track.spec = std::move(spec);
  track.pipeline = &pipeline;
  track.operation = id;
  pipeline.set_muted(track.spec.muted, turn.now);
  announce(track, turn);
  tracks_.push_back(std::move(track));
}

void LocalTracks::announce(const LocalTrack& track, Turn& turn) {
  livekit::SignalRequest request;
  auto& add = *request.mutable_add_track();
  add.set_cid(track.spec.cid);
  add.set_name(track.spec.name);
  add.set_type(livekit::AUDIO);
  add.set_source(room::to_wire(track.spec.source));
  add.set_muted(track.spec.muted);
  add.set_disable_red(!track.spec.red);
  add.set_disable_dtx(!track.spec.dtx);
  add.set_stereo(track.spec.stereo);
  if (track.spec.stereo) add.add_audio_features(livekit::TF_STEREO);
  if (!track.spec.dtx) add.add_audio_features(livekit::TF_NO_DTX);
  add.set_stream(track.spec.stream);
  turn.requests.push(std::move(request));
}

bool LocalTracks::on_published(const livekit::TrackPublishedResponse& response,
                               Publisher& publisher,
                               Turn& turn) {
  auto track = std::find_if(tracks_.begin(), tracks_.end(), [&](const LocalTrack& candidate) {
    return candidate.state == LocalTrack::State::announced && candidate.spec.cid == response.cid();
  });
  if (track == tracks_.end() || response.track().sid().empty()) return false;
  track->sid = response.track().sid();
  track->info = response.track();
  track->ssrc = publisher.new_ssrc();
  sdp::PublishedTrack section;
  section.cid = track->spec.cid;
  section.cname = publisher.cname();
  section.ssrc = track->ssrc;
  section.red = track->spec.red;
  section.nack = !track->spec.red;
  section.dtx = track->spec.dtx;
  section.stereo = track->spec.stereo;
  auto mid = publisher.add(std::move(section));
  if (!mid) {
    operations_.fail(track->operation, errc::overflow, mid.error().sentence, turn.out.completions);
    tracks_.erase(track);
    return false;
  }
  track->mid = *mid;
  track->state = LocalTrack::State::offered;
  return true;
}

void LocalTracks::on_refused(const livekit::RequestResponse& response, Turn& turn) {
  // QUEUED: the same cid is still on its way out, ours follows. OK: nothing was refused.
  if (response.reason() == livekit::RequestResponse::OK ||
      response.reason() == livekit::RequestResponse::QUEUED)
    return;
  auto track = std::find_if(tracks_.begin(), tracks_.end(), [&](const LocalTrack& candidate) {
    return candidate.state == LocalTrack::State::announced &&
           candidate.spec.cid == response.add_track().cid();
  });
  if (track == tracks_.end()) return;
  auto text =
      response.message().empty() ? std::string("the server refused the track") : response.message();
  operations_.fail(track->operation, refusal_code(response.reason()), text, turn.out.completions);
  if (!track->previous_sid.empty()) room_.remove_local_track(track->previous_sid, turn.out.events);
  let_go(*track->pipeline, media::EndReason::unpublished, turn.now);
  tracks_.erase(track);
}

void LocalTracks::on_answer(const std::vector<sdp::AudioSection>& sections,
                            Publisher& publisher,
                            Turn& turn) {
  for (std::size_t i = tracks_.size(); i-- > 0;) {
    auto& track = tracks_[i];
    if (track.state != LocalTrack::State::offered) continue;
    auto section = std::find_if(sections.begin(), sections.end(),
                                [&](const auto& s) { return s.mid == track.mid; });
    if (section == sections.end()) continue;  // it is in the next offer
    bool accepted = !section->rejected && sdp::receives(section->direction) && section->opus;
    if (accepted && add_sender(track, *section, publisher)) {
      track.state = LocalTrack::State::accepted;
      continue;
    }
    operations_.fail(track.operation, errc::unsupported, "the server did not accept Opus audio",
                     turn.out.completions);
    take_down(i, &publisher, turn);
    publisher.negotiate(turn);
  }
  finish_unpublished(publisher, turn);
  if (publisher.peer().state() == peer::State::connected) on_transport_up(turn);
}

bool LocalTracks::add_sender(LocalTrack& track,
                             const sdp::AudioSection& section,
                             Publisher& publisher) {
  rtp::SenderConfig config;
  config.ssrc = track.ssrc;
  config.payload_type = *section.opus;
  config.mid = track.mid;
  config.nack = section.nack;
  config.level_extension_id = section.level_extension.value_or(0);
  config.mid_extension_id = section.mid_extension.value_or(0);
  track.has_level = section.level_extension.has_value();
  track.opus_type = *section.opus;
  track.red_type = track.spec.red ? section.red : std::nullopt;
  return !publisher.peer().add_sender(std::move(config));
}

void LocalTracks::on_transport_up(Turn& turn) {
  for (auto& track : tracks_)
    if (track.state == LocalTrack::State::accepted) start(track, turn);
}

void LocalTracks::start(LocalTrack& track, Turn& turn) {
  track.state = LocalTrack::State::live;
  auto info = room::to_track(track.info);
  info.muted = track.spec.muted;
  if (!track.previous_sid.empty()) {
    room_.replace_local_track(std::exchange(track.previous_sid, {}), std::move(info),
                              turn.out.events);
  } else {
    room_.add_local_track(std::move(info), turn.out.events);
  }
  track.pipeline->set_sink(true, turn.now);
  operations_.succeed(std::exchange(track.operation, 0), turn.out.completions, track.sid);
}

void LocalTracks::on_subscribed(std::string_view sid, Turn& turn) {
  auto* track = find(sid);
  if (track == nullptr) return;
  track->pipeline->on_subscribed(turn.now);
  turn.out.events.push(room::LocalTrackSubscribed{track->sid});
}

bool LocalTracks::set_muted(std::string_view sid, bool muted, Turn& turn) {
  auto* track = find(sid);
  if (track == nullptr) return false;
  track->spec.muted = muted;
  track->info.set_muted(muted);
  track->pipeline->set_muted(muted, turn.now);
  room_.set_local_muted(track->sid, muted, turn.out.events);
  return true;
}

void LocalTracks::unpublish(OperationId id,
                            std::string_view sid,
                            Publisher* publisher,
                            Turn& turn) {
  auto* track = find(sid);
  if (track == nullptr) {
    operations_.fail(id, errc::not_found, "no local track has this sid", turn.out.completions);
    return;
  }
  take_down(static_cast<std::size_t>(track - tracks_.data()), publisher, turn);
  if (publisher == nullptr)  // the next session begins without it
    operations_.succeed(id, turn.out.completions);
  else
    leaving_.push_back({id, publisher->negotiate(turn)});
}

void LocalTracks::finish_unpublished(const Publisher& publisher, Turn& turn) {
  std::erase_if(leaving_, [&](const Leaving& leaving) {
    if (leaving.offer > publisher.answered()) return false;
    operations_.succeed(leaving.operation, turn.out.completions);
    return true;
  });
}

void LocalTracks::withdraw(OperationId id, Publisher* publisher, Turn& turn) {
  for (std::size_t i = 0; i < tracks_.size(); ++i) {
    if (tracks_[i].operation != id || tracks_[i].state == LocalTrack::State::live) continue;
    bool described = !tracks_[i].mid.empty();
    take_down(i, publisher, turn);
    if (described && publisher != nullptr) publisher->negotiate(turn);
    return;
  }
}

void LocalTracks::on_unpublished(std::string_view sid, Publisher* publisher, Turn& turn) {
  for (std::size_t i = 0; i < tracks_.size(); ++i) {
    if (tracks_[i].sid != sid) continue;
    operations_.fail(tracks_[i].operation, errc::forbidden, "the server dropped the track",
                     turn.out.completions);
    take_down(i, publisher, turn);
    if (publisher != nullptr) publisher->negotiate(turn);
    return;
  }
}

void LocalTracks::take_down(std::size_t index, Publisher* publisher, Turn& turn) {
  auto track = std::move(tracks_[index]);
  tracks_.erase(tracks_.begin() + static_cast<std::ptrdiff_t>(index));
  let_go(*track.pipeline, media::EndReason::unpublished, turn.now);
  if (publisher != nullptr && !track.mid.empty()) {
    publisher->remove(track.mid);
    publisher->peer().remove_sender(track.ssrc);
  }
  room_.remove_local_track(track.previous_sid.empty() ? track.sid : track.previous_sid,
                           turn.out.events);
}

void LocalTracks::transport_down(base::Instant now) {
  for (auto& track : tracks_) {
    if (track.state == LocalTrack::State::live) track.previous_sid = track.sid;
    track.pipeline->set_sink(false, now);
    track.state = LocalTrack::State::announced;
    track.mid.clear();
    track.ssrc = 0;
    track.reports = 0;
  }
}

void LocalTracks::republish(Turn& turn) {
  for (const auto& leaving : std::exchange(leaving_, {}))
    operations_.succeed(leaving.operation, turn.out.completions);
  for (const auto& track : tracks_) announce(track, turn);
}

void LocalTracks::end_all(base::Instant now) {
  for (auto& track : tracks_) let_go(*track.pipeline, media::EndReason::room_closed, now);
  tracks_.clear();
  leaving_.clear();
}

error_code LocalTracks::attach(std::string_view sid,
                               media::PacketSink& sink,
                               StreamEnd end,
                               base::Instant now) {
  auto* track = find(sid);
  if (track == nullptr) return errc::not_found;
  if (!track->pipeline->add_tap(sink, end == StreamEnd::with_track, now)) return errc::overflow;
  return {};
}

void LocalTracks::detach(const media::PacketSink& sink, base::Instant now) {
  for (auto& track : tracks_) track.pipeline->remove_tap(sink, now);
}

void LocalTracks::pump(Publisher* publisher, Turn& turn) {
  for (auto& track : tracks_) {
    encoded_.clear();
    track.pipeline->on_deadline(turn.now, encoded_);
    if (publisher == nullptr || track.state != LocalTrack::State::live) continue;
    for (const auto& audio : encoded_) send(track, audio, *publisher, turn);
    const auto* sender = publisher->peer().sender(track.ssrc);
    if (sender == nullptr || sender->stats().reports_received == track.reports) continue;
    track.reports = sender->stats().reports_received;
    // One tool or the other: redundancy and forward error correction together pay twice (§2.11).
    track.pipeline->set_loss(track.red_type ? 0 : sender->stats().fraction_lost, turn.now);
    track.red.on_report(sender->stats().fraction_lost, turn.now);
  }
}

void LocalTracks::send(LocalTrack& track,
                       const media::EncodedAudio& audio,
                       Publisher& publisher,
                       Turn& turn) {
  rtp::OutgoingAudio outgoing;
  outgoing.rtp_time = audio.rtp_time;
  outgoing.captured = audio.captured;
  outgoing.marker = audio.marker;
  if (track.has_level) outgoing.level = rtp::AudioLevel{audio.level, audio.voice};
  outgoing.payload = audio.payload();
  if (track.red_type) {
    if (auto packed = track.red.pack(audio, track.opus_type); !packed.empty()) {
      outgoing.payload = packed;
      outgoing.payload_type = track.red_type;
    }
  }
  // While the path is away packets have nowhere to go; the peer counts them.
  (void)publisher.peer().send_audio(track.ssrc, outgoing, turn.now, publisher.output());
}

base::Deadline LocalTracks::next_deadline() const {
  base::Deadline next;
  for (const auto& track : tracks_) next = base::earliest(next, track.pipeline->next_deadline());
  return next;
}

LocalTrack* LocalTracks::find(std::string_view sid) {
  auto found = std::find_if(tracks_.begin(), tracks_.end(), [&](const LocalTrack& track) {
    return !sid.empty() && (track.sid == sid || track.previous_sid == sid);
  });
  return found == tracks_.end() ? nullptr : &*found;
}

bool LocalTracks::all_live() const {
  return std::all_of(tracks_.begin(), tracks_.end(), [](const LocalTrack& track) {
    return track.state == LocalTrack::State::live;
  });
}

}  // namespace sidetone::session
