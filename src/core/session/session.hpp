// A client's whole room as one machine: signalling, two peer connections (it offers on the
// publisher one, answers on the subscriber one), local and remote tracks, data, reconnect. Sockets,
// timers and threads belong to the caller: inputs come with the time, wishes go into Outputs.
//
// Operations are named by the caller's OperationId and end in exactly one Completion, at the latest
// at their deadline. Pipelines are borrowed: they must outlive their publication or attachment. The
// session drives source pipelines (it sends what they encode); a stream pipeline gets its packets
// and its end from here, and its deadlines from its owner, who also takes its frames. One thread at
// a time.
//
// Source: protocol/wire_protocol.md §2, §4, §7; api.md §5.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/endpoint.hpp"
#include "core/base/packet.hpp"
#include "core/base/random_source.hpp"
#include "core/base/time.hpp"
#include "core/dtls/context.hpp"
#include "core/room/room_state.hpp"
#include "core/session/outputs.hpp"

namespace sidetone::media {
class SourcePipeline;
class PacketSink;
}  // namespace sidetone::media

namespace sidetone::session {

// Connect, publish, unpublish and requests to the server, unless given otherwise (api.md §1).
inline constexpr base::Duration kDefaultTimeout = std::chrono::seconds(15);

// Our UDP sockets' addresses, concrete ones, at most 16 each. The two connections never share a
// socket: the server has one address for both, so only the socket tells their packets apart.
struct LocalEndpoints {
  std::vector<base::Endpoint> publisher;
  std::vector<base::Endpoint> subscriber;
};

struct SessionConfig {
  const dtls::Context* dtls = nullptr;   // outlives the session, shared by all
  base::RandomSource* random = nullptr;  // outlives the session
  base::WallClock wall;
  std::string version;         // of the library, told to the server
  std::function<void()> wake;  // from any thread: call on_deadline soon (core/sctp)
  ice::GatherConfig gather;    // of the peers; the session sets it as it connects
};

struct ConnectOptions {
  std::string url;
  std::string token;
  LocalEndpoints endpoints;
  // The user's STUN and TURN servers, in place of those the server names; relays only or not;
  // whether the caller opens streams (ice/network.hpp).
  ice::GatherConfig gather;
  bool auto_subscribe = true;
  PeerConnections peer_connections = PeerConnections::dual;
  base::Duration timeout = kDefaultTimeout;
  std::optional<base::Instant> called;  // by the user; when the session heard of it, if nothing
};

struct TrackSpec {
  std::string cid;  // unique among our tracks, no spaces; empty: one is made
  std::string name;
  TrackSource source = TrackSource::microphone;
  bool muted = false;
  bool stereo = false;
  bool dtx = true;
  bool red = false;
  std::string stream;  // groups tracks for synchronous play; empty: the server's choice
};

struct DataMessage {
  base::Bytes payload;
  std::string_view topic;
  bool reliable = true;
  std::vector<std::string> destinations;  // identities; empty: everyone else
};

class Session {
 public:
  explicit Session(SessionConfig config);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // ---- what the user asks for ----
  // Ends with success once joined and the primary connection is up. A session connects once.
  void connect(OperationId id, ConnectOptions options, base::Instant now, Outputs& out);
  // Tells the server without waiting for an answer; ends streams, pending operations (closed) and
  // the room (Disconnected) before it returns. Idempotent.
  void disconnect(base::Instant now, Outputs& out);

  // Ends with Completion.track_sid once the track's transport is up.
  void publish(OperationId id,
               TrackSpec spec,
               media::SourcePipeline& pipeline,
               base::Instant now,
               Outputs& out);
  // Ends when the server has accepted the offer without the track; the pipeline is free at once.
  void unpublish(OperationId id, std::string_view track_sid, base::Instant now, Outputs& out);
  error_code set_muted(std::string_view track_sid, bool muted, base::Instant now, Outputs& out);
  error_code set_subscribed(std::string_view track_sid,
                            bool subscribed,
                            base::Instant now,
                            Outputs& out);
  void set_metadata(OperationId id, const MetadataChange& change, base::Instant now, Outputs& out);
  // Told to the server, again after a full reconnect. closed, overflow (10,000 participants).
  error_code set_subscription_permissions(SubscriptionPermissions permissions,
                                          base::Instant now,
                                          Outputs& out);
  // closed unless connected.
  error_code simulate(SimulatedFault fault, base::Instant now, Outputs& out);

  // Packets of a remote track go to the pipeline, the last second's first when nobody listened;
  // several may listen to one track. A track not yet subscribed is waited for; not_found when the
  // room does not have it, overflow beyond 64 listeners. A track of our own is tapped: on_pcm
  // brings what it sends from now on.
  error_code attach(std::string_view track_sid,
                    media::PacketSink& sink,
                    StreamEnd end,
                    base::Instant now);
  void detach(const media::PacketSink& sink, base::Instant now);

  // Handed to the transport, or refused: payload_too_large, would_block while the transport is full
  // or not yet up, closed.
  error_code send_data(const DataMessage& message, base::Instant now, Outputs& out);

  // The operation ends with operation_aborted; what it began is undone (a half-published track is
  // unpublished, a half-made connection left).
  void cancel(OperationId id, base::Instant now, Outputs& out);
  // Changes the deadline of a pending operation.
  void set_deadline(OperationId id, base::Instant deadline);

  // ---- what the world says ----
  void on_socket_open(SocketId socket, base::Instant now, Outputs& out);
  void on_socket_refused(SocketId socket,
                         const signal::HttpRefusal& refusal,
                         base::Instant now,
                         Outputs& out);
  void on_socket_message(SocketId socket, base::Bytes message, base::Instant now, Outputs& out);
  // `code` as for signal::ClientSession::on_socket_closed.
  void on_socket_closed(SocketId socket,
                        const SocketFailure& failure,
                        base::Instant now,
                        Outputs& out);
  void on_datagram(const base::Datagram& datagram,
                   base::Instant arrival,
                   base::Instant now,
                   Outputs& out);

  // What became of Outputs::network.
  void on_network(const ice::NetworkNews& news, base::Instant now, Outputs& out);

  base::Deadline next_deadline() const;
  void on_deadline(base::Instant now, Outputs& out);

  // ---- what is known ----
  ConnectionState state() const;
  const room::RoomState& room() const;
  SessionCounters counters() const;
  SessionFigures figures() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sidetone::session
