#include "core/rtp/extension.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace sidetone::rtp {
namespace {

std::vector<std::byte> bytes_of(std::initializer_list<int> values) {
  std::vector<std::byte> bytes;
  for (int value : values) bytes.push_back(std::byte(value));
  return bytes;
}

std::optional<std::string_view> find_text(std::uint16_t form,
                                          const std::vector<std::byte>& body,
                                          std::uint8_t id) {
  auto found = find_extension(form, body, id);
  if (!found) return std::nullopt;
  return base::as_text(*found);
}

TEST(Extension, OneByteElementsAreFoundPastPadding) {
  auto body = bytes_of({0x10, 'a', 0, 0, 0x32, 'x', 'y', 'z', 0xe0, 'q', 0, 0});
  EXPECT_EQ(find_text(kOneByteForm, body, 1), "a");
  EXPECT_EQ(find_text(kOneByteForm, body, 3), "xyz");
  EXPECT_EQ(find_text(kOneByteForm, body, 14), "q");
  EXPECT_FALSE(find_text(kOneByteForm, body, 2));
  EXPECT_FALSE(find_text(kOneByteForm, body, 0));
}

TEST(Extension, TwoByteElementsMayBeEmpty) {
  auto body = bytes_of({0, 1, 0, 200, 2, 'h', 'i', 0});
  EXPECT_EQ(find_text(kTwoByteForm, body, 1), "");
  EXPECT_EQ(find_text(kTwoByteForm | 7, body, 200), "hi") << "the application's bits do not matter";
  EXPECT_FALSE(find_text(kTwoByteForm, body, 0));
}

TEST(Extension, AnUnknownFormHasNoElements) {
  auto body = bytes_of({0x10, 'a', 0, 0});
  EXPECT_FALSE(find_text(0x1010, body, 1));
  EXPECT_FALSE(find_text(0xbedf, body, 1));
}

TEST(Extension, ReservedIdsEndTheBlock) {
  EXPECT_FALSE(find_text(kOneByteForm, bytes_of({0xf0, 'a', 0x10, 'b'}), 1));
  EXPECT_FALSE(find_text(kOneByteForm, bytes_of({0x01, 'a', 0x10, 'b'}), 1));
  EXPECT_FALSE(find_text(kOneByteForm, bytes_of({0xf0, 'a', 0x10, 'b'}), 15));
}

TEST(Extension, AnElementThatPassesTheEndIsNotThere) {
  EXPECT_FALSE(find_text(kOneByteForm, bytes_of({0x11, 'a'}), 1));
  EXPECT_FALSE(find_text(kTwoByteForm, bytes_of({1, 3, 'a', 'b'}), 1));
  EXPECT_FALSE(find_text(kTwoByteForm, bytes_of({1}), 1));
  EXPECT_EQ(find_text(kOneByteForm, bytes_of({0x20, 'k', 0x11, 'a'}), 2), "k");
}

TEST(ExtensionBlock, ShortElementsTakeTheOneByteForm) {
  ExtensionBlock block;
  EXPECT_TRUE(block.empty());
  auto level = bytes_of({0x7f});
  block.add(1, level);
  block.add(4, base::as_bytes("mid"));
  EXPECT_FALSE(block.empty());
  EXPECT_EQ(block.form(), kOneByteForm);
  EXPECT_TRUE(std::ranges::equal(block.body(), bytes_of({0x10, 0x7f, 0x42, 'm', 'i', 'd', 0, 0})));
}

TEST(ExtensionBlock, ALongEmptyOrHighElementTakesTheTwoByteForm) {
  std::string seventeen(17, 'x');
  for (auto [id, text] : {std::pair<std::uint8_t, std::string>{15, "a"}, {2, ""}, {2, seventeen}}) {
    ExtensionBlock block;
    block.add(1, base::as_bytes("l"));
    block.add(id, base::as_bytes(text));
    EXPECT_EQ(block.form(), kTwoByteForm);
    auto body = block.body();
    EXPECT_EQ(body.size() % 4, 0U);
    auto found = find_extension(block.form(), body, id);
    ASSERT_TRUE(found);
    EXPECT_EQ(base::as_text(*found), text);
    EXPECT_EQ(base::as_text(*find_extension(block.form(), body, 1)), "l");
  }
  ExtensionBlock sixteen;
  sixteen.add(14, base::as_bytes(std::string_view(seventeen).substr(1)));
  EXPECT_EQ(sixteen.form(), kOneByteForm);
  EXPECT_EQ(find_extension(sixteen.form(), sixteen.body(), 14)->size(), 16U);
}

TEST(ExtensionBlock, WhatDoesNotFitIsLeftOut) {
  ExtensionBlock block;
  std::string most(ExtensionBlock::kMaxBytes, 'x');
  block.add(0, base::as_bytes("x"));
  EXPECT_TRUE(block.empty());
  block.add(1, base::as_bytes(most));
  block.add(2, base::as_bytes("y"));
  auto body = block.body();
  EXPECT_EQ(find_extension(block.form(), body, 1)->size(), most.size());
  EXPECT_FALSE(find_extension(block.form(), body, 2));

  ExtensionBlock many;
  for (std::uint8_t id = 1; id <= 9; ++id) many.add(id, base::as_bytes("twelve bytes"));
  body = many.body();
  EXPECT_TRUE(find_extension(many.form(), body, 8));
  EXPECT_FALSE(find_extension(many.form(), body, 9));
}

TEST(AudioLevel, RoundTripsAndClamps) {
  for (auto level : {AudioLevel{0, true}, AudioLevel{35, false}, AudioLevel{127, true}}) {
    auto byte = write_audio_level(level);
    EXPECT_EQ(parse_audio_level({&byte, 1}), level);
  }
  EXPECT_EQ(write_audio_level({.level = 200, .voice = false}), std::byte{127});
  EXPECT_EQ(write_audio_level({.level = 3, .voice = true}), std::byte{0x83});
  EXPECT_FALSE(parse_audio_level({}));
}

TEST(CaptureTime, RoundTripsWithAndWithoutOffset) {
  std::array<std::byte, 16> memory{};
  CaptureTime plain{.ntp = 0x0102030405060708, .clock_offset = std::nullopt};
  auto bytes = write_capture_time(plain, memory);
  EXPECT_EQ(bytes.size(), 8U);
  EXPECT_EQ(bytes[7], std::byte{8});
  EXPECT_EQ(parse_capture_time(bytes), plain);
  CaptureTime offset{.ntp = 1, .clock_offset = -5};
  bytes = write_capture_time(offset, memory);
  EXPECT_EQ(bytes.size(), 16U);
  EXPECT_EQ(parse_capture_time(bytes), offset);
  EXPECT_FALSE(parse_capture_time(bytes.first(9)));
  EXPECT_FALSE(parse_capture_time({}));
}

}  // namespace
}  // namespace sidetone::rtp
