#include "core/ice/consent.hpp"

#include <algorithm>

namespace sidetone::ice {

Consent::Consent(base::Instant now, base::RandomSource& random) : last_answer_(now) {
  answered(now, random);
}

stun::TransactionId Consent::request(base::Instant now, base::RandomSource& random) {
  auto& id = outstanding_[sent_++ % kMaxOutstanding];
  random.fill(id);
  next_ = now + kConsentRetry;
  return id;
}

bool Consent::awaits(const stun::TransactionId& id) const {
  auto count = std::min(sent_, kMaxOutstanding);
  return std::find(outstanding_.begin(), outstanding_.begin() + static_cast<std::ptrdiff_t>(count),
                   id) != outstanding_.begin() + static_cast<std::ptrdiff_t>(count);
}

void Consent::answered(base::Instant now, base::RandomSource& random) {
  last_answer_ = now;
  sent_ = 0;
  // 0.8 to 1.2 intervals in thousandths, so that many agents do not fall into step (RFC 7675 §5.1).
  next_ = now + kConsentInterval * (800 + random.u32() % 401) / 1000;
}

base::Deadline Consent::next_deadline(base::Instant now) const {
  auto next = std::min(next_, last_answer_ + kConsentExpiry);
  auto stale = last_answer_ + kConsentStale;
  return now < stale ? std::min(next, stale) : next;
}

}  // namespace sidetone::ice
