#include "core/session/session.hpp"

#include "core/session/session_impl.hpp"

namespace sidetone::session {

Session::Session(SessionConfig config) : impl_(std::make_unique<Impl>(std::move(config))) {}

Session::~Session() = default;

void Session::connect(OperationId id, ConnectOptions options, base::Instant now, Outputs& out) {
  impl_->turn(now, out, [&](Turn& turn) { impl_->connect(id, std::move(options), turn); });
}

void Session::disconnect(base::Instant now, Outputs& out) {
  impl_->turn(now, out, [&](Turn& turn) {
    impl_->end(DisconnectReason::client_initiated, errc::closed, "", turn);
  });
}

void Session::publish(OperationId id,
                      TrackSpec spec,
                      media::SourcePipeline& pipeline,
                      base::Instant now,
                      Outputs& out) {
  impl_->turn(now, out, [&](Turn& turn) { impl_->publish(id, std::move(spec), pipeline, turn); });
}

void Session::unpublish(OperationId id,
                        std::string_view track_sid,
                        base::Instant now,
                        Outputs& out) {
  impl_->turn(now, out, [&](Turn& turn) { impl_->unpublish(id, track_sid, turn); });
}

error_code Session::set_muted(std::string_view track_sid,
                              bool muted,
                              base::Instant now,
                              Outputs& out) {
  return impl_->turn(now, out,
                     [&](Turn& turn) { return impl_->set_muted(track_sid, muted, turn); });
}

error_code Session::set_subscribed(std::string_view track_sid,
                                   bool subscribed,
                                   base::Instant now,
                                   Outputs& out) {
  return impl_->turn(
      now, out, [&](Turn& turn) { return impl_->set_subscribed(track_sid, subscribed, turn); });
}

void Session::set_metadata(OperationId id,
                           const MetadataChange& change,
                           base::Instant now,
                           Outputs& out) {
  impl_->turn(now, out, [&](Turn& turn) { impl_->set_metadata(id, change, turn); });
}

error_code Session::set_subscription_permissions(SubscriptionPermissions permissions,
                                                 base::Instant now,
                                                 Outputs& out) {
  return impl_->turn(now, out, [&](Turn& turn) {
    return impl_->set_subscription_permissions(std::move(permissions), turn);
  });
}

error_code Session::simulate(SimulatedFault fault, base::Instant now, Outputs& out) {
  return impl_->turn(now, out, [&](Turn& turn) { return impl_->simulate(fault, turn); });
}

error_code Session::attach(std::string_view track_sid,
                           media::PacketSink& sink,
                           StreamEnd end,
                           base::Instant now) {
  return impl_->attach(track_sid, sink, end, now);
}

void Session::detach(const media::PacketSink& sink, base::Instant now) {
  impl_->detach(sink, now);
}

error_code Session::send_data(const DataMessage& message, base::Instant now, Outputs& out) {
  return impl_->turn(now, out, [&](Turn& turn) { return impl_->send_data(message, turn); });
}

void Session::cancel(OperationId id, base::Instant now, Outputs& out) {
  impl_->turn(now, out, [&](Turn& turn) { impl_->cancel(id, turn); });
}

void Session::set_deadline(OperationId id, base::Instant deadline) {
  impl_->operations().set_deadline(id, deadline);
}

void Session::on_socket_open(SocketId socket, base::Instant now, Outputs& out) {
  impl_->turn(now, out, [&](Turn&) {
    if (impl_->is_current(socket)) impl_->signal().on_socket_open(now, impl_->signal_out());
  });
}

void Session::on_socket_refused(SocketId socket,
                                const signal::HttpRefusal& refusal,
                                base::Instant now,
                                Outputs& out) {
  impl_->turn(now, out, [&](Turn&) {
    if (impl_->is_current(socket)) impl_->signal().on_socket_refused(refusal, impl_->signal_out());
  });
}

void Session::on_socket_message(SocketId socket,
                                base::Bytes message,
                                base::Instant now,
                                Outputs& out) {
  impl_->turn(now, out, [&](Turn&) {
    if (impl_->is_current(socket)) impl_->signal().on_message(message, now, impl_->signal_out());
  });
}

void Session::on_socket_closed(SocketId socket,
                               const SocketFailure& failure,
                               base::Instant now,
                               Outputs& out) {
  impl_->turn(now, out, [&](Turn&) {
    if (impl_->is_current(socket))
      impl_->signal().on_socket_closed(failure.code, failure.text, impl_->signal_out());
  });
}

void Session::on_datagram(const base::Datagram& datagram,
                          base::Instant arrival,
                          base::Instant now,
                          Outputs& out) {
  impl_->turn(now, out, [&](Turn& turn) { impl_->on_datagram(datagram, arrival, turn); });
}

void Session::on_network(const ice::NetworkNews& news, base::Instant now, Outputs& out) {
  impl_->turn(now, out, [&](Turn& turn) { impl_->on_network(news, turn); });
}

base::Deadline Session::next_deadline() const {
  return impl_->next_deadline();
}

void Session::on_deadline(base::Instant now, Outputs& out) {
  impl_->turn(now, out, [&](Turn& turn) { impl_->on_deadline(turn); });
}

ConnectionState Session::state() const {
  switch (impl_->phase()) {
    case Impl::Phase::idle:
    case Impl::Phase::ended: return ConnectionState::disconnected;
    case Impl::Phase::connecting: return ConnectionState::connecting;
    case Impl::Phase::connected: return ConnectionState::connected;
    case Impl::Phase::waiting:
    case Impl::Phase::resuming:
    case Impl::Phase::restarting: return ConnectionState::reconnecting;
  }
  return ConnectionState::disconnected;
}

const room::RoomState& Session::room() const {
  return impl_->room();
}

SessionCounters Session::counters() const {
  return impl_->counters();
}

SessionFigures Session::figures() const {
  return impl_->figures();
}

}  // namespace sidetone::session
