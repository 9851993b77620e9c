// A Peer fed packets, calls and deadlines from one byte string. In half of the runs the other side
// is real and the handshake done, so that authentic and garbled packets reach every layer.
#include <sys/time.h>

#include <cstdlib>
#include <memory>
#include <vector>

#include "core/base/seeded_random.hpp"
#include "core/crypto/certificate.hpp"
#include "core/peer/peer.hpp"
#include "core/sctp/library.hpp"

namespace {

using namespace sidetone;
using namespace std::chrono_literals;

constexpr std::chrono::seconds kEpoch{1'700'000'000};
constexpr std::uint32_t kSsrc = 0x01020304;
constexpr std::size_t kMaxInFlight = 64;

base::Instant now_{1s};

const dtls::Context& context() {
  static const auto kCertificate = crypto::Certificate::generate(kEpoch);
  static const dtls::Context kContext(kCertificate);
  return kContext;
}

const base::Endpoint kHere{base::Address::v4({192, 0, 2, 1}), 1};
const base::Endpoint kThere{base::Address::v4({192, 0, 2, 2}), 1};

struct Side {
  Side(peer::IceMode mode, std::uint64_t seed, const base::Endpoint& at) : random(seed) {
    peer::Config config;
    config.dtls = &context();
    config.random = &random;
    config.ice = mode;
    machine = std::make_unique<peer::Peer>(std::move(config));
    machine->add_local(at, now_, out);
  }

  base::SeededRandom random;
  std::unique_ptr<peer::Peer> machine;
  peer::Output out;
  std::vector<base::Packet> in_flight;

  void collect() {
    for (auto& datagram : out.datagrams)
      if (in_flight.size() < kMaxInFlight) in_flight.push_back(datagram.packet);
    out.clear();
  }
};

class Scene {
 public:
  Scene(base::Bytes script, bool lite)
      : script_(script),
        ours_(lite ? peer::IceMode::lite : peer::IceMode::controlled, 1, kHere),
        theirs_(peer::IceMode::controlling, 2, kThere) {}

  void connect() {
    auto a = theirs_.machine->local_parameters();
    auto b = ours_.machine->local_parameters();
    b.setup = sdp::Setup::active;
    static_cast<void>(ours_.machine->set_remote(a, now_, ours_.out));
    static_cast<void>(theirs_.machine->set_remote(b, now_, theirs_.out));
    static_cast<void>(theirs_.machine->open_channel({.label = "_reliable"}, now_, theirs_.out));
    for (int i = 0; i < 200 && ours_.machine->state() != peer::State::connected; ++i) exchange();
    for (int i = 0; i < 8; ++i) exchange();
    rtp::ReceiverConfig receiver;
    receiver.ssrc = kSsrc;
    receiver.nack = true;
    static_cast<void>(ours_.machine->add_receiver(receiver, now_, ours_.out));
    rtp::SenderConfig sender;
    sender.ssrc = kSsrc;
    sender.nack = true;
    static_cast<void>(ours_.machine->add_sender(sender));
    static_cast<void>(theirs_.machine->add_sender(sender));
  }

  void play() {
    for (int steps = 0; steps < 256 && script_.remaining() > 0; ++steps) step();
  }

 private:
  void exchange() {
    now_ += 5ms;
    for (auto* side : {&ours_, &theirs_}) tick(*side);
    deliver(ours_, theirs_, kThere, kHere);
    deliver(theirs_, ours_, kHere, kThere);
  }

  static void tick(Side& side) {
    if (base::is_due(side.machine->next_deadline(), now_))
      side.machine->on_deadline(now_, side.out);
    side.machine->poll(now_, side.out);
    side.collect();
  }

  static void deliver(Side& from,
                      Side& to,
                      const base::Endpoint& local,
                      const base::Endpoint& remote) {
    auto packets = std::exchange(from.in_flight, {});
    for (const auto& packet : packets)
      to.machine->on_datagram({local, remote, packet.bytes(), now_}, now_, to.out);
    to.collect();
  }

  void step() {
    auto& peer = *ours_.machine;
    auto& out = ours_.out;
    auto choice = script_.u8() % 14;
    auto value = script_.u8();
    auto bytes = script_.take(std::min<std::size_t>(value, script_.remaining()));
    switch (choice) {
      case 0: peer.on_datagram({kHere, kThere, bytes, now_}, now_, out); break;
      case 1: peer.on_datagram({kHere, kHere, bytes, now_}, now_, out); break;
      case 2: garble(value, bytes); break;
      case 3:
        now_ += std::chrono::milliseconds(value * 8);
        sctp::drive_timers(std::chrono::milliseconds(value * 8));
        tick(ours_);
        tick(theirs_);
        break;
      case 4: exchange(); break;
      case 5: static_cast<void>(peer.add_remote_candidate(base::as_text(bytes), now_, out)); break;
      case 6: peer.restart(now_, out); break;
      case 7: static_cast<void>(peer.add_receiver({.ssrc = value}, now_, out)); break;
      case 8: peer.remove_receiver(value); break;
      case 9: send(bytes, value); break;
      case 10: static_cast<void>(peer.send_message(value, true, bytes, out)); break;
      case 11: say(bytes); break;
      case 12: renegotiate(value); break;
      case 13:
        if (value == 0) peer.close(out);
        break;
      default: break;
    }
    ours_.collect();
    if (out.datagrams.size() > 10000) std::abort();
  }

  // Something the other side really sent, with some of its bytes changed.
  void garble(std::uint8_t value, base::Bytes bytes) {
    if (theirs_.in_flight.empty()) return;
    auto packet = theirs_.in_flight[value % theirs_.in_flight.size()];
    for (std::size_t i = 0; i + 1 < bytes.size() && packet.size() > 0; i += 2)
      packet.bytes()[std::to_integer<std::size_t>(bytes[i]) % packet.size()] = bytes[i + 1];
    ours_.machine->on_datagram({kHere, kThere, packet.bytes(), now_}, now_, ours_.out);
  }

  void send(base::Bytes payload, std::uint8_t value) {
    rtp::OutgoingAudio audio;
    audio.rtp_time = value * 960;
    audio.payload = payload;
    static_cast<void>(ours_.machine->send_audio(kSsrc, audio, now_, ours_.out));
  }

  // The other side speaks authentically, and what it says arrives.
  void say(base::Bytes payload) {
    rtp::OutgoingAudio audio;
    audio.payload = payload;
    static_cast<void>(theirs_.machine->send_audio(kSsrc, audio, now_, theirs_.out));
    if (auto channel = theirs_.machine->channel("_reliable"))
      static_cast<void>(theirs_.machine->send_message(*channel, true, payload, theirs_.out));
    theirs_.collect();
    deliver(theirs_, ours_, kHere, kThere);
  }

  void renegotiate(std::uint8_t value) {
    auto parameters = theirs_.machine->local_parameters();
    if ((value & 1) != 0) parameters.ice_ufrag = "other";
    if ((value & 2) != 0) parameters.setup = sdp::Setup::passive;
    if ((value & 0xf0) == 0) parameters.fingerprint.value.back() ^= 1;
    static_cast<void>(ours_.machine->set_remote(parameters, now_, ours_.out));
  }

  base::ByteReader script_;
  Side ours_;
  Side theirs_;
};

}  // namespace

extern "C" __attribute__((visibility("default"))) int gettimeofday(struct timeval* tv,
                                                                   void*) noexcept {
  auto us = std::chrono::duration_cast<std::chrono::microseconds>(kEpoch + now_.time_since_epoch());
  tv->tv_sec = us.count() / 1'000'000;
  tv->tv_usec = us.count() % 1'000'000;
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  {
    Scene scene(std::as_bytes(std::span(data, size)).subspan(1), (data[0] & 1) != 0);
    if ((data[0] & 2) != 0) scene.connect();
    scene.play();
  }
  // usrsctp frees closed associations in its timers.
  while (sctp::associations() > 0) sctp::drive_timers(10ms);
  sctp::drive_timers(1s);
  return 0;
}
