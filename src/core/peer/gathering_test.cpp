// A client's connectivity beyond its own sockets, against a scripted TURN server, a STUN server and
// an ICE-lite side, on virtual time.
#include <gtest/gtest.h>

#include <map>

#include "core/base/seeded_random.hpp"
#include "core/ice/test_network.hpp"
#include "core/ice/test_turn_server.hpp"
#include "core/peer/connectivity.hpp"

namespace sidetone::peer {
namespace {

using namespace std::chrono_literals;
using ice::testing::at;

const auto kClient = at("10.0.0.1", 5000);
const auto kTurn = at("192.0.2.9", 3478);
const auto kRelayed = at("192.0.2.9", 50000);
const auto kFar = at("198.51.100.7", 7882);  // the other side, UDP and TCP
const auto kOutside = at("203.0.113.1", 6000);

ice::Server server(const std::string& url) {
  return {*ice::parse_server_url(url), "user", "secret"};
}

ice::GatherConfig with(const std::vector<std::string>& urls, bool relay_only = false) {
  ice::GatherConfig config;
  for (const auto& url : urls) config.servers.push_back(server(url));
  config.relay_only = relay_only;
  config.streams = true;
  return config;
}

// Everything takes 10 ms from one to the other.
struct Net {
  explicit Net(ice::GatherConfig config, bool start = true)
      : client(IceMode::controlling, random, std::move(config)) {
    client.add_local(kClient, now, out);
    if (start) client.gather(now, out);
    take();
    far.set_remote(client.local());
  }

  // The far side's description and candidates reach the client.
  void describe(bool tcp = false) {
    far.set_remote(client.local());
    client.set_remote(far.local_credentials(), true, now, out);
    add(ice::Transport::udp);
    if (tcp) add(ice::Transport::tcp_passive);
    take();
  }

  void add(ice::Transport transport) {
    ice::Candidate candidate;
    candidate.foundation = "1";
    candidate.endpoint = kFar;
    candidate.transport = transport;
    candidate.priority = transport == ice::Transport::udp ? 2000000000 : 1000000000;
    client.add_remote(candidate, now, out);
  }

  void take() {
    for (auto& text : client.found()) told.push_back(text);
    for (auto& wish : out.network) on_wish(wish);
    for (auto& datagram : out.datagrams) wire.emplace(now + 10ms, datagram);
    out.clear();
  }

  void on_wish(const ice::NetworkWish& wish) {
    if (const auto* open = std::get_if<ice::OpenStream>(&wish)) {
      opened.push_back(*open);
      if (streams_work) news.emplace(now + 10ms, ice::StreamOpened{open->name});
    } else if (const auto* close = std::get_if<ice::CloseStream>(&wish)) {
      closed.push_back(close->name);
    } else {
      looked_up.push_back(std::get<ice::LookUp>(wish));
    }
  }

  // What the client sent arrives: at the TURN server, the STUN server or the far side.
  void arrive(const base::Datagram& datagram) {
    auto to_turn = datagram.remote == kTurn || stream_to(ice::Framing::turn, datagram.local);
    if (to_turn) {
      turn.script.padded = datagram.local.port == 0;
      turn.on_datagram(datagram);
      if (turn.client.port == 0)
        for (auto& answer : turn.answers) answer.remote = answer.local;
      for (auto& answer : std::exchange(turn.answers, {})) back.emplace(now + 10ms, answer);
      for (auto& relayed : std::exchange(turn.relayed, {})) to_far(kRelayed, relayed.packet);
    } else if (datagram.remote == at("192.0.2.8", 3478)) {
      answer_binding(datagram);
    } else if (stream_to(ice::Framing::rfc4571, datagram.local)) {
      ++over_tcp;
      tcp_name = datagram.local;
      to_far({kOutside.address, 40000}, datagram.packet);
    } else if (datagram.remote == kFar && udp_works) {
      to_far(kOutside, datagram.packet);
    }
  }

  bool stream_to(ice::Framing framing, const base::Endpoint& name) const {
    return std::any_of(opened.begin(), opened.end(), [&](const ice::OpenStream& stream) {
      return stream.name == name && stream.framing == framing;
    });
  }

  void answer_binding(const base::Datagram& datagram) {
    auto request = ice::stun::parse(datagram.packet.bytes());
    base::Packet packet;
    ice::stun::Builder builder(packet.storage(), ice::stun::Class::success, request->transaction);
    packet.resize(builder.mapped(kOutside).finish().size());
    back.emplace(now + 10ms, base::Datagram{datagram.local, datagram.remote, packet});
  }

  void to_far(const base::Endpoint& from, const base::Packet& packet) {
    ice::Output answer;
    seen_from = from;
    far.on_datagram(kFar, from, packet.bytes(), now, answer);
    for (auto& datagram : answer.datagrams) {
      if (datagram.remote == kRelayed) {
        turn.on_peer(kFar, datagram.packet.bytes());
        for (auto& each : std::exchange(turn.answers, {})) {
          if (each.local.port == 0) each.remote = each.local;
          back.emplace(now + 10ms, each);
        }
      } else if (datagram.remote.port == 40000) {
        back.emplace(now + 10ms, base::Datagram{tcp_name, tcp_name, datagram.packet});
      } else {
        back.emplace(now + 10ms, base::Datagram{kClient, kFar, datagram.packet});
      }
    }
  }

  void receive(const base::Datagram& datagram) {
    auto packet =
        client.unwrap({datagram.local, datagram.remote, datagram.packet.bytes(), now}, now, out);
    if (packet) client.on_datagram(*packet, now, out);
    take();
  }

  void tell(const ice::NetworkNews& what) {
    client.on_news(what, now, out);
    take();
  }

  void run_for(base::Duration duration) {
    auto end = now + duration;
    for (;;) {
      auto next = client.next_deadline();
      for (const auto* queue : {&wire, &back})
        if (!queue->empty()) next = base::earliest(next, queue->begin()->first);
      if (!news.empty()) next = base::earliest(next, news.begin()->first);
      if (!next || *next > end) break;
      now = std::max(now, *next);
      if (!news.empty() && news.begin()->first <= now)
        tell(news.extract(news.begin()).mapped());
      else if (!wire.empty() && wire.begin()->first <= now)
        arrive(wire.extract(wire.begin()).mapped());
      else if (!back.empty() && back.begin()->first <= now)
        receive(back.extract(back.begin()).mapped());
      else
        client.on_deadline(now, out);
      take();
    }
    now = end;
  }

  bool connected() const { return client.state() == ice::State::connected; }

  bool was_told(const std::string& part) const {
    return std::any_of(told.begin(), told.end(), [&](const std::string& text) {
      return text.find(part) != std::string::npos;
    });
  }

  base::SeededRandom random{1};
  base::SeededRandom far_random{2};
  base::Instant now{};
  ice::Output out;
  Connectivity client;
  ice::LiteAgent far{far_random};
  ice::testing::TurnServer turn{kTurn, kRelayed};
  bool udp_works = true;
  bool streams_work = true;
  int over_tcp = 0;
  base::Endpoint tcp_name;
  base::Endpoint seen_from;
  std::vector<std::string> told;
  std::vector<ice::OpenStream> opened;
  std::vector<base::Endpoint> closed;
  std::vector<ice::LookUp> looked_up;
  std::multimap<base::Instant, base::Datagram> wire;
  std::multimap<base::Instant, base::Datagram> back;
  std::multimap<base::Instant, ice::NetworkNews> news;
};

TEST(Gathering, UnderThePolicyRelayOnlyTheRelayIsToldAndUsed) {
  Net net(with({"turn:192.0.2.9"}, true));
  EXPECT_TRUE(net.client.candidates().empty());
  EXPECT_FALSE(net.client.gathered());
  net.describe();
  net.run_for(2s);
  ASSERT_TRUE(net.connected()) << net.client.explain();
  EXPECT_TRUE(net.client.gathered());
  ASSERT_EQ(net.told.size(), 1U);
  EXPECT_NE(net.told[0].find("192.0.2.9 50000 typ relay raddr 0.0.0.0 rport 0"), std::string::npos)
      << net.told[0];
  EXPECT_EQ(net.client.selected()->local, kRelayed);
  EXPECT_EQ(net.seen_from, kRelayed);
  EXPECT_TRUE(net.turn.complaints.empty());
  EXPECT_FALSE(net.client.is_direct(*net.client.selected()));
}

TEST(Gathering, ARelayThatIsReachedByTcpWorksTheSame) {
  for (const auto* url : {"turn:192.0.2.9?transport=tcp", "turns:192.0.2.9"}) {
    Net net(with({url}, true));
    net.describe();
    net.run_for(2s);
    ASSERT_TRUE(net.connected()) << url << ": " << net.client.explain();
    ASSERT_EQ(net.opened.size(), 1U);
    EXPECT_EQ(net.opened[0].host, "192.0.2.9");
    EXPECT_EQ(net.opened[0].tls, std::string(url).starts_with("turns"));
    EXPECT_EQ(net.opened[0].port, net.opened[0].tls ? 5349 : 3478);
    EXPECT_EQ(net.client.selected()->local, kRelayed);
    EXPECT_TRUE(net.turn.complaints.empty());
  }
}

TEST(Gathering, MediaOverARelayIsWrappedAndUnwrapped) {
  Net net(with({"turn:192.0.2.9"}, true));
  net.describe();
  net.run_for(2s);
  const std::string rtp = "\x80\x6f sound";
  net.client.wrap(*net.client.selected(), base::as_bytes(rtp), net.out);
  net.take();
  net.run_for(100ms);
  net.client.wrap(*net.client.selected(), base::as_bytes(rtp), net.out);
  ASSERT_EQ(net.out.datagrams.size(), 1U);
  EXPECT_EQ(net.out.datagrams[0].packet.size(), rtp.size() + 4);
  EXPECT_EQ(net.out.datagrams[0].remote, kTurn);
  net.turn.on_peer(kFar, base::as_bytes(rtp));
  const auto& wrapped = net.turn.answers.back();
  auto packet =
      net.client.unwrap({kClient, kTurn, wrapped.packet.bytes(), net.now}, net.now, net.out);
  ASSERT_TRUE(packet);
  EXPECT_EQ(base::as_text(packet->bytes), rtp);
  EXPECT_EQ(packet->local, kRelayed);
  EXPECT_EQ(packet->remote, kFar);
}

TEST(Gathering, TheDirectPathWinsOverTheRelay) {
  Net net(with({"turn:192.0.2.9"}));
  net.describe();
  net.run_for(2s);
  ASSERT_TRUE(net.connected());
  EXPECT_EQ(net.client.selected()->local, kClient);
  EXPECT_TRUE(net.client.is_direct(*net.client.selected()));
  EXPECT_TRUE(net.was_told("typ relay raddr 10.0.0.1 rport 5000"));
}

TEST(Gathering, TheRelayIsUsedWhereTheDirectPathIsBlocked) {
  Net net(with({"turn:192.0.2.9"}));
  net.udp_works = false;
  net.describe();
  net.run_for(2s);
  ASSERT_TRUE(net.connected());
  EXPECT_EQ(net.client.selected()->local, kRelayed);
}

TEST(Gathering, AStunServerShowsOurAddressOutside) {
  Net net(with({"stun:192.0.2.8"}));
  net.run_for(100ms);
  EXPECT_TRUE(net.client.gathered());
  EXPECT_TRUE(net.was_told("203.0.113.1 6000 typ srflx raddr 10.0.0.1 rport 5000"));
  auto all = net.client.candidates();
  EXPECT_EQ(std::count_if(all.begin(), all.end(),
                          [](const auto& text) { return text.find("srflx") != text.npos; }),
            1);
  net.client.restart(net.now, net.out);
  EXPECT_NE(net.client.candidates().back().find(net.client.local().ufrag), std::string::npos);
}

TEST(Gathering, ASilentStunServerIsGivenUpAndNamed) {
  Net net(with({"stun:192.0.2.77"}));
  net.run_for(7799ms);
  EXPECT_FALSE(net.client.gathered());
  net.run_for(1ms);
  EXPECT_TRUE(net.client.gathered());
  EXPECT_NE(net.client.explain().find("stun:192.0.2.77:3478: the server does not answer"),
            std::string::npos);
}

TEST(Gathering, NamesAreLookedUp) {
  Net net(with({"turn:turn.example.org"}, true));
  ASSERT_EQ(net.looked_up.size(), 1U);
  EXPECT_EQ(net.looked_up[0].host, "turn.example.org");
  net.tell(
      ice::HostFound{net.looked_up[0].name, {at("2001:db8::1", 0).address, kTurn.address}, {}});
  net.describe();
  net.run_for(2s);
  EXPECT_TRUE(net.connected());

  Net lost(with({"turn:turn.example.org"}, true));
  lost.tell(ice::HostFound{lost.looked_up[0].name, {}, "the name is unknown"});
  EXPECT_TRUE(lost.client.gathered());
  EXPECT_NE(lost.client.explain().find("turn:turn.example.org:3478?transport=udp: the name"),
            std::string::npos);
  Net late(with({"turn:turn.example.org"}, true));
  late.run_for(10s);
  EXPECT_TRUE(late.client.gathered());
}

TEST(Gathering, ATcpConnectionIsMadeOnlyWhenUdpDoesNotAnswer) {
  Net works(with({}));
  works.describe(true);
  works.run_for(2s);
  ASSERT_TRUE(works.connected());
  EXPECT_TRUE(works.opened.empty());

  Net blocked(with({}));
  blocked.udp_works = false;
  blocked.describe(true);
  blocked.run_for(399ms);
  EXPECT_TRUE(blocked.opened.empty());
  blocked.run_for(500ms);
  ASSERT_EQ(blocked.opened.size(), 1U);
  EXPECT_EQ(blocked.opened[0].host, "198.51.100.7");
  EXPECT_EQ(blocked.opened[0].port, 7882);
  EXPECT_EQ(blocked.opened[0].framing, ice::Framing::rfc4571);
  ASSERT_TRUE(blocked.connected()) << blocked.client.explain();
  EXPECT_EQ(blocked.client.selected()->local.port, ice::kActivePort);
  EXPECT_EQ(blocked.client.selected()->remote, kFar);
  EXPECT_FALSE(blocked.client.is_direct(*blocked.client.selected()));
  // One check and one that nominates: a stream needs no other.
  EXPECT_EQ(blocked.over_tcp, 2);
}

TEST(Gathering, ATcpPathThatBreaksIsNoPathAnyMore) {
  Net net(with({}));
  net.udp_works = false;
  net.describe(true);
  net.run_for(2s);
  ASSERT_TRUE(net.connected());
  net.tell(ice::StreamClosed{net.opened[0].name, "reset by peer"});
  EXPECT_EQ(net.client.state(), ice::State::failed);
  EXPECT_NE(net.client.explain().find("tcp 198.51.100.7:7882: reset by peer"), std::string::npos)
      << net.client.explain();
}

TEST(Gathering, AStreamThatDoesNotOpenIsGivenUpAndSaysWhy) {
  Net net(with({"turn:192.0.2.9?transport=tcp"}), false);
  net.streams_work = false;
  net.udp_works = false;
  net.client.gather(net.now, net.out);
  net.describe(true);
  net.run_for(1s);
  ASSERT_EQ(net.opened.size(), 2U);
  net.tell(ice::StreamClosed{net.opened[0].name, "connection refused"});
  net.run_for(12s);
  auto why = net.client.explain();
  EXPECT_NE(why.find("10.0.0.1 -> tcp host 198.51.100.7:7882: no connection after 1 checks"),
            std::string::npos)
      << why;
  EXPECT_NE(why.find("turn:192.0.2.9:3478?transport=tcp: connection refused"), std::string::npos);
  EXPECT_NE(why.find("tcp 198.51.100.7:7882: no connection in time"), std::string::npos) << why;
  EXPECT_EQ(net.closed, std::vector<base::Endpoint>{net.opened[1].name});
}

TEST(Gathering, ARelayThatEndsTakesItsPathAlong) {
  Net net(with({"turn:192.0.2.9"}, true));
  net.describe();
  net.run_for(2s);
  ASSERT_TRUE(net.connected());
  net.turn.script.refuse[ice::stun::kRefresh] = 437;
  net.run_for(9min);
  EXPECT_EQ(net.client.state(), ice::State::failed);
  EXPECT_NE(net.client.explain().find("it does not know the allocation (437)"), std::string::npos);
}

TEST(Gathering, CloseGivesBackWhatServersHold) {
  Net net(with({"turn:192.0.2.9", "turn:192.0.2.9?transport=tcp"}, true));
  net.run_for(1s);
  ASSERT_TRUE(net.turn.allocated);
  net.client.close(net.out);
  net.take();
  net.run_for(1s);
  EXPECT_FALSE(net.turn.allocated);
  EXPECT_EQ(net.closed.size(), 1U);
}

TEST(Gathering, TheLiteSideGathersNothing) {
  base::SeededRandom random(1);
  ice::Output out;
  Connectivity lite(IceMode::lite, random, with({"turn:192.0.2.9"}, true));
  EXPECT_NE(lite.add_local(kFar, {}, out), "");
  lite.gather({}, out);
  EXPECT_TRUE(out.datagrams.empty());
  EXPECT_TRUE(lite.gathered());
  EXPECT_TRUE(lite.is_direct({kFar, kClient}));
}

}  // namespace
}  // namespace sidetone::peer
