// The candidate pairs of one ICE session, best first, and the connectivity check each of them runs
// (RFC 8445 §6.1.2). Only data and timing: what a check contains and what an answer means is the
// agent's. There is one stream with one component, so pairs are never frozen.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "core/base/random_source.hpp"
#include "core/base/time.hpp"
#include "core/ice/candidate.hpp"
#include "core/ice/path.hpp"
#include "core/ice/stun.hpp"

namespace sidetone::ice {

// RFC 8445 §14.2: one new check each 5 ms.
inline constexpr base::Duration kCheckPace = std::chrono::milliseconds(5);
// Loopback and local networks answer in less than 1 ms, most of the internet within 200: start
// where a lost check costs little, and double. RFC 8445 §14.3 asks for 500 ms to spare slow links;
// the doubling reaches that after four checks of 100 bytes.
inline constexpr base::Duration kFirstRetransmission = std::chrono::milliseconds(50);
inline constexpr base::Duration kSlowestRetransmission = std::chrono::milliseconds(1600);
// 11.1 s from the first to giving up: longer than it takes a server to open its ports late.
inline constexpr int kMaxTransmissions = 10;
// RFC 8445 §6.1.2.5 lets an agent choose; 100 is its default.
inline constexpr std::size_t kMaxPairs = 100;

enum class PairState { waiting, in_progress, succeeded, failed };

// Why a pair is no path (yet); for the sentence a user reads when none was found.
enum class PairReason { none, not_tried, no_answer, refused, bad_answer, lost };

struct Transaction {
  stun::TransactionId id{};
  bool nominating = false;
  Role role = Role::controlling;
};

struct Pair {
  Path path;
  CandidateType local_type = CandidateType::host;
  CandidateType remote_type = CandidateType::host;
  bool stream = false;  // TCP: checks are not sent again, the stream does that
  std::uint32_t local_priority = 0;
  std::uint32_t remote_priority = 0;
  std::uint64_t priority = 0;
  PairState state = PairState::waiting;
  PairReason reason = PairReason::not_tried;
  bool nominate_on_success =
      false;  // controlled: the other side nominated it before our check succeeded
  bool checked_by_them = false;
  std::uint16_t last_error = 0;  // of an error response, authenticated or not
  std::uint32_t checks_sent = 0;

  // The check under way: sent again at `resend_at` until answered.
  base::Deadline resend_at;
  base::Duration timeout{};
  int transmissions = 0;

  // Transactions an answer may still come to, newest last.
  std::array<Transaction, 4> recent{};
  std::size_t recent_count = 0;

  void start(base::Instant now, const Transaction& transaction);

  void stop() { resend_at.reset(); }

  // After a transmission: when the next one is due.
  void back_off(base::Instant now);

  const Transaction& current() const { return recent[recent_count - 1]; }

  const Transaction* find(const stun::TransactionId& id) const;
};

class Checklist {
 public:
  // Keeps the list sorted and bounded: the least promising pair without success goes when it is
  // full. The existing pair when there is one for the path; nullptr when there was no room.
  Pair* add(const Pair& wanted, Role role);
  Pair* find(const Path& path);
  Pair* find(const stun::TransactionId& id);
  Pair* best_valid();

  // Something better than `than` may still succeed.
  bool hope_above(std::uint64_t priority) const;

  // A pair to check before all ordinary ones (RFC 8445 §7.3.1.4).
  void trigger(const Path& path);
  // The next to start: triggered first, then the best waiting. nullptr when there is none.
  // Streams only when they may be tried already.
  Pair* next_to_check(bool streams);
  bool has_work(bool streams) const;

  // Computes all priorities anew: they depend on the role and on what is known of the candidates.
  void set_role(Role role);
  // After a nomination: ends all checks below `priority` and drops the pairs they belong to, unless
  // they succeeded before.
  void conclude(std::uint64_t priority);

  base::Deadline next_resend() const;

  std::size_t dropped() const { return dropped_; }

  std::vector<std::unique_ptr<Pair>>& pairs() { return pairs_; }

  const std::vector<std::unique_ptr<Pair>>& pairs() const { return pairs_; }

 private:
  bool make_room(std::uint64_t priority);

  std::vector<std::unique_ptr<Pair>> pairs_;
  std::deque<Path> triggered_;
  std::size_t dropped_ = 0;
};

}  // namespace sidetone::ice
