#include "core/rtp/reporter.hpp"

#include <algorithm>
#include <utility>

#include "core/rtp/clock.hpp"

namespace sidetone::rtp {
namespace {

constexpr std::size_t kDelaysHeaderBytes = 12;
constexpr std::size_t kDelayBytes = 12;

}  // namespace

Reporter::Reporter(ReporterConfig config, base::RandomSource& random)
    : config_(std::move(config)), random_(random) {}

void Reporter::start(base::Instant now) {
  due_ = now + kInterval;
}

void Reporter::on_reference_time(const ReferenceTime& time, base::Instant arrival) {
  auto* end = references_.data() + reference_count_;
  auto* known = std::find_if(references_.data(), end,
                             [&](const Reference& r) { return r.ssrc == time.ssrc; });
  if (known == end) {
    if (reference_count_ == kMaxReferences) return;
    ++reference_count_;
  }
  *known = {.ssrc = time.ssrc, .compact_ntp = compact_ntp(time.ntp), .arrival = arrival};
}

void Reporter::on_reference_delay(const ReferenceDelay& delay, base::Instant arrival) {
  if (delay.ssrc != config_.local_ssrc) return;
  for (std::size_t i = 0; i < std::min(sent_count_, sent_.size()); ++i) {
    if (sent_[i].compact_ntp != delay.last_rr) continue;
    auto rtt = arrival - sent_[i].at - from_compact(delay.delay_since_last_rr);
    if (rtt >= base::Duration::zero()) rtt_ = rtt;
  }
}

void Reporter::on_deadline(base::Instant now,
                           std::span<Receiver* const> receivers,
                           base::Outbox<base::Packet>& rtcp) {
  if (!base::is_due(due_, now)) return;
  // A tenth of spread keeps the participants of a room from reporting in step.
  due_ = now + kInterval - kInterval / 20 + kInterval / 10 * (random_.u16() & 0xff) / 0x100;

  std::array<ReportBlock, kMaxReportBlocks> blocks;
  std::size_t count = 0;
  bool first = true;
  auto flush = [&] {
    write(now, {blocks.data(), std::exchange(count, 0)}, std::exchange(first, false), rtcp);
  };
  for (auto* receiver : receivers) {
    if (rtt_) receiver->set_rtt(*rtt_);
    if (auto block = receiver->take_report_block(now)) blocks[count++] = *block;
    if (count == blocks.size()) flush();
  }
  if (count > 0 || (first && reference_count_ > 0)) flush();
}

void Reporter::write(base::Instant now,
                     std::span<const ReportBlock> blocks,
                     bool first,
                     base::Outbox<base::Packet>& rtcp) {
  RtcpWriter writer(rtcp.emplace());
  writer.receiver_report(config_.local_ssrc, blocks);
  writer.cname(config_.local_ssrc, config_.cname);
  if (!first) return;
  if (!blocks.empty()) {
    auto ntp = to_ntp(config_.wall.unix_time(now));
    sent_[sent_count_++ % sent_.size()] = {.compact_ntp = compact_ntp(ntp), .at = now};
    writer.reference_time({.ssrc = config_.local_ssrc, .ntp = ntp});
  }
  answer_references(now, writer);
}

void Reporter::answer_references(base::Instant now, RtcpWriter& writer) {
  auto room = writer.room();
  auto fit = room < kDelaysHeaderBytes ? 0 : (room - kDelaysHeaderBytes) / kDelayBytes;
  auto answered = std::min(fit, reference_count_);
  std::array<ReferenceDelay, kMaxReferences> delays;
  for (std::size_t i = 0; i < answered; ++i)
    delays[i] = {.reporter = config_.local_ssrc,
                 .ssrc = references_[i].ssrc,
                 .last_rr = references_[i].compact_ntp,
                 .delay_since_last_rr = to_compact(now - references_[i].arrival)};
  writer.reference_delays(config_.local_ssrc, {delays.data(), answered});
  // What did not fit is answered next time, with the delay that includes the wait.
  std::move(references_.data() + answered, references_.data() + reference_count_,
            references_.data());
  reference_count_ -= answered;
}

}  // namespace sidetone::rtp
