#include "core/peer/connectivity.hpp"

#include <gtest/gtest.h>

#include "core/base/seeded_random.hpp"

namespace sidetone::peer {
namespace {

const base::Endpoint kHere{base::Address::v4({192, 0, 2, 1}), 7882};

TEST(Connectivity, BothKindsDescribeThemselvesAlike) {
  for (auto mode : {IceMode::controlling, IceMode::controlled, IceMode::lite}) {
    base::SeededRandom random(1);
    Connectivity ice(mode, random);
    ice::Output out;
    EXPECT_EQ(ice.lite(), mode == IceMode::lite);
    EXPECT_TRUE(ice.local().valid());
    EXPECT_TRUE(ice.candidates().empty());
    auto text = ice.add_local(kHere, {}, out);
    EXPECT_NE(text.find(" udp "), std::string::npos) << text;
    EXPECT_NE(text.find(" 192.0.2.1 7882 typ host"), std::string::npos) << text;
    EXPECT_EQ(ice.candidates(), (std::vector<std::string>{text}));
    EXPECT_EQ(ice.add_local(kHere, {}, out), "");
    EXPECT_EQ(ice.state(), ice::State::idle);
    EXPECT_FALSE(ice.selected());
    EXPECT_FALSE(ice.is_verified({kHere, kHere}));
    EXPECT_FALSE(ice.explain().empty() && mode == IceMode::lite);
  }
}

TEST(Connectivity, AddressesAreBoundedAndTheFirstIsPreferred) {
  base::SeededRandom random(1);
  Connectivity ice(IceMode::lite, random);
  ice::Output out;
  std::uint32_t last = UINT32_MAX;
  for (std::uint16_t i = 0; i < ice::kMaxLocalCandidates; ++i) {
    auto text = ice.add_local({kHere.address, static_cast<std::uint16_t>(i + 1)}, {}, out);
    auto priority = ice::parse_candidate(text)->priority;
    EXPECT_LT(priority, last);
    last = priority;
  }
  EXPECT_EQ(ice.add_local(kHere, {}, out), "");
}

TEST(Connectivity, OnlyNewRemoteCredentialsRestartTheAnswerer) {
  for (auto mode : {IceMode::controlled, IceMode::lite}) {
    base::SeededRandom random(1);
    Connectivity ice(mode, random);
    ice::Output out;
    ice::Credentials first{"abcd", "0123456789012345678901"};
    ice::Credentials second{"efgh", "0123456789012345678901"};
    auto ours = ice.local();
    ice.set_remote(first, false, {}, out);
    ice.set_remote(first, false, {}, out);
    EXPECT_EQ(ice.local(), ours);
    ice.set_remote(second, false, {}, out);
    EXPECT_NE(ice.local(), ours);
    // Our own restart is answered by new credentials: one change, not two.
    ice.restart({}, out);
    auto restarted = ice.local();
    ice.set_remote(first, false, {}, out);
    EXPECT_EQ(ice.local(), restarted);
    ice.set_remote(second, false, {}, out);
    EXPECT_NE(ice.local(), restarted);
  }
}

}  // namespace
}  // namespace sidetone::peer
