#include "core/web/page.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace sidetone::web {
namespace {

constexpr std::string_view kBrowser = "text/html,application/xhtml+xml,*/*;q=0.8";

Request get(std::string_view target, std::string_view accept = kBrowser) {
  return {.method = "GET", .target = target, .accept = accept};
}

std::string header(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers)
    if (key == name) return value;
  return {};
}

TEST(Page, ABrowserGetsThePageAndAHealthCheckDoesNot) {
  const auto answer = page(get("/?room=lobby"), assets(), false);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200U);
  EXPECT_EQ(answer->content_type, "text/html; charset=utf-8");
  EXPECT_NE(answer->body.find("<title>Sidetone</title>"), std::string::npos);
  EXPECT_EQ(header(*answer, "Vary"), "Accept");
  EXPECT_TRUE(page(get("/", "Text/HTML"), assets(), false));
  EXPECT_FALSE(page(get("/", "*/*"), assets(), false));
  EXPECT_FALSE(page(get("/", ""), assets(), false));
}

TEST(Page, OnlyReadingMethodsGetFiles) {
  auto request = get("/style.css");
  request.method = "HEAD";
  EXPECT_TRUE(page(request, assets(), false));
  request.method = "POST";
  EXPECT_FALSE(page(request, assets(), false));
}

TEST(Page, WhatIsNoFileOfThePageIsLeftToOthers) {
  for (auto target : {"/rtc", "/app.js/", "/../app.js", "/index.html", "", "app.js"})
    EXPECT_FALSE(page(get(target), assets(), false)) << target;
}

TEST(Page, AllFilesThatThePageNamesAreThere) {
  const auto answer = page(get("/"), assets(), false);
  ASSERT_TRUE(answer);
  int named = 0;
  for (std::string_view attribute : {"src=\"", "href=\""})
    for (auto at = answer->body.find(attribute); at != std::string::npos;
         at = answer->body.find(attribute, at + 1)) {
      const auto begin = at + attribute.size();
      const auto path = answer->body.substr(begin, answer->body.find('"', begin) - begin);
      ++named;
      if (path == "/livekit-client.js") continue;  // only after `./dev web`
      EXPECT_TRUE(page(get(path, "*/*"), assets(), false)) << path;
    }
  EXPECT_GE(named, 4);
  for (auto module : {"/participant.js", "/figures.js", "/meter.js"}) {
    const auto script = page(get(module, "*/*"), assets(), false);
    ASSERT_TRUE(script) << module;
    EXPECT_EQ(script->content_type, "text/javascript; charset=utf-8");
  }
}

TEST(Page, NoScriptOrStyleIsInlineAndThePolicyForbidsIt) {
  const auto answer = page(get("/"), assets(), false);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body.find("<style"), std::string::npos);
  EXPECT_EQ(answer->body.find("style="), std::string::npos);
  EXPECT_EQ(answer->body.find("onclick"), std::string::npos);
  EXPECT_EQ(answer->body.find("<script>"), std::string::npos);
  const auto policy = header(*answer, "Content-Security-Policy");
  EXPECT_TRUE(policy.starts_with("default-src 'none'; script-src 'self';")) << policy;
  EXPECT_EQ(policy.find("unsafe"), std::string::npos);
  EXPECT_EQ(header(*answer, "X-Content-Type-Options"), "nosniff");
}

TEST(Page, NoFileFetchesAnythingFromElsewhere) {
  const std::string svg_name = std::string("http:") + "//www.w3.org/2000/svg";  // nobody fetches it
  for (const auto& file : assets()) {
    if (file.gzip) continue;
    const auto text = file.bytes;
    for (std::string_view scheme : {"http://", "https://"})
      for (auto at = text.find(scheme); at != text.npos; at = text.find(scheme, at + 1))
        EXPECT_TRUE(text.substr(at).starts_with(svg_name)) << file.path;
  }
}

TEST(Page, SaysOnlyWhenToldThatATokenCanBeHad) {
  constexpr std::string_view kYes = R"(name="sidetone-dev-token" content="yes")";
  EXPECT_EQ(page(get("/"), assets(), false)->body.find(kYes), std::string::npos);
  EXPECT_NE(page(get("/"), assets(), true)->body.find(kYes), std::string::npos);
}

TEST(Page, CompressedFilesSaySo) {
  const Asset files[] = {
      {"/livekit-client.js", "text/javascript; charset=utf-8", "\x1f\x8b", true}};
  const auto answer = page(get("/livekit-client.js", "*/*"), files, false);
  ASSERT_TRUE(answer);
  EXPECT_EQ(header(*answer, "Content-Encoding"), "gzip");
  EXPECT_EQ(answer->body, "\x1f\x8b");
}

TEST(Page, TheBuiltInClientIsWholeOrAbsent) {
  const auto files = assets();
  const auto client = std::find_if(files.begin(), files.end(), [](const Asset& each) {
    return each.path == "/livekit-client.js";
  });
  if (client == files.end()) return;  // built without `./dev web`
  EXPECT_TRUE(client->gzip);
  EXPECT_TRUE(client->bytes.starts_with("\x1f\x8b"));
  EXPECT_GT(client->bytes.size(), 50'000U);
}

}  // namespace
}  // namespace sidetone::web
