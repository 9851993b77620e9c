// The public AudioStream over shell::StreamCore. What makes one of a track or a participant is the
// Room's (room.cpp).
#include <boost/asio/error.hpp>
#include <sidetone/audio_stream.hpp>

#include "shell/audio_stream.hpp"
#include "shell/blocking.hpp"

namespace sidetone {
inline namespace v0 {

AudioStreamOptions AudioStreamOptions::interactive() {
  AudioStreamOptions options;
  options.capacity = 10;
  return options;
}

AudioStreamOptions AudioStreamOptions::transcribe() {
  AudioStreamOptions options;
  options.sample_rate = 16000;
  options.overflow = Overflow::drop_newest;
  options.delivery = Delivery::immediate;
  options.mode = StreamMode::quality;
  return options;
}

struct AudioStream::Handle {
  explicit Handle(std::shared_ptr<shell::StreamCore> of) : core(std::move(of)) {}

  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  ~Handle() { core->close(true, boost::asio::error::operation_aborted); }

  std::shared_ptr<shell::StreamCore> core;
};

AudioStream::AudioStream(std::shared_ptr<shell::StreamCore> core)
    : core_(std::move(core)), handle_(std::make_shared<Handle>(core_)) {}

std::optional<AudioFrameEvent> AudioStream::read(std::optional<std::chrono::nanoseconds> timeout) {
  if (core_->loop()->on_media_thread()) throw make_error(errc::would_deadlock, "AudioStream::read");
  Result<AudioFrameEvent> event = make_error_code(errc::would_block);
  if (core_->unattended()) event = core_->try_read();
  if (!event && event.error() == errc::would_block)
    event = shell::blocking<AudioFrameEvent>(
        *core_->loop(), timeout, [&](auto handler) { core_->start_read(std::move(handler)); });
  if (event) return std::move(*event);
  if (event.error() == errc::ended || event.error() == boost::asio::error::eof) return std::nullopt;
  throw boost::system::system_error(event.error(), "AudioStream::read");
}

void AudioStream::start_read(const std::shared_ptr<shell::StreamCore>& core, Handler handler) {
  core->start_read(std::move(handler));
}

Result<AudioFrameEvent> AudioStream::try_read() noexcept {
  return core_->try_read();
}

const AudioStreamOptions& AudioStream::options() const {
  return core_->options();
}

AudioStreamStats AudioStream::stats() const {
  return core_->stats();
}

void AudioStream::close(bool drop_backlog) {
  core_->close(drop_backlog, boost::asio::error::eof);
}

bool AudioStream::closed() const {
  return core_->closed();
}

}  // namespace v0
}  // namespace sidetone
