// For tests only: a Session, a server made of a script and two real transports, and the network
// between them, on a virtual clock that OpenSSL and usrsctp share.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/seeded_random.hpp"
#include "core/media/packet_sink.hpp"
#include "core/media/pcm_feed.hpp"
#include "core/media/source_pipeline.hpp"
#include "core/peer/peer.hpp"
#include "core/sdp/publisher_answer.hpp"
#include "core/sdp/subscriber_offer.hpp"
#include "core/session/session.hpp"

namespace sidetone::session::test {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): tests read better

// A source that always has the next 20 ms of a constant once its sink is up.
class SteadyFeed final : public media::PcmFeed {
 public:
  audio::Format format() const override { return {48000, 1}; }

  base::Deadline next_deadline() const override { return next_; }

  bool take(base::Instant now, send::PcmPacket& packet) override;

  void configure(const send::SinkOptions& /*options*/, base::Instant /*now*/) override {}

  void set_sink(bool up, base::Instant now) override;

  void on_subscribed(base::Instant /*now*/) override { ++subscribed; }

  void set_muted(bool on, base::Instant /*now*/) override { muted = on; }

  bool sink = false;
  bool muted = false;
  int subscribed = 0;

 private:
  base::Deadline next_;
  std::int64_t rtp_time_ = 0;
};

struct LocalSource {
  SteadyFeed feed;
  media::SourcePipeline pipeline{feed, {.dtx = false}};
};

struct Ear final : media::PacketSink {
  void on_packet(const rtp::ReceivedPacket& packet, base::Instant /*now*/) override {
    packets.push_back(packet);
  }

  void on_pcm(const media::TappedPacket& /*tapped*/, base::Instant /*now*/) override { ++pcm; }

  void end(media::EndReason reason, base::Instant /*now*/) override { ended.push_back(reason); }

  std::vector<rtp::ReceivedPacket> packets;
  int pcm = 0;  // packets of a track of our own
  std::vector<media::EndReason> ended;
};

// What the server does; tests change it.
struct Script {
  bool open_sockets = true;
  bool greet = true;  // send join or reconnect as the first message
  bool fast_publish = true;
  bool answer_offers = true;
  bool publish_tracks = true;  // answer add_track
  bool resume = true;          // else leave{STATE_MISMATCH, RECONNECT}
  bool media = true;           // datagrams arrive
  PeerConnections peer_connections = PeerConnections::dual;  // what the client is told to use
  bool single = true;                                        // the server has /rtc/v1
  int broken_resumes = 0;      // so many end after their first messages
  int refused_resumes = 0;     // so many are answered with 500
  bool says_reconnect = true;  // as the first message of a resumed session
  bool trickle_first = false;  // the server's candidates come before its offer
  std::uint32_t last_message_seq = 0;
  std::function<void(std::string& sdp)> edit_offer;  // before it is sent
  std::function<void(livekit::JoinResponse& join)> edit_join;
  std::vector<livekit::ParticipantInfo> others;
};

class Stage {
 public:
  Stage();

  // Connects and expects success.
  void connect();
  void start_connect(OperationId id, base::Duration timeout = 15s);
  // Publishes and expects success: the sid.
  std::string publish(LocalSource& source, TrackSpec spec = {});

  void run_for(base::Duration duration);
  bool run_until(const std::function<bool()>& done, base::Duration limit = 10s);
  base::Instant now() const;

  // The server's side.
  void send(const livekit::SignalResponse& response);
  void send_update(std::vector<livekit::ParticipantInfo> participants);
  void drop_socket();
  void close_connections();  // the media ones
  void leave(livekit::DisconnectReason reason, livekit::LeaveRequest::Action action);
  // A track in the next offer; the offer itself is sent by offer().
  std::uint32_t forward(const std::string& participant_sid, const std::string& track_sid);
  void withdraw(std::uint32_t ssrc);
  void offer();
  void send_audio(std::uint32_t ssrc, std::string_view payload);
  // In single mode: the SSRC that carries the track.
  std::uint32_t forwarded_ssrc(const std::string& track_sid) const;
  // On the reliable channel.
  void send_data(std::string_view bytes);

  // Takes what the session wants; call it after each call to the session.
  void settle();

  // Completions so far of one operation; nothing: still pending.
  const Completion* completion(OperationId id) const;
  std::string story();  // events since the last call, in letters
  std::string asked();  // requests since the last call, pings and trickle left out

  struct Request {
    std::string target;
    std::string authorization;
  };

  // Called before and after each packet and deadline goes into the session.
  std::function<void(bool entering)> watch = [](bool) {};

  bool accept_any_answer = false;  // to an edited offer
  Script script;
  Session session;
  Outputs out;
  std::vector<Request> opened;
  std::vector<livekit::SignalRequest> requests;
  std::vector<room::Event> events;
  std::vector<Completion> completions;
  std::vector<std::string> closed_sockets;
  std::unique_ptr<peer::Peer> publisher;  // the server's ends
  std::unique_ptr<peer::Peer> subscriber;
  std::vector<rtp::ReceivedPacket> heard;  // by the server
  std::vector<std::string> messages;       // data the server received
  SocketId socket = 0;

 private:
  struct Flight {
    bool to_session = false;
    base::Datagram datagram;
  };

  void fulfil(SocketWish& wish);
  void on_request(const livekit::SignalRequest& request);
  void greet(bool reconnect);
  void make_peers();
  void greet_v1(std::string_view target);
  livekit::SessionDescription answer_v1(sdp::Description answer,
                                        const std::vector<sdp::AudioSection>& offered);
  void on_offer(const livekit::SessionDescription& offer);
  void on_answer(const livekit::SessionDescription& answer);
  void take();
  void step();
  base::Deadline next_event() const;

  base::SeededRandom random_{7};
  base::SeededRandom server_random_{8};
  std::unique_ptr<sdp::PublisherAnswer> answers_;
  std::unique_ptr<sdp::SubscriberOffer> offers_;
  std::map<std::uint32_t, std::string> mids_;

  // In single mode: what the server forwards, in which section of the client's.
  struct Forwarded {
    std::string participant_sid;
    std::string track_sid;
    std::string mid;  // empty: none yet
  };

  bool single_ = false;
  std::map<std::uint32_t, Forwarded> forwarded_;
  std::uint32_t offer_id_ = 10;
  int joins_ = 0;
  int published_ = 0;
  OperationId next_operation_ = 1000;
  peer::Output output_;
  std::multimap<base::Instant, Flight> wire_;
  std::vector<std::string> to_client_;
  base::Instant sctp_due_;
  std::size_t told_events_ = 0;
  std::size_t told_requests_ = 0;
};

livekit::ParticipantInfo person(const std::string& sid,
                                const std::string& identity,
                                std::uint32_t version = 1);
livekit::ParticipantInfo with_track(livekit::ParticipantInfo info, const std::string& track_sid);

}  // namespace sidetone::session::test
