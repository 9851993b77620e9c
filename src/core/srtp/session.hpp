// SRTP and SRTCP (RFC 3711, RFC 7714) with keys from DTLS (RFC 5764), over libsrtp2.
//
// A packet is protected once: a second protect under the same index is refused (`replayed`), and a
// retransmission sends the stored bytes. An SSRC that was released is never used again under these
// keys, since its index would start anew. SSRCs need no registration: the first authentic packet
// creates the stream; kMaxStreams bounds how many an authenticated peer may create.
//
// Errors: a Status and a counter; a refused packet keeps its bytes. One thread at a time per
// Session, different Sessions on different threads. Leak, named: libsrtp's library state is
// process-global; the first Session initialises it (thread-safe) and nothing shuts it down.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <sidetone/error.hpp>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/base/packet.hpp"

struct srtp_ctx_t_;

namespace sidetone::srtp {

enum class Profile : std::uint16_t {  // values: the DTLS-SRTP protection profile registry
  aes128_cm_sha1_80 = 0x0001,
  aead_aes_128_gcm = 0x0007,
};

constexpr std::size_t salt_bytes(Profile profile) {
  return profile == Profile::aead_aes_128_gcm ? 12 : 14;
}

// What the DTLS exporter is asked for: two keys of 16 bytes and two salts.
constexpr std::size_t exporter_bytes(Profile profile) {
  return 2 * (16 + salt_bytes(profile));
}

struct MasterKey {
  std::array<std::byte, 16> key{};
  std::array<std::byte, 14> salt{};  // GCM uses the first 12
};

struct KeyingMaterial {
  Profile profile = Profile::aead_aes_128_gcm;
  MasterKey client;  // what the DTLS client protects with
  MasterKey server;

  // RFC 5764 §4.2: client key, server key, client salt, server salt. nullopt: wrong size.
  static std::optional<KeyingMaterial> split(Profile profile, base::Bytes exported);
};

enum class Status {
  ok,
  malformed,         // not RTP or RTCP, too short or too long
  unauthentic,       // the tag is wrong: tampered, or another key
  replayed,          // this index was there before, or is older than the window
  too_many_streams,  // over kMaxStreams SSRCs
  released,          // the SSRC was released
  engine_failure,    // anything else libsrtp reports
};

struct Counters {
  std::uint64_t ok = 0;
  std::uint64_t malformed = 0;
  std::uint64_t unauthentic = 0;
  std::uint64_t replayed = 0;
  std::uint64_t refused = 0;  // too many streams, released SSRC, engine failure
};

class Session {
 public:
  static constexpr unsigned kReplayWindow = 1024;  // 20 s of 20 ms packets; audio.md §7, 11
  static constexpr std::size_t kMaxStreams = 256;  // each way; the server allows 64 per participant
  static constexpr std::size_t kMaxReleased = 16384;  // 64 KB; a subscription each second for 4 h
  // libsrtp may append up to 144 bytes in place.
  static constexpr std::size_t kMaxPlainBytes = base::kMaxPacketBytes - 144;

  // errc::media_failure when libsrtp refuses.
  static Result<Session> create(const KeyingMaterial& material, bool is_dtls_client);

  Status protect_rtp(base::Packet& packet);
  Status unprotect_rtp(base::Packet& packet);
  Status protect_rtcp(base::Packet& packet);
  Status unprotect_rtcp(base::Packet& packet);

  // The stream ended: frees its state. Later packets of this SSRC are refused. Not ok: after
  // kMaxReleased of them it stays, until the session is renewed.
  Status release_outbound(std::uint32_t ssrc);
  Status release_inbound(std::uint32_t ssrc);

  const Counters& outbound() const { return out_.counters; }

  const Counters& inbound() const { return in_.counters; }

  std::size_t outbound_streams() const { return out_.live.size(); }

  std::size_t inbound_streams() const { return in_.live.size(); }

 private:
  struct Free {
    void operator()(srtp_ctx_t_* context) const;
  };

  using Context = std::unique_ptr<srtp_ctx_t_, Free>;
  using Transform = int (*)(srtp_ctx_t_*, void*, int*);

  struct Direction {
    Context context;
    Counters counters;
    std::vector<std::uint32_t> live;
    std::vector<std::uint32_t> released;  // ascending
  };

  struct Pass {
    std::optional<std::uint32_t> ssrc;
    std::size_t max_bytes;
    Transform transform;
  };

  Session(Context out, Context in);
  static Context make_context(Profile profile, const MasterKey& key, bool outbound);
  static Status admit(const Direction& direction, const Pass& pass, std::size_t size);
  Status run(Direction& direction, const Pass& pass, base::Packet& packet);
  static Status release(Direction& direction, std::uint32_t ssrc);

  Direction out_;
  Direction in_;
};

}  // namespace sidetone::srtp
