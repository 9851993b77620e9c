#include "core/web/room_service.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "core/server/administration.hpp"
#include "core/signal/token.hpp"
#include "core/signal/wire.hpp"
#include "core/web/reply_json.hpp"
#include "core/web/request_json.hpp"

namespace sidetone::web {
namespace {

using server::Administration;
using server::Refused;
using server::Turn;

template <class T>
using Answer = server::Answer<T>;

constexpr std::string_view kPrefix = "/twirp/livekit.RoomService/";

struct Fault {
  unsigned status;
  std::string_view code;
  std::string message;
};

Response to_response(const Fault& fault) {
  return {fault.status,
          boost::json::serialize(boost::json::object{{"code", fault.code}, {"msg", fault.message}}),
          "application/json",
          {}};
}

Fault bad_route(std::string message) {
  return {404, "bad_route", std::move(message)};
}

Fault unauthenticated(std::string message) {
  return {401, "unauthenticated", std::move(message)};
}

Fault to_fault(const Refused& refused) {
  switch (refused.code) {
    case Refused::Code::not_found: return {404, "not_found", refused.message};
    case Refused::Code::invalid_argument: return {400, "invalid_argument", refused.message};
    case Refused::Code::failed_precondition: return {412, "failed_precondition", refused.message};
    case Refused::Code::resource_exhausted: return {429, "resource_exhausted", refused.message};
  }
  return {500, "internal", refused.message};
}

// ---- rights ----

enum class Right { list, create, admin };

bool may(const VideoGrants& grants, Right right, std::string_view room) {
  switch (right) {
    case Right::list: return grants.room_list;
    case Right::create: return grants.room_create;
    case Right::admin: return grants.room_admin && grants.room == room;
  }
  return false;
}

// The room that the request is about, for its rights.
template <class Request>
std::string_view room_of(const Request& request) {
  if constexpr (requires { request.room(); }) return request.room();
  return {};
}

std::variant<VideoGrants, Fault> judge(const Request& request,
                                       const server::Config& config,
                                       base::Instant now) {
  constexpr std::string_view kBearer = "Bearer ";
  if (request.authorization.empty()) return unauthenticated("permissions denied");
  if (!request.authorization.starts_with(kBearer))
    return unauthenticated("invalid authorization header. Must start with Bearer ");
  const auto unix = std::chrono::duration_cast<signal::UnixSeconds>(config.wall.unix_time(now));
  auto verdict = signal::verify(request.authorization.substr(kBearer.size()), config.keys, unix);
  if (const auto* refusal = std::get_if<signal::Refusal>(&verdict))
    return unauthenticated(signal::mask_tokens(refusal->body));
  auto& claims = std::get<signal::Claims>(verdict);
  if (!claims.grants) return unauthenticated("permissions denied");
  return *std::move(claims.grants);
}

// ---- methods ----

template <class Message, class Value, class Fill>
Answer<Message> wrap(Answer<Value> answer, Fill fill) {
  if (auto* refused = std::get_if<Refused>(&answer)) return std::move(*refused);
  Message message;
  fill(message, std::get<Value>(std::move(answer)));
  return message;
}

template <class Message>
Answer<Message> wrap(Answer<server::Done> answer) {
  return wrap<Message>(std::move(answer), [](Message&, server::Done) {});
}

template <class Message>
Administration::Who who(const Message& request) {
  return {request.room(), request.identity()};
}

Answer<livekit::Room> create_room(Administration& rooms,
                                  const livekit::CreateRoomRequest& request,
                                  Turn turn) {
  Administration::NewRoom room;
  room.name = request.name();
  room.metadata = request.metadata();
  room.empty_timeout = request.empty_timeout();
  room.departure_timeout = request.departure_timeout();
  room.max_participants = request.max_participants();
  return rooms.create_room(room, turn);
}

Answer<livekit::ListRoomsResponse> list_rooms(Administration& rooms,
                                              const livekit::ListRoomsRequest& request,
                                              Turn /*turn*/) {
  livekit::ListRoomsResponse reply;
  for (auto& room : rooms.list_rooms({request.names().begin(), request.names().end()}))
    *reply.add_rooms() = std::move(room);
  return reply;
}

Answer<livekit::DeleteRoomResponse> delete_room(Administration& rooms,
                                                const livekit::DeleteRoomRequest& request,
                                                Turn turn) {
  return wrap<livekit::DeleteRoomResponse>(rooms.delete_room(request.room(), turn));
}

Answer<livekit::Room> update_room_metadata(Administration& rooms,
                                           const livekit::UpdateRoomMetadataRequest& request,
                                           Turn turn) {
  return rooms.update_room_metadata(request.room(), request.metadata(), turn);
}

Answer<livekit::ListParticipantsResponse> list_participants(
    Administration& rooms, const livekit::ListParticipantsRequest& request, Turn /*turn*/) {
  return wrap<livekit::ListParticipantsResponse>(rooms.list_participants(request.room()),
                                                 [](auto& reply, auto participants) {
                                                   for (auto& one : participants)
                                                     *reply.add_participants() = std::move(one);
                                                 });
}

Answer<livekit::ParticipantInfo> get_participant(Administration& rooms,
                                                 const livekit::RoomParticipantIdentity& request,
                                                 Turn /*turn*/) {
  return rooms.get_participant(who(request));
}

Answer<livekit::RemoveParticipantResponse> remove_participant(
    Administration& rooms, const livekit::RoomParticipantIdentity& request, Turn turn) {
  return wrap<livekit::RemoveParticipantResponse>(rooms.remove_participant(who(request), turn));
}

Answer<livekit::ParticipantInfo> update_participant(
    Administration& rooms, const livekit::UpdateParticipantRequest& request, Turn turn) {
  Administration::Change change;
  change.name = request.name();
  change.metadata = request.metadata();
  change.attributes = {request.attributes().begin(), request.attributes().end()};
  if (request.has_permission()) change.permission = request.permission();
  return rooms.update_participant(who(request), change, turn);
}

Answer<livekit::MuteRoomTrackResponse> mute_track(Administration& rooms,
                                                  const livekit::MuteRoomTrackRequest& request,
                                                  Turn turn) {
  return wrap<livekit::MuteRoomTrackResponse>(
      rooms.mute_track(who(request), request.track_sid(), request.muted(), turn),
      [](auto& reply, auto track) { *reply.mutable_track() = std::move(track); });
}

Answer<livekit::UpdateSubscriptionsResponse> update_subscriptions(
    Administration& rooms, const livekit::UpdateSubscriptionsRequest& request, Turn turn) {
  std::vector<std::string> sids(request.track_sids().begin(), request.track_sids().end());
  for (const auto& of_one : request.participant_tracks())
    sids.insert(sids.end(), of_one.track_sids().begin(), of_one.track_sids().end());
  return wrap<livekit::UpdateSubscriptionsResponse>(
      rooms.update_subscriptions(who(request), sids, request.subscribe(), turn));
}

// Receivers named by sid are found by it: what goes to nobody who is here goes to nobody.
void resolve_sids(const Administration& rooms,
                  const livekit::SendDataRequest& request,
                  livekit::DataPacket& packet) {
  const auto answer = rooms.list_participants(request.room());
  const auto* here = std::get_if<std::vector<livekit::ParticipantInfo>>(&answer);
  if (!here) return;
  for (const auto& sid : request.destination_sids()) {
    const auto found = std::find_if(here->begin(), here->end(),
                                    [&](const auto& each) { return each.sid() == sid; });
    packet.add_destination_identities(found == here->end() ? sid : found->identity());
  }
}

Answer<livekit::SendDataResponse> send_data(Administration& rooms,
                                            const livekit::SendDataRequest& request,
                                            Turn turn) {
  livekit::DataPacket packet;
  packet.set_kind(request.kind());
  packet.mutable_user()->set_payload(request.data());
  if (request.has_topic()) packet.mutable_user()->set_topic(request.topic());
  packet.mutable_user()->set_nonce(request.nonce());
  *packet.mutable_destination_identities() = request.destination_identities();
  resolve_sids(rooms, request, packet);
  return wrap<livekit::SendDataResponse>(rooms.send_data(request.room(), std::move(packet), turn));
}

// ---- one call ----

enum class Format { json, protobuf };

struct Call {
  std::string_view body;
  Format format;
  const VideoGrants& grants;
  server::Server& server;
  Turn turn;
};

template <class Message>
std::optional<Fault> decode(const Call& call, Message& into) {
  if (call.format == Format::protobuf) {
    if (signal::decode(base::as_bytes(call.body), into)) return {};
    return Fault{400, "malformed", "the protobuf request could not be decoded"};
  }
  auto complaint = read_json(call.body, into);
  if (!complaint) return {};
  return Fault{400, "malformed", "the json request could not be decoded: " + *complaint};
}

template <class Asked, class Told>
Response run(const Call& call,
             Right right,
             Answer<Told> (*method)(Administration&, const Asked&, Turn)) {
  Asked request;
  if (auto fault = decode(call, request)) return to_response(*fault);
  if (!may(call.grants, right, room_of(request)))
    return to_response(unauthenticated("permissions denied"));
  Administration rooms(call.server);
  const auto answer = method(rooms, request, call.turn);
  if (const auto* refused = std::get_if<Refused>(&answer)) return to_response(to_fault(*refused));
  const auto& reply = std::get<Told>(answer);
  if (call.format == Format::json) return {200, to_json(reply), "application/json", {}};
  return {200, signal::encode(reply), "application/protobuf", {}};
}

struct Method {
  std::string_view name;
  Response (*run)(const Call& call);
};

constexpr std::array kMethods{
    Method{"CreateRoom", [](const Call& call) { return run(call, Right::create, create_room); }},
    Method{"ListRooms", [](const Call& call) { return run(call, Right::list, list_rooms); }},
    Method{"DeleteRoom", [](const Call& call) { return run(call, Right::create, delete_room); }},
    Method{"UpdateRoomMetadata",
           [](const Call& call) { return run(call, Right::admin, update_room_metadata); }},
    Method{"ListParticipants",
           [](const Call& call) { return run(call, Right::admin, list_participants); }},
    Method{"GetParticipant",
           [](const Call& call) { return run(call, Right::admin, get_participant); }},
    Method{"RemoveParticipant",
           [](const Call& call) { return run(call, Right::admin, remove_participant); }},
    Method{"UpdateParticipant",
           [](const Call& call) { return run(call, Right::admin, update_participant); }},
    Method{"MutePublishedTrack",
           [](const Call& call) { return run(call, Right::admin, mute_track); }},
    Method{"UpdateSubscriptions",
           [](const Call& call) { return run(call, Right::admin, update_subscriptions); }},
    Method{"SendData", [](const Call& call) { return run(call, Right::admin, send_data); }},
};

// "application/json; charset=utf-8" is JSON as well.
std::optional<Format> format_of(std::string_view content_type) {
  content_type = content_type.substr(0, content_type.find(';'));
  while (content_type.ends_with(' ')) content_type.remove_suffix(1);
  if (content_type == "application/json") return Format::json;
  if (content_type == "application/protobuf") return Format::protobuf;
  return {};
}

}  // namespace

std::optional<Response> room_service(const Request& request,
                                     server::Server& server,
                                     server::Turn turn) {
  if (!request.target.starts_with("/twirp/")) return {};
  const auto path = request.target.substr(0, request.target.find('?'));
  const auto method = std::find_if(kMethods.begin(), kMethods.end(), [&](const Method& each) {
    return path.starts_with(kPrefix) && path.substr(kPrefix.size()) == each.name;
  });
  if (method == kMethods.end()) return to_response(bad_route("no handler for this path"));
  if (request.method != "POST") return to_response(bad_route("only POST is allowed"));
  const auto format = format_of(request.content_type);
  if (!format)
    return to_response(bad_route("Content-Type must be application/json or application/protobuf"));
  const auto judged = judge(request, server.config(), turn.now);
  if (const auto* fault = std::get_if<Fault>(&judged)) return to_response(*fault);
  return method->run({request.body, *format, std::get<VideoGrants>(judged), server, turn});
}

}  // namespace sidetone::web
