// A Server with two participants joined, fed signalling, HTTP requests, datagrams and deadlines
// from one byte string. The rooms must stay consistent, and shutting down must leave nothing.
#include <sys/time.h>

#include <array>
#include <cstdlib>
#include <string>

#include "core/base/seeded_random.hpp"
#include "core/crypto/certificate.hpp"
#include "core/sctp/library.hpp"
#include "core/server/server.hpp"
#include "core/signal/wire.hpp"

namespace {

using namespace sidetone;
using namespace std::chrono_literals;

constexpr std::chrono::seconds kEpoch{1'700'000'000};
constexpr std::string_view kSecret = "a secret for fuzzing only, 36 bytes.";
constexpr std::size_t kMaxOutput = 100'000;

base::Instant now_{1s};

const dtls::Context& context() {
  static const auto kCertificate = crypto::Certificate::generate(kEpoch);
  static const dtls::Context kContext(kCertificate);
  return kContext;
}

const base::Endpoint kServer{base::Address::v4({192, 0, 2, 1}), 7882};

// Valid requests, as a start: bytes alone seldom make one.
constexpr std::string_view kSdp =
    "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n"
    "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n"
    "a=fingerprint:sha-256 "
    "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:"
    "FF\r\na=setup:actpass\r\n"
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\n"
    "a=sctp-port:5000\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\na=rtcp-mux\r\n"
    "a=rtpmap:111 opus/48000/2\r\n";

class Scene {
 public:
  explicit Scene(base::Bytes script) : script_(script) {
    server::Config config;
    config.keys["k"] = kSecret;
    config.wall.unix_offset = kEpoch;
    config.candidates = {kServer};
    config.limits.rooms = 3;
    config.limits.participants = 6;
    config.limits.tracks_per_participant = 4;
    server_.emplace(std::move(config), server::Server::Parts{&context(), &random_, {}});
    join("a", "r", true);
    join("b", "r", true);
  }

  void run() {
    for (int steps = 0; script_.remaining() > 0 && steps < 300; ++steps) step();
    server_->shut_down(now_, out_);
    const auto& counters = server_->counters();
    if (server_->rooms() != 0 || server_->participants() != 0 || server_->next_deadline() ||
        counters.joined != counters.left)
      std::abort();
  }

 private:
  base::Bytes bytes(std::size_t most = 2000) {
    return script_.take(std::min({most, std::size_t{script_.u16()}, script_.remaining()}));
  }

  std::string text(std::size_t most = 100) { return std::string(base::as_text(bytes(most))); }

  server::ConnectionId someone() { return script_.u8() % (connection_ + 1); }

  void join(std::string identity, std::string room, bool subscribes) {
    signal::Claims claims;
    claims.issuer = "k";
    claims.identity = std::move(identity);
    claims.grants = VideoGrants{};
    claims.grants->room_join = true;
    claims.grants->room = std::move(room);
    claims.grants->can_subscribe = subscribes;
    claims.grants->can_update_own_metadata = true;
    const auto target = "/rtc?access_token=" + signal::mint(claims, kSecret);
    admit(target);
  }

  void admit(const std::string& target) {
    auto admission = server_->admit({"GET", target, {}, true}, now_);
    if (auto* request = std::get_if<server::JoinRequest>(&admission))
      server_->on_join(++connection_, std::move(*request), now_, out_);
  }

  void ask(server::ConnectionId from, const livekit::SignalRequest& request) {
    server_->on_signal(from, base::as_bytes(signal::encode(request)), now_, out_);
  }

  void describe(server::ConnectionId from, bool offer) {
    livekit::SignalRequest request;
    auto& message = offer ? *request.mutable_offer() : *request.mutable_answer();
    std::string sdp(kSdp);
    const auto value = script_.u8();
    if ((value & 1) != 0)
      sdp += "a=sendonly\r\na=msid:- c" + std::to_string(value % 8) +
             "\r\na=ssrc:" + std::to_string(value + 1) + " cname:c\r\n";
    const auto changes = bytes(16);
    for (std::size_t i = 0; i + 2 < changes.size(); i += 3)
      sdp[(std::to_integer<std::size_t>(changes[i]) * 8 +
           std::to_integer<std::size_t>(changes[i + 1])) %
          sdp.size()] = static_cast<char>(changes[i + 2] & std::byte{0x7f});
    message.set_sdp(sdp);
    ask(from, request);
  }

  void add_track(server::ConnectionId from) {
    livekit::SignalRequest request;
    auto& track = *request.mutable_add_track();
    track.set_type(livekit::AUDIO);
    track.set_cid("c" + std::to_string(script_.u8() % 8));
    track.set_muted(script_.u8() % 2 == 0);
    ask(from, request);
  }

  // One of the sids that the server really gave.
  std::string sid() {
    auto* room = server_->find_room("r");
    std::vector<std::string> sids{"TR_unknown"};
    if (room)
      for (const auto& participant : room->participants())
        for (const auto& track : participant->tracks()) sids.push_back(track->info.sid());
    return sids[script_.u8() % sids.size()];
  }

  void about_a_track(server::ConnectionId from) {
    livekit::SignalRequest request;
    const auto value = script_.u8();
    if (value % 3 == 0) {
      request.mutable_mute()->set_sid(sid());
      request.mutable_mute()->set_muted((value & 4) != 0);
    } else if (value % 3 == 1) {
      request.mutable_subscription()->add_track_sids(sid());
      request.mutable_subscription()->set_subscribe((value & 4) != 0);
    } else {
      request.mutable_track_setting()->add_track_sids(sid());
      request.mutable_track_setting()->set_disabled((value & 4) != 0);
    }
    ask(from, request);
  }

  void step() {
    switch (script_.u8() % 14) {
      case 0: server_->on_signal(someone(), bytes(), now_, out_); break;
      case 1: admit(text(1000)); break;
      case 2: join(text(2), script_.u8() % 2 == 0 ? "r" : text(2), script_.u8() % 4 != 0); break;
      case 3: server_->on_signal_closed(someone(), now_, out_); break;
      case 4: describe(someone(), true); break;
      case 5: describe(someone(), false); break;
      case 6: add_track(someone()); break;
      case 7:
      case 8: about_a_track(someone()); break;
      case 9: {
        const base::Endpoint from{base::Address::v4({192, 0, 2, 9}), script_.u8()};
        server_->on_datagram({kServer, from, bytes(1500), now_}, now_, out_);
        break;
      }
      case 10: server_->remove_participant("r", text(2), now_, out_); break;
      case 11:
        if (script_.u8() == 0) server_->delete_room("r", now_, out_);
        break;
      case 12: server_->poll(now_, out_); break;
      default: pass(std::chrono::milliseconds(script_.u16())); break;
    }
    if (out_.datagrams.size() + out_.signals.size() > kMaxOutput) std::abort();
    out_.clear();
  }

  // A deadline that stays due after it was served would be a busy loop.
  void pass(base::Duration time) {
    now_ += time;
    for (int i = 0; base::is_due(server_->next_deadline(), now_); ++i) {
      if (i == 100) std::abort();
      server_->on_deadline(now_, out_);
    }
  }

  base::ByteReader script_;
  base::SeededRandom random_{1};
  std::optional<server::Server> server_;
  server::Outbox out_;
  server::ConnectionId connection_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  now_ = base::Instant(1s);
  Scene(std::as_bytes(std::span(data, size))).run();
  // usrsctp frees closed associations in its timers.
  while (sctp::associations() > 0) sctp::drive_timers(10ms);
  return 0;
}

extern "C" __attribute__((visibility("default"))) int gettimeofday(struct timeval* tv,
                                                                   void*) noexcept {
  auto us = std::chrono::duration_cast<std::chrono::microseconds>(kEpoch + now_.time_since_epoch());
  tv->tv_sec = us.count() / 1'000'000;
  tv->tv_usec = us.count() % 1'000'000;
  return 0;
}
