// Datagrams from a stranger into both roles. Input: for each datagram one byte of direction and two
// of length, then its bytes.
#include <algorithm>

#include "core/base/bytes.hpp"
#include "core/dtls/transport.hpp"

namespace {

using namespace sidetone;

const dtls::Context& context() {
  static const auto certificate =
      crypto::Certificate::generate(std::chrono::seconds(1'700'000'000));
  static const dtls::Context context_of_all(certificate);
  return context_of_all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  dtls::Transport client(context());
  dtls::Transport server(context());
  dtls::Outbox out;
  base::Instant now{};
  client.start(dtls::Role::client, now, out);
  server.start(dtls::Role::server, now, out);
  client.set_remote_fingerprint(context().fingerprint(), now, out);
  base::ByteReader reader(std::as_bytes(std::span(data, size)));
  while (reader.ok() && reader.remaining() > 0) {
    auto direction = reader.u8();
    auto datagram = reader.take(std::min<std::size_t>(reader.u16(), reader.remaining()));
    auto& target = (direction & 1) != 0 ? server : client;
    now += std::chrono::milliseconds(direction);
    target.on_packet(datagram, now, out);
    target.on_deadline(now, out);
    // What one says the other hears: mutations start from a true handshake.
    if ((direction & 2) != 0)
      for (auto& packet : out.packets.take())
        ((direction & 4) != 0 ? server : client).on_packet(packet.bytes(), now, out);
  }
  return 0;
}
