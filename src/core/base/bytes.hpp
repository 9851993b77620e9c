// Bounded big-endian reading and writing. A reader never reads past its end: it turns bad, returns
// zeros, and the caller asks ok() once at the end of a parse.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace sidetone::base {

using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

inline Bytes as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class ByteReader {
 public:
  explicit ByteReader(Bytes bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }

  std::size_t remaining() const { return rest_.size(); }

  Bytes rest() const { return rest_; }

  std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }

  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }

  std::uint32_t u24() { return static_cast<std::uint32_t>(number(3)); }

  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }

  std::uint64_t u64() { return number(8); }

  Bytes take(std::size_t count) {
    if (count > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    auto taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }

  void skip(std::size_t count) { take(count); }

 private:
  std::uint64_t number(std::size_t count) {
    std::uint64_t value = 0;
    for (auto byte : take(count)) value = value << 8 | std::to_integer<std::uint64_t>(byte);
    return value;
  }

  Bytes rest_;
  bool ok_ = true;
};

// Writes into memory it is given; what does not fit is not written and turns the writer bad.
class ByteWriter {
 public:
  explicit ByteWriter(MutableBytes into) : into_(into) {}

  bool ok() const { return ok_; }

  std::size_t size() const { return size_; }

  std::size_t room() const { return into_.size() - size_; }

  Bytes written() const { return into_.first(size_); }

  void u8(std::uint64_t value) { number(value, 1); }

  void u16(std::uint64_t value) { number(value, 2); }

  void u24(std::uint64_t value) { number(value, 3); }

  void u32(std::uint64_t value) { number(value, 4); }

  void u64(std::uint64_t value) { number(value, 8); }

  void bytes(Bytes source) {
    if (auto target = claim(source.size()); !target.empty())
      std::memcpy(target.data(), source.data(), source.size());
  }

  void zeros(std::size_t count) {
    if (auto target = claim(count); !target.empty()) std::memset(target.data(), 0, count);
  }

  // Overwrites two bytes written earlier, for length fields known only at the end.
  void patch_u16(std::size_t at, std::uint16_t value) {
    if (at + 2 > size_) return;
    into_[at] = std::byte(value >> 8);
    into_[at + 1] = std::byte(value & 0xff);
  }

 private:
  MutableBytes claim(std::size_t count) {
    if (!ok_ || count > room()) {
      ok_ = false;
      return {};
    }
    auto target = into_.subspan(size_, count);
    size_ += count;
    return target;
  }

  void number(std::uint64_t value, std::size_t count) {
    auto target = claim(count);
    for (auto i = target.size(); i != 0; --i, value >>= 8) target[i - 1] = std::byte(value & 0xff);
  }

  MutableBytes into_;
  std::size_t size_ = 0;
  bool ok_ = true;
};

}  // namespace sidetone::base
