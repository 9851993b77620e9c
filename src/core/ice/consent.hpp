// Consent to send on one path (RFC 7675): a binding request each 5 s ± 20 %, none of them resent;
// 30 s without an answer end it. A request that is not answered within 1 s is followed by fresh
// ones each second (RFC 8445 §11 allows checks at any time), so that loss alone rarely looks like a
// dead path: it counts as stale 10 s after the last answer. The traffic keeps NAT bindings open as
// well.
#pragma once

#include <array>

#include "core/base/random_source.hpp"
#include "core/base/time.hpp"
#include "core/ice/stun.hpp"

namespace sidetone::ice {

inline constexpr base::Duration kConsentInterval = std::chrono::seconds(5);
inline constexpr base::Duration kConsentRetry = std::chrono::seconds(1);
inline constexpr base::Duration kConsentStale = std::chrono::seconds(10);
inline constexpr base::Duration kConsentExpiry = std::chrono::seconds(30);

class Consent {
 public:
  Consent(base::Instant now, base::RandomSource& random);

  // True when a request is due; the caller then sends one with this id and calls nothing else.
  bool due(base::Instant now) const { return next_ <= now; }

  // A request is due at once.
  void hurry(base::Instant now) { next_ = now; }

  stun::TransactionId request(base::Instant now, base::RandomSource& random);

  bool awaits(const stun::TransactionId& id) const;
  void answered(base::Instant now, base::RandomSource& random);

  bool stale(base::Instant now) const { return now >= last_answer_ + kConsentStale; }

  bool expired(base::Instant now) const { return now >= last_answer_ + kConsentExpiry; }

  base::Deadline next_deadline(base::Instant now) const;

 private:
  // Those of a whole expiry time at the fastest rate.
  static constexpr std::size_t kMaxOutstanding = 32;

  std::array<stun::TransactionId, kMaxOutstanding> outstanding_{};
  std::size_t sent_ = 0;
  base::Instant last_answer_;
  base::Instant next_;
};

}  // namespace sidetone::ice
