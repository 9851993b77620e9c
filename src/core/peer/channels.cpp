#include "core/peer/channels.hpp"

#include <utility>

namespace sidetone::peer {

error_code Channels::open(sctp::ChannelOptions options, sctp::Outbox& out) {
  if (closed_) return errc::closed;
  if (association_) return association_->open_channel(std::move(options), out).error();
  if (options.label.size() > sctp::kMaxLabelBytes) return errc::invalid_argument;
  if (waiting_.size() == kMaxWaiting) return errc::overflow;
  waiting_.push_back(std::move(options));
  return {};
}

error_code Channels::send(ChannelId channel, bool binary, Bytes message, sctp::Outbox& out) {
  if (closed_) return errc::closed;
  if (!association_) return errc::not_found;
  return association_->send(channel, binary, message, out);
}

bool Channels::start(sctp::Config config, Instant now, sctp::Outbox& out) {
  if (association_ || closed_) return !closed_;
  try {
    association_.emplace(std::move(config));
  } catch (const boost::system::system_error&) {
    closed_ = true;  // usrsctp has no socket for us
    return false;
  }
  association_->start(now, out);
  for (auto& options : std::exchange(waiting_, {}))
    static_cast<void>(association_->open_channel(std::move(options), out));
  return true;
}

void Channels::on_packet(Bytes packet, Instant now, sctp::Outbox& out) {
  if (association_ && !closed_) association_->on_packet(packet, now, out);
}

void Channels::poll(Instant now, sctp::Outbox& out) {
  if (association_ && !closed_) association_->poll(now, out);
}

void Channels::close(sctp::Outbox& out) {
  if (association_ && !closed_) association_->close(out);
  closed_ = true;
}

void Channels::translate(sctp::Outbox& from, Output& out) {
  for (auto& event : from.events) {
    if (auto* opened = std::get_if<sctp::ChannelOpened>(&event)) {
      open_.insert_or_assign(opened->options.label, opened->id);
      out.events.push(ChannelOpened{opened->id, opened->options.label, opened->by_peer});
    } else if (auto* message = std::get_if<sctp::Message>(&event)) {
      out.events.push(Message{message->channel, message->binary, std::move(message->bytes)});
    } else if (auto* ended = std::get_if<sctp::Closed>(&event)) {
      closed_ = true;
      out.events.push(ChannelsClosed{std::move(ended->reason)});
    }
  }
  from.events.clear();
}

std::optional<ChannelId> Channels::find(std::string_view label) const {
  auto it = open_.find(label);
  return it == open_.end() ? std::nullopt : std::optional(it->second);
}

std::size_t Channels::buffered_bytes() const {
  return association_ && !closed_ ? association_->buffered_bytes() : 0;
}

}  // namespace sidetone::peer
