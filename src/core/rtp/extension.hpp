// RTP header extensions (RFC 8285) and the three that matter for audio.
//
// One-byte form (profile 0xBEDE):        |  ID   | len-1 |  data …   ID 1..14, 1..16 bytes
// Two-byte form (profile 0x100X):        |      ID       |      len      |  data …   ID 1..255
// Bytes of value 0 between elements are padding; ID 15 in the one-byte form ends the block.
//
// Errors: malformed elements end the reading, what came before stands. Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/bytes.hpp"

namespace sidetone::rtp {

inline constexpr std::string_view kAudioLevelUri = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";
inline constexpr std::string_view kMidUri = "urn:ietf:params:rtp-hdrext:sdes:mid";
inline constexpr std::string_view kCaptureTimeUri =
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time";

inline constexpr std::uint16_t kOneByteForm = 0xbede;
inline constexpr std::uint16_t kTwoByteForm = 0x1000;  // the low four bits are the application's

// The element's data, borrowed; nullopt: not there, or the profile is of neither form. An element
// of length zero (two-byte form only) is found and empty.
std::optional<base::Bytes> find_extension(std::uint16_t form, base::Bytes body, std::uint8_t id);

// Collects elements for one packet. The form is chosen by the first that needs two bytes (ID over
// 14, empty or over 16 bytes): ask form() and body() after the last add().
class ExtensionBlock {
 public:
  // Elements and padding together; three short ones need 28.
  static constexpr std::size_t kMaxBytes = 96;
  static constexpr std::size_t kMaxElements = 8;

  // What does not fit, and ID 0, is left out.
  void add(std::uint8_t id, base::Bytes data);

  bool empty() const { return count_ == 0; }

  std::uint16_t form() const { return two_byte_ ? kTwoByteForm : kOneByteForm; }

  // Padded to four bytes; valid until the next add().
  base::Bytes body();

 private:
  struct Element {
    std::uint8_t id;
    std::uint8_t at;
    std::uint8_t size;
  };

  std::array<Element, kMaxElements> elements_;
  std::array<std::byte, kMaxBytes> data_;
  std::array<std::byte, kMaxBytes + 2 * kMaxElements + 4> body_;
  std::size_t count_ = 0;
  std::size_t data_size_ = 0;
  bool two_byte_ = false;
};

// RFC 6464: |V| level |, level in -dBov, 127 silence.
struct AudioLevel {
  std::uint8_t level = 127;
  bool voice = false;

  friend bool operator==(const AudioLevel&, const AudioLevel&) = default;
};

std::optional<AudioLevel> parse_audio_level(base::Bytes data);
std::byte write_audio_level(AudioLevel level);  // levels over 127 are written as 127

// abs-capture-time: NTP time (32.32) at which the packet's first sample was captured, and how far
// the sender believes its clock to be behind the capturing system's (32.32, signed).
struct CaptureTime {
  std::uint64_t ntp = 0;
  std::optional<std::int64_t> clock_offset{};

  friend bool operator==(const CaptureTime&, const CaptureTime&) = default;
};

std::optional<CaptureTime> parse_capture_time(base::Bytes data);
// 8 or 16 bytes of `into`.
base::Bytes write_capture_time(const CaptureTime& time, std::array<std::byte, 16>& into);

}  // namespace sidetone::rtp
