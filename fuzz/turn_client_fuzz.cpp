// Packets, calls and deadlines of a TURN client from one byte string; the server knows the password
// or does not.
#include <cstdlib>

#include "core/base/seeded_random.hpp"
#include "core/ice/turn_client.hpp"

namespace {

using namespace sidetone;

base::Endpoint endpoint(unsigned value) {
  auto low = static_cast<std::uint8_t>(value >> 4 & 3);
  return {base::Address::v4({10, 0, 0, low}), static_cast<std::uint16_t>(1000 + (value & 15))};
}

class World {
 public:
  explicit World(base::Bytes script) : script_(script) { client_.start(now_, out_); }

  void run() {
    while (script_.remaining() > 0) {
      step();
      if (out_.datagrams.size() > 64) out_.clear();
    }
    client_.close(out_);
    if (client_.next_deadline()) std::abort();
  }

 private:
  void step() {
    switch (script_.u8() % 8) {
      case 0: client_.on_datagram(take(), now_, out_); break;
      case 1: client_.send(endpoint(script_.u8()), take(), out_); break;
      case 2: deadline(); break;
      case 3: now_ += std::chrono::milliseconds(script_.u16() * 10); break;
      default: answer(); break;
    }
  }

  base::Bytes take() { return script_.take(script_.u8() % (script_.remaining() + 1)); }

  void deadline() {
    auto next = client_.next_deadline();
    if (!next) return;
    now_ = std::max(now_, *next);
    client_.on_deadline(now_, out_);
    if (auto after = client_.next_deadline(); after && *after <= now_) std::abort();  // would spin
  }

  void answer() {
    auto flags = script_.u8();
    auto sent = out_.datagrams.take();
    if (sent.empty()) return;
    auto question = ice::stun::parse(sent[flags % sent.size()].packet.bytes());
    if (!question) return;
    base::Packet packet;
    bool error = (flags & 64) != 0;
    ice::stun::Builder builder(packet.storage(),
                               error ? ice::stun::Class::error : ice::stun::Class::success,
                               question->transaction, question->method);
    if (error)
      builder.error((flags & 32) != 0 ? 401 : 300 + script_.u8())
          .realm_and_nonce("r", (flags & 16) != 0 ? "n" : "m");
    else
      builder.relayed(endpoint(flags)).lifetime(script_.u16());
    auto key = crypto::md5(base::as_bytes("user:r:secret"));
    if ((flags & 128) != 0) builder.integrity(base::as_text(key));
    packet.resize(builder.finish().size());
    client_.on_datagram(packet.bytes(), now_, out_);
  }

  base::ByteReader script_;
  base::SeededRandom random_{1};
  base::Instant now_{};
  ice::Output out_;
  ice::TurnClient client_{{endpoint(0), endpoint(1), false, "user", "secret", true}, random_};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  World(std::as_bytes(std::span(data, std::min<size_t>(size, 4096)))).run();
  return 0;
}
