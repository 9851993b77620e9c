// What the other side reports and asks for.
#include "core/peer/media.hpp"

namespace sidetone::peer {

void Media::on_rtcp(const Incoming& datagram, Instant now, base::Outbox<base::Packet>& to_send) {
  if (!session_) {
    ++counters_.before_keys;
    return;
  }
  scratch_.assign(datagram.bytes);
  if (auto status = session_->unprotect_rtcp(scratch_); status != srtp::Status::ok)
    return count(status);
  auto parsed = rtp::parse_rtcp(scratch_.bytes(), items_);
  if (!parsed.valid || parsed.malformed > 0) ++counters_.malformed;
  for (const auto& item : items_) on_item(item, datagram.arrival, now, to_send);
  items_.clear();
}

void Media::on_item(const rtp::RtcpItem& item,
                    Instant arrival,
                    Instant now,
                    base::Outbox<base::Packet>& to_send) {
  if (const auto* sr = std::get_if<rtp::SenderReport>(&item)) {
    auto it = receivers_.find(sr->ssrc);
    if (it != receivers_.end()) it->second.on_sender_report(*sr, arrival);
  } else if (const auto* block = std::get_if<rtp::ReportBlock>(&item)) {
    if (auto* known = sender(block->ssrc)) known->on_report_block(*block, arrival);
  } else if (const auto* nack = std::get_if<rtp::Nack>(&item)) {
    repair(*nack, now, to_send);
  } else if (const auto* time = std::get_if<rtp::ReferenceTime>(&item)) {
    reporter_.on_reference_time(*time, arrival);
  } else if (const auto* delay = std::get_if<rtp::ReferenceDelay>(&item)) {
    reporter_.on_reference_delay(*delay, arrival);
  }
}

void Media::repair(const rtp::Nack& nack, Instant now, base::Outbox<base::Packet>& to_send) {
  auto* known = sender(nack.ssrc);
  if (known == nullptr) return;
  known->on_nack(nack, now, repairs_);
  counters_.retransmitted += repairs_.size();
  for (auto bytes : repairs_) to_send.push(base::Packet(bytes));
  repairs_.clear();
}

}  // namespace sidetone::peer
