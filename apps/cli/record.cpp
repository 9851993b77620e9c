#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <sidetone/sidetone.hpp>

#include "apps/cli/access.hpp"
#include "apps/cli/audio_file.hpp"
#include "apps/cli/commands.hpp"
#include "apps/cli/console.hpp"
#include "apps/cli/timestamps.hpp"

namespace sidetone::cli {
namespace {

struct Record {
  Access access;
  std::string room;
  std::string identity;
  std::string from;
  std::string out;
  std::string timestamps;
  double seconds = 0;
  std::uint32_t rate = 48000;
  std::uint32_t channels = 1;
  bool json = false;

  int run();
  bool take_events(Room& call);

  bool heard = false;  // the one we record was there
  bool left = false;
  std::string lost;  // why the room ended under us
};

// Returns whether to go on.
bool Record::take_events(Room& call) {
  while (auto event = call.next_event(std::chrono::nanoseconds(0))) {
    if (const auto* track = std::get_if<TrackSubscribed>(&*event))
      heard = heard || track->track.participant_identity == from;
    if (const auto* gone = std::get_if<ParticipantDisconnected>(&*event))
      left = left || (heard && gone->participant.identity == from);
    if (const auto* end = std::get_if<Disconnected>(&*event))
      lost = end->text.empty() ? "the room ended" : end->text;
  }
  return lost.empty() && !left && !Interrupt::asked();
}

int Record::run() {
  (void)access.token_for(room, identity);  // what is missing is said before anything is opened
  (void)access.server();
  WavWriter wav(out, rate, channels);
  TimestampFile csv(timestamps);
  Interrupt interrupt;
  Runtime runtime;
  Room call(runtime);
  access.join(runtime, call, room, identity);
  auto stream = AudioStream::from_participant(call, from, TrackSource::microphone,
                                              {.sample_rate = rate, .num_channels = channels});
  LiveLine line(json);
  std::uint64_t written = 0;
  const auto wanted = static_cast<std::uint64_t>(seconds * rate);
  while ((wanted == 0 || written < wanted) && take_events(call)) {
    std::optional<AudioFrameEvent> event;
    try {
      event = stream.read(std::chrono::milliseconds(200));
    } catch (const boost::system::system_error& error) {
      if (error.code() == errc::timed_out) continue;  // nobody there yet
      throw;
    }
    if (!event) break;
    wav.write(event->frame.data());
    csv.line(event->delivered_at.time_since_epoch().count(), event->rtp_time,
             to_text(event->provenance));
    written += event->frame.samples_per_channel();
    line.show([&] {
      return "recording " + meter(peak(event->frame.data())) + "  " +
             std::to_string(written / rate) + " s";
    });
  }
  take_events(call);
  const auto stats = stream.stats();
  stream.close();
  call.disconnect();
  wav.close();
  if (json)
    print_json({{"recording", out},
                {"seconds", rounded(static_cast<double>(written) / rate)},
                {"samples", {{"received", written}, {"concealed", stats.concealed_samples}}},
                {"packets",
                 {{"received", stats.packets_received},
                  {"late", stats.late_packets},
                  {"lost", stats.lost_slots}}}});
  else
    std::cout << "recorded " << rounded(static_cast<double>(written) / rate) << " s to " << out
              << std::endl;
  if (!lost.empty()) throw std::runtime_error(lost);
  return 0;
}

}  // namespace

void add_record(CLI::App& app, Action& chosen) {
  auto record = std::make_shared<Record>();
  auto* command = app.add_subcommand(
      "record", "record what one participant says, from a room of any LiveKit server");
  command->add_option("--room", record->room, "the room");
  command->add_option("--identity", record->identity, "who we are");
  command->add_option("--from", record->from, "whom to record")->required();
  command->add_option("--out", record->out, "the WAV file to write")->required();
  command->add_option("--seconds", record->seconds,
                      "stop after so many; else at Ctrl-C, or when they leave");
  command->add_option("--rate", record->rate, "sample rate, 8000 to 192000 Hz")
      ->capture_default_str();
  command->add_option("--channels", record->channels, "1 or 2")->capture_default_str();
  command->add_option("--timestamps", record->timestamps,
                      "CSV file: index, delivery time, RTP time, provenance of each 10 ms");
  record->access.add_join_options(*command);
  command->add_flag("--json", record->json, "print one JSON object");
  command->callback([record, &chosen] { chosen = [record] { return record->run(); }; });
}

}  // namespace sidetone::cli
