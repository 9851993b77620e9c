#include "core/peer/peer.hpp"

#include <utility>

#include "core/crypto/fingerprint.hpp"
#include "core/ice/candidate.hpp"

namespace sidetone::peer {
namespace {

constexpr std::uint16_t kSctpPort = 5000;  // RFC 8841 §5: what everyone uses

// What the server adds to a message that it passes on: the sender's identity and sid.
constexpr std::size_t kMessageSlack = 4096;

}  // namespace

Peer::Peer(Config config)
    : config_(std::move(config)),
      connectivity_(config_.ice, *config_.random, config_.gather),
      dtls_(*config_.dtls),
      media_(config_, counters_) {}

Peer::~Peer() = default;

sdp::TransportParameters Peer::local_parameters() const {
  sdp::TransportParameters local;
  const auto& credentials = connectivity_.local();
  local.ice_ufrag = credentials.ufrag;
  local.ice_pwd = credentials.pwd;
  local.fingerprint = {std::string(crypto::Fingerprint::kAlgorithm),
                       config_.dtls->fingerprint().to_string()};
  local.ice_lite = connectivity_.lite();
  local.candidates = connectivity_.candidates();
  local.end_of_candidates = local.ice_lite;
  if (config_.data) {
    local.sctp_port = kSctpPort;
    local.max_message_size = static_cast<std::uint32_t>(config_.max_message_bytes);
  }
  return local;
}

const std::string& Peer::local_ufrag() const {
  return connectivity_.local().ufrag;
}

std::string Peer::add_local(const base::Endpoint& endpoint, Instant now, Output& out) {
  auto candidate = connectivity_.add_local(endpoint, now, ice_out_);
  after_ice(now, out);
  return candidate;
}

void Peer::gather(Instant now, Output& out) {
  if (ended_) return;
  connectivity_.gather(now, ice_out_);
  after_ice(now, out);
}

void Peer::ask(const std::vector<ice::Server>& servers, Instant now, Output& out) {
  if (ended_) return;
  connectivity_.ask(servers, now, ice_out_);
  after_ice(now, out);
}

void Peer::on_news(const ice::NetworkNews& news, Instant now, Output& out) {
  if (ended_) return;
  connectivity_.on_news(news, now, ice_out_);
  after_ice(now, out);
}

error_code Peer::set_remote(const sdp::TransportParameters& remote, Instant now, Output& out) {
  if (ended_) return errc::closed;
  ice::Credentials credentials{remote.ice_ufrag, remote.ice_pwd};
  auto print = crypto::Fingerprint::parse(remote.fingerprint.algorithm, remote.fingerprint.value);
  if (!credentials.valid() || !print) return errc::protocol_error;
  remote_ = remote;
  remote_->candidates.clear();
  connectivity_.set_remote(credentials, remote.ice_lite, now, ice_out_);
  for (const auto& text : remote.candidates)
    if (auto candidate = ice::parse_candidate(text))
      connectivity_.add_remote(*candidate, now, ice_out_);
  if (!role_) role_ = remote.setup == sdp::Setup::active ? dtls::Role::server : dtls::Role::client;
  dtls_.set_remote_fingerprint(*print, now, dtls_out_);
  if (role_ == dtls::Role::server) start_dtls(dtls::Role::server, now, out);
  after_ice(now, out);
  after_dtls(now, out);
  start_channels(now, out);
  return {};
}

error_code Peer::add_remote_candidate(std::string_view text, Instant now, Output& out) {
  if (ended_) return errc::closed;
  if (ice::is_end_of_candidates(text)) return {};
  auto candidate = ice::parse_candidate(text);
  if (!candidate) return errc::protocol_error;
  connectivity_.add_remote(*candidate, now, ice_out_);
  after_ice(now, out);
  return {};
}

void Peer::restart(Instant now, Output& out) {
  if (ended_) return;
  connectivity_.restart(now, ice_out_);
  after_ice(now, out);
}

error_code Peer::add_sender(rtp::SenderConfig config) {
  return ended_ ? error_code(errc::closed) : media_.add_sender(std::move(config));
}

void Peer::remove_sender(std::uint32_t ssrc) {
  media_.remove_sender(ssrc);
}

error_code Peer::add_receiver(const rtp::ReceiverConfig& config, Instant now, Output& out) {
  if (ended_) return errc::closed;
  auto error = media_.add_receiver(config, now, out);
  deadline_ = base::earliest(deadline_, media_.next_deadline());
  return error;
}

void Peer::remove_receiver(std::uint32_t ssrc) {
  media_.remove_receiver(ssrc);
}

rtp::Sender* Peer::sender(std::uint32_t ssrc) {
  return media_.sender(ssrc);
}

const rtp::Receiver* Peer::receiver(std::uint32_t ssrc) const {
  return media_.receiver(ssrc);
}

rtp::Sender* Peer::sendable(std::uint32_t ssrc, error_code& error) {
  auto* sender = media_.sender(ssrc);
  if (sender == nullptr)
    error = errc::not_found;
  else if (!media_.keyed() || !connectivity_.selected())
    error = errc::would_block;
  return error ? nullptr : sender;
}

error_code Peer::send_audio(std::uint32_t ssrc,
                            const rtp::OutgoingAudio& audio,
                            Instant now,
                            Output& out) {
  error_code error;
  auto* sender = sendable(ssrc, error);
  if (sender == nullptr) return error;
  if (!sender->send(audio, now, scratch_)) return errc::invalid_argument;
  return send_written(*sender, out);
}

error_code Peer::forward(std::uint32_t ssrc,
                         const rtp::ForwardedAudio& audio,
                         Instant now,
                         Output& out) {
  error_code error;
  auto* sender = sendable(ssrc, error);
  if (sender == nullptr) return error;
  if (!sender->forward(audio, now, scratch_)) return errc::invalid_argument;
  return send_written(*sender, out);
}

error_code Peer::inject(std::uint32_t ssrc,
                        const rtp::InjectedAudio& audio,
                        Instant now,
                        Output& out) {
  error_code error;
  auto* sender = sendable(ssrc, error);
  if (sender == nullptr) return error;
  if (!sender->inject(audio, now, scratch_)) return errc::invalid_argument;
  return send_written(*sender, out);
}

error_code Peer::send_written(rtp::Sender& sender, Output& out) {
  if (auto error = media_.protect(sender, scratch_)) return error;
  transmit(scratch_.bytes(), out);
  deadline_ = base::earliest(deadline_, media_.next_deadline());
  return {};
}

error_code Peer::open_channel(sctp::ChannelOptions options, Instant now, Output& out) {
  if (!config_.data) return errc::unsupported;
  channels_.poll(now, sctp_out_);
  auto error = channels_.open(std::move(options), sctp_out_);
  after_sctp(out);
  return error;
}

error_code Peer::send_message(ChannelId channel, bool binary, Bytes message, Output& out) {
  auto error = channels_.send(channel, binary, message, sctp_out_);
  after_sctp(out);
  return error;
}

void Peer::start_channels(Instant now, Output& out) {
  if (!config_.data || channels_.started() || !media_.keyed() || !remote_ ||
      remote_->sctp_port != kSctpPort)
    return;
  sctp::Config config;
  config.dtls_client = role_ == dtls::Role::client;
  config.wake = config_.wake;
  config.max_packet_bytes = dtls::kMaxDataBytes;
  // Servers send what they took and wrapped; so the other side has to take some more than it says.
  config.max_send_message_bytes =
      std::min<std::size_t>(config_.max_message_bytes, remote_->max_message_size + kMessageSlack);
  config.max_receive_message_bytes = config_.max_message_bytes + kMessageSlack;
  if (!channels_.start(std::move(config), now, sctp_out_))
    out.events.push(ChannelsClosed{"no SCTP socket could be made"});
  after_sctp(out);
}

void Peer::poll(Instant now, Output& out) {
  channels_.poll(now, sctp_out_);
  after_sctp(out);
}

void Peer::close(Output& out) {
  if (state_ == State::closed) return;
  channels_.close(sctp_out_);
  after_sctp(out);
  dtls_.close(dtls_out_);
  for (const auto& packet : dtls_out_.packets) transmit(packet.bytes(), out);
  dtls_out_.clear();
  connectivity_.close(ice_out_);
  emit_ice(out);
  media_.stop();
  state_ = State::closed;
  ended_ = true;
  deadline_.reset();
}

}  // namespace sidetone::peer
