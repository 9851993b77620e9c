#include "core/sctp/reassembly.hpp"

#include <utility>

namespace sidetone::sctp {

std::optional<Reassembly::Whole> Reassembly::add(const Piece& piece) {
  if (under_way_ && (under_way_->stream != piece.stream || under_way_->payload != piece.payload))
    abandon();
  if (!under_way_) under_way_.emplace(Whole{piece.stream, piece.payload, {}});
  auto& bytes = under_way_->bytes;
  if (!oversized_ && piece.bytes.size() > max_bytes_ - bytes.size()) {
    oversized_ = true;
    ++dropped_oversized_;
    bytes = {};
  }
  if (!oversized_) bytes.insert(bytes.end(), piece.bytes.begin(), piece.bytes.end());
  if (!piece.last) return {};
  auto whole = std::exchange(under_way_, std::nullopt);
  return std::exchange(oversized_, false) ? std::nullopt : std::move(whole);
}

void Reassembly::abandon() {
  if (under_way_ && !oversized_) ++dropped_incomplete_;
  under_way_.reset();
  oversized_ = false;
}

}  // namespace sidetone::sctp
