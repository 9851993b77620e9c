// What a connection wants from the network besides datagrams, and what it hears back.
//
// A stream is named by an endpoint that no socket has (port 0). Once it is open, its packets travel
// as datagrams whose `local` and `remote` are that name; the caller frames them. Every wish is
// answered once: a stream by StreamOpened or StreamClosed, later at most by StreamClosed; a look-up
// by HostFound. Names the receiver does not know are ignored. After CloseStream the caller writes
// what it still has, closes, and says nothing more about it.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "core/base/endpoint.hpp"
#include "core/ice/stream_framing.hpp"

namespace sidetone::ice {

struct OpenStream {
  base::Endpoint name;
  std::string host;  // a name or an address; with TLS, what its certificate must be for
  std::uint16_t port = 0;
  bool tls = false;
  Framing framing = Framing::turn;
};

struct CloseStream {
  base::Endpoint name;
};

struct LookUp {
  base::Endpoint name;
  std::string host;
};

using NetworkWish = std::variant<OpenStream, CloseStream, LookUp>;

struct StreamOpened {
  base::Endpoint name;
};

struct StreamClosed {
  base::Endpoint name;
  std::string why;
};

struct HostFound {
  base::Endpoint name;
  std::vector<base::Address> addresses;  // none: `why` says why
  std::string why;
};

using NetworkNews = std::variant<StreamOpened, StreamClosed, HostFound>;

}  // namespace sidetone::ice
