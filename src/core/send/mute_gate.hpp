// Mute and un-mute without a click: fades over 5 ms, and 200 ms of zeros before nothing is sent.
// Not thread-safe. Source: audio.md §2.8.
#pragma once

#include <cstdint>

#include "core/audio/frame.hpp"
#include "core/base/time.hpp"
#include "core/send/pcm_packet.hpp"

namespace sidetone::send {

class MuteGate {
 public:
  explicit MuteGate(const audio::Format& format) : format_(format) {}

  bool muted() const { return muted_; }

  // False if it was so before.
  bool set_muted(bool muted);

  // A new sink must see some packets to know that the track lives.
  void restart_zeros() { zeros_left_ = kZeros; }

  // Whether a slot without audio is worth a packet of zeros.
  bool sends_silence() const { return !muted_ || zeros_left_ > base::Duration(0); }

  // Fades or silences a packet that begins with `audio_samples` of audio, and says in it what
  // became of it; returns how many of those samples were replaced by zeros.
  std::int64_t on_audio(PcmPacket& packet, std::int64_t audio_samples);
  void on_silence(PcmPacket& packet);

 private:
  static constexpr base::Duration kFade = std::chrono::milliseconds(5);
  // Ten packets: receivers' comfort noise settles on silence.
  static constexpr base::Duration kZeros = std::chrono::milliseconds(200);

  std::int64_t fade_samples() const { return audio::samples_in(kFade, format_.sample_rate); }

  void fade_in(PcmPacket& packet) const;
  void fade_out(PcmPacket& packet) const;
  void spend(PcmPacket& packet);

  audio::Format format_;
  bool muted_ = false;
  bool audible_ = false;   // the last packet ended with audio, which must be faded out
  bool fades_in_ = false;  // un-muted since the last packet
  base::Duration zeros_left_{};
};

}  // namespace sidetone::send
