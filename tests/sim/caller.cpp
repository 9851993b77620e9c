// Caller: one participant.
#include <utility>

#include "tests/sim/call.hpp"

namespace sidetone::sim {

Caller::Caller(Call& call, std::string name, int number)
    : session([&] {
        session::SessionConfig config;
        config.dtls = &call.dtls();
        config.random = &call.random();
        config.wall = wall_clock();
        config.version = "sim";
        config.wake = [this] { woken_ = true; };
        return config;
      }()),
      identity(std::move(name)),
      call_(call) {
  const auto address = base::Address::v4({10, 0, 1, static_cast<std::uint8_t>(number + 1)});
  publisher_ = {address, 40000};
  subscriber_ = {address, 40001};
}

session::OperationId Caller::connect(const std::string& room, VideoGrants grants) {
  session::ConnectOptions options;
  options.url = "ws://10.0.0.1:7880";
  options.token = call_.token(identity, room, std::move(grants));
  options.endpoints.publisher = {publisher_};
  options.endpoints.subscriber = {subscriber_};
  const auto id = next_operation_++;
  turn([&](auto& machine, auto& out) { machine.connect(id, std::move(options), now(), out); });
  return id;
}

session::OperationId Caller::publish(Mouth& mouth,
                                     session::TrackSpec spec,
                                     media::SourceOptions options,
                                     std::unique_ptr<audio::Encoder> encoder) {
  const auto id = next_operation_++;
  if (spec.name.empty()) spec.name = "voice";
  spec.stereo = mouth.format().channels == 2;
  mouth.configure({options.packet_duration, mouth.hold}, now());
  pipelines_.push_back(std::make_unique<media::SourcePipeline>(mouth, options, std::move(encoder)));
  turn(
      [&](auto& machine, auto& out) { machine.publish(id, spec, *pipelines_.back(), now(), out); });
  return id;
}

session::OperationId Caller::unpublish(const std::string& track_sid) {
  const auto id = next_operation_++;
  turn([&](auto& machine, auto& out) { machine.unpublish(id, track_sid, now(), out); });
  return id;
}

error_code Caller::set_muted(const std::string& track_sid, bool muted) {
  error_code error;
  turn([&](auto& machine, auto& out) { error = machine.set_muted(track_sid, muted, now(), out); });
  return error;
}

error_code Caller::set_subscribed(const std::string& track_sid, bool subscribed) {
  error_code error;
  turn([&](auto& machine, auto& out) {
    error = machine.set_subscribed(track_sid, subscribed, now(), out);
  });
  return error;
}

void Caller::disconnect() {
  turn([](auto& machine, auto& out) { machine.disconnect(now(), out); });
}

Ear& Caller::hear(const std::string& from,
                  media::StreamOptions options,
                  std::unique_ptr<audio::Decoder> decoder) {
  ears_.push_back({from, std::make_unique<Ear>(options, now(), std::move(decoder)), false});
  attach_ears();
  return *ears_.back().ear;
}

void Caller::attach_ears() {
  for (auto& hearing : ears_) {
    const auto listen_to = [&](const room::Participant& who) {
      for (const auto& track : who.tracks)
        if ((who.identity == hearing.from || track.sid == hearing.from) &&
            (track.subscribed || who.local) && !hearing.attached)
          hearing.attached =
              !session.attach(track.sid, *hearing.ear, session::StreamEnd::with_track, now());
    };
    if (hearing.attached) continue;
    listen_to(session.room().local());
    for (const auto& [sid, who] : session.room().remotes()) listen_to(who);
  }
}

void Caller::turn(const std::function<void(session::Session&, session::Outputs&)>& what) {
  session::Outputs out;
  what(session, out);
  for (const auto& datagram : out.datagrams) call_.network.send(datagram, now());
  for (const auto& [socket, wish] : out.sockets) {
    if (const auto* open = std::get_if<signal::OpenSocket>(&wish))
      call_.open_socket(*this, socket, open->request);
    if (const auto* message = std::get_if<signal::SendMessage>(&wish))
      call_.to_server(*this, socket, message->bytes);
    if (std::holds_alternative<signal::CloseSocket>(wish)) call_.close_socket(*this, socket);
  }
  for (auto& event : out.events) events.push_back(std::move(event));
  for (auto& completion : out.completions) completions[completion.id] = std::move(completion);
  attach_ears();
}

base::Deadline Caller::next_deadline() const {
  auto next = session.next_deadline();
  for (const auto& hearing : ears_) next = base::earliest(next, hearing.ear->next_deadline());
  if (woken_) next = now();
  return next;
}

void Caller::on_deadline() {
  if (std::exchange(woken_, false) || base::is_due(session.next_deadline(), now()))
    turn([](auto& machine, auto& out) { machine.on_deadline(now(), out); });
  for (auto& hearing : ears_)
    if (base::is_due(hearing.ear->next_deadline(), now())) hearing.ear->on_deadline(now());
}

}  // namespace sidetone::sim
