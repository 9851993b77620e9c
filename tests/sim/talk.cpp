#include "tests/sim/talk.hpp"

#include <algorithm>

#include "core/codec/opus_decoder.hpp"

namespace sidetone::sim {

void Voice::say_10_ms() {
  if (!speaking) return;
  const auto rate = std::uint64_t{mouth.format().sample_rate};
  const auto begin = frames * rate / 100;
  ++frames;
  const auto samples = sound->next(static_cast<std::size_t>(frames * rate / 100 - begin));
  if (remembers) said.insert(said.end(), samples.begin(), samples.end());
  mouth.push(samples, now());
}

Talk::Talk(std::uint64_t seed) : call(seed), alice(call.add("alice")), bob(call.add("bob")) {}

Talk::~Talk() = default;

bool Talk::connect(Caller& caller, const std::string& room) {
  const auto id = caller.connect(room);
  return call.run_until([&] { return caller.done(id); }) && !caller.error(id);
}

bool Talk::connected(const std::string& room) {
  const auto a = alice.connect(room);
  const auto b = bob.connect(room);
  if (!call.run_until([&] { return alice.done(a) && bob.done(b); })) return false;
  return !alice.error(a) && !bob.error(b);
}

Voice& Talk::voice(const audio::Format& format, std::unique_ptr<Sound> sound) {
  voices_.push_back(std::make_unique<Voice>(format, std::move(sound)));
  auto& voice = *voices_.back();
  call.every(milliseconds(10), [&voice] { voice.say_10_ms(); });
  return voice;
}

std::string Talk::publish(Caller& caller,
                          Voice& voice,
                          media::SourceOptions options,
                          bool passthrough) {
  const auto format = voice.mouth.format();
  auto encoder = passthrough ? media::make_passthrough_encoder(
                                   codec::opus_rate_for(format.sample_rate), format.channels)
                             : nullptr;
  const auto id = caller.publish(voice.mouth, {}, options, std::move(encoder));
  if (!call.run_until([&] { return caller.done(id); }) || caller.error(id)) return {};
  return caller.track_sid(id);
}

Ear& Talk::hear_exact(Caller& caller,
                      const std::string& from,
                      const audio::Format& format,
                      media::Delivery delivery) {
  media::StreamOptions options;
  options.sample_rate = format.sample_rate;
  options.channels = format.channels;
  options.delivery = delivery;
  return caller.hear(
      from, options,
      media::make_passthrough_decoder(codec::opus_rate_for(format.sample_rate), format.channels));
}

milliseconds Talk::until_end(const Ear& ear) {
  const auto from = now();
  if (!call.run_until([&] { return ear.ended_at().has_value(); }, seconds(1)))
    return milliseconds(-1);
  return std::chrono::duration_cast<milliseconds>(*ear.ended_at() - from);
}

testing::AssertionResult begins_with(std::span<const std::int16_t> heard,
                                     std::span<const std::int16_t> said) {
  if (said.empty()) return testing::AssertionFailure() << "nothing was said";
  const auto [h, s] = std::mismatch(heard.begin(), heard.end(), said.begin(), said.end());
  if (s == said.end()) return testing::AssertionSuccess();
  const auto at = s - said.begin();
  auto failure = testing::AssertionFailure();
  failure << "they differ at sample " << at << " of " << said.size() << ": said " << *s;
  if (h == heard.end()) return failure << ", heard nothing";
  return failure << ", heard " << *h;
}

}  // namespace sidetone::sim
