// A stranger's datagrams are never authentic, and whatever is protected comes back whole. Input:
// one byte of profile, then for each datagram one of action and two of length, then its bytes.
#include <algorithm>
#include <cstdlib>

#include "core/base/seeded_random.hpp"
#include "core/srtp/session.hpp"

using namespace sidetone;

namespace {

srtp::KeyingMaterial keys(srtp::Profile profile) {
  std::array<std::byte, 60> bytes{};
  base::SeededRandom(7).fill(bytes);
  auto exported = base::Bytes(bytes).first(srtp::exporter_bytes(profile));
  return srtp::KeyingMaterial::split(profile, exported).value();
}

void round_trip(srtp::Session& from, srtp::Session& to, base::Packet packet, bool rtcp) {
  auto plain = packet;
  auto status = rtcp ? from.protect_rtcp(packet) : from.protect_rtp(packet);
  if (status != srtp::Status::ok) {
    if (!std::ranges::equal(packet.bytes(), plain.bytes())) std::abort();
    return;
  }
  auto replay = packet;
  auto received = rtcp ? to.unprotect_rtcp(packet) : to.unprotect_rtp(packet);
  // Not ok: the input's own numbers are older than the window, or let the rollover count be guessed
  // differently.
  if (received != srtp::Status::ok) return;
  if (!std::ranges::equal(packet.bytes(), plain.bytes())) std::abort();
  if ((rtcp ? to.unprotect_rtcp(replay) : to.unprotect_rtp(replay)) == srtp::Status::ok)
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  base::ByteReader reader(std::as_bytes(std::span(data, size)));
  auto profile =
      (reader.u8() & 1) != 0 ? srtp::Profile::aes128_cm_sha1_80 : srtp::Profile::aead_aes_128_gcm;
  auto client = srtp::Session::create(keys(profile), true).value();
  auto server = srtp::Session::create(keys(profile), false).value();
  while (reader.ok() && reader.remaining() > 0) {
    auto action = reader.u8();
    base::Packet packet(reader.take(std::min<std::size_t>(reader.u16(), reader.remaining())));
    if ((action & 1) != 0) {
      round_trip(client, server, packet, (action & 2) != 0);
      continue;
    }
    auto status = (action & 2) != 0 ? server.unprotect_rtcp(packet) : server.unprotect_rtp(packet);
    if (status == srtp::Status::ok) std::abort();
  }
  return 0;
}
