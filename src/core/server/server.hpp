// All rooms as one machine: HTTP requests are judged, signalling connections and datagrams find
// their participant, rooms come and go. One TCP port and one UDP socket in front of it are the
// shell's.
//
// Order of calls: admit() for each request; after the WebSocket of an admitted one is open,
// on_join(); then on_signal() and on_signal_closed(). Nothing throws on hostile input. One strand.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>

#include "core/dtls/context.hpp"
#include "core/ice/demux.hpp"
#include "core/server/room.hpp"
#include "core/signal/server_session.hpp"

namespace sidetone::server {

class Server {
 public:
  struct Parts {
    const dtls::Context* dtls = nullptr;   // outlives the server
    base::RandomSource* random = nullptr;  // outlives the server
    std::function<void()> wake;            // from any thread: call poll() soon
  };

  Server(Config config, Parts parts);

  // The answer to an HTTP request, or the participant that a WebSocket may be opened for.
  Admission admit(const HttpRequest& request, base::Instant now);

  void on_join(ConnectionId connection, JoinRequest join, base::Instant now, Outbox& out);
  void on_signal(ConnectionId connection, base::Bytes message, base::Instant now, Outbox& out);
  void on_signal_closed(ConnectionId connection, base::Instant now, Outbox& out);

  void on_datagram(const peer::Incoming& datagram, base::Instant now, Outbox& out);

  base::Deadline next_deadline() const;
  void on_deadline(base::Instant now, Outbox& out);
  // What SCTP's timers sent, after Parts::wake was called.
  void poll(base::Instant now, Outbox& out);

  // Every participant is told SERVER_SHUTDOWN.
  void shut_down(base::Instant now, Outbox& out);

  // Administration does more.
  bool remove_participant(std::string_view room,
                          std::string_view identity,
                          base::Instant now,
                          Outbox& out);
  bool delete_room(std::string_view room, base::Instant now, Outbox& out);
  Room* find_room(std::string_view name);

  std::size_t rooms() const { return rooms_.size(); }

  std::size_t participants() const { return members_.size(); }

  const Counters& counters() const { return counters_; }

  const Config& config() const { return config_; }

  // Prometheus text format, version 0.0.4.
  std::string metrics() const;

 private:
  friend class Administration;

  struct Member {
    Room* room = nullptr;
    Participant* participant = nullptr;
    signal::ServerSession session;
  };

  Member* member_of(ConnectionId connection);
  // Made when it is not there.
  Room& room(const std::string& name, base::Instant now);
  // A new signalling connection for a participant whose transports live (wire_protocol §7.1).
  void on_resume(ConnectionId connection, const JoinRequest& join, Turn turn);
  // Whether there is no place for one more; a returning identity takes its old one, and
  // one that resumes takes none.
  bool is_full(const JoinRequest& join) const;
  bool room_is_full(const JoinRequest& join) const;
  static void turn_away(ConnectionId connection,
                        livekit::DisconnectReason reason,
                        livekit::LeaveRequest::Action action,
                        Outbox& out);
  std::unique_ptr<peer::Peer> make_peer(std::uint64_t id, Target target, base::Instant now);
  void learn_ufrags(Participant& participant);
  void open_channels(Participant& participant, Turn turn);
  // Ends a turn of one room: offers, departures, and the room itself when it is empty.
  void settle(Room& room, Turn turn);
  void close_room(Room& room, livekit::DisconnectReason reason, Turn turn);

  Config config_;
  Parts parts_;
  Counters counters_;
  std::map<std::string, std::unique_ptr<Room>, std::less<>> rooms_;
  std::unordered_map<std::uint64_t, Member> members_;            // by participant id
  std::unordered_map<ConnectionId, std::uint64_t> connections_;  // to participant id
  ice::Demux demux_;                                             // to participant id * 2 + target
  std::uint64_t next_id_ = 1;
  peer::Output output_;
  signal::ServerOutbox decoded_;
};

}  // namespace sidetone::server
