// The words every ICE machine of this folder shares: the path packets take, what an agent says
// about it, and the outbox it is handed. RFC 8445.
#pragma once

#include <string_view>

#include "core/base/endpoint.hpp"
#include "core/base/outbox.hpp"
#include "core/base/packet.hpp"
#include "core/ice/network.hpp"

namespace sidetone::ice {

// `local` is the address of our socket exactly as it was given to add_local(), `remote` where it
// sends.
struct Path {
  base::Endpoint local;
  base::Endpoint remote;

  friend bool operator==(const Path&, const Path&) = default;
};

enum class Role { controlling, controlled };

enum class State {
  idle,          // nothing known of the other side yet
  checking,      // looking for a path; none may be used
  connected,     // selected() names a path that answers
  disconnected,  // selected() still may be used, but has not answered for a while
  failed,        // no path was found, or consent to the only one expired; a restart may help
};

// What happened; the agent's state() and selected() tell the rest.
enum class Event {
  selected_pair_changed,  // selected() names another path
  connected,              // for the first time, or again after disconnected
  disconnected,
  failed,  // selected() is empty: nothing may be sent any more
};

constexpr std::string_view to_string(State state) {
  switch (state) {
    case State::idle: return "idle";
    case State::checking: return "checking";
    case State::connected: return "connected";
    case State::disconnected: return "disconnected";
    case State::failed: break;
  }
  return "failed";
}

// The caller sends the datagrams in order and reads the events; clear() keeps the memory.
struct Output {
  base::Outbox<base::Datagram> datagrams;
  base::Outbox<Event> events;
  base::Outbox<NetworkWish> network;

  void clear() {
    datagrams.clear();
    events.clear();
    network.clear();
  }
};

}  // namespace sidetone::ice
