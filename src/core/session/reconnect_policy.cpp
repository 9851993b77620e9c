#include "core/session/reconnect_policy.hpp"

#include <algorithm>
#include <array>

namespace sidetone::session {

using std::chrono::milliseconds;

std::optional<base::Instant> ReconnectPolicy::next_attempt(Mode mode,
                                                           base::Instant now,
                                                           base::RandomSource& random) {
  static constexpr std::array kDelays{milliseconds(0), milliseconds(300), milliseconds(1200),
                                      milliseconds(2700), milliseconds(3000)};
  if (attempts_ >= kMaxAttempts) return {};
  bool escalates = attempts_ > 0 && mode > mode_;
  mode_ = std::max(mode_, mode);
  auto delay = kDelays[std::min(static_cast<std::size_t>(attempts_), kDelays.size() - 1)];
  if (attempts_ > 0) delay += milliseconds(random.u32() % 1000);
  ++attempts_;
  if (escalates) return now;
  return now + delay;
}

void ReconnectPolicy::succeeded() {
  attempts_ = 0;
  mode_ = Mode::resume;
}

}  // namespace sidetone::session
