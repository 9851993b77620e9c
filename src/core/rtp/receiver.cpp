#include "core/rtp/receiver.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace sidetone::rtp {
namespace {

// A transit that moves by more is a rewritten clock, not jitter.
constexpr std::int64_t kMaxTransitSeconds = 5;

}  // namespace

Receiver::Receiver(const ReceiverConfig& config) : config_(config) {}

Verdict Receiver::on_packet(const PacketView& packet,
                            base::Instant arrival,
                            base::Outbox<ReceivedPacket>& out) {
  if (packet.payload.size() > base::kMaxPacketBytes) {
    ++stats_.oversized;
    return Verdict::oversized;
  }
  auto sequence = unwrap(packet.header.sequence);
  auto newest_before = highest_;
  bool first = !started_;
  auto verdict = place(sequence, arrival);
  if (verdict != Verdict::accepted) return verdict;

  bool newest = first || sequence > newest_before;
  auto rtp_time = newest ? timestamps_.unwrap(packet.header.timestamp)
                         : timestamps_.peek(packet.header.timestamp);
  if (newest) {
    update_jitter(rtp_time, arrival);
  } else {
    ++stats_.reordered;
    if (nacks_.remove(sequence)) ++stats_.recovered;
  }
  if (first) map_clock();
  ++received_;
  ++stats_.packets_received;
  stats_.bytes_received += packet.payload.size();
  arrived_since_report_ = true;

  auto& received = out.emplace();
  received.ssrc = config_.ssrc;
  received.sequence = sequence;
  received.rtp_time = rtp_time;
  received.payload_type = packet.header.payload_type;
  received.marker = packet.header.marker;
  received.arrival = arrival;
  received.clock = clock_;
  read_extensions(packet, received);
  received.payload.assign(packet.payload);
  return verdict;
}

std::int64_t Receiver::unwrap(std::uint16_t sequence) const {
  if (!started_) return sequence;
  auto distance = static_cast<std::uint16_t>(sequence - static_cast<std::uint16_t>(highest_));
  return highest_ + static_cast<std::int16_t>(distance);
}

Verdict Receiver::place(std::int64_t sequence, base::Instant arrival) {
  auto distance = sequence - highest_;
  if (!started_) {
    started_ = true;
    origin_ = arrival;
    restart_at(sequence);
  } else if (distance > kMaxDropout) {
    ++stats_.resyncs;
    lost_before_ = lost();
    restart_at(sequence);
  } else if (distance > 0) {
    advance_to(sequence, arrival);
  } else if (distance <= -kWindow) {
    ++stats_.too_old;
    return Verdict::too_old;
  } else if (seen_.test(static_cast<std::size_t>(sequence & (kWindow - 1)))) {
    ++stats_.duplicates;
    return Verdict::duplicate;
  }
  base_ = std::min(base_, sequence);
  seen_.set(static_cast<std::size_t>(sequence & (kWindow - 1)));
  return Verdict::accepted;
}

void Receiver::restart_at(std::int64_t sequence) {
  base_ = sequence;
  highest_ = sequence;
  received_ = 0;
  expected_reported_ = 0;
  received_reported_ = 0;
  seen_.reset();
  nacks_.clear();
}

void Receiver::advance_to(std::int64_t sequence, base::Instant arrival) {
  auto first_missing = highest_ + 1;
  if (sequence - first_missing >= kWindow) {
    seen_.reset();
  } else {
    for (auto missing = first_missing; missing < sequence; ++missing)
      seen_.reset(static_cast<std::size_t>(missing & (kWindow - 1)));
  }
  if (config_.nack) nacks_.add(first_missing, sequence - 1, arrival);
  highest_ = sequence;
}

void Receiver::update_jitter(std::int64_t rtp_time, base::Instant arrival) {
  auto transit = to_ticks(arrival - origin_, config_.clock_rate) - rtp_time;
  if (transit_) {
    auto change = std::abs(transit - *transit_);
    if (change <= kMaxTransitSeconds * config_.clock_rate)
      jitter_16_ += change - ((jitter_16_ + 8) >> 4);
  }
  transit_ = transit;
}

void Receiver::read_extensions(const PacketView& packet, ReceivedPacket& into) const {
  if (!packet.extension_form) return;
  auto form = *packet.extension_form;
  if (auto id = config_.level_extension_id; id != 0) {
    if (auto data = find_extension(form, packet.extension, id)) {
      if (auto level = parse_audio_level(*data)) {
        into.level = level->level;
        into.voice = level->voice;
      }
    }
  }
  if (auto id = config_.capture_time_extension_id; id != 0) {
    if (auto data = find_extension(form, packet.extension, id))
      into.capture_time = parse_capture_time(*data);
  }
}

void Receiver::on_sender_report(const SenderReport& report, base::Instant arrival) {
  ++stats_.sender_reports;
  report_ = report;
  report_arrival_ = arrival;
  map_clock();
}

// Without a packet there is nothing to unwrap the time stamp by: the first one makes up for it.
void Receiver::map_clock() {
  if (!started_ || !report_) return;
  clock_ = ClockMapping{
      .ntp = report_->ntp, .rtp_time = timestamps_.peek(report_->timestamp), .at = report_arrival_};
}

void Receiver::on_deadline(base::Instant now, base::Outbox<base::Packet>& rtcp) {
  auto missing = nacks_.due(now);
  if (missing.empty()) return;
  stats_.nacks_sent += missing.size();
  RtcpWriter(rtcp.emplace()).nack(config_.local_ssrc, config_.ssrc, missing);
}

base::Deadline Receiver::next_deadline() const {
  return nacks_.next_deadline();
}

std::optional<ReportBlock> Receiver::take_report_block(base::Instant now) {
  if (!std::exchange(arrived_since_report_, false)) return std::nullopt;
  auto expected_since = expected() - std::exchange(expected_reported_, expected());
  auto received_since = received_ - std::exchange(received_reported_, received_);
  auto lost_since = expected_since - received_since;
  ReportBlock block;
  block.reporter = config_.local_ssrc;
  block.ssrc = config_.ssrc;
  if (lost_since > 0)
    block.fraction_lost =
        static_cast<std::uint8_t>(std::min<std::int64_t>(lost_since * 256 / expected_since, 255));
  block.cumulative_lost =
      static_cast<std::int32_t>(std::clamp<std::int64_t>(lost(), -0x800000, 0x7fffff));
  block.highest_sequence = static_cast<std::uint32_t>(highest_);
  block.jitter = static_cast<std::uint32_t>(jitter_16_ >> 4);
  if (report_) {
    block.last_sr = compact_ntp(report_->ntp);
    block.delay_since_last_sr = to_compact(now - report_arrival_);
  }
  return block;
}

void Receiver::set_rtt(base::Duration rtt) {
  nacks_.set_rtt(rtt);
}

ReceiverStats Receiver::stats() const {
  auto stats = stats_;
  stats.packets_lost = lost();
  stats.jitter = from_ticks(jitter_16_ >> 4, config_.clock_rate);
  stats.rtt = nacks_.rtt();
  return stats;
}

}  // namespace sidetone::rtp
