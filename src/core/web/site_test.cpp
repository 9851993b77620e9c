#include "core/web/site.hpp"

#include <gtest/gtest.h>

#include "core/base/seeded_random.hpp"
#include "core/crypto/certificate.hpp"

namespace sidetone::web {
namespace {

TEST(Site, EachPathFindsWhoAnswersItAndTheRestIsTheServers) {
  const auto certificate = crypto::Certificate::generate(std::chrono::seconds(1'700'000'000));
  const dtls::Context context(certificate);
  base::SeededRandom random(1);
  server::Server server({}, {&context, &random, [] {}});
  server::Outbox out;
  Site site({true, "key", "secret"});
  const auto status = [&](std::string_view method, std::string_view target) {
    const auto answer = site.answer({.method = method,
                                     .target = target,
                                     .accept = "text/html",
                                     .host = "localhost",
                                     .from_loopback = true},
                                    server, {{}, out});
    return answer ? answer->status : 0U;
  };
  EXPECT_EQ(status("GET", "/"), 200U);
  EXPECT_EQ(status("GET", "/app.js"), 200U);
  EXPECT_EQ(status("POST", "/dev/token?room=r&identity=i"), 200U);
  EXPECT_EQ(status("POST", "/twirp/livekit.RoomService/ListRooms"), 404U) << "no content type";
  for (auto target : {"/rtc", "/rtc/validate", "/metrics", "/other"})
    EXPECT_EQ(status("GET", target), 0U) << target;
  EXPECT_EQ(Site()
                .answer({.method = "POST",
                         .target = "/dev/token?room=r&identity=i",
                         .host = "localhost",
                         .from_loopback = true},
                        server, {{}, out})
                .has_value(),
            false);
}

}  // namespace
}  // namespace sidetone::web
