#include "shell/sctp_host.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <mutex>
#include <optional>
#include <vector>

#include "core/sctp/library.hpp"

namespace sidetone::shell {

namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

// usrsctp counts its timers in steps of this.
constexpr auto kTick = 10ms;
// Who does not drive looks this often whether anybody does; a driver this late is replaced.
constexpr auto kWatch = 250ms;
constexpr auto kStalled = 100ms;
// After the last association: usrsctp frees what closed ones left by timers of its own.
constexpr auto kLinger = 1s;

}  // namespace

struct SctpHost::Registry {
  std::mutex mutex;
  std::vector<SctpHost*> hosts;
  SctpHost* driver = nullptr;
  std::optional<base::Instant> driven_until;  // nothing: the timers rest
  base::Instant last_needed{};

  struct Plan {
    milliseconds elapsed{0};  // to drive now
    base::Deadline next;      // to tick again
  };

  // What this host has to do now.
  Plan plan(SctpHost* host, base::Instant now) {
    std::lock_guard lock(mutex);
    if (std::ranges::find(hosts, host) == hosts.end()) return {};
    if (sctp::associations() > 0) last_needed = now;
    if (now - last_needed > kLinger) {
      driver = nullptr;
      driven_until.reset();
      return {};
    }
    if (!driven_until) driven_until = now;
    if (driver != host && driver != nullptr && now - *driven_until < kStalled)
      return {{}, now + kWatch};
    driver = host;
    auto elapsed = std::chrono::duration_cast<milliseconds>(now - *driven_until);
    *driven_until += elapsed;
    return {elapsed, now + kTick};
  }

  // Under the mutex a host in the list cannot end: its shared_ptr may be had, or it is on its way
  // out and waits in leave().
  std::vector<std::shared_ptr<SctpHost>> living() {
    std::lock_guard lock(mutex);
    std::vector<std::shared_ptr<SctpHost>> found;
    for (auto* host : hosts)
      if (auto alive = host->weak_from_this().lock()) found.push_back(std::move(alive));
    return found;
  }
};

SctpHost::Registry& SctpHost::registry() {
  // Never destroyed: a Runtime may end after main() did.
  static auto& instance = *new Registry;
  return instance;
}

std::shared_ptr<SctpHost> SctpHost::join(const std::shared_ptr<Loop>& loop) {
  auto& all = registry();
  std::shared_ptr<SctpHost> host;
  {
    std::lock_guard lock(all.mutex);
    for (auto* known : all.hosts)
      if (known->loop_ == loop)
        if (auto alive = known->weak_from_this().lock()) return alive;
    host.reset(new SctpHost(loop));
    host->timer_.bind(host->weak_from_this(), &SctpHost::tick);
    all.hosts.push_back(host.get());
  }
  sctp::set_timers_needed(&SctpHost::timers_needed);
  if (!loop->add(host))
    host->leave();
  else if (sctp::associations() > 0)
    host->begin();
  return host;
}

SctpHost::SctpHost(const std::shared_ptr<Loop>& loop)
    : loop_(loop), strand_(loop->make_strand()), timer_(strand_) {}

SctpHost::~SctpHost() {
  leave();
}

bool SctpHost::driving() const {
  auto& all = registry();
  std::lock_guard lock(all.mutex);
  return all.driver == this;
}

void SctpHost::runtime_ended() noexcept {
  leave();
}

void SctpHost::timers_needed() {
  for (const auto& host : registry().living()) host->begin();
}

void SctpHost::begin() {
  boost::asio::post(strand_, [weak = weak_from_this()] {
    if (auto self = weak.lock()) self->tick(now());
  });
}

void SctpHost::tick(base::Instant at) {
  auto plan = registry().plan(this, at);
  sctp::drive_timers(plan.elapsed);
  timer_.arm(plan.next);
}

void SctpHost::leave() noexcept {
  try {
    leave_others_informed();
  } catch (...) {
    // No memory to wake another host: its own watch finds out within kWatch.
  }
}

void SctpHost::leave_others_informed() {
  auto& all = registry();
  bool last = false;
  {
    std::lock_guard lock(all.mutex);
    if (std::erase(all.hosts, this) == 0) return;
    if (all.driver == this) all.driver = nullptr;
    last = all.hosts.empty();
  }
  if (!last) {
    timers_needed();
  } else if (sctp::associations() == 0) {
    // Nobody will tick any more: let usrsctp free the rest of what was closed now.
    for (milliseconds left = kLinger; left > 0ms; left -= 100ms) sctp::drive_timers(100ms);
  }
}

}  // namespace sidetone::shell
