#include "core/sctp/mailbox.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace sidetone::sctp {
namespace {

using base::as_bytes;
using Packets = base::Outbox<base::Packet>;

TEST(Mailbox, KeepsTheOrderAndWakesOnce) {
  int wakes = 0;
  Mailbox mailbox([&] { ++wakes; });
  Mailbox::deliver(mailbox.address(), as_bytes("one"));
  Mailbox::deliver(mailbox.address(), as_bytes("two"));
  Mailbox::deliver(mailbox.address(), as_bytes("three"));
  EXPECT_EQ(wakes, 1);
  Packets out;
  mailbox.collect(out);
  ASSERT_EQ(out.size(), 3U);
  EXPECT_EQ(base::as_text(out[0].bytes()), "one");
  EXPECT_EQ(base::as_text(out[2].bytes()), "three");
  Mailbox::nudge(mailbox.address());
  EXPECT_EQ(wakes, 2) << "collected: the next news wakes again";
}

TEST(Mailbox, OutputOfOnesOwnCallGoesStraightToTheOutbox) {
  int wakes = 0;
  Mailbox mine([&] { ++wakes; });
  Mailbox other([&] { wakes += 10; });
  Packets out;
  {
    Mailbox::Direct direct(mine, out);
    Mailbox::deliver(mine.address(), as_bytes("mine"));
    Mailbox::nudge(mine.address());
    Mailbox::deliver(other.address(), as_bytes("other"));
  }
  EXPECT_EQ(out.size(), 1U);
  EXPECT_EQ(wakes, 10);
  Mailbox::deliver(mine.address(), as_bytes("later"));
  EXPECT_EQ(out.size(), 1U);
  EXPECT_EQ(wakes, 11);
}

TEST(Mailbox, LateOutputForOneThatIsGoneFindsNobody) {
  std::optional<Mailbox> mailbox(std::in_place, nullptr);
  auto gone = mailbox->address();
  mailbox.reset();
  Mailbox next(nullptr);  // moves into the same place
  Mailbox::deliver(gone, as_bytes("late"));
  Mailbox::deliver(0, as_bytes("nonsense"));
  Mailbox::deliver(~std::uint64_t{0}, as_bytes("nonsense"));
  Packets out;
  next.collect(out);
  EXPECT_TRUE(out.empty());
  EXPECT_NE(next.address(), gone);
}

TEST(Mailbox, IsBoundedAndCountsWhatItLoses) {
  Mailbox mailbox(nullptr);
  for (std::uint32_t i = 0; i < Mailbox::kMaxPackets + 5; ++i)
    Mailbox::deliver(mailbox.address(), as_bytes("x"));
  EXPECT_EQ(mailbox.overflows(), 5U);
  Packets out;
  mailbox.collect(out);
  EXPECT_EQ(out.size(), Mailbox::kMaxPackets);
  Mailbox::deliver(mailbox.address(), as_bytes("x"));
  mailbox.collect(out);
  EXPECT_EQ(out.size(), Mailbox::kMaxPackets + 1);
  EXPECT_EQ(mailbox.overflows(), 5U);
}

TEST(Mailbox, WhatIsNoPacketIsDropped) {
  Mailbox mailbox(nullptr);
  Mailbox::deliver(mailbox.address(), {});
  Mailbox::deliver(mailbox.address(), std::vector<std::byte>(base::kMaxPacketBytes + 1));
  Packets out;
  mailbox.collect(out);
  EXPECT_TRUE(out.empty());
}

TEST(Mailbox, AThousandLivesAtOnceAllHaveTheirOwnAddress) {
  std::vector<std::unique_ptr<Mailbox>> mailboxes;
  for (int i = 0; i < 1000; ++i) mailboxes.push_back(std::make_unique<Mailbox>(nullptr));
  EXPECT_EQ(Mailbox::count(), 1000U);
  for (auto& mailbox : mailboxes) Mailbox::deliver(mailbox->address(), as_bytes("one each"));
  for (auto& mailbox : mailboxes) {
    Packets out;
    mailbox->collect(out);
    EXPECT_EQ(out.size(), 1U);
  }
  mailboxes.clear();
  EXPECT_EQ(Mailbox::count(), 0U);
}

// The timer thread delivers while the owner collects, leaves and moves in again. ThreadSanitizer
// and the counter judge.
TEST(Mailbox, AfterItsEndItsWakeIsNeitherRunningNorCalledAgain) {
  std::atomic<std::uint64_t> address = 0;
  std::atomic<bool> stop = false;
  std::thread timers([&] {
    while (!stop) {
      Mailbox::deliver(address, as_bytes("from the timers"));
      Mailbox::nudge(address);
    }
  });
  std::size_t received = 0;
  for (int life = 0; life < 300 || received == 0; ++life) {
    auto alive = std::make_unique<int>(0);  // touched by wake: freed right after the mailbox
    Mailbox mailbox([&alive] { ++*alive; });
    address = mailbox.address();
    Packets out;
    for (int i = 0; i < 20; ++i) mailbox.collect(out);
    received += out.size();
  }
  stop = true;
  timers.join();
  EXPECT_EQ(Mailbox::count(), 0U);
}

}  // namespace
}  // namespace sidetone::sctp
