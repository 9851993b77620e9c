#include "core/ice/answer.hpp"

namespace sidetone::ice {
namespace {

base::Packet& packet_to(const Path& path, Output& out) {
  auto& datagram = out.datagrams.push(base::Datagram{path.local, path.remote, {}});
  return datagram.packet;
}

}  // namespace

void answer_check(const Path& path,
                  const stun::Message& request,
                  std::string_view pwd,
                  Output& out) {
  auto& packet = packet_to(path, out);
  stun::Builder builder(packet.storage(), stun::Class::success, request.transaction);
  packet.resize(builder.mapped(path.remote).integrity(pwd).fingerprint().finish().size());
}

void refuse_check(const Path& path,
                  const stun::Message& request,
                  std::uint16_t code,
                  std::string_view pwd,
                  Output& out) {
  auto& packet = packet_to(path, out);
  stun::Builder builder(packet.storage(), stun::Class::error, request.transaction);
  builder.error(code);
  if (code == stun::kUnknownAttribute) builder.unknown_attributes(request.unknown);
  packet.resize(builder.integrity(pwd).fingerprint().finish().size());
}

}  // namespace sidetone::ice
