#include "core/rtp/extension.hpp"

#include <algorithm>

namespace sidetone::rtp {
namespace {

std::optional<base::Bytes> find_one_byte(base::Bytes body, std::uint8_t id) {
  base::ByteReader reader(body);
  while (reader.remaining() > 0) {
    auto head = reader.u8();
    if (head == 0) continue;
    auto found = static_cast<std::uint8_t>(head >> 4);
    // Both end the block; padding has no length (RFC 8285 §4.2).
    if (found == 15 || found == 0) return std::nullopt;
    auto data = reader.take((head & 0x0fU) + 1U);
    if (!reader.ok()) return std::nullopt;
    if (found == id) return data;
  }
  return std::nullopt;
}

std::optional<base::Bytes> find_two_byte(base::Bytes body, std::uint8_t id) {
  base::ByteReader reader(body);
  while (reader.remaining() > 0) {
    auto found = reader.u8();
    if (found == 0) continue;
    auto size = reader.u8();
    auto data = reader.take(size);
    if (!reader.ok()) return std::nullopt;
    if (found == id) return data;
  }
  return std::nullopt;
}

}  // namespace

std::optional<base::Bytes> find_extension(std::uint16_t form, base::Bytes body, std::uint8_t id) {
  if (form == kOneByteForm) return find_one_byte(body, id);
  if ((form & 0xfff0) == kTwoByteForm) return find_two_byte(body, id);
  return std::nullopt;
}

void ExtensionBlock::add(std::uint8_t id, base::Bytes data) {
  if (id == 0 || count_ == kMaxElements || data.size() > kMaxBytes - data_size_) return;
  if (id > 14 || data.empty() || data.size() > 16) two_byte_ = true;
  elements_[count_++] = {.id = id,
                         .at = static_cast<std::uint8_t>(data_size_),
                         .size = static_cast<std::uint8_t>(data.size())};
  std::copy(data.begin(), data.end(), data_.begin() + static_cast<std::ptrdiff_t>(data_size_));
  data_size_ += data.size();
}

base::Bytes ExtensionBlock::body() {
  base::ByteWriter writer(body_);
  for (std::size_t i = 0; i < count_; ++i) {
    const auto& element = elements_[i];
    if (two_byte_) {
      writer.u8(element.id);
      writer.u8(element.size);
    } else {
      writer.u8(static_cast<unsigned>(element.id) << 4 | (element.size - 1U));
    }
    writer.bytes(base::Bytes(data_).subspan(element.at, element.size));
  }
  writer.zeros((4 - writer.size() % 4) % 4);
  return writer.written();
}

std::optional<AudioLevel> parse_audio_level(base::Bytes data) {
  if (data.empty()) return std::nullopt;
  auto value = std::to_integer<std::uint8_t>(data[0]);
  return AudioLevel{.level = static_cast<std::uint8_t>(value & 0x7f), .voice = (value & 0x80) != 0};
}

std::byte write_audio_level(AudioLevel level) {
  return std::byte(std::min<unsigned>(level.level, 127) | (level.voice ? 0x80U : 0U));
}

std::optional<CaptureTime> parse_capture_time(base::Bytes data) {
  if (data.size() != 8 && data.size() != 16) return std::nullopt;
  base::ByteReader reader(data);
  CaptureTime time{.ntp = reader.u64(), .clock_offset = std::nullopt};
  if (data.size() == 16) time.clock_offset = static_cast<std::int64_t>(reader.u64());
  return time;
}

base::Bytes write_capture_time(const CaptureTime& time, std::array<std::byte, 16>& into) {
  base::ByteWriter writer(into);
  writer.u64(time.ntp);
  if (time.clock_offset) writer.u64(static_cast<std::uint64_t>(*time.clock_offset));
  return writer.written();
}

}  // namespace sidetone::rtp
