#include "core/signal/server_session.hpp"

#include "core/signal/wire.hpp"

namespace sidetone::signal {

void ServerSession::on_message(base::Bytes message, base::Instant now, ServerOutbox& out) {
  if (closed_) return;
  livekit::SignalRequest request;
  if (message.size() > kMaxRequestBytes || !decode(message, request)) {
    ++malformed_;
    closed_ = true;
    out.push(CloseClient{});
    return;
  }
  auto unix_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(wall_.unix_time(now)).count();
  livekit::SignalResponse response;
  switch (request.message_case()) {
    case livekit::SignalRequest::MESSAGE_NOT_SET: ++ignored_; return;
    case livekit::SignalRequest::kPing:
      response.set_pong(unix_ms);
      send(response, out);
      return;
    case livekit::SignalRequest::kPingReq:
      response.mutable_pong_resp()->set_last_ping_timestamp(request.ping_req().timestamp());
      response.mutable_pong_resp()->set_timestamp(unix_ms);
      send(response, out);
      return;
    default: out.push(Requested{std::move(request)});
  }
}

void ServerSession::send(const livekit::SignalResponse& response, ServerOutbox& out) {
  if (!closed_) out.push(SendToClient{encode(response)});
}

void ServerSession::leave(livekit::DisconnectReason reason,
                          livekit::LeaveRequest::Action action,
                          ServerOutbox& out) {
  if (closed_) return;
  livekit::SignalResponse response;
  response.mutable_leave()->set_reason(reason);
  response.mutable_leave()->set_action(action);
  send(response, out);
  closed_ = true;
  out.push(CloseClient{});
}

}  // namespace sidetone::signal
