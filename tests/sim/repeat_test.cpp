// The same seed gives the same bytes: on the wire, with every SRTP, DTLS, SCTP and STUN packet, and
// in the ears. Each run is a process of its own, because usrsctp remembers earlier calls.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "tests/sim/talk.hpp"

namespace sidetone::sim {
namespace {

constexpr auto kSeedVariable = "SIDETONE_SIM_SEED";
constexpr auto kAnswer = "fingerprint ";
constexpr auto kNoCall = "not connected";

// Four seconds of two voices and a message through bad weather.
std::string run_call(std::uint64_t seed) {
  Talk talk(seed);
  talk.call.network.weather = {.jitter = milliseconds(10), .loss = 0.03, .duplicate = 0.05};
  if (!talk.connected()) return kNoCall;
  auto& there = talk.voice({48000, 1}, std::make_unique<Speech>(48000));
  auto& back = talk.voice({22050, 1}, std::make_unique<Speech>(22050, 2));
  auto& one = talk.bob.hear("alice");
  auto& other = talk.alice.hear("bob");
  talk.publish(talk.alice, there);
  talk.publish(talk.bob, back);
  talk.call.run_for(seconds(2));
  talk.alice.turn([](auto& session, auto& out) {
    (void)session.send_data({base::as_bytes("hello"), "chat", true, {}}, now(), out);
  });
  talk.call.run_for(seconds(2));
  return std::to_string(talk.call.network.fingerprint()) + " " +
         std::to_string(talk.call.network.sent()) + " " + std::to_string(hash(one.heard())) + " " +
         std::to_string(hash(other.heard())) + " " + std::to_string(one.total()) + " " +
         std::to_string(talk.bob.all<room::DataReceived>().size());
}

// What this program says about that seed, run afresh.
std::string run_apart(std::uint64_t seed) {
  const auto program = std::filesystem::read_symlink("/proc/self/exe").string();
  const auto command = std::string(kSeedVariable) + "=" + std::to_string(seed) + " '" + program +
                       "' --gtest_filter=RepeatChild.TellsItsFingerprint 2>&1";
  auto* pipe = ::popen(command.c_str(), "r");
  if (!pipe) return "no process";
  std::string text;
  std::array<char, 512> line{};
  while (std::fgets(line.data(), static_cast<int>(line.size()), pipe)) text += line.data();
  ::pclose(pipe);
  const auto begin = text.find(kAnswer);
  if (begin == std::string::npos) return "no answer: " + text;
  return text.substr(begin, text.find('\n', begin) - begin);
}

// The child of the tests below; by itself it only proves that the call takes place.
TEST(RepeatChild, TellsItsFingerprint) {
  const auto* seed = std::getenv(kSeedVariable);
  const auto fingerprint = run_call(seed ? std::strtoull(seed, nullptr, 10) : 1);
  EXPECT_NE(fingerprint, kNoCall);
  std::printf("%s%s\n", kAnswer, fingerprint.c_str());
}

TEST(Repeat, TheSameSeedGivesTheSamePacketsAndSamples) {
  const auto first = run_apart(5);
  ASSERT_EQ(first.find(kAnswer), 0U) << first;
  EXPECT_EQ(first.back(), '1') << "the message arrived: " << first;
  EXPECT_EQ(run_apart(5), first);
}

TEST(Repeat, AnotherSeedGivesOthers) {
  EXPECT_NE(run_apart(5), run_apart(6));
}

}  // namespace
}  // namespace sidetone::sim
