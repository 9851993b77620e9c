// The streams and look-ups a session wants (core/ice/network.hpp), on real sockets: TURN over TCP
// and TLS, and connections to TCP candidates.
//
// Each stream connects as a WebSocket does (shell/connector.hpp: the same authorities, the same
// proxy), then carries packets both ways. What the kernel does not take waits in 16 KiB a stream;
// packets beyond are dropped and counted, as a late voice packet is worth nothing. Warm, a packet
// allocates nothing of ours. Thread: the strand; news and packets come from handlers, never from
// inside a call. After close() nothing comes any more; what was sent before still goes out, for at
// most a second.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <sidetone/room.hpp>
#include <string>
#include <variant>

#include "core/ice/gatherer.hpp"
#include "shell/connector.hpp"

namespace sidetone::shell {

class IceStream;

struct IceStreamEvents {
  std::function<void(const ice::NetworkNews&)> news;
  std::function<void(const base::Endpoint& name, base::Bytes packet)> packet;
  std::function<void()> end_of_batch;  // after the packets of one read
};

class IceStreams : public std::enable_shared_from_this<IceStreams> {
 public:
  IceStreams(Strand strand, ConnectorOptions options, IceStreamEvents events);

  void fulfil(const ice::NetworkWish& wish);
  // To a stream of that name; without one it is dropped.
  void send(const base::Endpoint& name, base::Bytes packet);
  void close();

  struct Counters {
    std::uint64_t overflowed = 0;  // the other side does not read
    std::uint64_t nameless = 0;    // no such stream
  };

  const Counters& counters() const { return counters_; }

 private:
  friend class IceStream;
  using Resolver = boost::asio::ip::basic_resolver<boost::asio::ip::tcp, Executor>;

  void look_up(const ice::LookUp& wish);
  void tell(const ice::NetworkNews& news);

  Strand strand_;
  ConnectorOptions options_;
  IceStreamEvents events_;
  std::map<base::Endpoint, std::shared_ptr<IceStream>> streams_;
  std::map<base::Endpoint, std::unique_ptr<Resolver>> resolvers_;
  Counters counters_;
};

// What the user wants of ICE, or a sentence that says which URL is none.
std::variant<ice::GatherConfig, std::string> gather_config(const ConnectOptions& options);

}  // namespace sidetone::shell
