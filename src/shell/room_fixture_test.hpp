// What the tests of rooms share: a server on 127.0.0.1, participants, somebody who sings a tone and
// somebody who hears its pitch. Everything has a deadline.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <cmath>
#include <functional>
#include <future>
#include <memory>
#include <numbers>
#include <optional>
#include <sidetone/sidetone.hpp>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace sidetone::shell::test {

using namespace std::chrono_literals;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSlow = true;
#else
inline constexpr bool kSlow = false;
#endif

inline std::string token_for(const std::string& identity,
                             const std::string& room = "room",
                             const std::function<void(AccessToken&)>& change = {}) {
  AccessToken token;
  token.api_key = "key";
  token.api_secret = "a secret of thirty-two characters";
  token.identity = identity;
  token.grants.room_join = true;
  token.grants.room = room;
  if (change) change(token);
  return token.to_jwt();
}

inline RoomServerOptions serving() {
  RoomServerOptions options;
  options.port = 0;
  options.api_key = "key";
  options.api_secret = "a secret of thirty-two characters";
  return options;
}

struct Hall {
  explicit Hall(RuntimeOptions options = {})
      : runtime(std::move(options)), server(runtime, serving()) {}

  Room join(const std::string& identity, const std::string& room = "room") {
    Room joined(runtime);
    joined.connect(server.url(), token_for(identity, room));
    return joined;
  }

  Runtime runtime;
  RoomServer server;
};

// Where handlers run: a cancellation signal belongs to one thread.
inline void emit(Runtime& runtime, boost::asio::cancellation_signal& signal) {
  std::promise<void> done;
  boost::asio::post(runtime.event_executor(), [&] {
    signal.emit(boost::asio::cancellation_type::all);
    done.set_value();
  });
  done.get_future().wait();
}

template <class Condition>
bool eventually(Condition condition, std::chrono::milliseconds limit = 5000ms) {
  const auto until = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

// The next event of this kind; those before it are passed over.
template <class Event>
std::optional<Event> wait_for(Room& room, std::chrono::milliseconds limit = 5000ms) {
  const auto until = std::chrono::steady_clock::now() + limit;
  for (;;) {
    const auto left = until - std::chrono::steady_clock::now();
    if (left <= 0s) return std::nullopt;
    auto event = room.next_event(left);
    if (!event) return std::nullopt;
    if (auto* wanted = std::get_if<Event>(&*event)) return std::move(*wanted);
  }
}

inline PublishOptions steady() {
  PublishOptions options;
  options.dtx = false;
  return options;
}

// A source and a thread that fills it with a tone.
class Singer {
 public:
  Singer(Runtime& runtime, double hertz, std::uint32_t rate = 48000)
      : source(runtime, {.sample_rate = rate, .queue_size = 60ms}),
        thread_([this, hertz, rate] { sing(hertz, rate); }) {}

  ~Singer() {
    source.close();
    thread_.join();
  }

  AudioSource source;

 private:
  void sing(double hertz, std::uint32_t rate) {
    std::vector<std::int16_t> samples(rate / 100);
    double phase = 0;
    try {
      for (;;) {
        for (auto& sample : samples) {
          sample = static_cast<std::int16_t>(8000 * std::sin(phase));
          phase += 2 * std::numbers::pi * hertz / rate;
        }
        source.capture_frame(AudioFrame::borrow(samples, rate, 1, rate / 100));
      }
    } catch (const boost::system::system_error& closed) {
      EXPECT_EQ(closed.code(), errc::closed);
    }
  }

  std::thread thread_;
};

// The pitch of what is heard: skips silence and the frame in which it ends (a tone that begins in
// mid-swing rings in the resampler), then counts zero crossings of 300 ms. 0: nothing came.
inline double pitch(AudioStream& stream, std::chrono::milliseconds limit = 5000ms) {
  const auto until = std::chrono::steady_clock::now() + limit;
  const auto wanted = stream.options().sample_rate * 3 / 10;
  std::vector<std::int16_t> heard;
  bool loud_before = false;
  while (heard.size() < wanted) {
    const auto left = until - std::chrono::steady_clock::now();
    if (left <= 0s) return 0;
    std::optional<AudioFrameEvent> event;
    try {
      event = stream.read(left);
    } catch (const boost::system::system_error& error) {
      EXPECT_EQ(error.code(), errc::timed_out);
      return 0;
    }
    if (!event) return 0;
    const auto samples = event->frame.data();
    double power = 0;
    for (auto sample : samples) power += static_cast<double>(sample) * sample;
    const bool loud = power >= 1e6 * static_cast<double>(samples.size());
    if (!loud)
      heard.clear();
    else if (loud_before)
      heard.insert(heard.end(), samples.begin(), samples.end());
    loud_before = loud;
  }
  std::size_t crossings = 0;
  std::size_t first = 0;
  std::size_t last = 0;
  for (std::size_t i = 1; i < heard.size(); ++i)
    if (heard[i - 1] < 0 && heard[i] >= 0) {
      if (crossings++ == 0) first = i;
      last = i;
    }
  if (crossings < 2) return 0;
  return static_cast<double>(crossings - 1) * stream.options().sample_rate /
         static_cast<double>(last - first);
}

// The first moments may be stretched, or hold a hole on a busy machine.
inline bool near(double heard, double sung) {
  return std::abs(heard - sung) < 0.08 * sung;
}

// How long until the stream says that it has ended, reading what is left; nothing: not within 5 s.
inline std::optional<std::chrono::milliseconds> time_to_end(AudioStream& stream) {
  const auto start = std::chrono::steady_clock::now();
  try {
    while (stream.read(5s)) {
      if (std::chrono::steady_clock::now() - start > 5s) return std::nullopt;
    }
  } catch (const boost::system::system_error&) {
    return std::nullopt;
  }
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                               start);
}

// The code a call throws, or success.
template <class Call>
error_code thrown(Call call, std::string* text = nullptr) {
  try {
    call();
  } catch (const boost::system::system_error& error) {
    if (text != nullptr) *text = error.what();
    return error.code();
  }
  return {};
}

}  // namespace sidetone::shell::test
