// Anything may happen in any order: afterwards, on a calm network, the call is whole again.
#include <algorithm>

#include "tests/sim/talk.hpp"

namespace sidetone::sim {
namespace {

constexpr audio::Format kFormat{24000, 1};

// Alice, what she has published, and a minute of mishaps from a seed.
class Mishaps {
 public:
  explicit Mishaps(std::uint64_t seed) : talk(seed), random_(seed * 77) {}

  bool begin() {
    if (!talk.connected()) return false;
    voice_ = &talk.voice(kFormat, std::make_unique<Numbers>());
    voice_->remembers = false;
    sid_ = talk.publish_exact(talk.alice, *voice_);
    return !sid_.empty();
  }

  void live_through(int mishaps) {
    for (int i = 0; i < mishaps; ++i) {
      mishap();
      talk.call.run_for(milliseconds(1 + random_.next() % 1500));
      follow();
    }
  }

  // The sky clears: both are back, and Bob hears Alice unless she asked for silence.
  void expect_whole() {
    talk.call.network.weather = {};
    talk.call.plug_in(talk.alice);
    const bool back = talk.call.run_until(
        [&] {
          return talk.alice.session.state() == ConnectionState::connected &&
                 talk.bob.session.state() == ConnectionState::connected;
        },
        seconds(90));
    ASSERT_TRUE(back) << story();
    talk.call.run_for(seconds(25));
    follow();
    if (sid_.empty()) sid_ = talk.publish_exact(talk.alice, *voice_);
    ASSERT_NE(sid_, "") << story();
    EXPECT_FALSE(talk.alice.set_muted(sid_, false)) << story();
    const auto* alice = talk.bob.session.room().find_identity("alice");
    ASSERT_NE(alice, nullptr) << story();
    ASSERT_EQ(alice->tracks.size(), 1U) << story();
    EXPECT_FALSE(talk.bob.set_subscribed(alice->tracks[0].sid, true)) << story();
    auto& ear = talk.hear_exact(talk.bob, "alice", kFormat);
    talk.call.run_for(seconds(1));
    ear.forget();
    talk.call.run_for(seconds(1));
    EXPECT_GE(ear.heard().size(), 23000U) << story();
    EXPECT_EQ(std::count(ear.heard().begin(), ear.heard().end(), 0), 0) << story();
    EXPECT_EQ(talk.call.server->participants(), 2U) << story();
    const auto counters = voice_->mouth.counters();
    EXPECT_EQ(counters.captured, counters.played + counters.discarded + counters.queued);
    for (const auto* caller : {&talk.alice, &talk.bob}) {
      EXPECT_EQ(caller->all<room::Reconnecting>().size(), caller->all<room::Reconnected>().size())
          << story();
      EXPECT_EQ(caller->all<room::Disconnected>().size(), 0U) << story();
    }
  }

  Talk talk;

 private:
  void mishap() {
    const auto kind = random_.next() % 10;
    story_ += " " + std::to_string(kind);
    auto& weather = talk.call.network.weather;
    switch (kind) {
      case 0: weather = {.loss = 0.3}; break;
      case 1: weather = {.jitter = milliseconds(80), .duplicate = 0.3, .reorder = 0.3}; break;
      case 2: weather = {}; break;
      case 3: talk.call.break_signalling(talk.alice); break;
      case 4: talk.call.break_signalling(talk.bob); break;
      case 5: talk.call.restart_server(); break;
      case 6:
        if (!sid_.empty()) (void)talk.alice.set_muted(sid_, random_.next() % 2 == 0);
        break;
      case 7: unpublish_or_publish(); break;
      case 8: resubscribe(); break;
      default:
        talk.call.unplug(talk.alice);
        talk.call.run_for(milliseconds(random_.next() % 4000));
        talk.call.plug_in(talk.alice);
        break;
    }
  }

  void unpublish_or_publish() {
    if (!sid_.empty()) {
      talk.alice.unpublish(std::exchange(sid_, {}));
      return;
    }
    publishing_ = talk.alice.publish(voice_->mouth, {}, {},
                                     media::make_passthrough_encoder(kFormat.sample_rate, 1));
    talk.call.run_until([&] { return talk.alice.done(publishing_); });
    follow();
  }

  void resubscribe() {
    const auto* alice = talk.bob.session.room().find_identity("alice");
    if (!alice || alice->tracks.empty()) return;
    const auto sid = alice->tracks[0].sid;
    (void)talk.bob.set_subscribed(sid, random_.next() % 2 == 0);
  }

  // Her track may have a new sid after a reconnect.
  void follow() {
    const auto& tracks = talk.alice.session.room().local().tracks;
    sid_ = tracks.empty() ? std::string() : tracks[0].sid;
  }

  std::string story() const { return "mishaps:" + story_; }

  base::SeededRandom random_;
  Voice* voice_ = nullptr;
  std::string sid_;
  std::string story_;
  session::OperationId publishing_ = 0;
};

class Chaos : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Chaos, LeavesTheCallWhole) {
  Mishaps mishaps(GetParam());
  ASSERT_TRUE(mishaps.begin());
  mishaps.live_through(30);
  mishaps.expect_whole();
}

INSTANTIATE_TEST_SUITE_P(Seeds, Chaos, testing::Range<std::uint64_t>(1, 21));

}  // namespace
}  // namespace sidetone::sim
