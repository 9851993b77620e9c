// Drives usrsctp's timers, which are one per process: every 10 ms from one Runtime's loop, and only
// while associations exist. A Runtime that uses SCTP joins and keeps what it gets; when the one
// that drives ends, or its loop is not run, another takes over.
//
// A named leak, the shell's half of core/sctp/library.hpp: the list of who joined is a process-wide
// global. Its mutex is taken at ticks, joins and the first association, never on a packet's way.
// Any thread.
#pragma once

#include <memory>

#include "shell/runtime.hpp"
#include "shell/timer.hpp"

namespace sidetone::shell {

class SctpHost final : public Loop::Service, public std::enable_shared_from_this<SctpHost> {
 public:
  // The loop's host; one per loop, alive as long as somebody keeps it.
  static std::shared_ptr<SctpHost> join(const std::shared_ptr<Loop>& loop);

  SctpHost(const SctpHost&) = delete;
  SctpHost& operator=(const SctpHost&) = delete;
  ~SctpHost() override;

  // Whether it is this one that drives now.
  bool driving() const;

  void runtime_ended() noexcept override;

 private:
  struct Registry;

  explicit SctpHost(const std::shared_ptr<Loop>& loop);

  static Registry& registry();
  static void timers_needed();
  void begin();
  void tick(base::Instant now);
  void leave() noexcept;
  void leave_others_informed();

  std::shared_ptr<Loop> loop_;
  Strand strand_;
  Timer timer_;
};

}  // namespace sidetone::shell
