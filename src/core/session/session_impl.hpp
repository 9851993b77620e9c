// The session's inside: its parts, and the turn that moves news between them. session*.cpp only.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/session/data_messages.hpp"
#include "core/session/figures.hpp"
#include "core/session/local_tracks.hpp"
#include "core/session/operations.hpp"
#include "core/session/publisher.hpp"
#include "core/session/reconnect_policy.hpp"
#include "core/session/remote_streams.hpp"
#include "core/session/session.hpp"
#include "core/session/subscriber.hpp"

namespace sidetone::session {

// Requests that wait for a resumed connection; each is a call of the user.
inline constexpr std::size_t kMaxQueuedRequests = 256;
// A server may name another URL to go to; two that name each other must not keep us busy.
inline constexpr int kMaxRedirects = 2;

class Session::Impl {
 public:
  enum class Phase : std::uint8_t {
    idle,
    connecting,
    connected,
    waiting,  // for the next attempt
    resuming,
    restarting,
    ended,
  };

  explicit Impl(SessionConfig config);

  // Every input is a turn: the work, then news moves between the parts until all is quiet.
  template <class Work>
  auto turn(base::Instant now, Outputs& out, Work work) {
    Turn turn{now, out, requests_};
    auto first_event = out.events.size();
    if constexpr (std::is_void_v<decltype(work(turn))>) {
      work(turn);
      settle(first_event, turn);
    } else {
      auto result = work(turn);
      settle(first_event, turn);
      return result;
    }
  }

  // session_user.cpp
  void connect(OperationId id, ConnectOptions options, Turn& turn);
  void publish(OperationId id, TrackSpec spec, media::SourcePipeline& pipeline, Turn& turn);
  void unpublish(OperationId id, std::string_view track_sid, Turn& turn);
  error_code set_muted(std::string_view track_sid, bool muted, Turn& turn);
  error_code set_subscribed(std::string_view track_sid, bool subscribed, Turn& turn);
  void set_metadata(OperationId id, const MetadataChange& change, Turn& turn);
  error_code set_subscription_permissions(SubscriptionPermissions permissions, Turn& turn);
  error_code simulate(SimulatedFault fault, Turn& turn);
  error_code attach(std::string_view track_sid,
                    media::PacketSink& sink,
                    StreamEnd end,
                    base::Instant now);
  void detach(const media::PacketSink& sink, base::Instant now);
  error_code send_data(const DataMessage& message, Turn& turn);
  void cancel(OperationId id, Turn& turn);

  // session_turn.cpp
  void on_datagram(const base::Datagram& datagram, base::Instant arrival, Turn& turn);
  void on_network(const ice::NetworkNews& news, Turn& turn);
  void on_deadline(Turn& turn);
  base::Deadline next_deadline() const;
  SessionCounters counters() const;
  SessionFigures figures() const;

  // session_lifecycle.cpp
  void end(DisconnectReason reason, errc code, const std::string& text, Turn& turn);

  // Inputs of another socket than the present one are late and ignored.
  bool is_current(SocketId socket) const { return signal_ && socket == socket_; }

  signal::ClientSession& signal() { return *signal_; }

  signal::ClientOutbox& signal_out() { return signal_out_; }

  Operations& operations() { return operations_; }

  Phase phase() const { return phase_; }

  const room::RoomState& room() const { return room_; }

 private:
  // session_turn.cpp
  void settle(std::size_t first_event, Turn& turn);
  void send_requests(Turn& turn);
  bool may_send(const livekit::SignalRequest& request) const;
  void take_signals(Turn& turn);
  bool take_wish(signal::ClientOutput& output, Turn& turn);
  template <class Side>
  void take_media(Side& side, bool is_publisher, Turn& turn);
  void on_peer_event(peer::Event& event, bool is_publisher, Turn& turn);
  void on_packet(rtp::ReceivedPacket& packet, Turn& turn);
  void on_data(const peer::Message& message, peer::Peer& peer, Turn& turn);
  void follow_events(std::size_t first, Turn& turn);
  bool quiet() const;
  const Receptions* receptions() const;
  void follow_receptions(const ReceptionChanges& changes, Turn& turn);
  void resolve_receptions(Turn& turn);
  void check_progress(Turn& turn);
  void expire_operations(Turn& turn);

  // session_responses.cpp
  void on_response(livekit::SignalResponse& response, Turn& turn);
  void on_negotiation(const livekit::SignalResponse& response, Turn& turn);
  void on_offer(const livekit::SessionDescription& offer, Turn& turn);
  void on_answer(const livekit::SessionDescription& answer, Turn& turn);
  void on_trickle(const livekit::TrickleRequest& trickle, Turn& turn);
  void on_room_news(const livekit::SignalResponse& response, Turn& turn);
  void on_track_news(const livekit::SignalResponse& response, Turn& turn);
  void on_leave(const livekit::LeaveRequest& leave, Turn& turn);
  void on_request_response(const livekit::RequestResponse& response, Turn& turn);
  void on_moved(const livekit::RoomMovedResponse& moved, Turn& turn);
  void finish_metadata(Turn& turn);
  // session_user.cpp
  void send_permissions(Turn& turn);
  void rename_permitted(const std::string& previous, const std::string& sid, Turn& turn);

  // session_lifecycle.cpp
  void open_socket(bool resume, Turn& turn);
  void on_join(const livekit::JoinResponse& join, Turn& turn);
  void on_reconnect(const livekit::ReconnectResponse& response, Turn& turn);
  void on_lost(const signal::Lost& lost, Turn& turn);
  void on_peer_failed(const std::string& reason, Turn& turn);
  void fail_connect(error_code error, const std::string& text, Turn& turn);
  void reconnect(ReconnectPolicy::Mode mode, const std::string& why, Turn& turn);
  void start_attempt(Turn& turn);
  void finish_reconnect(Turn& turn);
  void start_peers(Turn& turn);
  bool use_servers(std::vector<ice::Server> named, Turn& turn);
  void stop_peers(Turn& turn);
  void send_sync_state(Turn& turn);
  void send_subscriptions(Turn& turn);
  void resend_data();
  bool takes_two(const signal::Lost& lost, Turn& turn);
  const peer::Peer* primary() const;
  bool peers_live() const;
  std::string connect_timeout_text() const;

  SessionConfig config_;
  ConnectOptions options_;
  Phase phase_ = Phase::idle;
  OperationId connect_id_ = 0;
  room::RoomState room_;
  Operations operations_;
  LocalTracks tracks_;
  RemoteStreams streams_;
  DataMessages data_;
  SessionCounters counters_;

  std::optional<signal::ClientSession> signal_;
  SocketId socket_ = 0;
  signal::ClientOutbox signal_out_;
  base::Outbox<livekit::SignalRequest> requests_;
  std::deque<livekit::SignalRequest> queued_;

  struct MetadataRequest {
    OperationId operation = 0;
    MetadataChange change;
  };

  std::map<std::uint32_t, MetadataRequest> metadata_requests_;
  std::uint32_t next_request_ = 1;
  std::map<std::string, bool, std::less<>> subscriptions_;  // what the user asked for, by track sid
  std::optional<SubscriptionPermissions> permissions_;
  std::uint32_t last_seen_data_ = 0;  // of our reliable messages, by the server we resumed at
  // Dual: both. Single: the publisher carries both directions, and there is no subscriber (§4.5).
  bool single_ = false;
  std::unique_ptr<Publisher> publisher_;
  std::unique_ptr<Subscriber> subscriber_;
  TransportFigures published_, subscribed_;  // of connections that have ended
  base::Instant attempt_began_;
  std::optional<base::Duration> publisher_after_;
  std::optional<base::Duration> subscriber_after_;
  bool greeted_ = false;  // join or reconnect has come on the present socket
  bool subscriber_primary_ = true;
  std::uint64_t datagrams_before_ = 0;  // when the resumed session was greeted
  bool may_resume_ = true;
  int redirects_ = 0;
  ReconnectPolicy policy_;
  base::Deadline media_lost_at_;
  std::string media_lost_because_;
  base::Deadline attempt_at_, attempt_deadline_;
};

}  // namespace sidetone::session
