// Sequence numbers and timestamps wrap on the wire and never inside: they become 64-bit at the
// door, by signed difference to the last one seen.
#pragma once

#include <cstdint>
#include <optional>
#include <type_traits>

namespace sidetone::base {

template <class Wire>
class Unwrapper {
  static_assert(std::is_unsigned_v<Wire>);

 public:
  // The nearest 64-bit value to the last one, which it becomes.
  std::int64_t unwrap(Wire value) { return *(last_ = peek(value)); }

  // The same without remembering it: for values not yet trusted.
  std::int64_t peek(Wire value) const {
    if (!last_) return value;
    using Signed = std::make_signed_t<Wire>;
    return *last_ + static_cast<Signed>(static_cast<Wire>(value - static_cast<Wire>(*last_)));
  }

  std::optional<std::int64_t> last() const { return last_; }

 private:
  std::optional<std::int64_t> last_;
};

using SequenceUnwrapper = Unwrapper<std::uint16_t>;
using TimestampUnwrapper = Unwrapper<std::uint32_t>;

}  // namespace sidetone::base
