// Packets, ticks, calls and the passing of time from one byte string, against both buffers and the
// frame cutter behind them.
#include <cstdlib>

#include "core/media/passthrough_codec.hpp"
#include "core/media/stream_pipeline.hpp"
#include "core/rtp/packet.hpp"

namespace {

using namespace sidetone;

class Script {
 public:
  Script(const std::uint8_t* data, std::size_t size)
      : reader_(std::as_bytes(std::span(data, size))) {}

  void run() {
    auto how = reader_.u8();
    media::StreamOptions options{.sample_rate = (how & 1) != 0 ? 22050U : 16000U,
                                 .channels = (how & 2) != 0 ? 2U : 1U};
    if ((how & 4) != 0) options.delivery = media::Delivery::immediate;
    options.jitter.fill_gaps = (how & 8) != 0;
    options.jitter.min_delay = std::chrono::milliseconds(how >> 4);
    auto decoder =
        (how & 16) != 0 ? nullptr : media::make_passthrough_decoder(24000, options.channels);
    media::StreamPipeline pipeline(options, std::move(decoder));
    media::StreamOutput out;
    while (reader_.remaining() != 0) {
      step(pipeline, out);
      for (const auto& frame : out.frames)
        if (frame.samples == 0) std::abort();
      out.clear();
      if (pipeline.ended() == media::EndReason::none) continue;
      if (pipeline.next_deadline()) std::abort();
    }
  }

 private:
  void step(media::StreamPipeline& pipeline, media::StreamOutput& out) {
    auto what = reader_.u8();
    switch (what & 7) {
      case 0: now_ += std::chrono::milliseconds(reader_.u16()); break;
      case 1: now_ += std::chrono::microseconds(reader_.u8() * 100); break;
      case 2: pipeline.set_reading((what & 8) == 0, now_); break;
      case 3:
        if (what == 0xff) pipeline.end(media::EndReason::closed, now_);
        break;
      case 4: tick(pipeline, out); break;
      default: packet(pipeline, what);
    }
  }

  void tick(media::StreamPipeline& pipeline, media::StreamOutput& out) {
    if (auto due = pipeline.next_deadline()) now_ = std::max(now_, *due);
    pipeline.on_deadline(now_, out);
    // A machine that wants to be called again at once must come to an end.
    for (int i = 0; base::is_due(pipeline.next_deadline(), now_); ++i) {
      if (i > 1000) std::abort();
      pipeline.on_deadline(now_, out);
    }
  }

  void packet(media::StreamPipeline& pipeline, std::uint8_t what) {
    rtp::ReceivedPacket packet;
    packet.ssrc = (what & 8) != 0 ? reader_.u8() & 1U : 0U;
    sequence_ += static_cast<std::int8_t>(reader_.u8());
    rtp_time_ += (what & 16) != 0 ? static_cast<std::int32_t>(reader_.u32())
                                  : static_cast<std::int8_t>(reader_.u8()) * 120;
    packet.sequence = sequence_;
    packet.rtp_time = rtp_time_;
    packet.payload_type = (what & 32) != 0 ? 63 : 111;
    packet.arrival = now_;
    packet.payload.assign(reader_.take(std::min<std::size_t>(reader_.u8(), reader_.remaining())));
    pipeline.on_packet(packet, now_);
  }

  base::ByteReader reader_;
  base::Instant now_{std::chrono::hours(1)};
  std::int64_t sequence_ = 65000;
  std::int64_t rtp_time_ = 4'294'000'000;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Script(data, size).run();
  return 0;
}
