// What the tests of audio sources share.
#pragma once

#include <gtest/gtest.h>

#include <sidetone/audio_source.hpp>
#include <string>
#include <vector>

namespace sidetone::shell::test {

inline AudioFrame tone(std::uint32_t samples,
                       std::uint32_t rate = 48000,
                       std::uint32_t channels = 1) {
  return {std::vector<std::int16_t>(std::size_t{samples} * channels, 1000), rate, channels,
          samples};
}

template <class Call>
error_code error_of(Call call, std::string* text = nullptr) {
  try {
    call();
    return {};
  } catch (const boost::system::system_error& error) {
    if (text) *text = error.what();
    return error.code();
  }
}

inline void expect_adds_up(const AudioSourceCounters& counters) {
  EXPECT_EQ(counters.captured, counters.played + counters.discarded + counters.queued);
  EXPECT_GE(counters.queued, 0);
}

}  // namespace sidetone::shell::test
