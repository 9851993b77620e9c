#include "core/server/data_gate.hpp"

#include <algorithm>

namespace sidetone::server {
namespace {

constexpr double kCapacitySeconds = 1;  // one second of data may come at once

}  // namespace

DataGate::DataGate(const Limits& limits, base::Instant now)
    : limits_(limits),
      tokens_(static_cast<double>(limits.data_bytes_per_second) * kCapacitySeconds),
      filled_(now) {}

bool DataGate::may_send(std::size_t bytes, base::Instant now) {
  const auto rate = static_cast<double>(limits_.data_bytes_per_second);
  const double elapsed = std::chrono::duration<double>(now - filled_).count();
  tokens_ = std::min(rate * kCapacitySeconds, tokens_ + rate * elapsed);
  filled_ = now;
  if (tokens_ < static_cast<double>(bytes)) return false;
  tokens_ -= static_cast<double>(bytes);
  return true;
}

bool DataGate::hold(const std::string& bytes, base::Instant now) {
  forget_old(now);
  if (held_bytes_ + bytes.size() > limits_.data_held_bytes) return false;
  held_bytes_ += bytes.size();
  held_.push_back({now + limits_.data_held_for, bytes});
  return true;
}

std::vector<std::string> DataGate::take_held(base::Instant now) {
  forget_old(now);
  std::vector<std::string> packets;
  for (auto& held : held_) packets.push_back(std::move(held.bytes));
  held_.clear();
  held_bytes_ = 0;
  return packets;
}

void DataGate::forget_old(base::Instant now) {
  while (!held_.empty() && held_.front().until <= now) {
    held_bytes_ -= held_.front().bytes.size();
    held_.pop_front();
  }
}

}  // namespace sidetone::server
