// For tests only: a TURN server made of a script. It checks what RFC 8656 asks of a client and says
// in `complaints` what was wrong.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/crypto/hash.hpp"
#include "core/ice/path.hpp"
#include "core/ice/stun.hpp"

namespace sidetone::ice::testing {

struct TurnScript {
  std::string username = "user";
  std::string password = "secret";
  std::string realm = "example.org";
  std::string nonce = "nonce-1";
  std::uint32_t lifetime = 600;
  std::set<std::uint16_t> silent_methods;         // no answer
  std::map<std::uint16_t, std::uint16_t> refuse;  // method to error code
  bool sign_answers = true;
  bool padded = false;  // a stream: ChannelData comes padded and must be padded
};

class TurnServer {
 public:
  TurnServer(base::Endpoint address, base::Endpoint gives) : address_(address), relayed_(gives) {}

  // From the client: answers go to `answers`, what it relays to `relayed`.
  void on_datagram(const base::Datagram& datagram) {
    auto bytes = datagram.packet.bytes();
    client = datagram.local;
    if (!bytes.empty() && bytes[0] >= std::byte{0x40}) return on_channel(bytes);
    auto message = stun::parse(bytes);
    if (!message) return complain("not STUN");
    if (message->message_class == stun::Class::indication) return on_send(*message);
    ++requests[message->method];
    if (script.silent_methods.contains(message->method)) return;
    on_request(*message);
  }

  // From a peer: goes to the client if there is a permission.
  void on_peer(const base::Endpoint& peer, base::Bytes bytes) {
    if (!allocated || !permissions.contains(peer.address)) return;
    base::Packet packet;
    for (const auto& [number, endpoint] : channels) {
      if (endpoint != peer) continue;
      base::ByteWriter writer(packet.storage());
      writer.u16(number);
      writer.u16(bytes.size());
      writer.bytes(bytes);
      if (script.padded) writer.zeros((4 - bytes.size() % 4) % 4);
      packet.resize(writer.size());
      return reply(packet);
    }
    stun::Builder builder(packet.storage(), stun::Class::indication, {}, stun::kData);
    packet.resize(builder.peer(peer).data(bytes).finish().size());
    reply(packet);
  }

  void complain(std::string text) { complaints.push_back(std::move(text)); }

  const base::Endpoint& address() const { return address_; }

  TurnScript script;
  base::Endpoint client;
  bool allocated = false;
  std::set<base::Address> permissions;
  std::map<std::uint16_t, base::Endpoint> channels;
  std::map<std::uint16_t, int> requests;
  int indications = 0;
  int channel_data = 0;
  std::vector<std::string> complaints;
  std::vector<base::Datagram> answers;  // local: where it goes; remote: this server
  std::vector<base::Datagram> relayed;  // local: the relayed address; remote: the peer

 private:
  std::string key() const {
    auto md5 =
        crypto::md5(base::as_bytes(script.username + ":" + script.realm + ":" + script.password));
    return std::string(base::as_text(md5));
  }

  void reply(const base::Packet& packet) { answers.push_back({client, address_, packet}); }

  void refuse(const stun::Message& request, std::uint16_t code, bool challenge) {
    base::Packet packet;
    stun::Builder builder(packet.storage(), stun::Class::error, request.transaction,
                          request.method);
    builder.error(code);
    if (challenge) builder.realm_and_nonce(script.realm, script.nonce);
    packet.resize(builder.finish().size());
    reply(packet);
  }

  void on_request(const stun::Message& request) {
    if (request.integrity_at == 0) return refuse(request, 401, true);
    if (request.nonce != script.nonce) return refuse(request, 438, true);
    if (request.username != script.username || request.realm != script.realm ||
        !stun::has_integrity(request, key()))
      return refuse(request, 401, true);
    if (auto code = script.refuse.find(request.method); code != script.refuse.end())
      return refuse(request, code->second, false);
    base::Packet packet;
    stun::Builder builder(packet.storage(), stun::Class::success, request.transaction,
                          request.method);
    if (!grant(request, builder)) return refuse(request, 400, false);
    if (script.sign_answers) builder.integrity(key());
    packet.resize(builder.finish().size());
    reply(packet);
  }

  bool grant(const stun::Message& request, stun::Builder& builder) {
    switch (request.method) {
      case stun::kAllocate:
        if (allocated) complain("allocated twice");
        allocated = true;
        builder.relayed(relayed_).mapped(client).lifetime(script.lifetime);
        return true;
      case stun::kRefresh:
        if (!allocated) complain("refresh without an allocation");
        allocated = request.lifetime != 0U;
        builder.lifetime(allocated ? script.lifetime : 0);
        return true;
      case stun::kCreatePermission:
        if (!request.peer) return false;
        permissions.insert(request.peer->address);
        return true;
      case stun::kChannelBind: return bind(request);
      default: complain("an unknown method"); return false;
    }
  }

  bool bind(const stun::Message& request) {
    auto number = channel_of(request);
    if (!request.peer || number < 0x4000 || number > 0x4fff) return false;
    for (const auto& [other, endpoint] : channels)
      if ((other == number) != (endpoint == *request.peer)) return false;
    channels[number] = *request.peer;
    permissions.insert(request.peer->address);
    return true;
  }

  // CHANNEL-NUMBER is a client's attribute only, so the reader of ours does not know it.
  static std::uint16_t channel_of(const stun::Message& request) {
    auto bytes = request.bytes;
    for (std::size_t at = stun::kHeaderBytes; at + 8 <= bytes.size();) {
      base::ByteReader reader(bytes.subspan(at));
      auto type = reader.u16();
      auto length = reader.u16();
      if (type == 0x000c) return reader.u16();
      at += 4 + (length + 3U) / 4 * 4;
    }
    return 0;
  }

  void on_send(const stun::Message& message) {
    ++indications;
    if (message.method != stun::kSend || !message.peer || !message.data)
      return complain("an indication that is no Send");
    forward(*message.peer, *message.data);
  }

  void on_channel(base::Bytes bytes) {
    ++channel_data;
    base::ByteReader reader(bytes);
    auto channel = channels.find(reader.u16());
    auto data = reader.take(reader.u16());
    if (!reader.ok() || channel == channels.end()) return complain("data on no channel");
    if (script.padded && bytes.size() % 4 != 0) complain("ChannelData without padding");
    forward(channel->second, data);
  }

  void forward(const base::Endpoint& peer, base::Bytes data) {
    if (!allocated) return complain("data without an allocation");
    if (!permissions.contains(peer.address)) return complain("data without a permission");
    relayed.push_back({relayed_, peer, base::Packet(data)});
  }

  base::Endpoint address_;
  base::Endpoint relayed_;
};

}  // namespace sidetone::ice::testing
