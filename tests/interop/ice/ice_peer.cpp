// Our ICE agent alone, on one real UDP socket, spoken to in JSON lines (README.md): any other
// implementation can be put on the other side.
//
//   ice_peer ADDRESS controlling|controlled [--turn URL USER PASSWORD]
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/json.hpp>
#include <chrono>
#include <iostream>
#include <string>

#include "core/crypto/system_random.hpp"
#include "core/ice/demux.hpp"
#include "core/peer/connectivity.hpp"
#include "shell/clock.hpp"
#include "shell/socket_address.hpp"

namespace {

using namespace sidetone;
namespace json = boost::json;

void say(const json::object& what) {
  std::cout << json::serialize(what) << std::endl;
}

class Peer {
 public:
  Peer(const base::Address& address, peer::IceMode mode, ice::GatherConfig gather)
      : ice_(mode, random_, std::move(gather)) {
    sockaddr_storage storage{};
    auto size = shell::to_sockaddr({address, 0}, storage);
    socket_ = ::socket(storage.ss_family, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    auto* plain = reinterpret_cast<sockaddr*>(&storage);
    if (socket_ < 0 || ::bind(socket_, plain, size) != 0 ||
        ::getsockname(socket_, plain, &size) != 0)
      throw std::runtime_error("no UDP socket on " + address.to_string());
    local_ = *shell::to_endpoint(*plain);
    ice_.add_local(local_, shell::now(), out_);
    ice_.gather(shell::now(), out_);
    take();
  }

  ~Peer() { ::close(socket_); }

  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  void run() {
    while (!over_) {
      std::array<pollfd, 2> waits{{{STDIN_FILENO, POLLIN, 0}, {socket_, POLLIN, 0}}};
      ::poll(waits.data(), waits.size(), timeout_ms());
      if (waits[1].revents != 0) read_datagrams();
      if (waits[0].revents != 0) read_lines();
      if (base::is_due(ice_.next_deadline(), shell::now())) ice_.on_deadline(shell::now(), out_);
      take();
    }
    ice_.close(out_);
    take();
  }

 private:
  int timeout_ms() const {
    auto next = ice_.next_deadline();
    if (!next) return 1000;
    auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - shell::now()).count();
    return static_cast<int>(std::clamp<long long>(left, 0, 1000));
  }

  void read_datagrams() {
    sockaddr_storage from{};
    for (;;) {
      socklen_t size = sizeof from;
      auto got = ::recvfrom(socket_, buffer_.data(), buffer_.size(), 0,
                            reinterpret_cast<sockaddr*>(&from), &size);
      if (got < 0) return;
      auto remote = shell::to_endpoint(reinterpret_cast<sockaddr&>(from));
      if (remote) receive(*remote, base::Bytes(buffer_).first(static_cast<std::size_t>(got)));
    }
  }

  void receive(const base::Endpoint& remote, base::Bytes bytes) {
    auto at = shell::now();
    auto packet = ice_.unwrap({local_, remote, bytes, at}, at, out_);
    if (!packet) return;
    if (ice::classify(packet->bytes) == ice::PacketKind::stun)
      ice_.on_datagram(*packet, at, out_);
    else if (ice_.is_verified({packet->local, packet->remote}))
      say({{"event", "data"}, {"text", std::string(base::as_text(packet->bytes))}});
  }

  void read_lines() {
    std::array<char, 4096> text{};
    auto got = ::read(STDIN_FILENO, text.data(), text.size());
    if (got <= 0) over_ = true;
    lines_.append(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
    for (auto end = lines_.find('\n'); end != std::string::npos; end = lines_.find('\n')) {
      auto command = json::parse(lines_.substr(0, end)).as_object();
      lines_.erase(0, end + 1);
      obey(command);
    }
  }

  void obey(const json::object& command) {
    auto what = json::value_to<std::string>(command.at("do"));
    json::object answer{{"done", command.at("id")}};
    if (what == "describe") {
      answer["ufrag"] = ice_.local().ufrag;
      answer["pwd"] = ice_.local().pwd;
      answer["complete"] = ice_.gathered();
      json::array candidates;
      for (const auto& text : ice_.candidates()) candidates.emplace_back(text);
      answer["candidates"] = candidates;
    } else if (what == "remote") {
      auto text = [&](const char* key) { return json::value_to<std::string>(command.at(key)); };
      ice_.set_remote({text("ufrag"), text("pwd")}, false, shell::now(), out_);
      for (const auto& each : command.at("candidates").as_array())
        if (auto candidate = ice::parse_candidate(json::value_to<std::string>(each)))
          ice_.add_remote(*candidate, shell::now(), out_);
    } else if (what == "send") {
      send(json::value_to<std::string>(command.at("text")));
    } else if (what == "restart") {
      ice_.restart(shell::now(), out_);
    } else if (what == "explain") {
      answer["text"] = ice_.explain();
    }
    take();
    say(answer);
  }

  void send(const std::string& text) {
    const auto& path = ice_.selected();
    if (!path) return;
    if (ice_.is_direct(*path))
      out_.datagrams.push({path->local, path->remote, base::Packet(base::as_bytes(text))});
    else
      ice_.wrap(*path, base::as_bytes(text), out_);
  }

  void take() {
    for (const auto& datagram : out_.datagrams) {
      sockaddr_storage to{};
      auto size = shell::to_sockaddr(datagram.remote, to);
      auto bytes = datagram.packet.bytes();
      ::sendto(socket_, bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&to), size);
    }
    out_.clear();
    (void)ice_.found();  // "describe" tells them all
    auto path = ice_.selected();
    if (ice_.state() == state_ && path == path_) return;
    state_ = ice_.state();
    path_ = path;
    json::object news{{"event", "state"}, {"state", std::string(ice::to_string(state_))}};
    if (path) news["local"] = path->local.to_string();
    if (path) news["remote"] = path->remote.to_string();
    say(news);
  }

  crypto::SystemRandom random_;
  peer::Connectivity ice_;
  ice::Output out_;
  base::Endpoint local_;
  int socket_ = -1;
  std::array<std::byte, base::kMaxPacketBytes> buffer_{};
  std::string lines_;
  ice::State state_ = ice::State::idle;
  std::optional<ice::Path> path_;
  bool over_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  auto address = argc > 2 ? base::Address::parse(argv[1]) : std::nullopt;
  if (!address) {
    std::cerr << "usage: ice_peer ADDRESS controlling|controlled [--turn URL USER PASSWORD]\n";
    return 2;
  }
  ice::GatherConfig gather;
  if (argc == 7 && std::string(argv[3]) == "--turn") {
    auto url = ice::parse_server_url(argv[4]);
    if (!url) return 2;
    gather.relay_only = true;
    gather.servers.push_back({*url, argv[5], argv[6]});
  }
  auto controlling = std::string(argv[2]) == "controlling";
  Peer(*address, controlling ? peer::IceMode::controlling : peer::IceMode::controlled,
       std::move(gather))
      .run();
  return 0;
}
