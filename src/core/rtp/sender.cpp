#include "core/rtp/sender.hpp"

#include <algorithm>
#include <utility>

#include "core/rtp/packet.hpp"

namespace sidetone::rtp {
namespace {

constexpr base::Duration kFirstReport = std::chrono::seconds(1);
constexpr base::Duration kReportInterval = std::chrono::seconds(2);  // and up to one more

// libwebrtc's own rhythm: receivers extrapolate between.
constexpr base::Duration kCaptureTimeInterval = std::chrono::seconds(1);

// A larger jump of the publisher's numbers is a renumbering. It would also come too near to the
// 2^15 at which an SRTP receiver guesses the wrong rollover count.
constexpr std::int64_t kMaxSequenceJump = 3000;

// A receiver starts its SRTP rollover count at zero, so it must see a packet before the first wrap
// (RFC 3711 §3.3.1): closer to it than this, a subscription starts half a cycle away.
constexpr std::int64_t kWrapMargin = 4096;

std::uint16_t random_sequence(base::RandomSource& random) {
  return random.u16() & 0x7fff;
}

}  // namespace

Sender::Sender(SenderConfig config, base::RandomSource& random)
    : config_(std::move(config)), random_(random) {
  // RFC 3711 §3.3.1 again: random, but in the lower half.
  sequence_ = config_.initial_sequence.value_or(random_sequence(random)) - std::int64_t{1};
  timestamp_ = config_.initial_timestamp.value_or(random.u32());
  if (config_.nack) history_.emplace();
}

std::optional<std::uint16_t> Sender::send(const OutgoingAudio& audio,
                                          base::Instant now,
                                          base::Packet& to) {
  if (numbering_ == Numbering::unused) {
    numbering_ = Numbering::own;
    timestamp_offset_ = timestamp_ - audio.rtp_time;
  }
  ExtensionBlock extensions;
  if (audio.level && config_.level_extension_id != 0) {
    auto level = write_audio_level(*audio.level);
    extensions.add(config_.level_extension_id, {&level, 1});
  }
  auto ntp = to_ntp(config_.wall.unix_time(audio.captured));
  add_capture_time(extensions, {.ntp = ntp, .clock_offset = std::nullopt}, now);
  clock_ = ClockMapping{.ntp = ntp, .rtp_time = audio.rtp_time, .at = audio.captured};
  return emit({.sequence = sequence_ + 1,
               .timestamp = audio.rtp_time + timestamp_offset_,
               .marker = audio.marker,
               .payload_type = audio.payload_type.value_or(config_.payload_type),
               .payload = audio.payload},
              extensions, now, to);
}

std::optional<std::uint16_t> Sender::forward(const ForwardedAudio& audio,
                                             base::Instant now,
                                             base::Packet& to) {
  if (!place(audio, now)) {
    to.resize(0);
    ++stats_.refused;
    return std::nullopt;
  }
  ExtensionBlock extensions;
  if (audio.capture_time) add_capture_time(extensions, *audio.capture_time, now);
  return emit({.sequence = audio.sequence + sequence_offset_,
               .timestamp = audio.rtp_time + timestamp_offset_,
               .marker = audio.marker,
               .payload_type = audio.payload_type.value_or(config_.payload_type),
               .payload = audio.payload},
              extensions, now, to);
}

std::optional<std::uint16_t> Sender::inject(const InjectedAudio& audio,
                                            base::Instant now,
                                            base::Packet& to) {
  if (numbering_ == Numbering::unused || numbering_ == Numbering::own) {
    to.resize(0);
    ++stats_.refused;
    return std::nullopt;
  }
  if (numbering_ == Numbering::forwarding) numbering_ = Numbering::injected;
  ExtensionBlock extensions;
  return emit({.sequence = sequence_ + 1,
               .timestamp = timestamp_ + audio.rtp_advance,
               .marker = audio.marker,
               .payload_type = audio.payload_type.value_or(config_.payload_type),
               .payload = audio.payload},
              extensions, now, to);
}

void Sender::change_source() {
  clock_.reset();
  if (numbering_ == Numbering::forwarding || numbering_ == Numbering::injected)
    numbering_ = Numbering::source_changed;
}

void Sender::set_source_clock(const ClockMapping& mapping) {
  clock_ = mapping;
}

// Decides by which offset a publisher's packet is numbered; false: it is older than where the
// present numbering starts, and its number may belong to a packet of ours.
bool Sender::place(const ForwardedAudio& audio, base::Instant now) {
  switch (numbering_) {
    case Numbering::own: return false;
    case Numbering::unused: start_forwarding(audio); break;
    case Numbering::forwarding:
      if (audio.sequence < oldest_source_) return false;
      if (audio.sequence - highest_source_ > kMaxSequenceJump) anchor(audio.sequence);
      break;
    case Numbering::injected:
      if (audio.sequence <= highest_source_) return false;
      anchor(audio.sequence);
      break;
    case Numbering::source_changed:
      anchor(audio.sequence);
      timestamp_offset_ =
          timestamp_ + to_ticks(now - last_sent_, config_.clock_rate) - audio.rtp_time;
      break;
  }
  numbering_ = Numbering::forwarding;
  highest_source_ = std::max(highest_source_, audio.sequence);
  return true;
}

void Sender::start_forwarding(const ForwardedAudio& audio) {
  auto wire = static_cast<std::uint16_t>(audio.sequence);
  std::int64_t first = wire;
  if (first >= 0x10000 - kWrapMargin) first -= 0x8000;
  sequence_ = first - 1;
  anchor(audio.sequence);
  timestamp_offset_ = 0;
}

// This packet of the source becomes the next in sequence.
void Sender::anchor(std::int64_t source_sequence) {
  sequence_offset_ = sequence_ + 1 - source_sequence;
  oldest_source_ = source_sequence;
  highest_source_ = source_sequence;
}

std::optional<std::uint16_t> Sender::emit(const Build& build,
                                          ExtensionBlock& extensions,
                                          base::Instant now,
                                          base::Packet& to) {
  // Until the other side has reported on the stream and so must know whose it is.
  if (config_.mid_extension_id != 0 && stats_.reports_received == 0)
    extensions.add(config_.mid_extension_id, base::as_bytes(config_.mid));
  PacketView view;
  view.header = {.payload_type = build.payload_type,
                 .marker = build.marker,
                 .sequence = static_cast<std::uint16_t>(build.sequence),
                 .timestamp = static_cast<std::uint32_t>(build.timestamp),
                 .ssrc = config_.ssrc};
  if (!extensions.empty()) {
    view.extension = extensions.body();
    view.extension_form = extensions.form();
  }
  view.payload = build.payload;
  auto size = write_packet(view, to);
  if (!size || *size > kMaxRtpBytes) {
    to.resize(0);
    ++stats_.refused;
    return std::nullopt;
  }
  if (build.sequence > sequence_) {
    sequence_ = build.sequence;
    timestamp_ = build.timestamp;
  }
  last_sent_ = now;
  ++stats_.packets_sent;
  stats_.bytes_sent += build.payload.size();
  sent_since_report_ = true;
  if (!report_due_) report_due_ = now + kFirstReport;
  return view.header.sequence;
}

void Sender::add_capture_time(ExtensionBlock& extensions,
                              const CaptureTime& time,
                              base::Instant now) {
  if (config_.capture_time_extension_id == 0) return;
  if (capture_time_due_ && now < *capture_time_due_) return;
  capture_time_due_ = now + kCaptureTimeInterval;
  std::array<std::byte, 16> bytes{};
  extensions.add(config_.capture_time_extension_id, write_capture_time(time, bytes));
}

void Sender::sent(const base::Packet& protected_packet) {
  if (history_) history_->store(protected_packet.bytes());
}

void Sender::on_nack(const Nack& nack, base::Instant now, base::Outbox<base::Bytes>& out) {
  for (int i = 0; i <= 16; ++i) {
    if (i > 0 && (nack.mask >> (i - 1) & 1) == 0) continue;
    ++stats_.nacks_received;
    auto sequence = static_cast<std::uint16_t>(nack.first + i);
    auto answer = history_ ? history_->request(sequence, stats_.rtt, now) : History::Answer{};
    if (answer.packet.empty()) {
      ++stats_.retransmissions_refused;
    } else {
      ++stats_.retransmitted;
      out.push(answer.packet);
    }
  }
}

void Sender::on_report_block(const ReportBlock& block, base::Instant now) {
  ++stats_.reports_received;
  stats_.fraction_lost = block.fraction_lost / 256.0;
  stats_.packets_lost = block.cumulative_lost;
  stats_.jitter = from_ticks(block.jitter, config_.clock_rate);
  if (block.last_sr == 0) return;
  for (const auto& report : reports_) {
    if (report.compact_ntp != block.last_sr) continue;
    auto rtt = now - report.at - from_compact(block.delay_since_last_sr);
    if (rtt >= base::Duration::zero()) stats_.rtt = rtt;
  }
}

SenderReport Sender::report(base::Instant now) const {
  auto since = now - clock_->at;
  auto timestamp = clock_->rtp_time + timestamp_offset_ + to_ticks(since, config_.clock_rate);
  return {.ssrc = config_.ssrc,
          .ntp = advance_ntp(clock_->ntp, since),
          .timestamp = static_cast<std::uint32_t>(timestamp),
          .packets = static_cast<std::uint32_t>(stats_.packets_sent),
          .octets = static_cast<std::uint32_t>(stats_.bytes_sent)};
}

void Sender::on_deadline(base::Instant now, base::Outbox<base::Packet>& rtcp) {
  if (!base::is_due(report_due_, now)) return;
  if (!sent_since_report_) {
    report_due_.reset();  // the next packet sets it again
    return;
  }
  if (!clock_) {
    report_due_ = now + kFirstReport;
    return;
  }
  auto spread = std::chrono::milliseconds(random_.u16() % 1000);
  report_due_ = now + kReportInterval + spread;
  sent_since_report_ = false;
  auto report = this->report(now);
  reports_[stats_.reports_sent++ % reports_.size()] = {.compact_ntp = compact_ntp(report.ntp),
                                                       .at = now};
  RtcpWriter writer(rtcp.emplace());
  writer.sender_report(report);
  writer.cname(config_.ssrc, config_.cname);
}

base::Deadline Sender::next_deadline() const {
  return report_due_;
}

}  // namespace sidetone::rtp
