#include "core/signal/client_session.hpp"

#include <algorithm>

#include "core/signal/token.hpp"
#include "core/signal/wire.hpp"

namespace sidetone::signal {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Servers that answer more than a sentence answer with a web page.
constexpr std::size_t kMaxReasonBytes = 300;
// A server's numbers are used between these, so that neither a flood nor an endless wait can
// follow.
constexpr seconds kShortestPing{1};
constexpr seconds kLongestPing{300};

std::string reason_text(const HttpRefusal& refusal) {
  std::string body = mask_tokens(std::string_view(refusal.body).substr(0, std::size_t{64} << 10));
  if (body.size() > kMaxReasonBytes) body = body.substr(0, kMaxReasonBytes) + "…";
  for (char& c : body)
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  while (body.ends_with(' ')) body.pop_back();
  std::string text = "HTTP " + std::to_string(refusal.status);
  return body.empty() ? text : text + ": " + body;
}

}  // namespace

Lost classify_refusal(const HttpRefusal& refusal) {
  auto lost = [&](errc code, bool retry) { return Lost{code, reason_text(refusal), retry}; };
  switch (refusal.status) {
    case 401: return lost(errc::unauthorized, false);
    case 403: return lost(errc::forbidden, false);
    case 404: return lost(errc::not_found, false);
    case 429: return lost(errc::unreachable, true);
    default: break;
  }
  if (refusal.status >= 500) return lost(errc::unreachable, true);
  if (refusal.status >= 400) return lost(errc::invalid_argument, false);
  return lost(errc::protocol_error, false);  // a redirect, or a 200: no LiveKit server at this URL
}

void ClientSession::open(SocketRequest request, base::Instant now, ClientOutbox& out) {
  if (state_ != State::idle) return;
  state_ = State::opening;
  opened_ = now;
  out.push(OpenSocket{std::move(request)});
}

void ClientSession::on_socket_open(base::Instant now, ClientOutbox& out) {
  (void)out;
  if (state_ != State::opening) return;
  state_ = State::awaiting_first;
  opened_ = now;
}

void ClientSession::on_socket_refused(const HttpRefusal& refusal, ClientOutbox& out) {
  if (state_ == State::closed || state_ == State::idle) return;
  state_ = State::closed;
  out.push(classify_refusal(refusal));
}

void ClientSession::on_socket_closed(errc code, std::string_view text, ClientOutbox& out) {
  if (state_ == State::closed || state_ == State::idle) return;
  state_ = State::closed;
  auto sentence =
      text.empty() ? std::string("the server closed the signalling connection") : mask_tokens(text);
  bool retry = code == errc::unreachable || code == errc::closed || code == errc::timed_out;
  out.push(Lost{code, std::move(sentence), retry});
}

void ClientSession::on_message(base::Bytes message, base::Instant now, ClientOutbox& out) {
  if (state_ != State::awaiting_first && state_ != State::active) return;
  livekit::SignalResponse response;
  if (message.size() > kMaxResponseBytes || !decode(message, response)) {
    ++undecodable_;
    lose({errc::protocol_error, "the server sent a message that cannot be decoded", true}, out);
    return;
  }
  last_message_ = now;
  on_response(std::move(response), now, out);
}

void ClientSession::on_response(livekit::SignalResponse response,
                                base::Instant now,
                                ClientOutbox& out) {
  switch (response.message_case()) {
    case livekit::SignalResponse::MESSAGE_NOT_SET: ++unknown_; return;
    case livekit::SignalResponse::kPong: return;
    case livekit::SignalResponse::kPongResp: {
      milliseconds rtt{unix_ms(now) - response.pong_resp().last_ping_timestamp()};
      if (rtt >= milliseconds(0) && rtt <= ping_timeout_) rtt_ = rtt;
      return;
    }
    default: break;
  }
  if (state_ == State::awaiting_first) {
    state_ = State::active;
    const auto& join = response.join();  // the default one, with zeros, after a resume
    if (response.message_case() != livekit::SignalResponse::kLeave)
      start_pings(join.ping_interval(), join.ping_timeout(), now, out);
  }
  out.push(Received{std::move(response)});
}

void ClientSession::start_pings(std::int32_t interval,
                                std::int32_t timeout,
                                base::Instant now,
                                ClientOutbox& out) {
  if (interval > 0) ping_interval_ = std::clamp(seconds(interval), kShortestPing, kLongestPing);
  if (timeout > 0) ping_timeout_ = std::clamp(seconds(timeout), kShortestPing, 2 * kLongestPing);
  ping(now, out);
}

void ClientSession::ping(base::Instant now, ClientOutbox& out) {
  livekit::SignalRequest request;
  auto* ping = request.mutable_ping_req();
  ping->set_timestamp(unix_ms(now));
  if (rtt_) ping->set_rtt(std::chrono::duration_cast<milliseconds>(*rtt_).count());
  next_ping_ = now + ping_interval_;
  send(request, out);
}

void ClientSession::send(const livekit::SignalRequest& request, ClientOutbox& out) {
  if (state_ == State::active) out.push(SendMessage{encode(request)});
}

void ClientSession::leave(ClientOutbox& out) {
  // The server has made our participant before its first message: it must be told then, too.
  if (state_ == State::active || state_ == State::awaiting_first) {
    livekit::SignalRequest request;
    request.mutable_leave()->set_reason(livekit::CLIENT_INITIATED);
    request.mutable_leave()->set_action(livekit::LeaveRequest::DISCONNECT);
    out.push(SendMessage{encode(request)});
  }
  close(out);
}

void ClientSession::close(ClientOutbox& out) {
  if (state_ != State::idle && state_ != State::closed) out.push(CloseSocket{});
  state_ = State::closed;
}

base::Deadline ClientSession::next_deadline() const {
  switch (state_) {
    case State::idle:
    case State::opening:  // the operation's deadline covers resolving, connecting and TLS
    case State::closed: return {};
    case State::awaiting_first: return opened_ + kFirstMessageTimeout;
    case State::active: return std::min(next_ping_, last_message_ + ping_timeout_);
  }
  return {};
}

void ClientSession::on_deadline(base::Instant now, ClientOutbox& out) {
  if (!base::is_due(next_deadline(), now)) return;
  if (state_ == State::awaiting_first) {
    lose(
        {errc::timed_out, "the server accepted the connection and then said nothing for 5 s", true},
        out);
  } else if (last_message_ + ping_timeout_ <= now) {
    lose({errc::timed_out, "the server does not answer pings", true}, out);
  } else {
    ping(now, out);
  }
}

void ClientSession::lose(Lost lost, ClientOutbox& out) {
  close(out);
  out.push(std::move(lost));
}

std::int64_t ClientSession::unix_ms(base::Instant now) const {
  return std::chrono::duration_cast<milliseconds>(wall_.unix_time(now)).count();
}

}  // namespace sidetone::signal
