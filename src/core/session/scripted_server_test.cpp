#include "core/session/scripted_server_test.hpp"

#include <gtest/gtest.h>
#include <sys/time.h>

#include "core/crypto/base64.hpp"
#include "core/crypto/certificate.hpp"
#include "core/sctp/library.hpp"
#include "core/signal/gunzip_test.hpp"
#include "core/signal/trickle.hpp"
#include "core/signal/wire.hpp"

namespace sidetone::session::test {
namespace {

constexpr std::chrono::seconds kEpoch{1'700'000'000};
constexpr base::Duration kSctpTick = 10ms;
constexpr base::Duration kDelay = 5ms;

base::Instant virtual_now{};

const dtls::Context& context() {
  static const auto kCertificate = crypto::Certificate::generate(kEpoch);
  static const dtls::Context kContext(kCertificate);
  return kContext;
}

base::Endpoint endpoint(std::string_view address, std::uint16_t port) {
  return {*base::Address::parse(address), port};
}

const base::Endpoint kOurPublisher = endpoint("192.0.2.1", 5001);
const base::Endpoint kOurSubscriber = endpoint("192.0.2.1", 5002);
const base::Endpoint kServer = endpoint("192.0.2.9", 7882);

std::unique_ptr<peer::Peer> make_peer(base::RandomSource& random) {
  peer::Config config;
  config.dtls = &context();
  config.random = &random;
  config.wall.unix_offset = kEpoch;
  config.ice = peer::IceMode::lite;
  config.cname = "server";
  return std::make_unique<peer::Peer>(std::move(config));
}

SessionConfig session_config(base::RandomSource& random) {
  SessionConfig config;
  config.dtls = &context();
  config.random = &random;
  config.wall.unix_offset = kEpoch;
  config.version = "0.1";
  return config;
}

std::string event_name(const room::Event& event) {
  static constexpr std::array kNames{
      "connected",   "joined",       "left",         "published",   "unpublished",
      "subscribed",  "unsubscribed", "sub-failed",   "permission",  "muted",
      "unmuted",     "heard",        "republished",  "speakers",    "quality",
      "room-meta",   "room-info",    "meta",         "name",        "attributes",
      "permissions", "data",         "reconnecting", "reconnected", "disconnected"};
  static_assert(kNames.size() == std::variant_size_v<room::Event>);
  return kNames[event.index()];
}

std::string request_name(const livekit::SignalRequest& request) {
  switch (request.message_case()) {
    case livekit::SignalRequest::kOffer: return "offer";
    case livekit::SignalRequest::kAnswer: return "answer";
    case livekit::SignalRequest::kAddTrack: return "add_track";
    case livekit::SignalRequest::kMute: return "mute";
    case livekit::SignalRequest::kSubscription: return "subscription";
    case livekit::SignalRequest::kLeave: return "leave";
    case livekit::SignalRequest::kSyncState: return "sync_state";
    case livekit::SignalRequest::kUpdateMetadata: return "update_metadata";
    case livekit::SignalRequest::kSubscriptionPermission: return "permission";
    case livekit::SignalRequest::kSimulate: return "simulate";
    default: return "";
  }
}

livekit::JoinRequest join_request(std::string_view target) {
  livekit::JoinRequest request;
  auto query = signal::parse_target(target);
  auto bytes = crypto::base64url_decode(query.parameter("join_request"), crypto::Padding::required);
  livekit::WrappedJoinRequest wrapped;
  EXPECT_TRUE(bytes && signal::decode(*bytes, wrapped));
  auto plain = signal::gunzip(wrapped.join_request());
  EXPECT_TRUE(signal::decode(base::as_bytes(plain), request));
  return request;
}

void join_words(std::string& text, const std::string& word) {
  if (!word.empty()) text += (text.empty() ? "" : " ") + word;
}

}  // namespace

bool SteadyFeed::take(base::Instant now, send::PcmPacket& packet) {
  if (!next_ || *next_ > now) return false;
  packet.rtp_time = rtp_time_;
  packet.due = *next_;
  packet.marker = false;
  packet.muted = muted;
  packet.length = 20ms;
  packet.samples.assign(960, 1000);
  rtp_time_ += 960;
  *next_ += 20ms;
  return true;
}

void SteadyFeed::set_sink(bool up, base::Instant now) {
  if (up && !sink) next_ = now;
  if (!up) next_.reset();
  sink = up;
}

Stage::Stage() : session((virtual_now = base::Instant(1s), session_config(random_))) {
  sctp_due_ = virtual_now + kSctpTick;
}

base::Instant Stage::now() const {
  return virtual_now;
}

void Stage::start_connect(OperationId id, base::Duration timeout) {
  ConnectOptions options;
  options.url = "ws://server:7880";
  options.token = "first.to.ken";
  options.endpoints = {{kOurPublisher}, {kOurSubscriber}};
  options.timeout = timeout;
  options.peer_connections = script.peer_connections;
  session.connect(id, options, now(), out);
  settle();
}

void Stage::connect() {
  start_connect(1);
  ASSERT_TRUE(run_until([&] { return completion(1) != nullptr; }));
  ASSERT_FALSE(completion(1)->error) << completion(1)->text;
  ASSERT_EQ(session.state(), ConnectionState::connected);
}

std::string Stage::publish(LocalSource& source, TrackSpec spec) {
  auto id = ++next_operation_;
  session.publish(id, std::move(spec), source.pipeline, now(), out);
  settle();
  EXPECT_TRUE(run_until([&] { return completion(id) != nullptr; }));
  const auto* done = completion(id);
  if (done == nullptr) return {};
  EXPECT_FALSE(done->error) << done->text;
  return done->track_sid;
}

void Stage::settle() {
  for (;;) {
    auto wishes = out.sockets.take();
    for (auto& datagram : out.datagrams) wire_.emplace(now() + kDelay, Flight{false, datagram});
    for (auto& event : out.events) events.push_back(event);
    for (auto& done : out.completions) completions.push_back(done);
    out.clear();
    for (auto& wish : wishes) fulfil(wish);
    take();
    auto messages_to_client = std::exchange(to_client_, {});
    for (const auto& bytes : messages_to_client)
      session.on_socket_message(socket, base::as_bytes(bytes), now(), out);
    if (wishes.empty() && messages_to_client.empty() && out.sockets.empty() && out.events.empty() &&
        out.completions.empty() && out.datagrams.empty())
      return;
  }
}

void Stage::fulfil(SocketWish& wish) {
  if (auto* open = std::get_if<signal::OpenSocket>(&wish.wish)) {
    socket = wish.socket;
    opened.push_back({open->request.target, open->request.authorization});
    if (!script.open_sockets) return;
    bool resumes = open->request.target.find("reconnect=1") != std::string::npos;
    if (resumes && script.refused_resumes-- > 0)
      return session.on_socket_refused(socket, {500, "connection closed by media"}, now(), out);
    bool v1 = open->request.target.find("/rtc/v1?") != std::string::npos;
    if (v1 && !script.single)
      return session.on_socket_refused(socket, {404, "404 page not found\n"}, now(), out);
    session.on_socket_open(socket, now(), out);
    if (v1) return greet_v1(open->request.target);
    single_ = false;
    if (script.greet) greet(open->request.target.find("reconnect=1") != std::string::npos);
  } else if (auto* message = std::get_if<signal::SendMessage>(&wish.wish)) {
    livekit::SignalRequest request;
    ASSERT_TRUE(signal::decode(base::as_bytes(message->bytes), request));
    if (wish.socket == socket) on_request(request);
  } else {
    closed_sockets.push_back(std::to_string(wish.socket));
  }
}

void Stage::send(const livekit::SignalResponse& response) {
  to_client_.push_back(signal::encode(response));
}

void Stage::greet_v1(std::string_view target) {
  single_ = true;
  auto request = join_request(target);
  if (!script.greet) return;
  greet(request.reconnect());
  if (request.has_publisher_offer() && script.answer_offers) on_offer(request.publisher_offer());
}

// Every section the client receives on says sendonly; those with a track have msid and ssrc
// (wire_protocol §4.5).
livekit::SessionDescription Stage::answer_v1(sdp::Description answer,
                                             const std::vector<sdp::AudioSection>& offered) {
  livekit::SessionDescription description;
  std::uint32_t missing = 0;
  for (auto& [ssrc, track] : forwarded_) {
    for (const auto& section : offered) {
      bool taken = std::any_of(forwarded_.begin(), forwarded_.end(),
                               [&](const auto& other) { return other.second.mid == section.mid; });
      if (track.mid.empty() && section.direction == sdp::Direction::recvonly && !taken)
        track.mid = section.mid;
    }
    if (track.mid.empty()) ++missing;
  }
  for (const auto& section : offered) {
    auto& answered = answer.sections[section.index];
    if (section.direction != sdp::Direction::recvonly) continue;
    answered.direction = sdp::Direction::sendonly;
    for (const auto& [ssrc, track] : forwarded_) {
      if (track.mid != section.mid) continue;
      answered.msid = sdp::Msid{track.participant_sid + "|" + track.track_sid, track.track_sid};
      answered.sources = {{ssrc, track.participant_sid, answered.msid}};
      (*description.mutable_mid_to_track_id())[track.mid] = track.track_sid;
    }
  }
  description.set_type("answer");
  description.set_sdp(sdp::to_text(answer));
  if (missing != 0) {
    livekit::SignalResponse response;
    response.mutable_media_sections_requirement()->set_num_audios(missing);
    send(response);
  }
  return description;
}

void Stage::greet(bool reconnect) {
  livekit::SignalResponse response;
  if (reconnect && !script.resume)
    return leave(livekit::STATE_MISMATCH, livekit::LeaveRequest::RECONNECT);
  if (reconnect) {
    response.mutable_reconnect()->set_last_message_seq(script.last_message_seq);
    if (script.says_reconnect) send(response);
    send_update(script.others);
    if (script.broken_resumes-- > 0) {
      for (const auto& bytes : std::exchange(to_client_, {}))
        session.on_socket_message(socket, base::as_bytes(bytes), now(), out);
      return session.on_socket_closed(socket, {errc::closed, ""}, now(), out);
    }
    if (single_) return;
    subscriber->restart(now(), output_);
    return offer();
  }
  auto& join = *response.mutable_join();
  join.mutable_room()->set_sid("RM_1");
  join.mutable_room()->set_name("room");
  *join.mutable_participant() = person("PA_me" + std::to_string(++joins_), "me", 0);
  for (const auto& other : script.others) *join.add_other_participants() = other;
  join.set_subscriber_primary(!single_);
  join.set_fast_publish(script.fast_publish);
  join.set_ping_interval(5);
  join.set_ping_timeout(15);
  if (script.edit_join) script.edit_join(join);
  send(response);
  livekit::SignalResponse refresh;
  refresh.set_refresh_token("refreshed.to.ken");
  send(refresh);
  make_peers();
  if (script.trickle_first) {
    livekit::SignalResponse trickle;
    trickle.mutable_trickle()->set_target(livekit::SUBSCRIBER);
    for (const auto& candidate : subscriber->local_parameters().candidates) {
      trickle.mutable_trickle()->set_candidateinit(
          signal::format_candidate_init({candidate, "0", 0}));
      send(trickle);
    }
  }
  if (!single_) offer();
}

void Stage::make_peers() {
  publisher = make_peer(server_random_);
  subscriber = make_peer(server_random_);
  publisher->add_local(kServer, now(), output_);
  for (auto& [ssrc, track] : std::exchange(forwarded_, {})) {
    (void)ssrc;
    if (single_) forward(track.participant_sid, track.track_sid);
  }
  subscriber->add_local(kServer, now(), output_);
  subscriber->open_channel({std::string("_reliable"), true, {}, {}}, now(), output_);
  subscriber->open_channel({std::string("_lossy"), false, 0, {}}, now(), output_);
  answers_ = std::make_unique<sdp::PublisherAnswer>(1);
  offers_ = std::make_unique<sdp::SubscriberOffer>(2);
  mids_.clear();
}

void Stage::on_request(const livekit::SignalRequest& request) {
  requests.push_back(request);
  livekit::SignalResponse response;
  switch (request.message_case()) {
    case livekit::SignalRequest::kOffer:
      if (script.answer_offers) on_offer(request.offer());
      break;
    case livekit::SignalRequest::kAnswer: on_answer(request.answer()); break;
    case livekit::SignalRequest::kAddTrack: {
      if (!script.publish_tracks) break;
      auto& published = *response.mutable_track_published();
      published.set_cid(request.add_track().cid());
      published.mutable_track()->set_sid("TR_" + std::to_string(++published_));
      published.mutable_track()->set_name(request.add_track().name());
      published.mutable_track()->set_source(request.add_track().source());
      published.mutable_track()->set_muted(request.add_track().muted());
      send(response);
      break;
    }
    case livekit::SignalRequest::kPingReq:
      response.mutable_pong_resp()->set_last_ping_timestamp(request.ping_req().timestamp());
      send(response);
      break;
    default: break;
  }
}

void Stage::on_offer(const livekit::SessionDescription& offer) {
  auto description = sdp::parse(offer.sdp());
  ASSERT_TRUE(description) << description.error().sentence;
  auto remote = sdp::transport_parameters(*description);
  ASSERT_TRUE(remote);
  ASSERT_FALSE(publisher->set_remote(*remote, now(), output_));
  auto answer = answers_->answer(*description, publisher->local_parameters(), {});
  ASSERT_TRUE(answer) << answer.error().sentence;
  for (const auto& section : sdp::audio_sections(*description)) {
    if (section.ssrc == 0) continue;
    rtp::ReceiverConfig config;
    config.ssrc = section.ssrc;
    (void)publisher->add_receiver(config, now(), output_);
  }
  livekit::SignalResponse response;
  if (single_) *response.mutable_answer() = answer_v1(*answer, sdp::audio_sections(*description));
  response.mutable_answer()->set_type("answer");
  response.mutable_answer()->set_id(offer.id());
  if (!single_) response.mutable_answer()->set_sdp(sdp::to_text(*answer));
  send(response);
}

void Stage::on_answer(const livekit::SessionDescription& answer) {
  EXPECT_EQ(answer.id(), offer_id_);
  auto description = sdp::parse(answer.sdp());
  ASSERT_TRUE(description) << description.error().sentence;
  auto remote = sdp::transport_parameters(*description);
  ASSERT_TRUE(remote);
  ASSERT_FALSE(subscriber->set_remote(*remote, now(), output_));
  ASSERT_TRUE(accept_any_answer || offers_->apply(*description));
}

std::uint32_t Stage::forward(const std::string& participant_sid, const std::string& track_sid) {
  sdp::ForwardedTrack track;
  track.participant_sid = participant_sid;
  track.track_sid = track_sid;
  track.ssrc = server_random_.u32() | 1;
  rtp::SenderConfig config;
  config.ssrc = track.ssrc;
  if (single_ || publisher == nullptr) {
    forwarded_[track.ssrc] = {participant_sid, track_sid, {}};
    if (publisher != nullptr) (void)publisher->add_sender(config);
    return track.ssrc;
  }
  EXPECT_FALSE(subscriber->add_sender(config));
  auto mid = offers_->add(track);
  EXPECT_TRUE(mid);
  mids_[track.ssrc] = *mid;
  return track.ssrc;
}

void Stage::withdraw(std::uint32_t ssrc) {
  if (forwarded_.erase(ssrc) != 0) return;
  offers_->remove(mids_.at(ssrc));
}

void Stage::offer() {
  livekit::SignalResponse response;
  if (single_) {
    response.mutable_media_sections_requirement();
    return send(response);
  }
  response.mutable_offer()->set_type("offer");
  response.mutable_offer()->set_id(++offer_id_);
  auto text = sdp::to_text(offers_->offer(subscriber->local_parameters()));
  if (script.edit_offer) script.edit_offer(text);
  response.mutable_offer()->set_sdp(text);
  send(response);
}

void Stage::send_audio(std::uint32_t ssrc, std::string_view payload) {
  rtp::OutgoingAudio audio;
  audio.captured = now();
  audio.rtp_time =
      std::chrono::duration_cast<std::chrono::microseconds>(now().time_since_epoch()).count() * 48 /
      1000;
  audio.payload = base::as_bytes(payload);
  auto& sender = single_ ? *publisher : *subscriber;
  EXPECT_FALSE(sender.send_audio(ssrc, audio, now(), output_));
}

std::uint32_t Stage::forwarded_ssrc(const std::string& track_sid) const {
  for (const auto& [ssrc, track] : forwarded_)
    if (track.track_sid == track_sid) return ssrc;
  return 0;
}

void Stage::send_data(std::string_view bytes) {
  auto& sender = single_ ? *publisher : *subscriber;
  auto channel = sender.channel("_reliable");
  ASSERT_TRUE(channel);
  EXPECT_FALSE(sender.send_message(*channel, true, base::as_bytes(bytes), output_));
}

void Stage::send_update(std::vector<livekit::ParticipantInfo> participants) {
  livekit::SignalResponse response;
  auto& update = *response.mutable_update();
  for (auto& info : participants) *update.add_participants() = std::move(info);
  send(response);
}

void Stage::drop_socket() {
  session.on_socket_closed(socket, {errc::closed, ""}, now(), out);
  settle();
}

void Stage::close_connections() {
  publisher->close(output_);
  subscriber->close(output_);
  settle();
}

void Stage::leave(livekit::DisconnectReason reason, livekit::LeaveRequest::Action action) {
  livekit::SignalResponse response;
  response.mutable_leave()->set_reason(reason);
  response.mutable_leave()->set_action(action);
  send(response);
}

void Stage::take() {
  for (auto& datagram : output_.datagrams) wire_.emplace(now() + kDelay, Flight{true, datagram});
  for (auto& packet : output_.rtp) heard.push_back(packet);
  for (auto& event : output_.events)
    if (auto* message = std::get_if<peer::Message>(&event))
      messages.emplace_back(base::as_text(message->bytes));
  output_.clear();
}

base::Deadline Stage::next_event() const {
  base::Deadline next = sctp_due_;
  if (!wire_.empty()) next = base::earliest(next, wire_.begin()->first);
  if (publisher) next = base::earliest(next, publisher->next_deadline());
  if (subscriber) next = base::earliest(next, subscriber->next_deadline());
  return base::earliest(next, session.next_deadline());
}

void Stage::step() {
  if (!wire_.empty() && wire_.begin()->first <= now()) {
    auto flight = wire_.extract(wire_.begin()).mapped();
    const auto& from = flight.datagram.local;
    if (!script.media) return;
    if (flight.to_session) {
      base::Datagram arrived{flight.datagram.remote, from, flight.datagram.packet};
      watch(true);
      session.on_datagram(arrived, now(), now(), out);
      watch(false);
    } else {
      auto& peer = from == kOurPublisher ? *publisher : *subscriber;
      peer.on_datagram({flight.datagram.remote, from, flight.datagram.packet.bytes(), now()}, now(),
                       output_);
    }
  }
  for (auto* peer : {publisher.get(), subscriber.get()})
    if (peer != nullptr && base::is_due(peer->next_deadline(), now()))
      peer->on_deadline(now(), output_);
  watch(true);
  if (base::is_due(session.next_deadline(), now())) session.on_deadline(now(), out);
  watch(false);
  if (now() >= sctp_due_) {
    sctp_due_ += kSctpTick;
    sctp::drive_timers(std::chrono::duration_cast<std::chrono::milliseconds>(kSctpTick));
    for (auto* peer : {publisher.get(), subscriber.get()})
      if (peer != nullptr) peer->poll(now(), output_);
    session.on_deadline(now(), out);
  }
  settle();
}

bool Stage::run_until(const std::function<bool()>& done, base::Duration limit) {
  auto end = now() + limit;
  settle();
  while (!done()) {
    auto next = next_event();
    if (*next > end) {
      virtual_now = end;
      return done();
    }
    virtual_now = std::max(virtual_now, *next);
    step();
  }
  return true;
}

void Stage::run_for(base::Duration duration) {
  run_until([] { return false; }, duration);
}

const Completion* Stage::completion(OperationId id) const {
  for (const auto& done : completions)
    if (done.id == id) return &done;
  return nullptr;
}

std::string Stage::story() {
  std::string text;
  for (; told_events_ < events.size(); ++told_events_)
    join_words(text, event_name(events[told_events_]));
  return text;
}

std::string Stage::asked() {
  std::string text;
  for (; told_requests_ < requests.size(); ++told_requests_)
    join_words(text, request_name(requests[told_requests_]));
  return text;
}

livekit::ParticipantInfo person(const std::string& sid,
                                const std::string& identity,
                                std::uint32_t version) {
  livekit::ParticipantInfo info;
  info.set_sid(sid);
  info.set_identity(identity);
  info.set_version(version);
  info.set_state(livekit::ParticipantInfo::ACTIVE);
  return info;
}

livekit::ParticipantInfo with_track(livekit::ParticipantInfo info, const std::string& track_sid) {
  auto& track = *info.add_tracks();
  track.set_sid(track_sid);
  track.set_source(livekit::MICROPHONE);
  return info;
}

}  // namespace sidetone::session::test

// The clock of OpenSSL's flights and of usrsctp's round trips.
extern "C" __attribute__((visibility("default"))) int gettimeofday(struct timeval* tv,
                                                                   void*) noexcept {
  using namespace sidetone::session::test;
  auto us =
      std::chrono::duration_cast<std::chrono::microseconds>(kEpoch + virtual_now.time_since_epoch())
          .count();
  tv->tv_sec = us / 1'000'000;
  tv->tv_usec = us % 1'000'000;
  return 0;
}
