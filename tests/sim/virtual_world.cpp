#include "tests/sim/virtual_world.hpp"

#include <openssl/rand.h>
#include <sys/time.h>

#include <optional>

#include "core/base/seeded_random.hpp"

namespace sidetone::sim {
namespace {

constexpr base::Duration kEpoch = std::chrono::seconds(1'700'000'000);
base::Instant virtual_now{};
std::optional<base::SeededRandom> library_random;

void fill(void* into, std::size_t size) {
  library_random->fill({static_cast<std::byte*>(into), size});
}

int rand_bytes(unsigned char* into, int size) {
  fill(into, static_cast<std::size_t>(size));
  return 1;
}

int rand_status() {
  return 1;
}

}  // namespace

void reset_world(std::uint64_t seed) {
  library_random.emplace(seed);
  virtual_now = base::Instant(std::chrono::seconds(1000));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  // The only way to own RAND without a provider of one's own (OpenSSL 3.0).
  static const RAND_METHOD method = {nullptr, rand_bytes, nullptr,
                                     nullptr, rand_bytes, rand_status};
  RAND_set_rand_method(&method);
#pragma GCC diagnostic pop
}

base::Instant now() {
  return virtual_now;
}

void advance_to(base::Instant at) {
  if (at > virtual_now) virtual_now = at;
}

base::WallClock wall_clock() {
  return {kEpoch};
}

}  // namespace sidetone::sim

extern "C" __attribute__((visibility("default"))) int gettimeofday(struct timeval* tv,
                                                                   void*) noexcept {
  using namespace sidetone;
  const auto us =
      std::chrono::duration_cast<std::chrono::microseconds>(sim::wall_clock().unix_time(sim::now()))
          .count();
  tv->tv_sec = us / 1'000'000;
  tv->tv_usec = us % 1'000'000;
  return 0;
}

extern "C" __attribute__((visibility("default"))) void read_random(void* into, std::size_t size) {
  sidetone::sim::fill(into, size);
}
