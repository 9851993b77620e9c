// Packets, calls and deadlines of a full and a lite agent from one byte string.
#include <cstdlib>

#include "core/base/seeded_random.hpp"
#include "core/ice/agent.hpp"
#include "core/ice/lite.hpp"

namespace {

using namespace sidetone;

const ice::Credentials kRemote{"remote", "remote-password-0123456789"};

base::Endpoint endpoint(unsigned value) {
  auto low = static_cast<std::uint8_t>(value >> 4 & 3);
  auto port = static_cast<std::uint16_t>(1000 + (value & 15));
  if ((value & 0x80) == 0) return {base::Address::v4({10, 0, 0, low}), port};
  return {base::Address::v6({0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, low}), port};
}

class World {
 public:
  explicit World(base::Bytes script) : script_(script) {
    agent_.add_local(endpoint(0), now_, out_);
    agent_.add_local(endpoint(0x80), now_, out_);
  }

  void run() {
    while (script_.remaining() > 0) {
      step();
      check_bounds();
    }
  }

 private:
  void step() {
    switch (script_.u8() % 12) {
      case 0: agent_.add_local(endpoint(script_.u8()), now_, out_); break;
      case 1: agent_.set_remote(kRemote, script_.u8() % 4 == 0, now_, out_); break;
      case 2: add_remote(); break;
      case 3: receive(script_.take(script_.u8() % (script_.remaining() + 1))); break;
      case 4:
      case 5: request(); break;
      case 6:
      case 7: answer(); break;
      case 8: deadline(); break;
      case 9: now_ += std::chrono::milliseconds(script_.u16() % 40000); break;
      case 10: restart(); break;
      default: agent_.explain(); break;
    }
  }

  void add_remote() {
    ice::Candidate candidate;
    candidate.endpoint = endpoint(script_.u8());
    candidate.priority = script_.u8() * 1000000U;
    agent_.add_remote(candidate, now_, out_);
  }

  void receive(base::Bytes packet) {
    auto remote = endpoint(script_.u8());
    auto local = endpoint(script_.u8() & 0x80);
    agent_.on_datagram(local, remote, packet, now_, out_);
    lite_.on_datagram(local, remote, packet, now_, out_);
  }

  void request() {
    auto flags = script_.u8();
    const auto& to = (flags & 1) != 0 ? agent_.local_credentials() : lite_.local_credentials();
    base::Packet packet;
    ice::stun::TransactionId id{};
    random_.fill(id);
    ice::stun::Builder builder(packet.storage(), ice::stun::Class::request, id);
    builder.username(to.ufrag, (flags & 2) != 0 ? "remote" : "other")
        .priority(script_.u8() * 1000000U);
    if ((flags & 4) != 0) builder.use_candidate();
    if ((flags & 8) != 0) builder.controlling(flags < 128 ? 0 : ~0ULL);
    if ((flags & 16) != 0) builder.controlled(flags < 128 ? 0 : ~0ULL);
    packet.resize(builder.integrity(to.pwd).finish().size());
    receive(packet.bytes());
  }

  // Answers one of the packets it sent last.
  void answer() {
    auto flags = script_.u8();
    auto sent = out_.datagrams.take();
    if (sent.empty()) return;
    const auto& datagram = sent[flags % sent.size()];
    auto question = ice::stun::parse(datagram.packet.bytes());
    if (!question) std::abort();
    base::Packet packet;
    auto kind = (flags & 64) != 0 ? ice::stun::Class::error : ice::stun::Class::success;
    ice::stun::Builder builder(packet.storage(), kind, question->transaction);
    if (kind == ice::stun::Class::error) builder.error((flags & 128) != 0 ? 487 : 400);
    if ((flags & 32) == 0) builder.mapped(datagram.local);
    packet.resize(builder.integrity(kRemote.pwd).finish().size());
    agent_.on_datagram(datagram.local, datagram.remote, packet.bytes(), now_, out_);
  }

  void deadline() {
    if (auto next = agent_.next_deadline()) {
      now_ = std::max(now_, *next);
      agent_.on_deadline(now_, out_);
      if (auto after = agent_.next_deadline(); after && *after <= now_) std::abort();  // would spin
    }
    lite_.on_deadline(now_, out_);
    if (auto after = lite_.next_deadline(); after && *after <= now_) std::abort();
  }

  void restart() {
    if (script_.u8() % 2 == 0)
      agent_.restart(now_, out_);
    else
      lite_.restart(random_);
  }

  void check_bounds() {
    if (agent_.checklist().pairs().size() > ice::kMaxPairs) std::abort();
    bool usable =
        agent_.state() == ice::State::connected || agent_.state() == ice::State::disconnected;
    if (agent_.selected().has_value() != usable) std::abort();
    out_.events.clear();
    if (out_.datagrams.size() > 64) out_.clear();
  }

  base::ByteReader script_;
  base::SeededRandom random_{1};
  base::Instant now_{};
  ice::Output out_;
  ice::Agent agent_{{}, random_};
  ice::LiteAgent lite_{random_};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  World(std::as_bytes(std::span(data, std::min<size_t>(size, 4096)))).run();
  return 0;
}
