// From the first socket to the last event: joining, losing the connection, getting it back, the
// end.
#include "core/session/ice_servers.hpp"
#include "core/session/session_impl.hpp"
#include "core/signal/token.hpp"

namespace sidetone::session {

void Session::Impl::open_socket(bool resume, Turn& turn) {
  signal::JoinParameters parameters;
  parameters.auto_subscribe = options_.auto_subscribe;
  parameters.version = config_.version;
  if (resume) {
    parameters.reconnect = true;
    parameters.participant_sid = room_.local().sid;
    parameters.reconnect_reason = livekit::RR_SIGNAL_DISCONNECTED;
  }
  greeted_ = false;
  parameters.single = single_;
  if (!resume) {
    stop_peers(turn);
    if (single_) {  // the offer goes with the request to join: a round trip less
      start_peers(turn);
      parameters.publisher_offer = publisher_->first_offer(turn);
    }
  }
  auto request = signal::make_socket_request(options_.url, options_.token, parameters);
  if (!request) {
    fail_connect(errc::invalid_argument,
                 "the URL must be ws://, wss://, http:// or https:// with a host, and the token "
                 "one word",
                 turn);
    return;
  }
  if (signal_) {
    counters_.undecodable_messages += signal_->undecodable();
    counters_.unknown_messages += signal_->unknown();
  }
  for (auto& output : signal_out_.take()) take_wish(output, turn);  // still the old socket's
  ++socket_;
  signal_.emplace(config_.wall);
  signal_->open(*std::move(request), turn.now, signal_out_);
}

void Session::Impl::on_join(const livekit::JoinResponse& join, Turn& turn) {
  if (!join.alternative_url().empty() && redirects_++ < kMaxRedirects &&
      (phase_ == Phase::connecting || phase_ == Phase::restarting)) {
    options_.url = join.alternative_url();
    signal_->close(signal_out_);
    return open_socket(false, turn);
  }
  if (phase_ == Phase::resuming) {  // the server forgot us and began anew
    stop_peers(turn);
    phase_ = Phase::restarting;
  }
  if (greeted_ || (phase_ != Phase::connecting && phase_ != Phase::restarting)) return;
  greeted_ = true;
  redirects_ = 0;
  subscriber_primary_ = join.subscriber_primary() && !single_;
  may_resume_ = join.client_configuration().resume_connection() != livekit::DISABLED;
  room_.on_join(join, turn.out.events);
  if (!publisher_) start_peers(turn);
  if (!use_servers(ice_servers(join.ice_servers(), is_loopback_url(options_.url)), turn))
    return fail_connect(errc::media_failure, kRelayNeedsServer, turn);
  bool now = join.fast_publish() || !subscriber_primary_;
  if (now && !publisher_->started()) publisher_->negotiate(turn);
  if (phase_ != Phase::restarting) return;
  std::erase_if(queued_, [](const auto& request) { return !request.has_update_metadata(); });
  send_subscriptions(turn);
  send_permissions(turn);  // before the tracks are there: nobody hears what was not allowed
  tracks_.republish(turn);
}

// Of the server's list, when the user named none. False when the policy cannot be kept.
bool Session::Impl::use_servers(std::vector<ice::Server> named, Turn& turn) {
  auto& gather = config_.gather;
  if (gather.servers.empty()) {
    publisher_->peer().ask(named, turn.now, publisher_->output());
    if (subscriber_) subscriber_->peer().ask(named, turn.now, subscriber_->output());
    gather.servers = std::move(named);
  }
  return !gather.relay_only || names_relay(gather.servers);
}

void Session::Impl::start_peers(Turn& turn) {
  config_.gather = options_.gather;
  publisher_after_.reset();
  subscriber_after_.reset();
  publisher_ = std::make_unique<Publisher>(config_, options_.endpoints.publisher, turn);
  if (single_)
    publisher_->add_receptions(kFirstReceptions);
  else
    subscriber_ = std::make_unique<Subscriber>(config_, options_.endpoints.subscriber, turn);
}

void Session::Impl::stop_peers(Turn& turn) {
  if (const auto* known = receptions())
    for (const auto& reception : known->all())
      room_.set_subscribed(reception.track_sid, false, turn.out.events);
  if (publisher_) {
    publisher_->peer().close(publisher_->output());
    published_.keep(publisher_->peer());
    drain(publisher_->output(), turn);
  }
  if (subscriber_) {
    subscriber_->peer().close(subscriber_->output());
    subscribed_.keep(subscriber_->peer());
    drain(subscriber_->output(), turn);
  }
  publisher_.reset();
  subscriber_.reset();
  tracks_.transport_down(turn.now);
  data_.restart();
}

const peer::Peer* Session::Impl::primary() const {
  if (subscriber_ && subscriber_primary_) return &subscriber_->peer();
  return publisher_ ? &publisher_->peer() : nullptr;
}

bool Session::Impl::peers_live() const {
  auto live = [](const peer::Peer& peer) {
    return peer.state() != peer::State::failed && peer.state() != peer::State::closed;
  };
  return publisher_ && live(publisher_->peer()) && (!subscriber_ || live(subscriber_->peer()));
}

// A server without the single mode has no such path: the other one at once, and from now on.
bool Session::Impl::takes_two(const signal::Lost& lost, Turn& turn) {
  bool may = single_ && options_.peer_connections == PeerConnections::automatic &&
             (phase_ == Phase::connecting || phase_ == Phase::restarting);
  if (!may || lost.code != errc::not_found) return false;
  single_ = false;
  open_socket(false, turn);
  return true;
}

void Session::Impl::on_lost(const signal::Lost& lost, Turn& turn) {
  if (takes_two(lost, turn)) return;
  switch (phase_) {
    case Phase::connecting: return fail_connect(lost.code, lost.text, turn);
    case Phase::connected: return reconnect(ReconnectPolicy::Mode::resume, lost.text, turn);
    case Phase::resuming:
    case Phase::restarting: {
      if (lost.code == errc::unauthorized || lost.code == errc::forbidden)
        return end(DisconnectReason::signal_close, lost.code, lost.text, turn);
      auto mode = lost.retry ? policy_.mode() : ReconnectPolicy::Mode::restart;
      return reconnect(mode, lost.text, turn);
    }
    case Phase::idle:
    case Phase::waiting:
    case Phase::ended: return;
  }
}

void Session::Impl::on_peer_failed(const std::string& reason, Turn& turn) {
  auto text = "the media connection failed: " + reason;
  switch (phase_) {
    case Phase::connecting:
      return fail_connect(errc::media_failure, text + advice(config_.gather), turn);
    case Phase::connected:
      media_lost_at_ = turn.now + kMediaLossGrace;
      media_lost_because_ = text;
      return;
    case Phase::resuming:
    case Phase::restarting:
      // By the time we notice, the server has given up too (§2.7): resuming would find nobody.
      return reconnect(ReconnectPolicy::Mode::restart, text, turn);
    case Phase::idle:
    case Phase::waiting:
    case Phase::ended: return;
  }
}

void Session::Impl::fail_connect(error_code error, const std::string& text, Turn& turn) {
  if (phase_ != Phase::connecting) {  // a reconnect to a URL that is none
    if (phase_ != Phase::ended)
      end(DisconnectReason::signal_close, errc::reconnect_failed, text, turn);
    return;
  }
  if (signal_) signal_->leave(signal_out_);
  stop_peers(turn);
  phase_ = Phase::ended;
  operations_.fail(connect_id_, error, text, turn.out.completions);
  operations_.fail_all(errc::closed, "the room is not connected", turn.out.completions);
}

std::string Session::Impl::connect_timeout_text() const {
  if (greeted_) {
    std::string text = "joined, but the media connection did not come up in time";
    if (primary()) text += ": " + primary()->explain();
    return text + advice(config_.gather);
  }
  if (signal_ && signal_->state() == signal::ClientSession::State::opening)
    return "no answer from " + options_.url + " in time";
  return "the server accepted the connection but did not let us join in time";
}

void Session::Impl::end(DisconnectReason reason, errc code, const std::string& text, Turn& turn) {
  if (phase_ == Phase::ended || phase_ == Phase::idle) {
    phase_ = Phase::ended;
    return;
  }
  if (phase_ == Phase::connecting) return fail_connect(code, text, turn);
  if (signal_) signal_->leave(signal_out_);
  streams_.end_all(media::EndReason::room_closed, turn.now);
  stop_peers(turn);
  tracks_.end_all(turn.now);
  phase_ = Phase::ended;
  attempt_at_.reset();
  attempt_deadline_.reset();
  media_lost_at_.reset();
  auto masked = signal::mask_tokens(text);
  operations_.fail_all(code, masked, turn.out.completions);
  turn.out.events.push(room::Disconnected{reason, code, masked});
}

void Session::Impl::reconnect(ReconnectPolicy::Mode mode, const std::string& why, Turn& turn) {
  if (phase_ == Phase::ended || phase_ == Phase::idle || phase_ == Phase::connecting) return;
  if (phase_ == Phase::connected) turn.out.events.push(room::Reconnecting{});
  greeted_ = false;
  media_lost_at_.reset();
  if (signal_) signal_->close(signal_out_);
  attempt_deadline_.reset();
  phase_ = Phase::waiting;
  if (!may_resume_) mode = ReconnectPolicy::Mode::restart;
  attempt_at_ = policy_.next_attempt(mode, turn.now, *config_.random);
  if (!attempt_at_)
    end(DisconnectReason::signal_close, errc::reconnect_failed,
        "the connection could not be restored in fifteen attempts; the last one: " + why, turn);
}

void Session::Impl::start_attempt(Turn& turn) {
  attempt_at_.reset();
  if (phase_ != Phase::waiting) return;
  attempt_began_ = turn.now;
  attempt_deadline_ = turn.now + kAttemptTimeout;
  if (policy_.mode() == ReconnectPolicy::Mode::resume && peers_live()) {
    phase_ = Phase::resuming;
    ++counters_.resumes;
    return open_socket(true, turn);
  }
  phase_ = Phase::restarting;
  ++counters_.restarts;
  open_socket(false, turn);
}

void Session::Impl::on_reconnect(const livekit::ReconnectResponse& response, Turn& turn) {
  // Our relays live on under the credentials they were made with; new ones come with the next join.
  if (phase_ != Phase::resuming || greeted_ || !publisher_) return;
  greeted_ = true;
  last_seen_data_ = response.last_message_seq();
  datagrams_before_ = primary()->counters().datagrams_in;
  room_.on_resumed();
  send_sync_state(turn);
  if (subscriber_) subscriber_->expect_offer();
  if (publisher_->started()) publisher_->restart_ice(turn);
}

void Session::Impl::finish_reconnect(Turn& turn) {
  if (phase_ == Phase::resuming) resend_data();
  phase_ = Phase::connected;
  attempt_deadline_.reset();
  policy_.succeeded();
  turn.out.events.push(room::Reconnected{});
}

// The association that carried them may live on and deliver them too: the server knows them by
// their numbers. What does not fit is on its way there.
void Session::Impl::resend_data() {
  auto channel = publisher_->peer().channel(kReliableLabel);
  if (!channel) return;
  data_.trim(publisher_->peer().buffered_bytes());
  for (auto message : data_.unseen(last_seen_data_)) {
    if (publisher_->peer().send_message(*channel, true, base::as_bytes(message),
                                        publisher_->output()))
      return;
    ++counters_.resent_data;
  }
}

void Session::Impl::send_sync_state(Turn& turn) {
  livekit::SignalRequest request;
  auto& state = *request.mutable_sync_state();
  const auto& answer = subscriber_ ? subscriber_->last_answer() : publisher_->last_answer();
  if (!answer.sdp().empty()) {
    *state.mutable_answer() = answer;
    *state.mutable_offer() = subscriber_ ? subscriber_->last_offer() : publisher_->last_offer();
  }
  state.mutable_subscription()->set_subscribe(!options_.auto_subscribe);
  for (const auto& [sid, wanted] : subscriptions_)
    if (wanted != options_.auto_subscribe) state.mutable_subscription()->add_track_sids(sid);
  for (const auto& track : tracks_.tracks()) {
    if (track.state == LocalTrack::State::announced) continue;  // a sid it does not know is fatal
    auto& published = *state.add_publish_tracks();
    published.set_cid(track.spec.cid);
    *published.mutable_track() = track.info;
  }
  for (auto label : {kReliableLabel, kLossyLabel}) {
    if (auto id = publisher_->peer().channel(label)) {
      auto& channel = *state.add_data_channels();
      channel.set_label(std::string(label));
      channel.set_id(*id);
      channel.set_target(livekit::PUBLISHER);
    }
  }
  for (const auto& [sid, sequence] : data_.received()) {
    auto& receive = *state.add_datachannel_receive_states();
    receive.set_publisher_sid(sid);
    receive.set_last_seq(sequence);
  }
  turn.requests.push(std::move(request));
}

void Session::Impl::send_subscriptions(Turn& turn) {
  livekit::SignalRequest request;
  request.mutable_subscription()->set_subscribe(!options_.auto_subscribe);
  for (const auto& [sid, wanted] : subscriptions_)
    if (wanted != options_.auto_subscribe) request.mutable_subscription()->add_track_sids(sid);
  if (request.subscription().track_sids_size() != 0) turn.requests.push(std::move(request));
}

}  // namespace sidetone::session
