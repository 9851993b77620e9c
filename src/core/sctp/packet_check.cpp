#include "core/sctp/packet_check.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace sidetone::sctp {
namespace {

constexpr std::size_t kCommonHeaderBytes = 12;
constexpr std::size_t kHeaderBytes = 4;  // of a chunk, a parameter, a cause

enum class Chunk : std::uint8_t {
  init = 1,
  init_ack = 2,
  heartbeat = 4,
  heartbeat_ack = 5,
  abort = 6,
  error = 9,
  reconfig = 130,
};

constexpr std::size_t padding(std::size_t length) {
  return (4 - length % 4) % 4;
}

// The fixed part before the parameters of a chunk that has any (RFC 9260 §3.3, RFC 6525 §3.1).
std::optional<std::size_t> fixed_bytes(std::uint8_t type) {
  switch (static_cast<Chunk>(type)) {
    case Chunk::init:
    case Chunk::init_ack: return 16;
    case Chunk::heartbeat:
    case Chunk::heartbeat_ack:
    case Chunk::abort:
    case Chunk::error:
    case Chunk::reconfig: return 0;
  }
  return {};
}

// The last one may come without its padding.
bool skip_padding(base::ByteReader& reader, std::size_t length) {
  reader.skip(std::min(padding(length), reader.remaining()));
  return reader.ok();
}

bool parameters_well_formed(base::Bytes value, std::size_t fixed) {
  base::ByteReader reader(value);
  reader.skip(fixed);
  while (reader.ok() && reader.remaining() > 0) {
    reader.skip(2);  // type
    std::size_t length = reader.u16();
    if (length < kHeaderBytes) return false;
    reader.skip(length - kHeaderBytes);
    if (!skip_padding(reader, length)) return false;
  }
  return reader.ok();
}

}  // namespace

bool well_formed(base::Bytes packet) {
  base::ByteReader reader(packet);
  reader.skip(kCommonHeaderBytes);
  if (!reader.ok() || reader.remaining() == 0) return false;
  while (reader.remaining() > 0) {
    auto type = reader.u8();
    reader.skip(1);
    std::size_t length = reader.u16();
    if (length < kHeaderBytes) return false;
    auto value = reader.take(length - kHeaderBytes);
    if (!skip_padding(reader, length)) return false;
    if (auto fixed = fixed_bytes(type); fixed && !parameters_well_formed(value, *fixed))
      return false;
  }
  return true;
}

}  // namespace sidetone::sctp
