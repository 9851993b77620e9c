#include "core/send/mute_gate.hpp"

#include <algorithm>
#include <utility>

namespace sidetone::send {

bool MuteGate::set_muted(bool muted) {
  if (muted == muted_) return false;
  muted_ = muted;
  if (muted)
    zeros_left_ = kZeros;
  else
    fades_in_ = !audible_;  // muted and back between two packets: nobody heard it
  return true;
}

std::int64_t MuteGate::on_audio(PcmPacket& packet, std::int64_t audio_samples) {
  packet.muted = muted_;
  if (!muted_) {
    if (std::exchange(fades_in_, false)) fade_in(packet);
    audible_ = true;
    return 0;
  }
  packet.unmuted.assign(packet.samples.begin(), packet.samples.end());
  if (std::exchange(audible_, false)) {
    fade_out(packet);
    return std::max<std::int64_t>(audio_samples - fade_samples(), 0);
  }
  std::fill(packet.samples.begin(), packet.samples.end(), std::int16_t{0});
  packet.silence = true;
  spend(packet);
  return audio_samples;
}

void MuteGate::on_silence(PcmPacket& packet) {
  packet.muted = muted_;
  audible_ = false;
  fades_in_ = false;
  if (muted_) spend(packet);
}

void MuteGate::fade_in(PcmPacket& packet) const {
  packet.unmuted.assign(packet.samples.begin(), packet.samples.end());
  auto length =
      std::min(static_cast<std::size_t>(fade_samples()) * format_.channels, packet.samples.size());
  for (std::size_t i = 0; i < length; ++i)
    packet.samples[i] = static_cast<std::int16_t>(packet.samples[i] * static_cast<int>(i) /
                                                  static_cast<int>(length));
}

void MuteGate::fade_out(PcmPacket& packet) const {
  auto length =
      std::min(static_cast<std::size_t>(fade_samples()) * format_.channels, packet.samples.size());
  for (std::size_t i = 0; i < length; ++i)
    packet.samples[i] = static_cast<std::int16_t>(packet.samples[i] * static_cast<int>(length - i) /
                                                  static_cast<int>(length));
  std::fill(packet.samples.begin() + static_cast<std::ptrdiff_t>(length), packet.samples.end(),
            std::int16_t{0});
}

void MuteGate::spend(PcmPacket& packet) {
  packet.on_wire = zeros_left_ > base::Duration(0);
  zeros_left_ = std::max(zeros_left_ - packet.length, base::Duration(0));
}

}  // namespace sidetone::send
