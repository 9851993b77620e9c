#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <sidetone/sidetone.hpp>
#include <thread>

#include "apps/cli/access.hpp"
#include "apps/cli/audio_file.hpp"
#include "apps/cli/commands.hpp"
#include "apps/cli/console.hpp"
#include "apps/cli/player.hpp"
#include "apps/cli/timestamps.hpp"

namespace sidetone::cli {
namespace {

struct Publish {
  Access access;
  std::string room;
  std::string identity;
  std::vector<std::string> files;
  std::string timestamps;
  int wait_seconds = 0;
  bool loop = false;
  bool json = false;

  int run();
  void wait_for_listener(Room& call) const;
};

// Why the room ended under us; nothing while it has not.
std::optional<std::string> ended(Room& room) {
  while (auto event = room.next_event(std::chrono::nanoseconds(0)))
    if (const auto* gone = std::get_if<Disconnected>(&*event))
      return gone->text.empty() ? "the room ended" : gone->text;
  if (room.state() == ConnectionState::disconnected) {
    // The state runs ahead of its event by a moment.
    while (auto event = room.next_event(std::chrono::milliseconds(500)))
      if (const auto* gone = std::get_if<Disconnected>(&*event))
        if (!gone->text.empty()) return gone->text;
    return "the room ended";
  }
  return std::nullopt;
}

// Until somebody hears us, as long as was asked for.
void Publish::wait_for_listener(Room& call) const {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(wait_seconds);
  while (!Interrupt::asked() && std::chrono::steady_clock::now() < until) {
    auto event = call.next_event(std::chrono::milliseconds(100));
    if (event && std::holds_alternative<LocalTrackSubscribed>(*event)) break;
  }
}

int Publish::run() {
  const auto sound = read_sounds(files);
  (void)access.token_for(room, identity);  // what is missing is said before anything is opened
  (void)access.server();
  TimestampFile csv(timestamps);
  Interrupt interrupt;
  Runtime runtime;
  Room call(runtime);
  access.join(runtime, call, room, identity);
  AudioSource source(runtime,
                     {.sample_rate = sound.sample_rate, .num_channels = sound.num_channels});
  PublishOptions options;
  if (wait_seconds > 0) options.hold_until_subscribed = std::chrono::seconds(wait_seconds);
  auto publication = call.local_participant().publish_track("speech", source, options);

  wait_for_listener(call);
  LiveLine line(json);
  Player player(sound);
  std::int64_t position = 0;
  std::optional<std::string> why;
  const auto on_frame = [&](std::span<const std::int16_t> frame, std::int64_t at) {
    csv.line(at, position * 48000 / sound.sample_rate, "captured");
    position += static_cast<std::int64_t>(frame.size() / sound.num_channels);
    line.show([&] {
      return "publishing " + meter(peak(frame)) + "  " +
             std::to_string(position / sound.sample_rate) + " s";
    });
    why = ended(call);
    return !why && !Interrupt::asked();
  };
  while (player.play(source, on_frame) && loop) {
  }
  if (why) throw std::runtime_error(*why);
  if (Interrupt::asked())
    source.clear_queue();
  else
    source.wait_for_playout(std::chrono::seconds(15));
  // The last packet is on its way; its encoder's look-ahead follows in the next one.
  std::this_thread::sleep_for(std::chrono::milliseconds(60));
  const auto counters = source.counters();
  const auto stats = call.stats();
  if (!Interrupt::asked()) call.local_participant().unpublish_track(publication);
  call.disconnect();
  if (json)
    print_json({{"seconds", rounded(static_cast<double>(counters.played) / sound.sample_rate)},
                {"samples", {{"captured", counters.captured}, {"played", counters.played}}},
                {"underruns", counters.underruns},
                {"packets", {{"sent", stats.audio_packets_sent}}}});
  else
    std::cout << "published " << rounded(static_cast<double>(counters.played) / sound.sample_rate)
              << " s in " << stats.audio_packets_sent << " packets" << std::endl;
  return 0;
}

}  // namespace

void add_publish(CLI::App& app, Action& chosen) {
  auto publish = std::make_shared<Publish>();
  auto* command =
      app.add_subcommand("publish", "publish sound files into a room of any LiveKit server");
  command->add_option("files", publish->files, "WAV, FLAC or Ogg files, played one after the other")
      ->required();
  command->add_option("--room", publish->room, "the room");
  command->add_option("--identity", publish->identity, "who we are");
  command->add_flag("--loop", publish->loop, "start again at the end");
  command->add_option("--wait-for-listener", publish->wait_seconds,
                      "hold the first word for a listener, at most so many seconds");
  command->add_option("--timestamps", publish->timestamps,
                      "CSV file: index, capture time, media time, provenance of each 10 ms");
  publish->access.add_join_options(*command);
  command->add_flag("--json", publish->json, "print one JSON object");
  command->callback([publish, &chosen] { chosen = [publish] { return publish->run(); }; });
}

}  // namespace sidetone::cli
