#include "core/peer/world_test.hpp"

#include <sys/time.h>

#include "core/crypto/certificate.hpp"
#include "core/ice/demux.hpp"
#include "core/sctp/library.hpp"

namespace sidetone::peer::test {
namespace {

constexpr std::chrono::seconds kEpoch{1'700'000'000};
constexpr base::Duration kSctpTick = 10ms;

base::Instant virtual_now{};

const dtls::Context& context() {
  static const auto kCertificate = crypto::Certificate::generate(kEpoch);
  static const dtls::Context kContext(kCertificate);
  return kContext;
}

}  // namespace

End::End(IceMode mode, std::string_view text, std::uint64_t seed)
    : random(seed), address{*base::Address::parse(text), 5000} {
  Config config;
  config.dtls = &context();
  config.random = &random;
  config.wall.unix_offset = kEpoch;
  config.ice = mode;
  config.wake = [this] { ++wakes; };
  config.cname = "cname-" + std::string(text);
  peer = std::make_unique<Peer>(std::move(config));
}

bool End::saw(State wanted) const {
  return std::any_of(events.begin(), events.end(), [&](const Event& event) {
    const auto* change = std::get_if<StateChanged>(&event);
    return change != nullptr && change->state == wanted;
  });
}

std::string End::reason() const {
  std::string last;
  for (const auto& event : events)
    if (const auto* change = std::get_if<StateChanged>(&event))
      if (!change->reason.empty()) last = change->reason;
  return last;
}

std::vector<std::string> End::messages() const {
  std::vector<std::string> texts;
  for (const auto& event : events)
    if (const auto* message = std::get_if<Message>(&event))
      texts.emplace_back(base::as_text(message->bytes));
  return texts;
}

World::World(IceMode first, IceMode second, Link how)
    : a(first, "192.0.2.1", how.seed),
      b(second, "192.0.2.2", how.seed + 1000),
      link(how),
      random_(how.seed + 2000) {
  virtual_now = base::Instant(1s);
  sctp_due_ = virtual_now + kSctpTick;
  for (auto* end : {&a, &b}) {
    end->peer->add_local(end->address, now(), end->out);
    settle(*end);
  }
}

base::Instant World::now() const {
  return virtual_now;
}

void World::tell(End& who, const End& of, sdp::Setup setup) {
  auto parameters = of.peer->local_parameters();
  parameters.setup = setup;
  if (who.peer->set_remote(parameters, now(), who.out)) std::abort();
  settle(who);
}

void World::negotiate() {
  tell(b, a, sdp::Setup::actpass);
  tell(a, b, sdp::Setup::active);
}

bool World::connect() {
  negotiate();
  return run_until([&] { return a.state() == State::connected && b.state() == State::connected; });
}

void World::settle(End& from) {
  for (auto& datagram : from.out.datagrams) {
    if (tap) tap(from, datagram.packet.bytes());
    auto extra = filter ? filter(from, datagram.packet.bytes()) : base::Duration{};
    if (!extra || random_.uniform() < link.loss) continue;
    auto delay = link.delay + *extra;
    if (link.jitter > 0ns)
      delay += base::Duration(random_.next() % static_cast<std::uint64_t>(link.jitter.count()));
    auto& to = other(from);
    if (datagram.remote == to.address && datagram.local == from.address)
      wire_.emplace(now() + delay, Flight{&to, from.address, datagram.packet});
  }
  for (auto& packet : from.out.rtp) from.rtp.push_back(packet);
  for (auto& event : from.out.events) from.events.push_back(std::move(event));
  from.out.clear();
}

void World::inject(const base::Endpoint& from, End& to, Bytes bytes) {
  to.peer->on_datagram({to.address, from, bytes, now()}, now(), to.out);
  settle(to);
}

base::Deadline World::next_event() const {
  base::Deadline next = sctp_due_;
  if (!wire_.empty()) next = base::earliest(next, wire_.begin()->first);
  next = base::earliest(next, a.peer->next_deadline());
  return base::earliest(next, b.peer->next_deadline());
}

void World::step() {
  if (!wire_.empty() && wire_.begin()->first <= now()) {
    auto flight = wire_.extract(wire_.begin()).mapped();
    return inject(flight.from, *flight.to, flight.packet.bytes());
  }
  for (auto* end : {&a, &b}) {
    if (base::is_due(end->peer->next_deadline(), now())) end->peer->on_deadline(now(), end->out);
    settle(*end);
  }
  if (now() < sctp_due_) return;
  sctp_due_ += kSctpTick;
  sctp::drive_timers(std::chrono::duration_cast<std::chrono::milliseconds>(kSctpTick));
  for (auto* end : {&a, &b}) {
    end->peer->poll(now(), end->out);
    settle(*end);
  }
}

bool World::run_until(const std::function<bool()>& done, base::Duration limit) {
  auto end = now() + limit;
  while (!done()) {
    auto next = next_event();
    if (*next > end) {
      virtual_now = end;
      return done();
    }
    virtual_now = std::max(virtual_now, *next);
    step();
  }
  return true;
}

void World::run_for(base::Duration duration) {
  run_until([] { return false; }, duration);
}

bool is_rtp(Bytes bytes) {
  return ice::classify(bytes) == ice::PacketKind::rtp;
}

bool is_dtls(Bytes bytes) {
  return ice::classify(bytes) == ice::PacketKind::dtls;
}

rtp::SenderConfig sender_config(std::uint32_t ssrc, bool nack) {
  rtp::SenderConfig config;
  config.ssrc = ssrc;
  config.nack = nack;
  config.level_extension_id = 1;
  config.mid_extension_id = 4;
  config.mid = "1";
  return config;
}

rtp::ReceiverConfig receiver_config(std::uint32_t ssrc, bool nack) {
  rtp::ReceiverConfig config;
  config.ssrc = ssrc;
  config.nack = nack;
  config.level_extension_id = 1;
  return config;
}

}  // namespace sidetone::peer::test

// The clock of OpenSSL's flights and of usrsctp's round trips.
extern "C" __attribute__((visibility("default"))) int gettimeofday(struct timeval* tv,
                                                                   void*) noexcept {
  using namespace sidetone::peer::test;
  auto us =
      std::chrono::duration_cast<std::chrono::microseconds>(kEpoch + virtual_now.time_since_epoch())
          .count();
  tv->tv_sec = us / 1'000'000;
  tv->tv_usec = us % 1'000'000;
  return 0;
}
