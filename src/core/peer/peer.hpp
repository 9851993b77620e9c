// One transport to the other side: ICE finds the path, DTLS keys SRTP and carries SCTP, RTP streams
// and data channels ride on it. Everything on one 5-tuple at a time (wire_protocol §5.6).
//
// Client: add_local() → local_parameters() into the description → set_remote() from the other's.
// The DTLS role follows from the other side's a=setup: passive or actpass make us the client.
// A remote description may be set again at each renegotiation; only what differs has an effect.
//
// Nothing but STUN is looked at before an authenticated check verified the sender's address.
// Datagrams, packets and events come out in the Output handed in. Hostile input is dropped and
// counted. send_audio(), forward() and receiving allocate nothing once warm.
// Not movable; one thread (strand) at a time.
#pragma once

#include <map>
#include <optional>
#include <sidetone/error.hpp>
#include <string>
#include <string_view>

#include "core/dtls/transport.hpp"
#include "core/peer/channels.hpp"
#include "core/peer/connectivity.hpp"
#include "core/peer/media.hpp"
#include "core/peer/output.hpp"
#include "core/sdp/parameters.hpp"

namespace sidetone::peer {

class Peer {
 public:
  explicit Peer(Config config);
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer();

  // --- negotiation

  // For our next description. `setup` is actpass; builders write what the rules say.
  sdp::TransportParameters local_parameters() const;

  // Our credentials' user name fragment, for ice::Demux. Changes with restart(), and on a lite side
  // when set_remote() brings new credentials.
  const std::string& local_ufrag() const;

  // An address of our socket, best first. The candidate's text for trickle, empty when it is known
  // or there are too many. On a lite side: an address to advertise.
  std::string add_local(const base::Endpoint& endpoint, Instant now, Output& out);

  // All sockets are added: asks the servers of Config::gather for more addresses. What they give
  // comes as CandidateFound, and is part of local_parameters() from then on.
  void gather(Instant now, Output& out);

  // More servers, as the room's server names them; nothing when Config::gather asks for nothing.
  void ask(const std::vector<ice::Server>& servers, Instant now, Output& out);

  bool gathered() const { return connectivity_.gathered(); }

  void on_news(const ice::NetworkNews& news, Instant now, Output& out);

  // Whether datagrams of that stream are for us (ice/network.hpp).
  bool knows(const base::Endpoint& name) const { return connectivity_.knows(name); }

  // The other side's description. protocol_error: credentials or fingerprint are not valid ones.
  error_code set_remote(const sdp::TransportParameters& remote, Instant now, Output& out);

  // From trickle. protocol_error: not a candidate. Empty text says that no more will come.
  error_code add_remote_candidate(std::string_view text, Instant now, Output& out);

  // New ICE credentials; describe them to the other side. Media goes on meanwhile.
  void restart(Instant now, Output& out);

  // --- time and packets

  void on_datagram(const Incoming& datagram, Instant now, Output& out);
  void on_deadline(Instant now, Output& out);

  // May be earlier than needed, never later.
  Deadline next_deadline() const { return deadline_; }

  // What SCTP's timers sent, after Config::wake was called.
  void poll(Instant now, Output& out);

  // Whether the last datagram was an authenticated check: the owner then tells ice::Demux.
  bool last_was_check() const { return last_was_check_; }

  // --- media

  // An SSRC serves one sender for as long as the keys live. invalid_argument: 0, in use or used
  // before; overflow: Config::max_senders.
  error_code add_sender(rtp::SenderConfig config);
  void remove_sender(std::uint32_t ssrc);
  // Packets of its SSRC that arrived in the last 500 ms are delivered at once.
  error_code add_receiver(const rtp::ReceiverConfig& config, Instant now, Output& out);
  void remove_receiver(std::uint32_t ssrc);

  // would_block: not connected; not_found: no such sender; invalid_argument: too large or refused.
  error_code send_audio(std::uint32_t ssrc,
                        const rtp::OutgoingAudio& audio,
                        Instant now,
                        Output& out);
  error_code forward(std::uint32_t ssrc,
                     const rtp::ForwardedAudio& audio,
                     Instant now,
                     Output& out);
  error_code inject(std::uint32_t ssrc, const rtp::InjectedAudio& audio, Instant now, Output& out);

  // nullptr: no such stream. For what needs no packet: change_source, set_source_clock, stats.
  rtp::Sender* sender(std::uint32_t ssrc);
  const rtp::Receiver* receiver(std::uint32_t ssrc) const;

  // --- data channels

  // May be called before the transport is connected; ChannelOpened tells when it may carry
  // messages. invalid_argument: the label; overflow: too many; unsupported: no data on this peer;
  // closed.
  error_code open_channel(sctp::ChannelOptions options, Instant now, Output& out);
  // would_block: buffer full; not_found, payload_too_large, closed.
  error_code send_message(ChannelId channel, bool binary, Bytes message, Output& out);

  std::optional<ChannelId> channel(std::string_view label) const { return channels_.find(label); }

  std::size_t buffered_bytes() const { return channels_.buffered_bytes(); }

  // --- state

  // Says goodbye (SCTP ABORT, DTLS close_notify) and ends; without an event.
  void close(Output& out);

  State state() const { return state_; }

  std::optional<base::Duration> rtt() const { return media_.rtt(); }

  std::optional<ice::Path> path() const { return connectivity_.selected(); }

  const Counters& counters() const { return counters_; }

  AudioTotals totals() const { return media_.totals(); }

  // Why there is no path, one line a pair, for error texts.
  std::string explain() const { return connectivity_.explain(); }

 private:
  // peer_flow.cpp: between the layers, inwards and outwards.
  void on_packet(const Incoming& packet, Instant now, Output& out);
  void on_dtls_packet(const Incoming& datagram, Instant now, Output& out);
  void start_dtls(dtls::Role role, Instant now, Output& out);
  void start_channels(Instant now, Output& out);
  void use_keys(const dtls::SrtpKeys& keys, Instant now, Output& out);
  void after_ice(Instant now, Output& out);
  void emit_ice(Output& out);
  void after_dtls(Instant now, Output& out);
  void after_sctp(Output& out);
  void after_media(Output& out);
  void transmit(Bytes packet, Output& out);
  error_code send_written(rtp::Sender& sender, Output& out);
  rtp::Sender* sendable(std::uint32_t ssrc, error_code& error);

  State compute_state() const;
  void update_state(Output& out);
  void end(State state, std::string reason, Output& out);
  void recompute_deadline();

  Config config_;
  Counters counters_;
  Connectivity connectivity_;
  dtls::Transport dtls_;
  Media media_;
  Channels channels_;
  State state_ = State::idle;
  bool ended_ = false;  // failed beyond repair, or closed
  std::optional<dtls::Role> role_;
  // Where the handshake came from while ICE has selected nothing yet.
  std::optional<ice::Path> dtls_path_;
  std::optional<sdp::TransportParameters> remote_;
  bool last_was_check_ = false;
  Deadline deadline_;
  base::Packet scratch_;
  ice::Output ice_out_;
  dtls::Outbox dtls_out_;
  sctp::Outbox sctp_out_;
  base::Outbox<base::Packet> media_out_;
};

}  // namespace sidetone::peer
