#include "core/dtls/record.hpp"

namespace sidetone::dtls {
namespace {

constexpr std::size_t kEpochAt = 3;
constexpr std::size_t kLengthAt = 11;
constexpr std::size_t kHeaderBytes = 13;

std::size_t u16_at(base::Bytes bytes, std::size_t at) {
  return static_cast<std::size_t>(bytes[at]) << 8 | static_cast<std::size_t>(bytes[at + 1]);
}

}  // namespace

bool has_truncated_record(base::Bytes datagram, std::size_t overhead) {
  while (datagram.size() >= kHeaderBytes) {
    const auto length = u16_at(datagram, kLengthAt);
    if (u16_at(datagram, kEpochAt) > 0 && length < overhead) return true;
    if (length > datagram.size() - kHeaderBytes) return false;  // the rest is no record
    datagram = datagram.subspan(kHeaderBytes + length);
  }
  return false;
}

}  // namespace sidetone::dtls
