// Joins the pieces in which SCTP hands over a large message, up to a bound. SCTP hands over one
// message at a time: a piece of another one means that the rest of the first never comes.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/bytes.hpp"

namespace sidetone::sctp {

class Reassembly {
 public:
  struct Piece {
    std::uint16_t stream = 0;
    std::uint32_t payload = 0;
    bool last = false;
    base::Bytes bytes;
  };

  struct Whole {
    std::uint16_t stream = 0;
    std::uint32_t payload = 0;
    std::vector<std::byte> bytes;
  };

  explicit Reassembly(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  // The message, with its last piece.
  std::optional<Whole> add(const Piece& piece);

  // The rest of the message under way was given up.
  void abandon();

  std::uint64_t dropped_oversized() const { return dropped_oversized_; }

  std::uint64_t dropped_incomplete() const { return dropped_incomplete_; }

 private:
  std::size_t max_bytes_;
  std::optional<Whole> under_way_;
  bool oversized_ = false;
  std::uint64_t dropped_oversized_ = 0;
  std::uint64_t dropped_incomplete_ = 0;
};

}  // namespace sidetone::sctp
