// What is known of a participant, as a plain value, and the local one, which can act.
//
// Participant: a copy, safe on any thread; ask the Room again for later changes. Source: LiveKit's
// ParticipantInfo. LocalParticipant: a cheap handle. Calls from any thread; each request to the
// server has a deadline of 15 s unless given otherwise and ends in one of: forbidden (the token
// does not grant it), invalid_argument, timed_out, closed (not connected, or disconnected
// meanwhile), media_failure, unsupported, operation_aborted (cancelled: a half-published track is
// taken back).
#pragma once

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <sidetone/audio_source.hpp>
#include <sidetone/error.hpp>
#include <sidetone/export.hpp>
#include <sidetone/track.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sidetone {
inline namespace v0 {

struct Participant {
  std::string sid;
  std::string identity;
  std::string name;
  std::string metadata;
  std::map<std::string, std::string> attributes;
  ParticipantKind kind = ParticipantKind::standard;
  bool local = false;
  bool active = false;  // its media is connected
  bool speaking = false;
  float audio_level = 0;  // 0 to 1, linear
  ConnectionQuality quality = ConnectionQuality::unknown;
  ParticipantPermissions permissions;
  std::vector<Track> tracks;
};

struct PublishOptions {
  TrackSource source = TrackSource::microphone;
  std::uint32_t bitrate = 48000;  // bit/s, 6000 to 510000
  std::optional<bool> dtx;        // default: on for mono
  std::optional<bool> red;        // offer redundancy (RFC 2198); default: for mono, not for music
  bool music = false;             // tune the encoder for music
  bool muted = false;             // published muted it stays muted until set_muted(false)
  std::chrono::milliseconds packet_duration{20};  // or 10
  std::optional<std::chrono::milliseconds> hold_until_subscribed;
  std::chrono::nanoseconds timeout = std::chrono::seconds(15);
};

// A published track of ours: a cheap value.
struct LocalTrackPublication {
  std::string sid;
  std::string name;
};

struct DataOptions {
  bool reliable = true;
  std::string topic;
  std::vector<std::string> destinations;  // identities; empty: everyone else
};

class SIDETONE_API LocalParticipant {
 public:
  Participant info() const;
  std::string identity() const;

  // Ends when the track's transport is up: from then on the source drains. A source has one
  // publication at a time, in whichever Room; a second one is invalid_argument.
  LocalTrackPublication publish_track(std::string name,
                                      AudioSource& source,
                                      const PublishOptions& options = {});

  // void(error_code, LocalTrackPublication)
  template <class Token>
  auto async_publish_track(std::string name,
                           AudioSource& source,
                           const PublishOptions& options,
                           Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code, LocalTrackPublication)>(
        [driver = driver_](auto handler, std::string track, const AudioSource& from,
                           const PublishOptions& how) {
          start_publish(driver, std::move(track), from, how, std::move(handler));
        },
        token, std::move(name), source, options);
  }

  // The source is free again at once; the others hear the end of the track.
  void unpublish_track(const LocalTrackPublication& publication,
                       std::chrono::nanoseconds timeout = std::chrono::seconds(15));

  template <class Token>
  auto async_unpublish_track(const LocalTrackPublication& publication, Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code)>(
        [driver = driver_](auto handler, std::string sid) {
          start_unpublish(driver, std::move(sid), std::move(handler));
        },
        token, publication.sid);
  }

  // Told to the server, not waited for. closed, not_found.
  void set_muted(const LocalTrackPublication& publication, bool muted);

  // Handed to the transport or refused: would_block (the transport is full or not up yet),
  // payload_too_large, closed.
  void publish_data(std::span<const std::byte> payload, const DataOptions& options = {});

  // Ours, as the others see it; a copy of it is in info() when these return. The token must grant
  // canUpdateOwnMetadata (forbidden). Empty text changes nothing; an attribute with an empty value
  // is removed. payload_too_large: more than the server takes.
  void set_metadata(std::string metadata);
  void set_name(std::string name);
  void set_attributes(std::map<std::string, std::string> attributes);

  // void(error_code) each.
  template <class Token>
  auto async_set_metadata(std::string metadata, Token&& token) {
    return async_change(std::move(metadata), {}, {}, std::forward<Token>(token));
  }

  template <class Token>
  auto async_set_name(std::string name, Token&& token) {
    return async_change({}, std::move(name), {}, std::forward<Token>(token));
  }

  template <class Token>
  auto async_set_attributes(std::map<std::string, std::string> attributes, Token&& token) {
    return async_change({}, {}, std::move(attributes), std::forward<Token>(token));
  }

  // Who may subscribe to our tracks, present and future ones: everyone, or those listed. Told to
  // the server, not waited for; kept through reconnects. closed.
  void set_track_subscription_permissions(bool all_participants,
                                          std::vector<TrackPermission> participants = {});

 private:
  friend class Room;
  using PublishHandler =
      boost::asio::any_completion_handler<void(error_code, LocalTrackPublication)>;
  using Handler = boost::asio::any_completion_handler<void(error_code)>;

  explicit LocalParticipant(std::shared_ptr<shell::RoomDriver> driver)
      : driver_(std::move(driver)) {}

  static void start_publish(const std::shared_ptr<shell::RoomDriver>& driver,
                            std::string name,
                            const AudioSource& source,
                            const PublishOptions& options,
                            PublishHandler handler);
  using Attributes = std::map<std::string, std::string>;

  template <class Token>
  auto async_change(std::string metadata, std::string name, Attributes attributes, Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code)>(
        [driver = driver_](auto handler, std::string m, std::string n, Attributes a) {
          start_change(driver, std::move(m), std::move(n), std::move(a), std::move(handler));
        },
        token, std::move(metadata), std::move(name), std::move(attributes));
  }

  static void start_change(const std::shared_ptr<shell::RoomDriver>& driver,
                           std::string metadata,
                           std::string name,
                           Attributes attributes,
                           Handler handler);
  void change(std::string metadata, std::string name, Attributes attributes);
  static void start_unpublish(const std::shared_ptr<shell::RoomDriver>& driver,
                              std::string sid,
                              Handler handler);

  std::shared_ptr<shell::RoomDriver> driver_;
};

}  // namespace v0
}  // namespace sidetone
