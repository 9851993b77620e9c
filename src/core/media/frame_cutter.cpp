#include "core/media/frame_cutter.hpp"

#include <algorithm>

namespace sidetone::media {
namespace {

constexpr std::int64_t kNanoseconds = 1'000'000'000;

}  // namespace

FrameCutter::FrameCutter(const FrameFormat& format,
                         std::uint32_t in_rate,
                         std::uint32_t in_channels)
    : format_(format), in_rate_(in_rate), in_channels_(in_channels) {
  if (in_rate == format.sample_rate) return;
  resampler_.emplace(in_rate, format.sample_rate, in_channels);
  latency_ = static_cast<std::int64_t>(resampler_->latency()) * 48'000 / format.sample_rate;
}

void FrameCutter::push(const jitter::Block& block, base::Instant now, StreamOutput& out) {
  if (block.gap_before != 0 && !pending_.empty()) {
    pad();
    cut(now, out);
  }
  Run run{.rtp_time = block.rtp_time - latency_,
          .samples = 0,
          .received_at = block.received_at,
          .delay = block.delay,
          .provenance = block.provenance,
          .concealed = static_cast<std::size_t>(
              audio::rescale(block.concealed, 48'000, format_.sample_rate)),
          .gap_before = block.gap_before};
  append(run, block.samples);
  cut(now, out);
}

void FrameCutter::append(Run run, std::span<const float> samples) {
  auto had = pending_.size();
  if (resampler_) {
    auto count = resampler_->output_for(samples.size() / in_channels_);
    pending_.resize(had + count * in_channels_);
    resampler_->process(samples, std::span(pending_).subspan(had));
  } else {
    pending_.insert(pending_.end(), samples.begin(), samples.end());
  }
  run.samples = (pending_.size() - had) / in_channels_;
  if (run.samples != 0) runs_.push_back(run);
}

// Fills the open frame with zeros.
void FrameCutter::pad() {
  auto have = pending_.size() / in_channels_;
  auto missing = next_length() - have;
  Run run = runs_.back();
  run.rtp_time += static_cast<std::int64_t>(run.samples) * 48'000 / format_.sample_rate;
  run.samples = missing;
  run.received_at.reset();
  run.provenance = jitter::kSilence;
  run.concealed = 0;
  run.gap_before = 0;
  pending_.resize(pending_.size() + missing * in_channels_, 0.0F);
  runs_.push_back(run);
}

void FrameCutter::flush(base::Instant now, StreamOutput& out) {
  if (runs_.empty() && !pushed_) return;
  if (resampler_) {
    // The last words are still in the filter.
    auto samples = std::size_t{resampler_->latency()} * in_rate_ / format_.sample_rate + 1;
    std::vector<float> zeros(samples * in_channels_);
    append(last_, zeros);
    cut(now, out);
  }
  if (pending_.empty()) return;
  pad();
  cut(now, out);
}

std::size_t FrameCutter::next_length() const {
  auto owed = format_.sample_rate * format_.duration.count() + fraction_;
  return static_cast<std::size_t>(owed / kNanoseconds);
}

void FrameCutter::cut(base::Instant now, StreamOutput& out) {
  while (pending_.size() >= next_length() * in_channels_) emit(now, out);
}

void FrameCutter::emit(base::Instant now, StreamOutput& out) {
  auto samples = next_length();
  fraction_ = (format_.sample_rate * format_.duration.count() + fraction_) % kNanoseconds;
  const auto& first = runs_.front();
  StreamFrame frame{.rtp_time = first.rtp_time,
                    .delivered_at = now,
                    .received_at = first.received_at,
                    .delay = first.delay,
                    .provenance = 0,
                    .concealed_samples = 0,
                    .gap_before = first.gap_before,
                    .samples = static_cast<std::uint32_t>(samples),
                    .offset = out.samples.size()};
  take_runs(samples, frame);
  auto source = std::span<const float>(pending_).first(samples * in_channels_);
  if (in_channels_ != format_.channels) {
    mixed_.resize(samples * format_.channels);
    audio::remix(source, in_channels_, mixed_, format_.channels);
    source = mixed_;
  }
  out.samples.resize(frame.offset + source.size());
  audio::to_int16(source, std::span(out.samples).subspan(frame.offset));
  pending_.erase(pending_.begin(),
                 pending_.begin() + static_cast<std::ptrdiff_t>(samples * in_channels_));
  out.frames.push(frame);
  pushed_ = true;
}

void FrameCutter::take_runs(std::size_t samples, StreamFrame& frame) {
  auto left = samples;
  auto done = runs_.begin();
  while (left != 0) {
    auto part = std::min(left, done->samples);
    frame.provenance |= done->provenance;
    auto concealed = std::min(part, done->concealed);
    frame.concealed_samples += static_cast<std::uint32_t>(concealed);
    done->concealed -= concealed;
    done->samples -= part;
    done->gap_before = 0;
    done->rtp_time += static_cast<std::int64_t>(part) * 48'000 / format_.sample_rate;
    left -= part;
    last_ = *done;
    if (done->samples == 0) ++done;
  }
  runs_.erase(runs_.begin(), done);
}

}  // namespace sidetone::media
