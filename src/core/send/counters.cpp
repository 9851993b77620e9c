#include "core/send/counters.hpp"

namespace sidetone::send {

void LatenessHistogram::add(base::Duration lateness) {
  static constexpr std::array<std::int64_t, 7> kUpToMs{1, 2, 5, 10, 20, 50, 100};
  std::size_t bin = 0;
  while (bin < kUpToMs.size() && lateness > std::chrono::milliseconds(kUpToMs.at(bin))) ++bin;
  ++packets.at(bin);
}

}  // namespace sidetone::send
