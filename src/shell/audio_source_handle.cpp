// The public AudioSource: checks, errors in words, and the handle whose last copy closes.
#include <boost/asio/error.hpp>
#include <sidetone/audio_source.hpp>
#include <string>

#include "core/audio/frame.hpp"
#include "shell/audio_source.hpp"

namespace sidetone {
inline namespace v0 {
namespace {

// What all copies of a handle share; publications share the source itself.
struct Handle {
  explicit Handle(std::shared_ptr<shell::Source> held) : source(std::move(held)) {}

  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  ~Handle() { source->close(boost::asio::error::operation_aborted); }

  std::shared_ptr<shell::Source> source;
};

std::shared_ptr<shell::Source> open(Runtime& runtime, const AudioSourceOptions& options) {
  send::PacerOptions wanted{.format = {options.sample_rate, options.num_channels},
                            .queue_ms = options.queue_size.count(),
                            .preroll_ms = options.preroll.count(),
                            .drain_unpublished = options.drain_unpublished};
  if (auto rule = send::broken_rule(wanted)) throw make_error(errc::invalid_argument, *rule);
  std::optional<base::Duration> hold = options.hold_until_subscribed;
  auto handle = std::make_shared<Handle>(shell::Source::create(runtime.loop(), wanted, hold));
  return {handle, handle->source.get()};
}

std::string words(const audio::Format& format) {
  return std::to_string(format.sample_rate) + " Hz, " + std::to_string(format.channels) +
         (format.channels == 1 ? " channel" : " channels");
}

[[noreturn]] void refuse(const shell::Source& source, const AudioFrame& frame, error_code error) {
  if (error == errc::format_mismatch)
    throw make_error(errc::format_mismatch, "the frame has " +
                                                words({frame.sample_rate(), frame.num_channels()}) +
                                                ", the source " + words(source.format()));
  if (error == errc::invalid_argument)
    throw make_error(errc::invalid_argument,
                     "the frame has " + std::to_string(frame.samples_per_channel()) +
                         " samples, a source with queue_size 0 takes at most 120 ms at once");
  throw boost::system::system_error(error);
}

}  // namespace

AudioSource::AudioSource(Runtime& runtime, const AudioSourceOptions& options)
    : source_(open(runtime, options)) {}

std::uint32_t AudioSource::sample_rate() const {
  return source_->format().sample_rate;
}

std::uint32_t AudioSource::num_channels() const {
  return source_->format().channels;
}

std::chrono::milliseconds AudioSource::queue_size() const {
  return std::chrono::milliseconds(source_->options().queue_ms);
}

void AudioSource::capture_frame(const AudioFrame& frame, const CaptureOptions& options) {
  if (auto error = source_->capture(frame, options)) refuse(*source_, frame, error);
}

error_code AudioSource::try_capture_frame(const AudioFrame& frame) noexcept {
  return source_->try_capture(frame);
}

std::chrono::nanoseconds AudioSource::queued_duration() const {
  return audio::duration_of(source_->counters().queued, sample_rate());
}

ClearedAudio AudioSource::clear_queue() {
  auto cleared = source_->clear();
  return {cleared.played, cleared.discarded};
}

void AudioSource::flush() {
  source_->flush();
}

void AudioSource::wait_for_playout(std::optional<std::chrono::nanoseconds> timeout) {
  if (auto error = source_->wait_playout({timeout, nullptr}))
    throw boost::system::system_error(error);
}

AudioSourceCounters AudioSource::counters() const {
  auto counters = source_->counters();
  return {.captured = counters.captured,
          .played = counters.played,
          .muted = counters.muted,
          .discarded = counters.discarded,
          .queued = counters.queued,
          .silence = counters.silence,
          .padded = counters.padded,
          .underruns = counters.underruns,
          .late_packets = counters.late_packets};
}

void AudioSource::close() {
  source_->close(errc::closed);
}

bool AudioSource::closed() const {
  return source_->closed();
}

std::shared_ptr<shell::Source> AudioSource::impl() const {
  return source_->shared_from_this();
}

void AudioSource::start_capture(const std::shared_ptr<shell::Source>& source,
                                const AudioFrame& frame,
                                const CaptureOptions& options,
                                Handler handler) {
  source->start_capture(frame, options, std::move(handler));
}

void AudioSource::start_wait(const std::shared_ptr<shell::Source>& source, Handler handler) {
  source->start_wait(std::move(handler));
}

}  // namespace v0
}  // namespace sidetone
