// A Room's inside: one strand that owns the session, its sockets and its one timer, and carries
// between them and the user. Each turn ends with pump(): the session's wishes go out, its events
// come in, the timer follows its deadline.
//
// Leaks: sockets, clock, threads; tests of behaviour use session::Session itself on virtual time
// (tests/sim). Threads: public calls from any; everything private on the strand, but what the mutex
// guards.
#pragma once

#include <atomic>
#include <boost/asio/post.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <sidetone/room.hpp>
#include <string>
#include <vector>

#include "core/crypto/system_random.hpp"
#include "core/dtls/context.hpp"
#include "core/media/source_pipeline.hpp"
#include "core/session/session.hpp"
#include "shell/audio_source.hpp"
#include "shell/audio_stream.hpp"
#include "shell/ice_streams.hpp"
#include "shell/operation.hpp"
#include "shell/room_parts.hpp"
#include "shell/room_view.hpp"
#include "shell/runtime.hpp"
#include "shell/sctp_host.hpp"
#include "shell/timer.hpp"
#include "shell/udp_socket.hpp"
#include "shell/websocket_client.hpp"

namespace sidetone::shell {

class RoomDriver final : public Loop::Service, public std::enable_shared_from_this<RoomDriver> {
 public:
  static std::shared_ptr<RoomDriver> create(const std::shared_ptr<Loop>& loop);

  const std::shared_ptr<Loop>& loop() const { return loop_; }

  const Strand& strand() const { return strand_; }

  // ---- any thread ----
  using Done = Operation<>::Handler;
  using Published = Operation<LocalTrackPublication>::Handler;

  void start_connect(std::string url, std::string token, ConnectOptions options, Done handler);
  void start_disconnect(Done handler);
  void start_publish(std::string name,
                     std::shared_ptr<Source> source,
                     PublishOptions options,
                     Published handler);
  void start_unpublish(std::string track_sid, base::Duration timeout, Done handler);
  // Something that ends in one turn of the session.
  using Request = std::function<error_code(session::Session&, base::Instant, session::Outputs&)>;
  void start_request(Request call, Done handler);
  void start_change(session::MetadataChange change, Done handler);
  void start_set_muted(std::string track_sid, bool muted, Done handler);
  void start_next_event(Operation<RoomEvent>::Handler handler);
  void add_handler(std::function<void(const RoomEvent&)> handler);

  // Nothing more is delivered to handlers once this returned.
  void silence() { silenced_.store(true, std::memory_order_release); }

  // Why something failed last, in words.
  std::string failure() const;
  // The same if that was with this code, else nothing.
  std::string failure(error_code of) const;
  RoomStats stats();

  RoomView& view() { return view_; }

  // A stream of one track, or of whatever a participant's source publishes.
  void follow_track(std::string track_sid, const std::shared_ptr<StreamCore>& core);
  void follow_participant(std::string identity,
                          TrackSource source,
                          const std::shared_ptr<StreamCore>& core);

  void runtime_ended() noexcept override;

 private:
  explicit RoomDriver(const std::shared_ptr<Loop>& loop);

  // Nothing after the Runtime's end: what is posted then would keep the driver and the loop alive.
  template <class Call>
  void on_strand(Call call) {
    if (loop_->ended()) return;
    boost::asio::post(
        strand_, [self = shared_from_this(), call = std::move(call)]() mutable { call(*self); });
  }

  // Reaches the driver while it lives; pushes of a source share one hop.
  struct Wake {
    std::weak_ptr<RoomDriver> driver;
    std::atomic<bool> pending{false};
  };

  // room_driver.cpp: the session's turn, and operations
  void pump();
  void deliver(session::Outputs& outputs);
  void on_timer(base::Instant now);
  void complete(session::Completion& completion);
  void end_room();
  void connect(std::string url,
               std::string token,
               const ConnectOptions& options,
               Operation<> operation);
  void leave();
  void failed(error_code error, std::string text);
  std::string already_published(const Source& source) const;
  void publish(std::string name,
               const std::shared_ptr<Source>& source,
               const PublishOptions& options,
               Operation<LocalTrackPublication> operation);
  std::function<void()> source_wake();
  std::function<void(OperationId)> canceller();

  // room_sockets.cpp
  std::optional<session::LocalEndpoints> open_udp(const std::string& url, std::string& why);
  bool open_udp_for(const std::vector<base::Address>& addresses,
                    std::vector<base::Endpoint>& endpoints);
  void on_datagrams(UdpSocket& socket, std::span<const ArrivedDatagram> datagrams);
  void fulfil(const session::SocketWish& wish);
  void open_socket(session::SocketId id, const signal::SocketRequest& request);
  WebSocketEvents socket_events(session::SocketId id);
  void send(const base::Outbox<base::Datagram>& datagrams);
  IceStreamEvents stream_events();
  void close_sockets();

  // room_events.cpp
  void renew_view();
  void renew_stats();
  void on_event(const room::Event& event);
  void publish_event(RoomEvent event);
  RoomEvent pop_event();
  void track_followers(const room::Event& event);
  void follow_begun(const room::ParticipantRef& who, const room::Track& track);
  void follow_ended(std::string_view track_sid);
  void attach(Follower& follower, std::string_view track_sid);
  Follower& keep_follower(Follower follower);
  void drop_follower(const StreamCore* core);
  void follow_republished(const room::LocalTrackRepublished& moved);
  std::string current_sid(const std::string& track_sid) const;

  std::shared_ptr<Loop> loop_;
  Strand strand_;
  crypto::SystemRandom random_;
  dtls::Context dtls_;
  std::shared_ptr<Wake> wake_;
  std::shared_ptr<SctpHost> sctp_;
  session::Session session_;
  session::Outputs outputs_;
  session::Outputs delivering_;  // swapped with outputs_ each turn; both stay warm
  Timer timer_;
  bool pumping_ = false;
  bool ended_ = false;
  OperationId connect_id_ = 0;  // 0: not called yet

  ConnectOptions connect_options_;
  base::Instant called_at_;  // the last connect()
  std::vector<std::shared_ptr<UdpSocket>> udp_;
  std::shared_ptr<IceStreams> streams_;
  std::map<session::SocketId, std::shared_ptr<WebSocketClient>> sockets_;
  base::Datagram incoming_;
  std::atomic<OperationId> next_id_{1};
  std::map<OperationId, Operation<>> operations_;
  std::map<OperationId, Operation<LocalTrackPublication>> publishing_;
  std::map<OperationId, LocalTrack> half_published_;
  std::map<std::string, LocalTrack, std::less<>> local_tracks_;  // by sid
  std::map<std::string, std::string> moved_;  // a publication's first sid, to its present one
  std::vector<Follower> followers_;
  static constexpr std::size_t kMaxEvents = 1000;
  static constexpr std::size_t kMaxEventBytes = std::size_t{8} << 20;  // of data in them
  std::deque<RoomEvent> events_;
  std::size_t event_bytes_ = 0;
  Waiters<RoomEvent> event_waiters_;
  std::atomic<std::uint64_t> events_dropped_{0};
  std::atomic<bool> silenced_{false};

  RoomView view_;
  mutable std::mutex mutex_;  // what follows
  std::vector<std::shared_ptr<std::function<void(const RoomEvent&)>>> handlers_;
  error_code failure_code_;
  std::string failure_;
  RoomStats stats_;
};

}  // namespace sidetone::shell
