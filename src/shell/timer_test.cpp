#include "shell/timer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <vector>

namespace sidetone::shell {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

class Machine : public std::enable_shared_from_this<Machine> {
 public:
  explicit Machine(const Runtime& runtime) : strand(runtime.loop()->make_strand()), timer(strand) {}

  static std::shared_ptr<Machine> create(const Runtime& runtime) {
    auto machine = std::make_shared<Machine>(runtime);
    machine->timer.bind(machine->weak_from_this(), &Machine::on_due);
    return machine;
  }

  void arm(std::vector<base::Deadline> deadlines) {
    asio::post(strand, [self = shared_from_this(), deadlines = std::move(deadlines)] {
      for (auto deadline : deadlines) self->timer.arm(deadline);
    });
  }

  void on_due(base::Instant at) {
    calls.push_back(at);
    if (again > 0 && --again > 0) {
      next += period;
      timer.arm(next);
    } else {
      done.set_value();
    }
  }

  Strand strand;
  Timer timer;
  std::vector<base::Instant> calls;
  int again = 0;
  base::Instant next;
  base::Duration period{};
  std::promise<void> done;
};

TEST(Timer, IsNeverEarlyNorLateByItself) {
  Runtime runtime;
  auto machine = Machine::create(runtime);
  auto begin = now() + 5ms;
  machine->again = 100;
  machine->period = 5ms;
  machine->next = begin;
  machine->arm({begin});
  ASSERT_EQ(machine->done.get_future().wait_for(10s), std::future_status::ready);
  std::vector<base::Duration> late;
  for (std::size_t i = 0; i < machine->calls.size(); ++i)
    late.push_back(machine->calls[i] - (begin + static_cast<int>(i) * 5ms));
  std::sort(late.begin(), late.end());
  EXPECT_GE(late.front(), 0ns);
  // Other programs may have the processors meanwhile; a timer that is slow by itself is slow
  // always.
  EXPECT_LT(late[late.size() / 10], 2ms);
}

TEST(Timer, EarlierAndLaterDeadlinesReplaceEachOther) {
  Runtime runtime;
  auto machine = Machine::create(runtime);
  auto begin = now();
  machine->arm({begin + 10s, begin + 20ms, begin + 40ms});
  ASSERT_EQ(machine->done.get_future().wait_for(5s), std::future_status::ready);
  ASSERT_EQ(machine->calls.size(), 1U);
  EXPECT_GE(machine->calls[0] - begin, 40ms);
  EXPECT_LT(machine->calls[0] - begin, 1s);
}

TEST(Timer, DisarmedOneIsSilent) {
  Runtime runtime;
  auto machine = Machine::create(runtime);
  auto other = Machine::create(runtime);
  machine->arm({now() + 5ms, std::nullopt});
  other->arm({now() + 30ms});
  ASSERT_EQ(other->done.get_future().wait_for(5s), std::future_status::ready);
  EXPECT_TRUE(machine->calls.empty());
}

TEST(Timer, OutlivedByItsWaitDoesNothing) {
  Runtime runtime;
  auto other = Machine::create(runtime);
  for (int i = 0; i < 100; ++i) {
    auto machine = Machine::create(runtime);
    machine->arm({now() + 1ms});
  }
  other->arm({now() + 20ms});
  EXPECT_EQ(other->done.get_future().wait_for(5s), std::future_status::ready);
}

}  // namespace
}  // namespace sidetone::shell
