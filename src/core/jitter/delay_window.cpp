#include "core/jitter/delay_window.hpp"

#include <algorithm>
#include <functional>

namespace sidetone::jitter {
namespace {

using std::chrono::milliseconds;

// A new least transit counts once a second packet agrees, or nobody has contradicted it for this
// long (audio.md §3.3).
constexpr base::Duration kAgreement = milliseconds(2);
constexpr base::Duration kUncontradicted = milliseconds(250);

// The second value of up to eight, in the given order.
template <class Less>
std::optional<base::Duration> second(std::array<base::Duration, SlidingBuckets::kBuckets> values,
                                     std::size_t count,
                                     Less less) {
  if (count < 2) return std::nullopt;
  auto* nth = values.data() + 1;
  std::nth_element(values.data(), nth, values.data() + count, less);
  return *nth;
}

}  // namespace

void SlidingBuckets::turn(base::Instant now) {
  if (used_ != 0 && now < until_) return;
  // After a long pause what came before is as good as what comes now: keep it one bucket each.
  until_ = now + kSpan;
  head_ = used_ == 0 ? 0 : (head_ + 1) % kBuckets;
  used_ = std::min(used_ + 1, kBuckets);
  buckets_[head_] = {base::Duration::max(), base::Duration::min()};
}

void SlidingBuckets::add(base::Duration value, base::Instant now) {
  turn(now);
  buckets_[head_].least = std::min(buckets_[head_].least, value);
  buckets_[head_].most = std::max(buckets_[head_].most, value);
}

void SlidingBuckets::shift(base::Duration by) {
  for (std::size_t i = 0; i < used_; ++i) {
    buckets_[i].least += by;
    buckets_[i].most += by;
  }
}

void SlidingBuckets::clear() {
  used_ = 0;
  head_ = 0;
}

std::optional<base::Duration> SlidingBuckets::least() const {
  std::optional<base::Duration> result;
  for (std::size_t i = 0; i < used_; ++i)
    result = result ? std::min(*result, buckets_[i].least) : buckets_[i].least;
  return result;
}

std::optional<base::Duration> SlidingBuckets::most() const {
  std::optional<base::Duration> result;
  for (std::size_t i = 0; i < used_; ++i)
    result = result ? std::max(*result, buckets_[i].most) : buckets_[i].most;
  return result;
}

std::optional<base::Duration> SlidingBuckets::second_least() const {
  std::array<base::Duration, kBuckets> values{};
  for (std::size_t i = 0; i < used_; ++i) values[i] = buckets_[i].least;
  return second(values, used_, std::less<>());
}

std::optional<base::Duration> SlidingBuckets::second_most() const {
  std::array<base::Duration, kBuckets> values{};
  for (std::size_t i = 0; i < used_; ++i) values[i] = buckets_[i].most;
  return second(values, used_, std::greater<>());
}

void DelayWindow::on_packet(base::Duration transit, base::Instant now) {
  if (!started_) {
    started_ = true;
    baseline_ = transit;
  }
  if (transit < baseline_) {
    if (!candidate_ || transit < *candidate_ - kAgreement) {
      candidate_ = transit;
      candidate_since_ = now;
      return;
    }
    transit = std::max(transit, *candidate_);
  }
  transit_.add(transit, now);
  if (candidate_ && now - candidate_since_ >= kUncontradicted) transit_.add(*candidate_, now);
  baseline_ = *transit_.least();
  if (candidate_ && *candidate_ + kAgreement >= baseline_) candidate_.reset();
}

base::Duration DelayWindow::lateness() const {
  auto most = transit_.second_most();
  return most ? std::max(*most - baseline_, base::Duration(0)) : base::Duration(0);
}

void DelayWindow::clear() {
  transit_.clear();
  spare_.clear();
  candidate_.reset();
  started_ = false;
}

}  // namespace sidetone::jitter
