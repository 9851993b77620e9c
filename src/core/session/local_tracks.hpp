// Our published tracks, from add_track to the last packet: announced, answered, offered, accepted,
// carried. Encodes what is due and hands it to the publisher's transport. Source:
// protocol/wire_protocol.md §4.3, §7.2.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/media/source_pipeline.hpp"
#include "core/room/room_state.hpp"
#include "core/session/operations.hpp"
#include "core/session/publisher.hpp"
#include "core/session/red_packer.hpp"

namespace sidetone::session {

// As many as our embedded server takes from one participant.
inline constexpr std::size_t kMaxLocalTracks = 32;

struct LocalTrack {
  enum class State : std::uint8_t {
    announced,  // add_track sent, track_published awaited
    offered,    // in an offer whose answer is awaited
    accepted,   // answered; the transport is not yet up
    live,       // packets flow
  };

  TrackSpec spec;  // `muted` is kept up to date
  media::SourcePipeline* pipeline = nullptr;
  OperationId operation = 0;
  State state = State::announced;
  std::string sid;
  std::string previous_sid;  // before a full reconnect, until announced again
  std::string mid;
  std::uint32_t ssrc = 0;
  livekit::TrackInfo info;  // as the server answered, for SyncState
  bool has_level = false;
  std::uint8_t opus_type = 111;
  std::optional<std::uint8_t> red_type;
  RedPacker red;
  std::uint64_t reports = 0;  // receiver reports already told to the pipeline
};

class LocalTracks {
 public:
  LocalTracks(room::RoomState& room, Operations& operations)
      : room_(room), operations_(operations) {}

  void publish(OperationId id, TrackSpec spec, media::SourcePipeline& pipeline, Turn& turn);
  // Frees the pipeline at once; the operation ends when the server accepts the offer without it.
  void unpublish(OperationId id, std::string_view sid, Publisher* publisher, Turn& turn);
  // Of a publish that has not ended: as if it had never begun.
  void withdraw(OperationId id, Publisher* publisher, Turn& turn);
  // The server dropped the track.
  void on_unpublished(std::string_view sid, Publisher* publisher, Turn& turn);
  bool set_muted(std::string_view sid, bool muted, Turn& turn);

  // Whether the track is ours and now has its section: then negotiate.
  bool on_published(const livekit::TrackPublishedResponse& response,
                    Publisher& publisher,
                    Turn& turn);
  void on_refused(const livekit::RequestResponse& response, Turn& turn);
  void on_answer(const std::vector<sdp::AudioSection>& sections, Publisher& publisher, Turn& turn);
  void on_transport_up(Turn& turn);
  void on_subscribed(std::string_view sid, Turn& turn);

  // A new session: every track is announced again, on a new publisher.
  void republish(Turn& turn);
  void transport_down(base::Instant now);
  void end_all(base::Instant now);

  // Local streams: what the track sends, from now on. not_found, overflow.
  error_code attach(std::string_view sid,
                    media::PacketSink& sink,
                    StreamEnd end,
                    base::Instant now);
  void detach(const media::PacketSink& sink, base::Instant now);

  void pump(Publisher* publisher, Turn& turn);
  base::Deadline next_deadline() const;

  LocalTrack* find(std::string_view sid);

  const std::vector<LocalTrack>& tracks() const { return tracks_; }

  bool all_live() const;

 private:
  void announce(const LocalTrack& track, Turn& turn);
  void send(LocalTrack& track, const media::EncodedAudio& audio, Publisher& publisher, Turn& turn);
  void start(LocalTrack& track, Turn& turn);
  bool add_sender(LocalTrack& track, const sdp::AudioSection& section, Publisher& publisher);
  // Takes the track off the wire and out of the list.
  void take_down(std::size_t index, Publisher* publisher, Turn& turn);
  void finish_unpublished(const Publisher& publisher, Turn& turn);

  struct Leaving {
    OperationId operation = 0;
    std::uint32_t offer = 0;
  };

  room::RoomState& room_;
  Operations& operations_;
  std::vector<LocalTrack> tracks_;
  std::vector<Leaving> leaving_;
  base::Outbox<media::EncodedAudio> encoded_;
};

}  // namespace sidetone::session
