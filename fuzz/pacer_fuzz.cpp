// Calls and time steps from one byte string: whatever comes, the counters add up, RTP time moves on
// in whole packets, and every operation completes once.
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <unordered_map>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/send/pacer.hpp"

namespace {

using namespace sidetone;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Life {
  explicit Life(const send::PacerOptions& options) : pacer(options) {}

  void collect() {
    for (const auto& completion : out) require(++completions[completion.id] == 1);
    out.clear();
    auto counters = pacer.counters();
    require(counters.captured == counters.played + counters.discarded + counters.queued);
    require(counters.queued >= 0 && counters.muted <= counters.played);
  }

  void serve() {
    while (pacer.take(now, packet, out)) {
      require(packet.rtp_time >= next_rtp && (packet.rtp_time - next_rtp) % 480 == 0);
      next_rtp = packet.rtp_time + packet.length.count() * 48 / 1'000'000;
    }
  }

  void act(base::ByteReader& input) {
    auto what = input.u8();
    auto number = input.u16();
    std::vector<std::int16_t> samples(number % 12'000, 1);
    switch (what % 13) {
      case 0:
      case 1: return pacer.push(next_id++, samples, now, out);
      case 2: pacer.try_push(samples, now, out); return;
      case 3: pacer.cancel(number % next_id, now, out); return;
      case 4: pacer.clear(now, out); return;
      case 5: return pacer.flush(now, out);
      case 6: return pacer.wait_playout(next_id++, now, out);
      case 7: return pacer.set_sink(number % 2 == 0, now, out);
      case 8: return pacer.set_muted(number % 2 == 0, now, out);
      case 9: return pacer.on_subscribed(now, out);
      case 10: {
        send::SinkOptions options;
        options.packet = std::chrono::milliseconds(number % 2 == 0 ? 10 : 20);
        if (number % 3 == 0) options.hold_until_subscribed = std::chrono::milliseconds(number);
        return pacer.configure(options, now, out);
      }
      case 11: now += std::chrono::microseconds(number) * 10; return;
      default: now += std::chrono::microseconds(number); serve();
    }
  }

  send::Pacer pacer;
  send::Completions out;
  send::PcmPacket packet;
  base::Instant now{};
  send::OpId next_id = 1;
  std::int64_t next_rtp = 0;
  std::unordered_map<send::OpId, int> completions;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  base::ByteReader input(std::as_bytes(std::span(data, size)));
  send::PacerOptions options;
  options.format = {input.u16() + 8000U, 1U + input.u8() % 2U};
  options.queue_ms = input.u16() % 300;
  options.preroll_ms = input.u8() % 4 == 0 ? 50 : 0;
  options.drain_unpublished = input.u8() % 2 == 0;
  Life life(options);
  while (input.remaining() >= 3) {
    life.act(input);
    life.collect();
  }
  life.pacer.close(life.now, life.out);
  life.collect();
  for (send::OpId id = 1; id < life.next_id; ++id) require(life.completions[id] == 1);
  return 0;
}
