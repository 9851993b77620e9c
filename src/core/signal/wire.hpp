// Protobuf messages from and to bytes. Protobuf prints to stderr when a text is not UTF-8; a
// library must not, so its log is held while we call it. The protocol's rule stays: such a message
// does not decode.
#pragma once

#include <google/protobuf/message_lite.h>
#include <google/protobuf/stubs/logging.h>

#include <limits>
#include <string>

#include "core/base/bytes.hpp"

namespace sidetone::signal {

inline bool decode(base::Bytes bytes, google::protobuf::MessageLite& message) {
  google::protobuf::LogSilencer silence;
  return bytes.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max()) &&
         message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

inline std::string encode(const google::protobuf::MessageLite& message) {
  google::protobuf::LogSilencer silence;
  return message.SerializeAsString();
}

}  // namespace sidetone::signal
