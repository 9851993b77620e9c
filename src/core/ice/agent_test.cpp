#include "core/ice/agent.hpp"

#include <gtest/gtest.h>

#include "core/ice/test_network.hpp"

namespace sidetone::ice {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

// Two full agents and what they say to each other by signalling.
struct Two {
  explicit Two(NetworkOptions options = {},
               Role left_role = Role::controlling,
               Role right_role = Role::controlled)
      : network(options), left({left_role}, left_random), right({right_role}, right_random) {}

  void add_addresses(std::vector<base::Endpoint> left_addresses,
                     std::vector<base::Endpoint> right_addresses) {
    left_node = &network.add(left, left_addresses);
    right_node = &network.add(right, right_addresses);
    for (const auto& address : left_addresses) left.add_local(address, network.now(), out);
    for (const auto& address : right_addresses) right.add_local(address, network.now(), out);
  }

  void describe(Agent& to, Node& node, const Agent& from) {
    to.set_remote(from.local_credentials(), false, network.now(), out);
    network.emit(node, out);
  }

  void trickle(Agent& to, Node& node, const Agent& from) {
    for (const auto& candidate : from.local_candidates())
      to.add_remote(candidate, network.now(), out);
    network.emit(node, out);
  }

  void exchange() {
    describe(left, *left_node, right);
    describe(right, *right_node, left);
    trickle(left, *left_node, right);
    trickle(right, *right_node, left);
  }

  bool both_settle(base::Duration limit) {
    return network.run_until([&] { return left.nominated() && right.nominated(); }, limit);
  }

  bool agree() const {
    return left.selected() && right.selected() &&
           left.selected()->local == right.selected()->remote &&
           left.selected()->remote == right.selected()->local;
  }

  base::SeededRandom left_random{11};
  base::SeededRandom right_random{22};
  Network network;
  Agent left;
  Agent right;
  Node* left_node = nullptr;
  Node* right_node = nullptr;
  Output out;
};

const base::Endpoint kLeft = at("192.0.2.1", 1000);
const base::Endpoint kRight = at("198.51.100.1", 2000);

TEST(Agent, ConnectsInOneRoundTripAndSettlesInTwo) {
  Two two;
  two.add_addresses({kLeft}, {kRight});
  two.exchange();
  ASSERT_TRUE(
      two.network.run_until([&] { return two.left.selected() && two.right.selected(); }, 20ms));
  EXPECT_EQ(two.left.state(), State::connected);
  ASSERT_TRUE(two.both_settle(20ms));
  EXPECT_TRUE(two.agree());
  EXPECT_LE(two.network.elapsed(), 40ms);
}

}  // namespace
}  // namespace sidetone::ice
