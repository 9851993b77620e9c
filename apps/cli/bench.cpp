#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <numbers>
#include <sidetone/sidetone.hpp>
#include <thread>

#include "apps/cli/access.hpp"
#include "apps/cli/commands.hpp"
#include "apps/cli/console.hpp"

namespace sidetone::cli {
namespace {

using Clock = std::chrono::steady_clock;

double milliseconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

// The value that this part of them does not exceed.
double percentile(std::vector<double> values, double part) {
  if (values.empty()) return std::nan("");
  std::sort(values.begin(), values.end());
  const auto at = std::ceil(part * static_cast<double>(values.size()));
  return values[static_cast<std::size_t>(std::max(at, 1.0)) - 1];
}

boost::json::object figures(const std::vector<double>& values) {
  return {{"p50", rounded(percentile(values, 0.5))},
          {"p99", rounded(percentile(values, 0.99))},
          {"max", rounded(percentile(values, 1))}};
}

// What a leak would make grow.
struct Footprint {
  std::int64_t descriptors = 0;
  std::int64_t threads = 0;
  std::int64_t resident_kb = 0;

  static Footprint now();
  // Sockets close and threads end a moment after the call that ended them: waits two seconds at
  // most.
  static Footprint settled(const Footprint& before);

  boost::json::object json() const {
    return {{"descriptors", descriptors}, {"threads", threads}, {"resident_kb", resident_kb}};
  }
};

Footprint Footprint::now() {
  Footprint result;
  for ([[maybe_unused]] const auto& each : std::filesystem::directory_iterator("/proc/self/fd"))
    ++result.descriptors;
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("Threads:")) result.threads = std::stoll(line.substr(8));
    if (line.starts_with("VmRSS:")) result.resident_kb = std::stoll(line.substr(6));
  }
  return result;
}

Footprint Footprint::settled(const Footprint& before) {
  auto found = now();
  const auto end = Clock::now() + std::chrono::seconds(2);
  while (Clock::now() < end &&
         (found.descriptors > before.descriptors || found.threads > before.threads)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    found = now();
  }
  return found;
}

struct ConnectBench {
  Access access;
  std::string room = "bench";
  int count = 50;
  bool single = false;
  bool dual = false;
  bool speak = false;
  bool json = false;

  std::vector<double> ready;         // ms, each connect
  std::vector<double> first_packet;  // of the first audio heard: when it arrived
  std::vector<double> first_audio;
  int two_connections = 0;  // of how many connects

  int run();
  void connect_once(Runtime& runtime, int number);
  void report(const Footprint& before, const Footprint& after) const;
  PeerConnections mode() const;
};

PeerConnections ConnectBench::mode() const {
  if (single) return PeerConnections::single;
  return dual ? PeerConnections::dual : PeerConnections::automatic;
}

// A tone that is there before the others come, until it goes out of scope.
class Speaker {
 public:
  Speaker(Runtime& runtime, const Access& access, const std::string& room) : call_(runtime) {
    access.join(runtime, call_, room, "bench-speaker");
    source_ = std::make_unique<AudioSource>(runtime, AudioSourceOptions{48000, 1});
    PublishOptions steady;
    steady.dtx = false;  // Opus takes a pure tone for noise and would send a packet in twenty
    call_.local_participant().publish_track("tone", *source_, steady);
    thread_ = std::jthread([this](const std::stop_token& stop) { talk(stop); });
  }

  ~Speaker() {
    thread_.request_stop();
    source_->close();
  }

  Speaker(const Speaker&) = delete;
  Speaker& operator=(const Speaker&) = delete;

 private:
  void talk(const std::stop_token& stop) {
    std::vector<std::int16_t> samples(480);
    double phase = 0;
    while (!stop.stop_requested()) {
      for (auto& sample : samples) {
        sample = static_cast<std::int16_t>(8000 * std::sin(phase));
        phase = std::fmod(phase + 2 * std::numbers::pi * 440 / 48000, 2 * std::numbers::pi);
      }
      try {
        source_->capture_frame(AudioFrame::borrow(samples, 48000, 1, 480));
      } catch (const boost::system::system_error&) {
        return;  // closed
      }
    }
  }

  Room call_;
  std::unique_ptr<AudioSource> source_;
  std::jthread thread_;
};

bool is_sound(const AudioFrameEvent& event) {
  return contains(event.provenance, Provenance::normal);
}

void ConnectBench::connect_once(Runtime& runtime, int number) {
  Room call(runtime);
  const auto identity = "bench-" + std::to_string(number);
  const auto token = access.token_for(room, identity);
  auto stream = AudioStream::from_participant(call, "bench-speaker", TrackSource::microphone, {});
  const auto begin = Clock::now();
  ConnectOptions options;
  options.peer_connections = mode();
  options.ca_file = access.ca_file;
  call.connect(access.server(), token, options);
  const auto deadline = begin + std::chrono::seconds(10);
  while (auto event = stream.read(deadline - Clock::now()))
    if (is_sound(*event)) {
      first_audio.push_back(milliseconds(event->delivered_at - begin));
      first_packet.push_back(
          milliseconds(event->received_at.value_or(event->delivered_at) - begin));
      break;
    }
  RoomStats stats = call.stats();
  while (!stats.publisher.connected_after && Clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    stats = call.stats();
  }
  if (!stats.publisher.connected_after)
    throw std::runtime_error("connect " + std::to_string(number) +
                             " had no publisher connection after 10 s");
  ready.push_back(milliseconds(
      std::max(*stats.publisher.connected_after,
               stats.subscriber.connected_after.value_or(std::chrono::nanoseconds(0)))));
  if (stats.subscriber.connected_after) ++two_connections;
  if (speak) {
    AudioSource source(runtime, {48000, 1});
    const auto publication = call.local_participant().publish_track("word", source);
    std::vector<std::int16_t> word(4800, 1000);
    source.capture_frame(AudioFrame::borrow(word, 48000, 1, 4800));
    source.wait_for_playout(std::chrono::seconds(5));
    call.local_participant().unpublish_track(publication);
  }
  call.disconnect();
}

int ConnectBench::run() {
  if (single && dual) throw UsageError("give --single or --dual, not both");
  if (count < 1 || count > 10'000) throw UsageError("--count must be 1 to 10000");
  Interrupt interrupt;
  Runtime runtime;
  std::optional<Runtime> server_runtime;
  std::optional<RoomServer> server;
  if (access.url.empty()) {
    RoomServerOptions options;
    options.api_key = access.api_key = "devkey";
    options.api_secret = access.api_secret = "secret";
    options.port = 0;
    options.udp_port = 0;
    server_runtime.emplace();
    server.emplace(*server_runtime, options);
    access.url = server->url();
  }
  const Speaker speaker(runtime, access, room);
  connect_once(runtime, 0);  // the first one warms caches, pools and the page tables
  ready.clear();
  first_audio.clear();
  first_packet.clear();
  two_connections = 0;
  const auto before = Footprint::settled({});
  LiveLine line(json);
  for (int i = 1; i <= count && !Interrupt::asked(); ++i) {
    connect_once(runtime, i);
    line.show([&] { return std::to_string(i) + " of " + std::to_string(count); });
  }
  report(before, Footprint::settled(before));
  return 0;
}

void ConnectBench::report(const Footprint& before, const Footprint& after) const {
  const auto connects = static_cast<std::int64_t>(ready.size());
  if (json) {
    print_json({{"connects", connects},
                {"two_connections", two_connections},
                {"ready_ms", figures(ready)},
                {"first_packet_ms", figures(first_packet)},
                {"first_audio_ms", figures(first_audio)},
                {"before", before.json()},
                {"after", after.json()}});
    return;
  }
  const auto row = [](const char* name, const std::vector<double>& values) {
    std::cout << name << "  p50 " << rounded(percentile(values, 0.5)) << "  p99 "
              << rounded(percentile(values, 0.99)) << "  max " << rounded(percentile(values, 1))
              << " ms\n";
  };
  std::cout << connects << " connects, " << two_connections << " of them with two connections\n";
  row("media connections ready", ready);
  row("its first audio packet ", first_packet);
  row("first audio heard      ", first_audio);
  std::cout << "descriptors " << before.descriptors << " to " << after.descriptors << ", threads "
            << before.threads << " to " << after.threads << ", resident " << before.resident_kb
            << " to " << after.resident_kb << " kB" << std::endl;
}

}  // namespace

void add_bench(CLI::App& app, Action& chosen) {
  auto* bench = app.add_subcommand("bench", "measure");
  bench->require_subcommand(1);
  auto connect = std::make_shared<ConnectBench>();
  auto* command = bench->add_subcommand(
      "connect",
      "how long it takes to join and to hear a track that is there; a room is served for it unless "
      "a URL is given");
  command->add_option("--count", connect->count, "how many connects")->capture_default_str();
  command->add_option("--room", connect->room, "the room")->capture_default_str();
  command->add_flag("--single", connect->single, "one connection for both directions");
  command->add_flag("--dual", connect->dual, "two connections");
  command->add_flag("--speak", connect->speak, "publish a word each time before leaving");
  connect->access.add_join_options(*command);
  command->add_flag("--json", connect->json, "print one JSON object");
  command->callback([connect, &chosen] { chosen = [connect] { return connect->run(); }; });
}

}  // namespace sidetone::cli
