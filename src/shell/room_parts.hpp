// What a RoomDriver keeps of each published track and of each stream that hears one. On its strand.
#pragma once

#include <memory>
#include <sidetone/room_types.hpp>
#include <string>

#include "core/media/source_pipeline.hpp"
#include "shell/audio_source.hpp"
#include "shell/audio_stream.hpp"

namespace sidetone::shell {

struct LocalTrack {
  std::shared_ptr<Source> source;  // claimed
  std::unique_ptr<media::SourcePipeline> pipeline;
  std::string name;
  std::string sid;
};

struct Follower {
  std::shared_ptr<StreamCore> core;
  std::string track_sid;  // of a track, or the one it hears now
  std::string identity;   // of a participant; empty: of one track
  TrackSource source{};
};

}  // namespace sidetone::shell
