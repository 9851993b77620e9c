#include "core/server/participant_info.hpp"

#include <string_view>

namespace sidetone::server {
namespace {

livekit::ParticipantInfo::Kind kind_of(std::string_view kind) {
  if (kind == "ingress") return livekit::ParticipantInfo::INGRESS;
  if (kind == "egress") return livekit::ParticipantInfo::EGRESS;
  if (kind == "sip") return livekit::ParticipantInfo::SIP;
  if (kind == "agent") return livekit::ParticipantInfo::AGENT;
  if (kind == "connector") return livekit::ParticipantInfo::CONNECTOR;
  if (kind == "bridge") return livekit::ParticipantInfo::BRIDGE;
  return livekit::ParticipantInfo::STANDARD;
}

livekit::TrackSource source_of(std::string_view source) {
  if (source == "camera") return livekit::CAMERA;
  if (source == "microphone") return livekit::MICROPHONE;
  if (source == "screen_share") return livekit::SCREEN_SHARE;
  if (source == "screen_share_audio") return livekit::SCREEN_SHARE_AUDIO;
  return livekit::UNKNOWN;
}

std::string_view name_of(int source) {
  switch (source) {
    case livekit::CAMERA: return "camera";
    case livekit::MICROPHONE: return "microphone";
    case livekit::SCREEN_SHARE: return "screen_share";
    case livekit::SCREEN_SHARE_AUDIO: return "screen_share_audio";
    default: return "unknown";
  }
}

}  // namespace

livekit::ParticipantInfo make_info(const JoinRequest& join, std::string sid, std::int64_t unix_ms) {
  const auto& grants = *join.claims.grants;
  livekit::ParticipantInfo info;
  info.set_sid(std::move(sid));
  info.set_identity(join.claims.identity);
  info.set_name(join.claims.name.empty() ? join.claims.identity : join.claims.name);
  info.set_metadata(join.claims.metadata);
  for (const auto& [key, value] : join.claims.attributes) (*info.mutable_attributes())[key] = value;
  info.set_kind(kind_of(join.claims.kind));
  info.set_joined_at(unix_ms / 1000);
  info.set_joined_at_ms(unix_ms);
  info.set_client_protocol(join.client_protocol);
  info.set_state(livekit::ParticipantInfo::JOINING);
  auto& permission = *info.mutable_permission();
  permission.set_can_subscribe(grants.can_subscribe);
  permission.set_can_publish(grants.can_publish);
  permission.set_can_publish_data(grants.can_publish_data.value_or(grants.can_publish));
  permission.set_can_update_metadata(grants.can_update_own_metadata);
  permission.set_hidden(grants.hidden);
  permission.set_recorder(grants.recorder);
  permission.set_agent(grants.agent);
  for (const auto& source : grants.can_publish_sources)
    permission.add_can_publish_sources(source_of(source));
  return info;
}

void apply(const livekit::ParticipantPermission& permission, VideoGrants& grants) {
  grants.can_subscribe = permission.can_subscribe();
  grants.can_publish = permission.can_publish();
  grants.can_publish_data = permission.can_publish_data();
  grants.can_update_own_metadata = permission.can_update_metadata();
  grants.can_publish_sources.clear();
  for (const auto source : permission.can_publish_sources())
    grants.can_publish_sources.emplace_back(name_of(source));
}

}  // namespace sidetone::server
