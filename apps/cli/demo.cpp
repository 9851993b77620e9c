#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <sidetone/sidetone.hpp>
#include <thread>

#include "apps/cli/audio_file.hpp"
#include "apps/cli/commands.hpp"
#include "apps/cli/console.hpp"
#include "apps/cli/listening.hpp"
#include "apps/cli/player.hpp"

namespace sidetone::cli {
namespace {

constexpr const char* kSpeechFolder = "/usr/share/sounds/alsa";
// What is still on its way when the last sample was pushed: a packet, the network, the receiver's
// margin.
constexpr auto kTail = std::chrono::milliseconds(400);
// A microphone is open before somebody speaks: so long is it quiet in front of the first word.
constexpr double kBreath = 0.6;

std::vector<std::string> default_speech() {
  std::vector<std::string> files;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(kSpeechFolder, ignored))
    if (entry.path().extension() == ".wav" && entry.path().filename() != "Noise.wav")
      files.push_back(entry.path().string());
  std::sort(files.begin(), files.end());
  if (files.empty())
    throw UsageError(std::string("there is no speech in ") + kSpeechFolder +
                     ": install Debian's package alsa-utils, or name sound files of your own");
  return files;
}

// What the ear heard, collected on a thread of its own as a program would.
class Ear {
 public:
  Ear(AudioStream stream, const std::string& recording)
      : stream_(std::move(stream)),
        wav_(recording, Tape::kRate, 1),
        thread_([this] { listen(); }) {}

  ~Ear() {
    if (thread_.joinable()) finish();
  }

  void finish() {
    stream_.close(true);
    thread_.join();
    wav_.close();
  }

  const Tape& tape() const { return tape_; }

  AudioStreamStats stats() const { return stream_.stats(); }

  double peak() const { return peak_; }

  double delay_ms() const { return delay_ms_; }

  std::uint64_t sounding() const { return sounding_; }

 private:
  void listen() {
    while (auto event = stream_.read()) {
      const auto samples = event->frame.data();
      tape_.append(samples, event->delivered_at.time_since_epoch().count());
      wav_.write(samples);
      peak_ = cli::peak(samples);
      delay_ms_ = std::chrono::duration<double, std::milli>(event->delay).count();
      if (!contains(event->provenance, Provenance::silence))
        sounding_ += event->frame.samples_per_channel();
    }
  }

  AudioStream stream_;
  WavWriter wav_;
  Tape tape_;
  std::atomic<double> peak_{0};
  std::atomic<double> delay_ms_{0};
  std::atomic<std::uint64_t> sounding_{0};
  std::thread thread_;
};

// CPU time of the whole process, and its resident memory.
struct Usage {
  double cpu_s = 0;
  std::chrono::steady_clock::time_point at = std::chrono::steady_clock::now();

  static Usage now() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
      return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return {seconds(usage.ru_utime) + seconds(usage.ru_stime)};
  }

  double percent_since(const Usage& before) const {
    return 100 * (cpu_s - before.cpu_s) / std::chrono::duration<double>(at - before.at).count();
  }
};

double resident_mb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind("VmRSS:", 0) == 0) return std::stod(line.substr(6)) / 1024;
  return 0;
}

// The pushed sound at the tape's rate and in mono, frame by frame: 10 ms in are 480 samples out.
std::vector<std::int16_t> at_tape_rate(std::span<const std::int16_t> frame, const Sound& format) {
  const auto channels = format.num_channels;
  const std::size_t count = frame.size() / channels;
  const std::size_t wanted = count * Tape::kRate / format.sample_rate;
  std::vector<std::int16_t> result(wanted);
  for (std::size_t i = 0; i < wanted; ++i) {
    const std::size_t at = i * count / wanted;
    int sum = 0;
    for (std::uint32_t c = 0; c < channels; ++c) sum += frame[at * channels + c];
    result[i] = static_cast<std::int16_t>(sum / static_cast<int>(channels));
  }
  return result;
}

struct Report {
  Comparison comparison;
  AudioSourceCounters source;
  AudioStreamStats stream;
  RoomStats mouth;
  RoomStats ear;
  std::uint64_t sounding = 0;
  double cpu_percent = 0;
  double rss_mb = 0;
  std::string recording;

  boost::json::object json() const;
  void print() const;
};

boost::json::object Report::json() const {
  const auto& delays = comparison.delays_ms;
  return {{"mouth_to_ear_ms",
           {{"p50", rounded(percentile(delays, 50))}, {"p99", rounded(percentile(delays, 99))}}},
          {"samples",
           {{"captured", source.captured}, {"played", source.played}, {"received", sounding}}},
          {"packets",
           {{"sent", mouth.audio_packets_sent},
            {"received", stream.packets_received},
            {"lost", ear.audio_packets_lost},
            {"late", stream.late_packets},
            {"concealed", stream.concealment_events}}},
          {"underruns", source.underruns},
          {"correlation", rounded(comparison.correlation, 4)},
          {"cpu_percent", rounded(cpu_percent)},
          {"rss_mb", rounded(rss_mb, 1)},
          {"recording", recording}};
}

void Report::print() const {
  const auto row = [](const char* name, const std::string& value) {
    std::cout << "  " << std::left << std::setw(24) << name << value << "\n";
  };
  const auto number = [](double value, int digits) {
    std::ostringstream text;
    text << std::fixed << std::setprecision(digits) << value;
    return text.str();
  };
  const auto& delays = comparison.delays_ms;
  row("mouth to ear, p50", number(percentile(delays, 50), 1) + " ms");
  row("mouth to ear, p99", number(percentile(delays, 99), 1) + " ms");
  row("correlation",
      number(comparison.correlation, 4) + "  (300-3400 Hz, what was heard against what was said)");
  row("samples captured", std::to_string(source.captured));
  row("samples played",
      std::to_string(source.played) + "  (" + std::to_string(source.underruns) + " underruns)");
  row("samples received", std::to_string(sounding));
  row("packets sent", std::to_string(mouth.audio_packets_sent));
  row("packets received", std::to_string(stream.packets_received) + "  (" +
                              std::to_string(ear.audio_packets_lost) + " lost, " +
                              std::to_string(stream.late_packets) + " late, " +
                              std::to_string(stream.concealment_events) + " concealed)");
  row("CPU",
      number(cpu_percent, 1) + " % of one core  (server, both participants and this measurement)");
  row("memory", number(rss_mb, 1) + " MB");
  row("recording", recording);
}

struct Demo {
  std::vector<std::string> files;
  std::string recording = "sidetone-demo.wav";
  int server_delay_ms = 0;
  bool json = false;

  int run();
  Report call(const Sound& sound);
};

std::string token_for(const RoomServerOptions& server, const std::string& identity) {
  AccessToken token;
  token.api_key = server.api_key;
  token.api_secret = server.api_secret;
  token.identity = identity;
  token.grants.room_join = true;
  token.grants.room = "demo";
  return token.to_jwt();
}

Report Demo::call(const Sound& sound) {
  Runtime runtime;
  RoomServerOptions serving;
  serving.port = 0;
  serving.api_key = "demo";
  serving.api_secret = std::to_string(monotonic_ns());  // for this run, on loopback
  serving.forwarding_delay = std::chrono::milliseconds(server_delay_ms);
  RoomServer server(runtime, serving);
  Room mouth(runtime);
  Room listener(runtime);
  listener.connect(server.url(), token_for(serving, "ear"));
  mouth.connect(server.url(), token_for(serving, "mouth"));
  Ear ear(AudioStream::from_participant(listener, "mouth", TrackSource::microphone), recording);
  AudioSource source(runtime,
                     {.sample_rate = sound.sample_rate, .num_channels = sound.num_channels});
  mouth.local_participant().publish_track("speech", source);
  while (auto event = mouth.next_event(std::chrono::seconds(5)))
    if (std::holds_alternative<LocalTrackSubscribed>(*event)) break;

  LiveLine line(json);
  Tape said;
  const auto before = Usage::now();
  Player(sound).play(source, [&](std::span<const std::int16_t> frame, std::int64_t at) {
    said.append(at_tape_rate(frame, sound), at);
    line.show([&] {
      std::ostringstream text;
      text << "hearing " << meter(ear.peak()) << std::fixed << std::setprecision(1) << "  buffered "
           << std::setw(5) << ear.delay_ms() << " ms  lost " << ear.stats().lost_slots;
      return text.str();
    });
    return !Interrupt::asked();
  });
  source.wait_for_playout(std::chrono::seconds(15));
  std::this_thread::sleep_for(kTail);
  Report report;
  report.cpu_percent = Usage::now().percent_since(before);
  report.rss_mb = resident_mb();
  report.source = source.counters();
  report.stream = ear.stats();
  report.mouth = mouth.stats();
  report.ear = listener.stats();
  ear.finish();
  report.sounding = ear.sounding();
  report.recording = recording;
  mouth.disconnect();
  listener.disconnect();
  server.stop();
  report.comparison = compare(said, ear.tape());
  return report;
}

int Demo::run() {
  if (files.empty()) files = default_speech();
  auto sound = read_sounds(files);
  const auto breath = static_cast<std::size_t>(kBreath * sound.sample_rate) * sound.num_channels;
  sound.samples.insert(sound.samples.begin(), breath, 0);
  WavWriter(recording, Tape::kRate, 1).close();  // refused before anybody joins, not after
  Interrupt interrupt;
  if (!json) {
    std::cout << "A voice of " << std::fixed << std::setprecision(1) << sound.seconds()
              << " s travels through a room that Sidetone serves on 127.0.0.1.\n"
              << std::flush;
  }
  const auto report = call(sound);
  if (json)
    print_json(report.json());
  else
    report.print();
  return Interrupt::asked() ? 1 : 0;
}

}  // namespace

void add_demo(CLI::App& app, Action& chosen) {
  auto demo = std::make_shared<Demo>();
  auto* command =
      app.add_subcommand("demo", "a voice through a room of our own, heard, recorded and measured");
  command->add_option("files", demo->files,
                      "sound files (default: the spoken ones of Debian's alsa-utils)");
  command->add_option("--out", demo->recording, "the WAV file of what was heard")
      ->capture_default_str();
  command
      ->add_option("--server-delay", demo->server_delay_ms,
                   "let the server hold each packet for so many milliseconds")
      ->check(CLI::Range(0, 1000));
  command->add_flag("--json", demo->json, "print one JSON object");
  command->callback([demo, &chosen] { chosen = [demo] { return demo->run(); }; });
}

}  // namespace sidetone::cli
