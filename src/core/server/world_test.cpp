#include "core/server/world_test.hpp"

#include <sys/time.h>

#include <algorithm>

#include "core/crypto/certificate.hpp"
#include "core/sctp/library.hpp"

namespace sidetone::server::test {
namespace {

constexpr base::Duration kDelay = 2ms;  // one way
constexpr base::Duration kSctpTick = 10ms;

base::Instant virtual_now{};

livekit::SignalRequest description(const sdp::Description& sdp, bool offer, std::uint32_t id) {
  livekit::SignalRequest request;
  auto& message = offer ? *request.mutable_offer() : *request.mutable_answer();
  message.set_type(offer ? "offer" : "answer");
  message.set_sdp(sdp::to_text(sdp));
  message.set_id(id);
  return request;
}

}  // namespace

const dtls::Context& context() {
  static const auto kCertificate = crypto::Certificate::generate(kEpoch);
  static const dtls::Context kContext(kCertificate);
  return kContext;
}

std::string token(const Guest& guest, std::int64_t expires_in) {
  signal::Claims claims;
  claims.issuer = kKey;
  claims.identity = guest.identity;
  claims.kind = guest.kind;
  claims.metadata = guest.metadata;
  claims.attributes = guest.attributes;
  claims.expires = kEpoch.count() + expires_in;
  auto grants = guest.grants;
  grants.room_join = true;
  grants.room = guest.room;
  claims.grants = grants;
  return signal::mint(claims, kSecret);
}

JoinRequest join_request(const Guest& guest) {
  const signal::ApiKeys keys{{std::string(kKey), std::string(kSecret)}};
  const auto target = "/rtc?protocol=16&access_token=" + token(guest) + guest.parameters;
  return std::get<JoinRequest>(admit({"GET", target, "", true}, keys, kEpoch, {}));
}

// ---- a client

Client::Client(World& where, Guest who, int number)
    : world(where),
      guest(std::move(who)),
      connection(0),
      random(static_cast<std::uint64_t>(number) + 100),
      publisher_end{base::Address::v4({10, 0, 1, static_cast<std::uint8_t>(number)}), 40000},
      subscriber_end{publisher_end.address, 40001} {
  peer::Config config;
  config.dtls = &context();
  config.random = &random;
  config.wall.unix_offset = kEpoch;
  config.cname = guest.identity;
  publisher = std::make_unique<peer::Peer>(config);
  subscriber = std::make_unique<peer::Peer>(config);
  peer::Output out;
  publisher->add_local(publisher_end, world.now(), out);
  subscriber->add_local(subscriber_end, world.now(), out);
  publisher->open_channel({.label = "_reliable"}, world.now(), out);
  publisher->open_channel(
      {.label = "_lossy", .ordered = false, .max_retransmits = std::uint16_t{0}}, world.now(), out);
}

const livekit::SignalResponse* Client::last(livekit::SignalResponse::MessageCase kind) const {
  for (auto place = received.rbegin(); place != received.rend(); ++place)
    if (place->message_case() == kind) return &*place;
  return nullptr;
}

int Client::count(livekit::SignalResponse::MessageCase kind) const {
  return static_cast<int>(std::count_if(received.begin(), received.end(), [&](const auto& message) {
    return message.message_case() == kind;
  }));
}

const livekit::ParticipantInfo* Client::told_of(std::string_view identity) const {
  for (auto place = received.rbegin(); place != received.rend(); ++place)
    for (const auto& info : place->update().participants())
      if (info.identity() == identity) return &info;
  return nullptr;
}

bool Client::connected() const {
  const bool hears = guest.grants.can_subscribe;
  return (!hears || subscriber->state() == peer::State::connected) &&
         (!publishes || publisher->channel("_lossy").has_value()) &&
         (!hears || subscriber->channel("_lossy").has_value());
}

void Client::send(const livekit::SignalRequest& request) {
  if (open) world.signal(*this, base::as_bytes(request.SerializeAsString()));
}

void Client::add_track(const std::string& cid, bool muted, bool disable_red) {
  livekit::SignalRequest request;
  auto& track = *request.mutable_add_track();
  track.set_cid(cid);
  track.set_name("name of " + cid);
  track.set_type(livekit::AUDIO);
  track.set_source(livekit::MICROPHONE);
  track.set_muted(muted);
  track.set_disable_red(disable_red);
  if (encrypts) track.set_encryption(livekit::Encryption::GCM);
  send(request);
}

void Client::publish(const std::string& cid, std::uint32_t ssrc, bool muted, bool red) {
  add_track(cid, muted, !red);
  mids[cid] = *publisher_offer.add({.cid = cid, .ssrc = ssrc, .red = red});
  rtp::SenderConfig sender;
  sender.ssrc = ssrc;
  sender.payload_type = red ? 63 : 111;
  sender.level_extension_id = 1;
  sender.initial_sequence = std::uint16_t{1000};
  sender.initial_timestamp = 50'000U;
  static_cast<void>(publisher->add_sender(sender));
  offer();
}

void Client::unpublish(const std::string& cid) {
  publisher_offer.remove(mids.at(cid));
  offer();
}

void Client::offer() {
  send(description(publisher_offer.offer(publisher->local_parameters()), true, 7));
}

void Client::mute(const std::string& sid, bool muted) {
  livekit::SignalRequest request;
  request.mutable_mute()->set_sid(sid);
  request.mutable_mute()->set_muted(muted);
  send(request);
}

void Client::subscription(const std::string& sid, bool on) {
  livekit::SignalRequest request;
  request.mutable_subscription()->add_track_sids(sid);
  request.mutable_subscription()->set_subscribe(on);
  send(request);
}

void Client::speak(std::uint32_t ssrc, int packets, std::uint8_t level) {
  for (int i = 0; i < packets; ++i) {
    auto& number = sent[std::to_string(ssrc)];
    const std::array payload{std::byte{0xfc}, std::byte(number)};
    rtp::OutgoingAudio audio;
    audio.rtp_time = number++ * 960;
    audio.captured = world.now();
    audio.level = rtp::AudioLevel{level, true};
    audio.payload = payload;
    peer::Output out;
    static_cast<void>(publisher->send_audio(ssrc, audio, world.now(), out));
    collect(out);
    world.run_for(20ms);
  }
}

bool Client::say(const livekit::DataPacket& packet, bool reliable) {
  const auto channel = publisher->channel(reliable ? "_reliable" : "_lossy");
  if (!channel) return false;
  peer::Output out;
  const auto error =
      publisher->send_message(*channel, true, base::as_bytes(packet.SerializeAsString()), out);
  collect(out);
  return !error;
}

std::vector<livekit::DataPacket> Client::heard_data() const {
  std::vector<livekit::DataPacket> packets;
  for (const auto& message : messages)
    packets.emplace_back().ParseFromArray(message.bytes.data(),
                                          static_cast<int>(message.bytes.size()));
  return packets;
}

const std::string& Client::sid() const {
  return last(livekit::SignalResponse::kJoin)->join().participant().sid();
}

std::string Client::track_sid() const {
  for (const auto& message : received)
    if (message.has_track_published()) return message.track_published().track().sid();
  return {};
}

void Client::on_signal(const livekit::SignalResponse& response) {
  received.push_back(response);
  if (response.has_join() && publishes) offer();
  if (response.has_offer() && answers) on_offer(response.offer());
  if (!response.has_answer()) return;
  const auto answer = sdp::parse(response.answer().sdp());
  peer::Output out;
  static_cast<void>(publisher->set_remote(*sdp::transport_parameters(*answer), world.now(), out));
  collect(out);
}

void Client::on_offer(const livekit::SessionDescription& message) {
  const auto offer = sdp::parse(message.sdp());
  peer::Output out;
  static_cast<void>(subscriber->set_remote(*sdp::transport_parameters(*offer), world.now(), out));
  for (const auto& section : sdp::audio_sections(*offer))
    if (section.ssrc != 0 && !subscriber->receiver(section.ssrc)) {
      rtp::ReceiverConfig config;
      config.ssrc = section.ssrc;
      static_cast<void>(subscriber->add_receiver(config, world.now(), out));
    }
  collect(out);
  sdp::SubscriberAnswerOptions options;
  options.red = takes_red;
  send(description(*subscriber_answer.answer(*offer, subscriber->local_parameters(), options),
                   false, message.id()));
}

void Client::collect(peer::Output& out) {
  for (const auto& datagram : out.datagrams) world.wire.emplace(world.now() + kDelay, datagram);
  for (auto& packet : out.rtp) rtp.push_back(packet);
  for (auto& event : out.events)
    if (auto* message = std::get_if<peer::Message>(&event)) messages.push_back(std::move(*message));
  out.clear();
}

// ---- the world

World::World(Limits limits) : random(1), server_end{base::Address::v4({10, 0, 0, 1}), 7882} {
  virtual_now = base::Instant(1s);
  sctp_due_ = now() + kSctpTick;
  Config config;
  config.keys[std::string(kKey)] = kSecret;
  config.limits = limits;
  config.wall.unix_offset = kEpoch;
  config.candidates = {server_end};
  server = std::make_unique<Server>(config,
                                    Server::Parts{&context(), &random, [this] { woken_ = true; }});
}

Admission World::admit(const Guest& guest) {
  const auto target = "/rtc?protocol=16&access_token=" + token(guest) + guest.parameters;
  return server->admit({"GET", target, "", true}, now());
}

Client& World::join(Guest guest, bool answers) {
  auto request = join_request(guest);
  auto& client = *clients.emplace_back(
      std::make_unique<Client>(*this, std::move(guest), static_cast<int>(clients.size()) + 1));
  client.connection = next_connection_++;
  client.open = true;
  client.answers = client.publishes = answers;
  server->on_join(client.connection, std::move(request), now(), out);
  settle();
  return client;
}

Client& World::enter(Guest guest) {
  auto& client = join(std::move(guest));
  run_until([&] { return client.connected(); });
  return client;
}

base::Instant World::now() const {
  return virtual_now;
}

void World::signal(const Client& client, base::Bytes bytes) {
  server->on_signal(client.connection, bytes, now(), out);
  settle();
}

void World::hang_up(Client& client) {
  client.open = false;
  server->on_signal_closed(client.connection, now(), out);
  settle();
}

void World::datagram(const base::Endpoint& from, base::Bytes bytes) {
  server->on_datagram({server_end, from, bytes, now()}, now(), out);
  settle();
}

void World::settle() {
  for (auto& datagram : out.datagrams) wire.emplace(now() + kDelay, datagram);
  auto signals = out.signals.take();
  auto closes = out.closes.take();
  out.clear();
  const auto find = [this](ConnectionId id) {
    return std::find_if(clients.begin(), clients.end(),
                        [&](const auto& client) { return client->connection == id; });
  };
  for (const auto& signal : signals) {
    livekit::SignalResponse response;
    if (!response.ParseFromString(signal.bytes)) std::abort();
    if (auto client = find(signal.to); client != clients.end() && (*client)->open)
      (*client)->on_signal(response);
  }
  for (const auto& close : closes) closed.push_back(close.connection);
  for (const auto& close : closes)
    if (auto client = find(close.connection); client != clients.end()) (*client)->open = false;
}

base::Deadline World::next_event() const {
  auto next = base::earliest(sctp_due_, server->next_deadline());
  if (!wire.empty()) next = base::earliest(next, wire.begin()->first);
  for (const auto& client : clients)
    for (const auto* peer : {client->publisher.get(), client->subscriber.get()})
      next = base::earliest(next, peer->next_deadline());
  return next;
}

void World::deliver(const base::Datagram& datagram) {
  if (datagram.remote == server_end) {
    if (!cut) World::datagram(datagram.local, datagram.packet.bytes());
    return;
  }
  for (auto& client : clients) {
    if (client.get() == deaf ||
        (datagram.remote != client->publisher_end && datagram.remote != client->subscriber_end))
      continue;
    auto& peer =
        datagram.remote == client->publisher_end ? *client->publisher : *client->subscriber;
    peer::Output output;
    peer.on_datagram({datagram.remote, datagram.local, datagram.packet.bytes(), now()}, now(),
                     output);
    client->collect(output);
  }
}

void World::step(base::Instant until) {
  virtual_now = std::max(virtual_now, std::min(*next_event(), until));
  while (!wire.empty() && wire.begin()->first <= now())
    deliver(wire.extract(wire.begin()).mapped());
  if (base::is_due(server->next_deadline(), now())) {
    ++deadlines;
    server->on_deadline(now(), out);
    settle();
  }
  const bool tick = sctp_due_ <= now();
  if (tick) {
    sctp_due_ += kSctpTick;
    sctp::drive_timers(std::chrono::duration_cast<std::chrono::milliseconds>(kSctpTick));
  }
  if (std::exchange(woken_, false)) {
    server->poll(now(), out);
    settle();
  }
  for (auto& client : clients)
    for (auto* peer : {client->publisher.get(), client->subscriber.get()}) {
      peer::Output output;
      if (base::is_due(peer->next_deadline(), now())) peer->on_deadline(now(), output);
      if (tick) peer->poll(now(), output);
      client->collect(output);
    }
}

bool World::run_until(const std::function<bool()>& done, base::Duration limit) {
  const auto until = now() + limit;
  while (!done()) {
    if (now() >= until) return false;
    step(until);
  }
  return true;
}

void World::run_for(base::Duration duration) {
  run_until([] { return false; }, duration);
}

}  // namespace sidetone::server::test

// The clock of OpenSSL's flights and of usrsctp's round trips.
extern "C" __attribute__((visibility("default"))) int gettimeofday(struct timeval* tv,
                                                                   void*) noexcept {
  using namespace sidetone::server::test;
  const auto us =
      std::chrono::duration_cast<std::chrono::microseconds>(kEpoch + virtual_now.time_since_epoch())
          .count();
  tv->tv_sec = us / 1'000'000;
  tv->tv_usec = us % 1'000'000;
  return 0;
}
