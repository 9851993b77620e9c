// A whole client session fed socket news, messages, datagrams, calls and deadlines from one byte
// string. Operations must end once, and after the end there is silence.
#include <sys/time.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>

#include "core/base/seeded_random.hpp"
#include "core/crypto/certificate.hpp"
#include "core/media/packet_sink.hpp"
#include "core/media/pcm_feed.hpp"
#include "core/media/source_pipeline.hpp"
#include "core/session/session.hpp"

namespace {

using namespace sidetone;
using namespace std::chrono_literals;

base::Instant now_{1s};

const dtls::Context& context() {
  static const auto kCertificate =
      crypto::Certificate::generate(std::chrono::seconds(1'700'000'000));
  static const dtls::Context kContext(kCertificate);
  return kContext;
}

struct QuietFeed final : media::PcmFeed {
  audio::Format format() const override { return {48000, 1}; }

  base::Deadline next_deadline() const override { return {}; }

  bool take(base::Instant, send::PcmPacket&) override { return false; }

  void configure(const send::SinkOptions&, base::Instant) override {}

  void set_sink(bool, base::Instant) override {}

  void on_subscribed(base::Instant) override {}

  void set_muted(bool, base::Instant) override {}
};

struct Sink final : media::PacketSink {
  void on_packet(const rtp::ReceivedPacket&, base::Instant) override {}

  void end(media::EndReason reason, base::Instant) override {
    if (reason == media::EndReason::none) std::abort();
  }
};

const base::Endpoint kPublisher{base::Address::v4({192, 0, 2, 1}), 1};
const base::Endpoint kSubscriber{base::Address::v4({192, 0, 2, 1}), 2};
const base::Endpoint kServer{base::Address::v4({192, 0, 2, 2}), 1};

class Scene {
 public:
  explicit Scene(base::Bytes script) : script_(script) {
    session::ConnectOptions options;
    options.url = "ws://h";
    options.token = "t";
    options.endpoints = {{kPublisher}, {kSubscriber}};
    begin();
    session_.connect(id_, options, now_, out_);
    collect();
  }

  void run() {
    for (int steps = 0; script_.remaining() > 0 && steps < 400; ++steps) step();
    session_.disconnect(now_, out_);
    collect();
    for (const auto& [id, ends] : ends_)
      if (ends != 1) std::abort();
    if (session_.next_deadline()) std::abort();
  }

 private:
  void begin() { ends_[++id_] = 0; }

  base::Bytes bytes() {
    return script_.take(std::min<std::size_t>(script_.u16(), script_.remaining()));
  }

  std::string text() { return std::string(base::as_text(bytes())); }

  void step() {
    switch (script_.u8() % 16) {
      case 0: session_.on_socket_open(socket_, now_, out_); break;
      case 1: session_.on_socket_closed(socket_, {errc::closed, text()}, now_, out_); break;
      case 2: session_.on_socket_refused(socket_, {script_.u16(), text()}, now_, out_); break;
      case 3:
      case 4:
      case 5: session_.on_socket_message(socket_, bytes(), now_, out_); break;
      case 6:
        begin();
        session_.publish(id_, {}, pipeline_, now_, out_);
        break;
      case 7:
        begin();
        session_.unpublish(id_, text(), now_, out_);
        break;
      case 8: (void)session_.set_muted(text(), script_.u8() % 2 == 0, now_, out_); break;
      case 9: (void)session_.set_subscribed(text(), script_.u8() % 2 == 0, now_, out_); break;
      case 10: (void)session_.send_data({bytes(), "t", true, {}}, now_, out_); break;
      case 11: session_.cancel(script_.u8(), now_, out_); break;
      case 12:
        (void)session_.attach(text(), sinks_[script_.u8() % 4], session::StreamEnd::with_track,
                              now_);
        break;
      case 13: {
        base::Datagram datagram{script_.u8() % 2 == 0 ? kPublisher : kSubscriber, kServer, {}};
        datagram.packet.assign(bytes());
        session_.on_datagram(datagram, now_, now_, out_);
        break;
      }
      case 14:
        begin();
        session_.set_metadata(id_, {text(), text(), {}}, now_, out_);
        break;
      default: now_ += std::chrono::milliseconds(script_.u16()); session_.on_deadline(now_, out_);
    }
    collect();
  }

  void collect() {
    for (auto& wish : out_.sockets) socket_ = std::max(socket_, wish.socket);
    for (auto& done : out_.completions) ++ends_[done.id];
    out_.clear();
  }

  base::ByteReader script_;
  base::SeededRandom random_{1};
  session::Session session_{{&context(), &random_, {}, "0", {}}};
  session::Outputs out_;
  QuietFeed feed_;
  media::SourcePipeline pipeline_{feed_, {}};
  Sink sinks_[4];
  session::SocketId socket_ = 0;
  session::OperationId id_ = 0;
  std::map<session::OperationId, int> ends_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  now_ = base::Instant(1s);
  Scene(std::as_bytes(std::span(data, size))).run();
  return 0;
}

extern "C" __attribute__((visibility("default"))) int gettimeofday(struct timeval* tv,
                                                                   void*) noexcept {
  auto us = std::chrono::duration_cast<std::chrono::microseconds>(now_.time_since_epoch()).count();
  tv->tv_sec = us / 1'000'000;
  tv->tv_usec = us % 1'000'000;
  return 0;
}
