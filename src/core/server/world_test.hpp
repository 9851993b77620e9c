// For tests only: a server and clients made of two peers each, on a network without loss and a
// virtual clock that OpenSSL and usrsctp share.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/seeded_random.hpp"
#include "core/sdp/publisher_offer.hpp"
#include "core/sdp/subscriber_answer.hpp"
#include "core/server/server.hpp"

namespace sidetone::server::test {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): tests read better

inline constexpr std::string_view kKey = "key";
inline constexpr std::string_view kSecret = "a secret for tests only, of 36 bytes";
inline constexpr std::chrono::seconds kEpoch{1'700'000'000};

struct Guest {
  std::string identity = "alice";
  std::string room = "room";
  VideoGrants grants{};
  std::string metadata{};
  std::map<std::string, std::string> attributes{};
  std::string kind{};
  std::string parameters{};  // of the query: "&reconnect=1"
};

std::string token(const Guest& guest, std::int64_t expires_in = 3600);
JoinRequest join_request(const Guest& guest);

class World;

// A participant's program. Answers offers by itself unless told otherwise.
struct Client {
  Client(World& world, Guest who, int number);

  // The latest message of a kind; nullptr: none.
  const livekit::SignalResponse* last(livekit::SignalResponse::MessageCase kind) const;
  int count(livekit::SignalResponse::MessageCase kind) const;
  // The latest told state of another; nullptr: never mentioned in an update.
  const livekit::ParticipantInfo* told_of(std::string_view identity) const;
  bool connected() const;

  void send(const livekit::SignalRequest& request);
  void add_track(const std::string& cid, bool muted = false, bool disable_red = true);
  // add_track and an offer with its section, all at once.
  void publish(const std::string& cid, std::uint32_t ssrc, bool muted = false, bool red = false);
  void unpublish(const std::string& cid);
  void offer();
  void mute(const std::string& sid, bool muted);
  void subscription(const std::string& sid, bool on);
  void speak(std::uint32_t ssrc, int packets, std::uint8_t level = 10);  // 20 ms each
  // Whether the client's own channel took it.
  bool say(const livekit::DataPacket& packet, bool reliable = true);
  std::vector<livekit::DataPacket> heard_data() const;
  const std::string& sid() const;
  std::string track_sid() const;  // of the first track_published

  World& world;
  Guest guest;
  ConnectionId connection;
  base::SeededRandom random;
  base::Endpoint publisher_end;
  base::Endpoint subscriber_end;
  std::unique_ptr<peer::Peer> publisher;
  std::unique_ptr<peer::Peer> subscriber;
  sdp::PublisherOffer publisher_offer{1};
  sdp::SubscriberAnswer subscriber_answer{2};
  std::map<std::string, std::string> mids;  // cid → mid
  bool answers = true;                      // offers of the server
  bool publishes = true;                    // offers at all
  bool takes_red = true;
  bool encrypts = false;  // says so of its tracks
  bool open = false;
  std::vector<livekit::SignalResponse> received;
  std::vector<rtp::ReceivedPacket> rtp;
  std::vector<peer::Message> messages;
  std::map<std::string, std::int64_t> sent;  // packets by mid, for numbering

  void on_signal(const livekit::SignalResponse& response);
  void collect(peer::Output& out);

 private:
  void on_offer(const livekit::SessionDescription& offer);
};

class World {
 public:
  explicit World(Limits limits = {});

  // Opens the signalling connection. The HTTP answer is in `refusal` when it is refused.
  Client& join(Guest guest, bool answers = true);
  // join() and until the transports are connected.
  Client& enter(Guest guest);

  Admission admit(const Guest& guest);
  base::Instant now() const;
  void run_for(base::Duration duration);
  bool run_until(const std::function<bool()>& done, base::Duration limit = 10s);

  void signal(const Client& client, base::Bytes bytes);
  void hang_up(Client& client);

  // A new signalling connection for a client that goes on.
  void resume(Client& client) {
    auto request = join_request(client.guest);
    request.reconnect = true;
    client.connection = next_connection_++;
    client.open = true;
    server->on_join(client.connection, std::move(request), now(), out);
    settle();
  }

  void datagram(const base::Endpoint& from, base::Bytes bytes);
  // After a call into the server: carries what it wants away.
  void settle();

  base::SeededRandom random;
  std::unique_ptr<Server> server;
  Outbox out;
  std::vector<std::unique_ptr<Client>> clients;
  std::multimap<base::Instant, base::Datagram> wire;
  base::Endpoint server_end;
  bool cut = false;  // nothing of the clients arrives any more
  int deadlines = 0;
  std::vector<ConnectionId> closed;  // by the server
  const Client* deaf = nullptr;      // nothing arrives there any more

 private:
  void step(base::Instant until);
  void deliver(const base::Datagram& datagram);
  base::Deadline next_event() const;

  ConnectionId next_connection_ = 1;
  base::Instant sctp_due_;
  bool woken_ = false;
};

const dtls::Context& context();

}  // namespace sidetone::server::test
