// The program from outside: what it says and returns when it is asked wrongly, or the world is not
// as it was told.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <sidetone/sidetone.hpp>
#include <thread>

#include "apps/cli/child_test.hpp"
#include "apps/cli/console.hpp"

namespace sidetone::cli::test {
namespace {

const std::string kKey = "testkey";
const std::string kSecret = "a secret of thirty-two characters";

// A server in this process, so that we can count who is there.
struct Hall {
  Hall() : server(runtime, options()) {}

  static RoomServerOptions options() {
    RoomServerOptions options;
    options.port = 0;
    options.api_key = kKey;
    options.api_secret = kSecret;
    return options;
  }

  bool populated(std::uint64_t participants) const {
    for (int i = 0; i < 1000; ++i) {
      if (server.stats().participants == participants) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }

  Runtime runtime;
  RoomServer server;
};

std::string token(const std::function<void(AccessToken&)>& change,
                  std::chrono::system_clock::time_point at = std::chrono::system_clock::now()) {
  AccessToken token;
  token.api_key = kKey;
  token.api_secret = kSecret;
  token.identity = "alice";
  token.grants.room_join = true;
  token.grants.room = "room";
  change(token);
  return token.to_jwt(at);
}

// One sentence of ours, with these words, and nothing that opens a door.
void expect_refusal(const Outcome& outcome, int code, const std::vector<std::string>& words) {
  EXPECT_EQ(outcome.code, code) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err.rfind("sidetone: ", 0), 0U) << outcome.err;
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  EXPECT_EQ(outcome.err.find("[sidetone:"), std::string::npos) << outcome.err;
  EXPECT_EQ(outcome.err.find("eyJ0"), std::string::npos) << "a token is shown: " << outcome.err;
  EXPECT_EQ(outcome.err.find(kSecret), std::string::npos) << "the secret is shown";
  for (const auto& word : words)
    EXPECT_NE(outcome.err.find(word), std::string::npos) << word << " is not in: " << outcome.err;
}

std::vector<std::string> publish(const std::string& file,
                                 const std::string& url = "ws://127.0.0.1:1") {
  return {"publish", "--url", url,  "--room",   "room",  "--identity",
          "alice",   "--key", kKey, "--secret", kSecret, file};
}

std::vector<std::string> publish_with(const std::string& url,
                                      const std::string& jwt,
                                      const std::string& room = "room") {
  return {"publish", "--url", url, "--room", room, "--token", jwt, speech_file()};
}

TEST(Program, FilesThatCannotBePlayedAreNamed) {
  const auto none = scratch("none.wav");
  const auto empty = scratch("empty.wav");
  const auto text = scratch("text.wav");
  std::ofstream(empty).close();
  std::ofstream(text) << "this is no audio";
  for (const auto& [file, word] :
       {std::pair{none, "does not exist"}, {empty, "is empty"}, {text, "is not a sound file"}}) {
    expect_refusal(run(publish(file)), 1, {file, word});
    expect_refusal(run({"demo", file}), 1, {file, word});
  }
  expect_refusal(run({"demo", speech_file(), "--out", "/no/such/folder/heard.wav"}), 1,
                 {"/no/such/folder/heard.wav", "cannot be written"});
}

TEST(Program, WhatIsMissingIsAskedFor) {
  const auto& file = speech_file();
  expect_refusal(
      run({"publish", "--url", "ws://127.0.0.1:1", "--room", "r", "--identity", "i", file}), 2,
      {"--token", "--key", "--secret-file", "LIVEKIT_TOKEN"});
  expect_refusal(run({"publish", "--url", "ws://127.0.0.1:1", "--room", "r", "--identity", "i",
                      "--key", kKey, file}),
                 2, {"--secret-file", "LIVEKIT_API_SECRET"});
  expect_refusal(
      run({"publish", "--room", "r", "--identity", "i", "--key", kKey, "--secret", kSecret, file}),
      2, {"--url", "LIVEKIT_URL"});
  expect_refusal(run({"publish", "--url", "ws://x", "--key", kKey, "--secret", kSecret, file}), 2,
                 {"--room"});
  expect_refusal(run({"serve", "--port", "0"}), 2, {"--key", "--secret-file", "--dev"});
  expect_refusal(run({"serve", "--dev", "--host", "0.0.0.0", "--port", "0"}), 2,
                 {"--dev", "loopback"});
  expect_refusal(run({"token", "--room", "r", "--identity", "i"}), 2, {"--key"});
  expect_refusal(run({"token", "--room", "r", "--identity", "i", "--key", kKey, "--secret", kSecret,
                      "--ttl", "soon"}),
                 2, {"'soon'", "15m"});
  expect_refusal(run({"token", "--room", "r", "--identity", "i", "--key", kKey, "--secret-file",
                      "/no/such/file"}),
                 2, {"/no/such/file"});
  EXPECT_EQ(run({}).code, 2);
  EXPECT_EQ(run({"dance"}).code, 2);
  EXPECT_EQ(run({"demo", "--server-delay", "fast"}).code, 2);
  const auto help = run({"--help"});
  EXPECT_EQ(help.code, 0);
  for (const auto* command : {"demo", "serve", "token", "publish", "record"})
    EXPECT_NE(help.out.find(command), std::string::npos);
}

TEST(Program, APortInUseIsNamedWithTheOption) {
  Hall hall;
  const auto port = std::to_string(hall.server.port());
  const auto udp = std::to_string(hall.server.udp_port());
  expect_refusal(run({"serve", "--dev", "--port", port}), 1, {port, "in use", "--port"});
  expect_refusal(run({"serve", "--dev", "--port", "0", "--udp-port", udp}), 1, {udp, "--udp-port"});
}

TEST(Program, TheServersReasonIsShownWithoutTheToken) {
  Hall hall;
  const auto url = hall.server.url();
  expect_refusal(run(publish_with(url, token([](AccessToken& t) { t.api_secret[0] = 'A'; }))), 1,
                 {"invalid token"});
  expect_refusal(
      run(publish_with(url, token([](AccessToken& t) { t.ttl = std::chrono::seconds(60); },
                                  std::chrono::system_clock::now() - std::chrono::hours(1)))),
      1, {"expired"});
  expect_refusal(run(publish_with(url, token([](AccessToken& t) { t.grants.room_join = false; }))),
                 1, {"permission"});
  expect_refusal(run(publish_with(url, token([](AccessToken&) {}), "elsewhere")), 1,
                 {"'room'", "'elsewhere'"});
  expect_refusal(
      run(publish_with(url, token([](AccessToken& t) { t.grants.can_publish = false; }))), 1,
      {"publish"});
  EXPECT_TRUE(hall.populated(0));
}

TEST(Program, NoServerAtTheUrl) {
  std::string url;
  {
    Hall hall;
    url = hall.server.url();
  }
  expect_refusal(run(publish(speech_file(), url)), 1, {url.substr(5)});
  expect_refusal(run(publish(speech_file(), "nonsense")), 1, {"URL"});
}

TEST(Program, InterruptedItLeavesTheRoom) {
  Hall hall;
  auto arguments = publish(speech_file(), hall.server.url());
  arguments.push_back("--loop");
  for (const int number : {SIGINT, SIGTERM}) {
    Child child(arguments);
    ASSERT_TRUE(hall.populated(1));
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    child.signal(number);
    const auto outcome = child.wait(std::chrono::seconds(10));
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    // At once: not after the 20 s that a lost participant may take to come back.
    EXPECT_TRUE(hall.populated(0));
  }
}

TEST(Program, AServerThatGoesIsAFailure) {
  auto hall = std::make_unique<Hall>();
  auto arguments = publish(speech_file(), hall->server.url());
  arguments.push_back("--loop");
  Child child(arguments);
  const auto heard = scratch("gone.wav");
  Child listener({"record", "--url", hall->server.url(), "--room", "room", "--identity", "bob",
                  "--from", "alice", "--out", heard, "--key", kKey, "--secret", kSecret, "--json"});
  ASSERT_TRUE(hall->populated(2));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  hall->server.stop();
  expect_refusal(child.wait(std::chrono::seconds(10)), 1, {"SERVER_SHUTDOWN"});
  EXPECT_EQ(listener.wait(std::chrono::seconds(10)).code, 1);
}

TEST(Program, ATokenIsMadeAndVerified) {
  const auto secret_file = scratch("secret");
  std::ofstream(secret_file) << kSecret << "\n";
  const auto made = run({"token", "--room", "r", "--identity", "alice", "--name", "Alice", "--ttl",
                         "15m", "--hidden", "--no-publish", "--secret-file", secret_file},
                        {"LIVEKIT_API_KEY=" + kKey});
  ASSERT_EQ(made.code, 0) << made.err;
  const auto verified = AccessToken::verify(made.out.substr(0, made.out.find('\n')), kKey, kSecret);
  EXPECT_EQ(verified.identity, "alice");
  EXPECT_EQ(verified.name, "Alice");
  EXPECT_EQ(verified.grants.room, "r");
  EXPECT_TRUE(verified.grants.room_join && verified.grants.hidden && verified.grants.can_subscribe);
  EXPECT_FALSE(verified.grants.can_publish);
  EXPECT_NEAR(static_cast<double>(verified.ttl.count()), 900, 30);
  const auto object =
      json_of(run({"token", "--room", "r", "--identity", "i", "--key", kKey, "--json"},
                  {"LIVEKIT_API_SECRET=" + kSecret})
                  .out);
  EXPECT_EQ(object.at("ttl_s").as_int64(), 21600);
}

TEST(Program, ServePrintsWhatAClientNeeds) {
  Child server({"serve", "--dev", "--port", "0", "--json"});
  const auto object = json_of(server.first_line());
  ASSERT_TRUE(object.contains("url") && object.contains("token"));
  EXPECT_EQ(object.at("key").as_string(), "devkey");
  EXPECT_GT(object.at("udp_port").as_int64(), 0);
  Runtime runtime;
  Room guest(runtime);
  guest.connect(std::string(object.at("url").as_string()),
                std::string(object.at("token").as_string()));
  EXPECT_EQ(guest.name(), "lobby");
  server.signal(SIGINT);
  EXPECT_EQ(server.wait(std::chrono::seconds(10)).code, 0);
  std::optional<RoomEvent> last;
  while (auto event = guest.next_event(std::chrono::seconds(5))) last = std::move(event);
  ASSERT_TRUE(last && std::holds_alternative<Disconnected>(*last));
  EXPECT_EQ(std::get<Disconnected>(*last).code, errc::server_shutdown);
}

TEST(Console, NumbersArePlainDecimals) {
  EXPECT_EQ(plain_decimal(31.63), "31.63");
  EXPECT_EQ(plain_decimal(0.9999), "0.9999");
  EXPECT_EQ(plain_decimal(-5), "-5");
  EXPECT_EQ(plain_decimal(1e6), "1000000");
  EXPECT_EQ(plain_decimal(std::nan("")), "null");
  EXPECT_EQ(to_json({{"a", {{"b", 31.63}, {"c", "x\"y"}}}, {"d", 7}, {"e", {1.5, true}}}),
            R"({"a":{"b":31.63,"c":"x\"y"},"d":7,"e":[1.5,true]})");
  EXPECT_EQ(to_json({}), "{}");
}

}  // namespace
}  // namespace sidetone::cli::test
