#include "core/crypto/base64.hpp"

#include <array>

namespace sidetone::crypto {
namespace {

using Alphabet = std::array<char, 64>;

constexpr Alphabet alphabet(char at62, char at63) {
  Alphabet letters{};
  for (std::size_t i = 0; i < 26; ++i) {
    letters[i] = static_cast<char>('A' + i);
    letters[26 + i] = static_cast<char>('a' + i);
  }
  for (std::size_t i = 0; i < 10; ++i) letters[52 + i] = static_cast<char>('0' + i);
  letters[62] = at62;
  letters[63] = at63;
  return letters;
}

constexpr auto kNotALetter = static_cast<std::uint8_t>(64);

constexpr std::array<std::uint8_t, 256> values(const Alphabet& letters) {
  std::array<std::uint8_t, 256> table{};
  table.fill(kNotALetter);
  for (std::size_t i = 0; i < letters.size(); ++i)
    table[static_cast<std::uint8_t>(letters[i])] = static_cast<std::uint8_t>(i);
  return table;
}

constexpr auto kStandard = alphabet('+', '/');
constexpr auto kUrl = alphabet('-', '_');
constexpr auto kStandardValues = values(kStandard);
constexpr auto kUrlValues = values(kUrl);

std::string encode(const Alphabet& letters, base::Bytes data) {
  std::string text;
  text.reserve((data.size() + 2) / 3 * 4);
  std::uint32_t bits = 0;
  int count = 0;
  for (auto byte : data) {
    bits = bits << 8 | std::to_integer<std::uint32_t>(byte);
    for (count += 8; count >= 6; count -= 6) text += letters[bits >> (count - 6) & 63];
  }
  if (count > 0) text += letters[bits << (6 - count) & 63];
  return text;
}

// The letters without their padding, or nothing when the padding is not what was asked for.
std::optional<std::string_view> strip(std::string_view text, Padding padding) {
  auto letters = text.substr(0, text.find('='));
  auto pads = text.size() - letters.size();
  auto full = (4 - letters.size() % 4) % 4;
  if (text.substr(letters.size()).find_first_not_of('=') != std::string_view::npos) return {};
  // One letter alone carries six bits: no byte ends there.
  if (full == 3) return {};
  switch (padding) {
    case Padding::required: return pads == full ? std::optional(letters) : std::nullopt;
    case Padding::forbidden: return pads == 0 ? std::optional(letters) : std::nullopt;
    case Padding::optional:
      return pads == 0 || pads == full ? std::optional(letters) : std::nullopt;
  }
  return {};
}

std::optional<std::vector<std::byte>> decode(const std::array<std::uint8_t, 256>& table,
                                             std::string_view text,
                                             Padding padding) {
  auto letters = strip(text, padding);
  if (!letters) return {};
  std::vector<std::byte> data;
  data.reserve(letters->size() * 3 / 4);
  std::uint32_t bits = 0;
  int count = 0;
  for (char letter : *letters) {
    auto value = table[static_cast<std::uint8_t>(letter)];
    if (value == kNotALetter) return {};
    bits = bits << 6 | value;
    count += 6;
    if (count >= 8) {
      count -= 8;
      data.push_back(std::byte(bits >> count & 0xff));
    }
  }
  if ((bits & ((1U << count) - 1)) != 0) return {};
  return data;
}

}  // namespace

std::string base64_encode(base::Bytes data) {
  auto text = encode(kStandard, data);
  text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

std::string base64url_encode(base::Bytes data) {
  return encode(kUrl, data);
}

std::optional<std::vector<std::byte>> base64_decode(std::string_view text, Padding padding) {
  return decode(kStandardValues, text, padding);
}

std::optional<std::vector<std::byte>> base64url_decode(std::string_view text, Padding padding) {
  return decode(kUrlValues, text, padding);
}

}  // namespace sidetone::crypto
