// Room: what changes slowly and is told every five seconds: how many there are, and how well each
// is connected (wire_protocol §3.1, §5.5).
#include <algorithm>
#include <unordered_map>
#include <utility>

#include "core/server/room.hpp"

namespace sidetone::server {
namespace {

StreamQuality::Totals totals_of(const rtp::Receiver& receiver) {
  const auto stats = receiver.stats();
  return {static_cast<std::int64_t>(stats.packets_received), stats.packets_lost};
}

}  // namespace

bool Room::count() {
  const auto participants = static_cast<std::uint32_t>(participants_.size());
  std::uint32_t publishers = 0;
  for (const auto& participant : participants_)
    publishers += participant->info().is_publisher() ? 1 : 0;
  const bool same =
      info_.num_participants() == participants && info_.num_publishers() == publishers;
  info_.set_num_participants(participants);
  info_.set_num_publishers(publishers);
  return !same;
}

void Room::on_tick(Turn turn) {
  while (tick_due_ <= turn.now) tick_due_ += kTick;
  if (count() || !told_counts_) tell_room(turn);
  measure_quality();
  report_quality(turn);
}

void Room::measure_quality() {
  std::unordered_map<std::string_view, std::int64_t> missing;  // of tracks, on their way up
  for (auto& participant : participants_) {
    participant->quality = {};
    for (auto& track : participant->tracks()) {
      const auto* receiver = participant->peer(Target::publisher).receiver(track->ssrc);
      if (!receiver) continue;
      const auto totals = totals_of(*receiver);
      missing[track->info.sid()] = totals.lost;
      const auto quality =
          track->quality.on_window(totals, track->info.muted(), track->red.has_value());
      participant->quality = worse(participant->quality, quality);
    }
  }
  for (auto& participant : participants_)
    for (auto& subscription : participant->subscriptions()) {
      const auto* sender = participant->peer(Target::subscriber).sender(subscription->ssrc);
      if (!sender || subscription->down.is_paused()) continue;
      const auto& stats = sender->stats();
      const bool idle =
          std::exchange(subscription->sent_before, stats.packets_sent) == stats.packets_sent;
      // Its listener reports holes of the publisher's stream, too; they are not this connection's.
      const auto holes = missing[subscription->track_sid];
      if (!subscription->missing_before) subscription->missing_before = holes;
      const auto lost =
          std::max<std::int64_t>(0, stats.packets_lost - (holes - *subscription->missing_before));
      const auto quality = subscription->quality.on_window(
          {static_cast<std::int64_t>(stats.packets_sent) - lost, lost}, idle,
          subscription->down.carries_red());
      participant->quality = worse(participant->quality, quality);
    }
}

// To itself and to its listeners, when it changed.
void Room::report_quality(Turn turn) {
  std::unordered_map<std::string_view, Quality> qualities;
  for (const auto& participant : participants_)
    qualities[participant->sid()] = participant->quality;
  for (auto& participant : participants_) {
    livekit::SignalResponse response;
    const auto tell = [&](const std::string& sid, auto& told) {
      const auto found = qualities.find(sid);
      if (found == qualities.end() || told == found->second.level) return;
      told = found->second.level;
      auto& info = *response.mutable_connection_quality()->add_updates();
      info.set_participant_sid(sid);
      info.set_quality(found->second.level);
      info.set_score(found->second.score);
    };
    if (participant->is_active()) tell(participant->sid(), participant->told);
    for (auto& subscription : participant->subscriptions())
      if (subscription->answered) tell(subscription->publisher_sid, subscription->told);
    if (response.has_connection_quality()) participant->send(response, turn.out);
  }
}

}  // namespace sidetone::server
