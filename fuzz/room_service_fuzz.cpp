// RoomService's requests of any bytes: the first byte picks the method, the second JSON or
// protobuf, the rest is the body. The rooms stay as they are bounded, every answer is a Twirp
// answer.
#include <array>
#include <cstdint>
#include <cstdlib>

#include "core/base/seeded_random.hpp"
#include "core/crypto/certificate.hpp"
#include "core/web/page.hpp"
#include "core/web/room_service.hpp"
#include "core/web/site.hpp"

namespace {

using namespace sidetone;

constexpr std::chrono::seconds kEpoch{1'700'000'000};
constexpr std::size_t kRooms = 4;
constexpr std::array<std::string_view, 12> kMethods = {
    "CreateRoom",     "ListRooms",         "DeleteRoom",          "UpdateRoomMetadata",
    "GetParticipant", "RemoveParticipant", "UpdateParticipant",   "MutePublishedTrack",
    "SendData",       "ListParticipants",  "UpdateSubscriptions", "NoSuchMethod"};

const dtls::Context& context() {
  static const auto kCertificate = crypto::Certificate::generate(kEpoch);
  static const dtls::Context kContext(kCertificate);
  return kContext;
}

std::string right() {
  signal::Claims claims;
  claims.issuer = "key";
  claims.grants = VideoGrants{};
  claims.grants->room = "r";
  claims.grants->room_admin = claims.grants->room_list = claims.grants->room_create = true;
  return "Bearer " + signal::mint(claims, "secret");
}

struct Hall {
  Hall() {
    server::Config config;
    config.keys["key"] = "secret";
    config.wall.unix_offset = kEpoch;
    config.limits.rooms = kRooms;
    server = std::make_unique<server::Server>(std::move(config),
                                              server::Server::Parts{&context(), &random, [] {}});
    server::JoinRequest join;
    join.claims.identity = "i";
    join.claims.grants = VideoGrants{.room_join = true, .room = "r"};
    join.protocol = 16;
    server->on_join(1, std::move(join), {}, out);
    out.clear();
  }

  base::SeededRandom random{1};
  server::Outbox out;
  std::unique_ptr<server::Server> server;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  static const std::string kRight = right();
  Hall hall;
  const auto body = base::as_text(std::as_bytes(std::span(data, size))).substr(2);
  const auto target =
      "/twirp/livekit.RoomService/" + std::string(kMethods[data[0] % kMethods.size()]);
  web::Request request{
      .method = "POST",
      .target = target,
      .body = body,
      .authorization = kRight,
      .content_type = data[1] % 2 == 0 ? "application/json" : "application/protobuf",
      .accept = body,
      .host = "localhost",
      .from_loopback = true};
  const auto answer = web::room_service(request, *hall.server, {{}, hall.out});
  if (!answer || hall.server->rooms() > kRooms) std::abort();
  if (answer->status != 200 && answer->content_type != "application/json") std::abort();

  request.authorization = body;
  if (web::room_service(request, *hall.server, {{}, hall.out})->status == 200) std::abort();

  web::Site site({true, "key", "secret"});
  request.target = body;
  (void)site.answer(request, *hall.server, {{}, hall.out});
  (void)web::is_loopback_host(body);
  return 0;
}
