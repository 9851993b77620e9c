#include "core/srtp/session.hpp"

#include <srtp2/srtp.h>

#include <algorithm>
#include <cstring>

#include "core/rtp/packet.hpp"
#include "core/rtp/rtcp.hpp"
#include "core/rtp/sender.hpp"

namespace sidetone::srtp {
namespace {

static_assert(SRTP_MAX_TRAILER_LEN == 144);
static_assert(rtp::kMaxRtpBytes <= Session::kMaxPlainBytes);

constexpr std::size_t kKeyBytes = 16;

// libsrtp reads and writes words: a datagram's bytes need not be aligned. The copy also leaves the
// packet as it was when libsrtp fails halfway.
struct Scratch {
  alignas(16) std::array<unsigned char, base::kMaxPacketBytes> bytes;
};

bool initialise_library() {
  static const bool done = srtp_init() == srtp_err_status_ok;
  return done;
}

Status to_status(int result) {
  switch (result) {
    case srtp_err_status_ok: return Status::ok;
    case srtp_err_status_bad_param:
    case srtp_err_status_parse_err: return Status::malformed;
    case srtp_err_status_auth_fail: return Status::unauthentic;
    case srtp_err_status_replay_fail:
    case srtp_err_status_replay_old: return Status::replayed;
    default: return Status::engine_failure;
  }
}

void count(Counters& counters, Status status) {
  switch (status) {
    case Status::ok: ++counters.ok; break;
    case Status::malformed: ++counters.malformed; break;
    case Status::unauthentic: ++counters.unauthentic; break;
    case Status::replayed: ++counters.replayed; break;
    case Status::too_many_streams:
    case Status::released:
    case Status::engine_failure: ++counters.refused; break;
  }
}

// The number whose bytes in memory are those of `value` on the wire.
std::uint32_t network_order(std::uint32_t value) {
  std::array<std::byte, 4> bytes{};
  base::ByteWriter(bytes).u32(value);
  std::uint32_t swapped = 0;
  std::memcpy(&swapped, bytes.data(), bytes.size());
  return swapped;
}

bool contains(const std::vector<std::uint32_t>& ssrcs, std::uint32_t ssrc) {
  return std::find(ssrcs.begin(), ssrcs.end(), ssrc) != ssrcs.end();
}

}  // namespace

std::optional<KeyingMaterial> KeyingMaterial::split(Profile profile, base::Bytes exported) {
  if (exported.size() != exporter_bytes(profile)) return std::nullopt;
  KeyingMaterial material{.profile = profile, .client = {}, .server = {}};
  base::ByteReader reader(exported);
  auto take = [&](std::span<std::byte> into, std::size_t size) {
    auto part = reader.take(size);
    std::copy(part.begin(), part.end(), into.begin());
  };
  take(material.client.key, kKeyBytes);
  take(material.server.key, kKeyBytes);
  take(material.client.salt, salt_bytes(profile));
  take(material.server.salt, salt_bytes(profile));
  return material;
}

void Session::Free::operator()(srtp_ctx_t_* context) const {
  srtp_dealloc(context);
}

Session::Session(Context out, Context in) {
  out_.context = std::move(out);
  in_.context = std::move(in);
}

Result<Session> Session::create(const KeyingMaterial& material, bool is_dtls_client) {
  if (!initialise_library()) return errc::media_failure;
  const auto& ours = is_dtls_client ? material.client : material.server;
  const auto& theirs = is_dtls_client ? material.server : material.client;
  auto out = make_context(material.profile, ours, true);
  auto in = make_context(material.profile, theirs, false);
  if (!out || !in) return errc::media_failure;
  return Session(std::move(out), std::move(in));
}

Session::Context Session::make_context(Profile profile, const MasterKey& key, bool outbound) {
  std::array<unsigned char, SRTP_MAX_KEY_LEN> master{};
  std::memcpy(master.data(), key.key.data(), kKeyBytes);
  std::memcpy(master.data() + kKeyBytes, key.salt.data(), salt_bytes(profile));

  srtp_policy_t policy{};
  if (profile == Profile::aead_aes_128_gcm) {
    srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
    srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
  } else {
    srtp_crypto_policy_set_rtp_default(&policy.rtp);
    srtp_crypto_policy_set_rtcp_default(&policy.rtcp);
  }
  policy.ssrc.type = outbound ? ssrc_any_outbound : ssrc_any_inbound;
  policy.key = master.data();
  policy.window_size = kReplayWindow;
  policy.allow_repeat_tx = 0;

  srtp_t context = nullptr;
  if (srtp_create(&context, &policy) != srtp_err_status_ok) return nullptr;
  return Context(context);
}

Status Session::protect_rtp(base::Packet& packet) {
  return run(out_,
             {.ssrc = rtp::packet_ssrc(packet.bytes()),
              .max_bytes = kMaxPlainBytes,
              .transform = [](srtp_ctx_t_* context, void* bytes, int* size) -> int {
                return srtp_protect(context, bytes, size);
              }},
             packet);
}

Status Session::unprotect_rtp(base::Packet& packet) {
  return run(in_,
             {.ssrc = rtp::packet_ssrc(packet.bytes()),
              .max_bytes = base::kMaxPacketBytes,
              .transform = [](srtp_ctx_t_* context, void* bytes, int* size) -> int {
                return srtp_unprotect(context, bytes, size);
              }},
             packet);
}

Status Session::protect_rtcp(base::Packet& packet) {
  return run(out_,
             {.ssrc = rtp::rtcp_ssrc(packet.bytes()),
              .max_bytes = kMaxPlainBytes,
              .transform = [](srtp_ctx_t_* context, void* bytes, int* size) -> int {
                return srtp_protect_rtcp(context, bytes, size);
              }},
             packet);
}

Status Session::unprotect_rtcp(base::Packet& packet) {
  return run(in_,
             {.ssrc = rtp::rtcp_ssrc(packet.bytes()),
              .max_bytes = base::kMaxPacketBytes,
              .transform = [](srtp_ctx_t_* context, void* bytes, int* size) -> int {
                return srtp_unprotect_rtcp(context, bytes, size);
              }},
             packet);
}

Status Session::admit(const Direction& direction, const Pass& pass, std::size_t size) {
  if (!pass.ssrc || size > pass.max_bytes) return Status::malformed;
  if (std::binary_search(direction.released.begin(), direction.released.end(), *pass.ssrc))
    return Status::released;
  if (direction.live.size() >= kMaxStreams && !contains(direction.live, *pass.ssrc))
    return Status::too_many_streams;
  return Status::ok;
}

Status Session::run(Direction& direction, const Pass& pass, base::Packet& packet) {
  auto status = admit(direction, pass, packet.size());
  if (status == Status::ok) {
    Scratch scratch;  // NOLINT(cppcoreguidelines-pro-type-member-init): all written that is read
    std::memcpy(scratch.bytes.data(), packet.bytes().data(), packet.size());
    int size = static_cast<int>(packet.size());
    status = to_status(pass.transform(direction.context.get(), scratch.bytes.data(), &size));
    if (status == Status::ok) {
      packet.assign(std::as_bytes(std::span(scratch.bytes)).first(static_cast<std::size_t>(size)));
      if (!contains(direction.live, *pass.ssrc)) direction.live.push_back(*pass.ssrc);
    }
  }
  count(direction.counters, status);
  return status;
}

Status Session::release_outbound(std::uint32_t ssrc) {
  return release(out_, ssrc);
}

Status Session::release_inbound(std::uint32_t ssrc) {
  return release(in_, ssrc);
}

Status Session::release(Direction& direction, std::uint32_t ssrc) {
  auto& released = direction.released;
  auto at = std::lower_bound(released.begin(), released.end(), ssrc);
  if (at != released.end() && *at == ssrc) return Status::ok;
  if (released.size() == kMaxReleased) return Status::too_many_streams;
  released.insert(at, ssrc);
  if (std::erase(direction.live, ssrc) == 0) return Status::ok;
  // Unlike everything else in libsrtp 2, this call wants the SSRC in network order.
  return to_status(srtp_remove_stream(direction.context.get(), network_order(ssrc)));
}

}  // namespace sidetone::srtp
