#include "core/sctp/association.hpp"

#include <usrsctp.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "core/sctp/dcep.hpp"
#include "core/sctp/mailbox.hpp"
#include "core/sctp/packet_check.hpp"
#include "core/sctp/reassembly.hpp"
#include "core/sctp/socket.hpp"

namespace sidetone::sctp {
namespace {

// Ids a stream may have before the peer said how many it takes, and a bound on them after.
constexpr ChannelId kMaxStreams = 256;
constexpr std::array<std::byte, 1> kEmptyMessage{};  // RFC 8831 §6.6: an empty message has one byte
// Large messages arrive in pieces of this; small ones whole.
constexpr std::size_t kPieceBytes = 8192;

enum class Phase : std::uint8_t {
  waiting,  // for the association, or for room to send the OPEN
  opening,  // OPEN sent
  open,
};

struct Channel {
  ChannelId id = 0;
  ChannelOptions options;
  Phase phase = Phase::waiting;
  bool owes_ack = false;
};

}  // namespace

class Association::Impl {
 public:
  explicit Impl(Config config)
      : config_(std::move(config)),
        mailbox_(config_.wake),
        streams_(kMaxStreams),
        reassembly_(config_.max_receive_message_bytes) {
    socket_.emplace(mailbox_.address(), config_);
  }

  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  ~Impl() {
    Outbox nobody;
    close(nobody);
  }

  void start(Outbox& out);
  void on_packet(Bytes packet, Outbox& out);
  void poll(Outbox& out);
  Result<ChannelId> open_channel(ChannelOptions options, Outbox& out);
  error_code send(ChannelId channel, bool binary, Bytes message, Outbox& out);
  void close(Outbox& out);

  State state() const { return state_; }

  std::size_t buffered_bytes() const { return socket_ ? socket_->buffered_bytes() : 0; }

  Counters counters() const {
    auto all = counters_;
    all.mailbox_overflow = mailbox_.overflows();
    all.dropped_oversized = reassembly_.dropped_oversized();
    all.dropped_malformed += reassembly_.dropped_incomplete();
    return all;
  }

 private:
  class Call;

  void settle(Outbox& out);
  void on_notification(Bytes bytes, Outbox& out);
  void on_change(std::uint16_t change, std::uint16_t outbound_streams, Outbox& out);
  void on_connected(std::uint16_t outbound_streams, Outbox& out);
  void on_message(Reassembly::Whole& message, Outbox& out);
  void on_data(Reassembly::Whole& message, bool binary, bool empty, Outbox& out);
  void on_dcep(const Reassembly::Whole& message, Outbox& out);
  void on_open(ChannelId id, const DcepOpen& open, Outbox& out);
  void opened(Channel& channel, bool by_peer, Outbox& out);
  void end(const char* reason, Outbox& out);
  void flush();
  Channel* find(ChannelId id);
  std::optional<ChannelId> free_id();

  Config config_;
  Mailbox mailbox_;  // outlives the socket, which speaks through it
  std::optional<Socket> socket_;
  State state_ = State::idle;
  ChannelId streams_;
  bool blocked_ = false;
  std::vector<Channel> channels_;
  Reassembly reassembly_;
  Counters counters_;
};

// Older output first, then whatever usrsctp says during the call.
class Association::Impl::Call {
 public:
  Call(Impl& impl, Outbox& out)
      : impl_(impl),
        out_(out),
        before_(out.packets.size()),
        direct_(collected(impl, out), out.packets) {}

  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  ~Call() { impl_.counters_.packets_out += out_.packets.size() - before_; }

 private:
  static const Mailbox& collected(Impl& impl, Outbox& out) {
    impl.mailbox_.collect(out.packets);
    return impl.mailbox_;
  }

  Impl& impl_;
  Outbox& out_;
  std::size_t before_;
  Mailbox::Direct direct_;
};

void Association::Impl::start(Outbox& out) {
  if (state_ != State::idle) return;
  state_ = State::connecting;
  Call call(*this, out);
  if (!socket_->connect()) end("SCTP could not be started", out);
  settle(out);
}

void Association::Impl::on_packet(Bytes packet, Outbox& out) {
  ++counters_.packets_in;
  if (!socket_ || state_ == State::idle) return;
  if (packet.size() > base::kMaxPacketBytes || !well_formed(packet)) {
    ++counters_.dropped_malformed;
    return;
  }
  Call call(*this, out);
  socket_->input(packet);
  settle(out);
}

void Association::Impl::poll(Outbox& out) {
  Call call(*this, out);
  settle(out);
}

Result<ChannelId> Association::Impl::open_channel(ChannelOptions options, Outbox& out) {
  if (state_ == State::closed) return errc::closed;
  auto id = options.negotiated_id ? options.negotiated_id : free_id();
  if (options.label.size() > kMaxLabelBytes || channels_.size() >= kMaxChannels || !id ||
      *id >= streams_ || find(*id) != nullptr)
    return errc::invalid_argument;
  Call call(*this, out);
  auto& channel = channels_.emplace_back(Channel{*id, std::move(options)});
  if (channel.options.negotiated_id && state_ == State::connected) opened(channel, false, out);
  settle(out);
  return *id;
}

error_code Association::Impl::send(ChannelId id, bool binary, Bytes message, Outbox& out) {
  if (state_ == State::closed) return errc::closed;
  auto* channel = find(id);
  if (channel == nullptr) return errc::not_found;
  if (message.size() > config_.max_send_message_bytes) return errc::payload_too_large;
  if (channel->phase == Phase::waiting) return errc::would_block;
  Socket::SendAs as;
  as.stream = id;
  as.payload = message.empty() ? (binary ? Payload::empty_binary : Payload::empty_string)
                               : (binary ? Payload::binary : Payload::string);
  // RFC 8832 §6: ordered until the ACK, so that nothing overtakes the OPEN.
  as.ordered = channel->options.ordered || channel->phase == Phase::opening;
  as.max_retransmits = channel->options.max_retransmits;
  Call call(*this, out);
  if (socket_->send(as, message.empty() ? Bytes(kEmptyMessage) : message)) {
    ++counters_.messages_out;
    return {};
  }
  settle(out);
  if (state_ == State::closed) return errc::closed;
  blocked_ = true;
  ++counters_.would_block;
  return errc::would_block;
}

void Association::Impl::close(Outbox& out) {
  if (state_ == State::closed) return;
  Call call(*this, out);
  socket_.reset();
  state_ = State::closed;
}

// After every touch of usrsctp: hand on what arrived, send what waited.
void Association::Impl::settle(Outbox& out) {
  std::array<std::byte, kPieceBytes> storage;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  while (socket_) {
    auto received = socket_->receive(storage);
    if (!received) break;
    if (received->notification)
      on_notification(received->piece.bytes, out);
    else if (auto message = reassembly_.add(received->piece))
      on_message(*message, out);
  }
  if (state_ != State::connected) return;
  flush();
  if (blocked_ && socket_->writable()) {
    blocked_ = false;
    out.events.push(Writable{});
  }
}

void Association::Impl::on_notification(Bytes bytes, Outbox& out) {
  std::uint16_t type = 0;
  if (bytes.size() < sizeof type) return;
  std::memcpy(&type, bytes.data(), sizeof type);
  if (type == SCTP_PARTIAL_DELIVERY_EVENT) reassembly_.abandon();
  sctp_assoc_change change{};
  if (type != SCTP_ASSOC_CHANGE || bytes.size() < sizeof change) return;
  std::memcpy(&change, bytes.data(), sizeof change);
  on_change(change.sac_state, change.sac_outbound_streams, out);
}

void Association::Impl::on_change(std::uint16_t change,
                                  std::uint16_t outbound_streams,
                                  Outbox& out) {
  switch (change) {
    case SCTP_COMM_UP: on_connected(outbound_streams, out); break;
    case SCTP_COMM_LOST:
      end("the peer aborted its SCTP association or stopped answering", out);
      break;
    case SCTP_CANT_STR_ASSOC: end("the peer did not accept an SCTP association", out); break;
    case SCTP_SHUTDOWN_COMP: end("the peer shut its SCTP association down", out); break;
    case SCTP_RESTART:
      // Harmless before there are channels; afterwards the peer has forgotten them.
      if (!channels_.empty()) end("the peer restarted its SCTP association", out);
      break;
    default: break;
  }
}

void Association::Impl::on_connected(std::uint16_t outbound_streams, Outbox& out) {
  state_ = State::connected;
  streams_ = std::min(kMaxStreams, outbound_streams);
  counters_.refused_channels +=
      std::erase_if(channels_, [this](const Channel& channel) { return channel.id >= streams_; });
  out.events.push(Connected{});
  for (auto& channel : channels_)
    if (channel.options.negotiated_id) opened(channel, false, out);
}

void Association::Impl::on_message(Reassembly::Whole& message, Outbox& out) {
  switch (static_cast<Payload>(message.payload)) {
    case Payload::dcep: on_dcep(message, out); break;
    case Payload::string: on_data(message, false, false, out); break;
    case Payload::binary: on_data(message, true, false, out); break;
    case Payload::empty_string: on_data(message, false, true, out); break;
    case Payload::empty_binary: on_data(message, true, true, out); break;
    default: ++counters_.dropped_malformed; break;
  }
}

void Association::Impl::on_data(Reassembly::Whole& message, bool binary, bool empty, Outbox& out) {
  auto* channel = find(message.stream);
  if (channel == nullptr || channel->phase == Phase::waiting) {
    ++counters_.dropped_no_channel;
    return;
  }
  // Unordered data may overtake the ACK, and says the same (RFC 8832 §6).
  if (channel->phase == Phase::opening) opened(*channel, false, out);
  ++counters_.messages_in;
  if (empty) message.bytes.clear();
  out.events.push(Message{message.stream, binary, std::move(message.bytes)});
}

void Association::Impl::on_dcep(const Reassembly::Whole& message, Outbox& out) {
  auto dcep = parse_dcep(message.bytes);
  if (!dcep) {
    ++counters_.dropped_malformed;
    return;
  }
  if (const auto* open = std::get_if<DcepOpen>(&*dcep)) {
    on_open(message.stream, *open, out);
    return;
  }
  auto* channel = find(message.stream);
  if (channel != nullptr && channel->phase == Phase::opening)
    opened(*channel, false, out);
  else if (channel == nullptr)
    ++counters_.dropped_malformed;
}

void Association::Impl::on_open(ChannelId id, const DcepOpen& open, Outbox& out) {
  if (find(id) != nullptr || channels_.size() >= kMaxChannels || id >= streams_) {
    ++counters_.refused_channels;
    return;
  }
  auto& channel = channels_.emplace_back();
  channel.id = id;
  channel.options = {open.label, open.ordered, open.max_retransmits, {}};
  channel.owes_ack = true;
  opened(channel, true, out);
}

void Association::Impl::opened(Channel& channel, bool by_peer, Outbox& out) {
  channel.phase = Phase::open;
  out.events.push(ChannelOpened{channel.id, channel.options, by_peer});
}

void Association::Impl::end(const char* reason, Outbox& out) {
  if (state_ == State::closed) return;
  state_ = State::closed;
  socket_.reset();
  out.events.push(Closed{reason});
}

// OPENs and ACKs that found no room are tried again with the next packet.
void Association::Impl::flush() {
  for (auto& channel : channels_) {
    Socket::SendAs as{channel.id, Payload::dcep};
    if (channel.owes_ack && socket_->send(as, write_dcep(DcepAck{}))) channel.owes_ack = false;
    if (channel.phase != Phase::waiting) continue;
    const auto& options = channel.options;
    if (socket_->send(as, write_dcep({options.label, options.ordered, options.max_retransmits})))
      channel.phase = Phase::opening;
  }
}

Channel* Association::Impl::find(ChannelId id) {
  auto found = std::ranges::find(channels_, id, &Channel::id);
  return found == channels_.end() ? nullptr : &*found;
}

// RFC 8832 §6: the DTLS client takes even numbers, the server odd ones.
std::optional<ChannelId> Association::Impl::free_id() {
  for (ChannelId id = config_.dtls_client ? 0 : 1; id < streams_;
       id = static_cast<ChannelId>(id + 2))
    if (find(id) == nullptr) return id;
  return {};
}

Association::Association(Config config) : impl_(std::make_unique<Impl>(std::move(config))) {}

Association::~Association() = default;

void Association::start(Instant, Outbox& out) {
  impl_->start(out);
}

void Association::on_packet(Bytes packet, Instant, Outbox& out) {
  impl_->on_packet(packet, out);
}

void Association::poll(Instant, Outbox& out) {
  impl_->poll(out);
}

Result<ChannelId> Association::open_channel(ChannelOptions options, Outbox& out) {
  return impl_->open_channel(std::move(options), out);
}

error_code Association::send(ChannelId channel, bool binary, Bytes message, Outbox& out) {
  return impl_->send(channel, binary, message, out);
}

void Association::close(Outbox& out) {
  impl_->close(out);
}

State Association::state() const {
  return impl_->state();
}

std::size_t Association::buffered_bytes() const {
  return impl_->buffered_bytes();
}

Counters Association::counters() const {
  return impl_->counters();
}

}  // namespace sidetone::sctp
