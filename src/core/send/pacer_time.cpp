// The pacer's states: what happens as time passes, and what the sink's side changes.
#include <algorithm>

#include "core/send/pacer.hpp"

namespace sidetone::send {
namespace {

constexpr base::Duration kShortPacket = std::chrono::milliseconds(10);
constexpr base::Duration kLongPacket = std::chrono::milliseconds(20);
// Sources that start at any moment still share the media thread's wake-ups.
constexpr base::Duration kGridPoint = std::chrono::milliseconds(2);

}  // namespace

// ---- time

base::Deadline Pacer::next_deadline() const {
  if (closed_) return std::nullopt;
  base::Deadline deadline = base::earliest(audio_due(), silence_due());
  if (auto event = next_event()) deadline = base::earliest(deadline, event->at);
  return deadline;
}

void Pacer::on_deadline(base::Instant now, Completions& out) {
  advance(now, true, out);
}

// Lives through everything that was due before `now` (or at it), in order.
void Pacer::advance(base::Instant now, bool inclusive, Completions& out) {
  now_ = std::max(now_, now);
  for (auto event = next_event(); event && (event->at < now_ || (inclusive && event->at == now_));
       event = next_event())
    apply(*event, out);
}

std::optional<Pacer::Event> Pacer::next_event() const {
  if (closed_) return std::nullopt;
  if (held_) {
    if (!sink_ || !sink_options_.hold_until_subscribed) return std::nullopt;
    return Event{sink_since_ + *sink_options_.hold_until_subscribed, EventKind::hold_limit};
  }
  if (state_ == State::talking) return next_event_talking();
  if (queue_.size() == 0) return std::nullopt;
  return next_event_waiting();
}

Pacer::Event Pacer::next_event_waiting() const {
  auto preroll = base::Duration(std::chrono::milliseconds(options_.preroll_ms));
  // A live device that stalls has not ended its utterance before the pause.
  auto tail = clock_.packet() + (live() ? kPauseAfter : base::Duration(0));
  bool full = head_complete();
  auto at = last_push_ + (full ? preroll : std::max(tail, preroll));
  return {std::max(at, released_at_), full ? EventKind::preroll_over : EventKind::tail};
}

std::optional<Pacer::Event> Pacer::next_event_talking() const {
  if (head_complete()) return std::nullopt;
  if (!live() && queue_.size() > 0) {
    auto tail = std::max(clock_.due(), last_push_ + clock_.packet());
    if (tail <= clock_.pause_at()) return Event{tail, EventKind::tail};
  }
  return Event{clock_.pause_at(), EventKind::pause};
}

void Pacer::apply(const Event& event, Completions& out) {
  switch (event.kind) {
    case EventKind::hold_limit:
      subscribed_ = true;  // not held again when the transport comes back
      return release(event.at, out);
    case EventKind::preroll_over: return start(event.at);
    case EventKind::tail: utterance_ends_.push(queue_.tail(), event.at); return try_start(event.at);
    case EventKind::pause:
      if (live() && queue_.size() > 0) utterance_ends_.push(queue_.tail(), event.at);
      return pause(event.at);
  }
}

// ---- states

bool Pacer::starts() const {
  if (state_ == State::talking || held_ || closed_ || !head_complete()) return false;
  if (options_.preroll_ms == 0 || live() || !utterance_ends_.empty()) return true;
  auto preroll = audio::samples_in(std::chrono::milliseconds(options_.preroll_ms),
                                   options_.format.sample_rate);
  return queue_.size() >= std::min(preroll, queue_.capacity());
}

void Pacer::try_start(base::Instant at) {
  if (starts()) start(at);
}

// Audio is there since `at`: it leaves in the first slot due then or later.
void Pacer::start(base::Instant at) {
  if (state_ == State::waiting)
    clock_.anchor(grid_point(at));
  else if (live())
    clock_.skip_rounded(at);
  else
    clock_.skip_to(at);
  state_ = State::talking;
}

// The slots missed until `at` are given up.
void Pacer::pause(base::Instant at) {
  state_ = State::paused;
  paused_since_ = at;
  marker_ = true;
  clock_.skip_to(at);
  try_start(at);
}

void Pacer::hold(Completions& out) {
  held_ = true;
  state_ = State::waiting;
  marker_ = true;
  if (live()) discard_all(Outcome::done, out);
  fit_queue();
  settle(out);
}

void Pacer::release(base::Instant at, Completions& out) {
  held_ = false;
  released_at_ = at;
  fit_queue();
  settle(out);
  try_start(at);
}

base::Instant Pacer::grid_point(base::Instant at) const {
  if (live()) return at;
  auto past = at.time_since_epoch() % kGridPoint;
  return past > base::Duration(0) ? at + (kGridPoint - past) : at;
}

// ---- the sink's side

void Pacer::configure(const SinkOptions& options, base::Instant now, Completions& out) {
  advance(now, false, out);
  sink_options_ = options;
  sink_options_.packet = options.packet == kShortPacket ? kShortPacket : kLongPacket;
  subscribed_ = false;
  if (sink_options_.packet == clock_.packet()) return;
  clock_.set_packet(sink_options_.packet);
  sizes_.set_packet(sink_options_.packet);
  fit_queue();
  settle(out);
  try_start(now_);
}

void Pacer::set_sink(bool up, base::Instant now, Completions& out) {
  advance(now, false, out);
  if (up == sink_ || closed_) return;
  sink_ = up;
  if (!up) {
    if (!plays_without_sink())
      hold(out);
    else if (held_)
      release(now_, out);
    return;
  }
  sink_since_ = now_;
  paused_since_ = now_;
  marker_ = true;
  gate_.restart_zeros();
  if (state_ == State::waiting)
    clock_.anchor(grid_point(now_));
  else if (state_ == State::paused)
    clock_.skip_to(now_);
  bool waits = sink_options_.hold_until_subscribed && !subscribed_;
  if (waits)
    hold(out);
  else if (held_)
    release(now_, out);
}

void Pacer::on_subscribed(base::Instant now, Completions& out) {
  advance(now, false, out);
  subscribed_ = true;
  if (sink_ && held_) release(now_, out);
}

void Pacer::set_muted(bool muted, base::Instant now, Completions& out) {
  advance(now, false, out);
  if (!gate_.set_muted(muted) || muted) return;
  marker_ = true;
  if (state_ == State::talking || !clock_.anchored()) return;
  // The slots of the muted pause have passed; its silence starts anew.
  paused_since_ = now_;
  clock_.skip_to(now_);
}

void Pacer::set_tapped(bool tapped, base::Instant now, Completions& out) {
  advance(now, false, out);
  if (tapped == tapped_ || closed_) return;
  tapped_ = tapped;
  if (sink_) return;
  if (held_ && plays_without_sink())
    release(now_, out);
  else if (!held_ && !plays_without_sink())
    hold(out);
}

// ---- the head of the queue

std::int64_t Pacer::head_samples() const {
  auto there = queue_.size();
  if (!utterance_ends_.empty()) there = utterance_ends_.front().position - queue_.head();
  return std::min(there, sizes_.samples());
}

bool Pacer::head_complete() const {
  return head_samples() == sizes_.samples() || !utterance_ends_.empty();
}

// Audio queued so long ago that nobody remembers was in time.
base::Instant Pacer::head_complete_at() const {
  auto count = head_samples();
  if (count < sizes_.samples()) return utterance_ends_.front().what;
  return push_times_.of(queue_.head() + count - 1).value_or(clock_.due());
}

}  // namespace sidetone::send
