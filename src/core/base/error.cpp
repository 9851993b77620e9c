#include <sidetone/error.hpp>

namespace sidetone {
inline namespace v0 {
namespace {

const char* sentence(errc code) {
  switch (code) {
    case errc::invalid_argument: return "an argument is outside its allowed range";
    case errc::invalid_frame: return "the audio frame's numbers contradict each other";
    case errc::format_mismatch:
      return "the frame's sample rate or channel count differs from the source's";
    case errc::would_block: return "the call cannot be completed without waiting";
    case errc::would_deadlock: return "a blocking call on the media thread would never return";
    case errc::timed_out: return "the deadline passed before the operation was complete";
    case errc::cleared: return "the queue was cleared while the frame was waiting";
    case errc::closed: return "the object is closed";
    case errc::ended: return "the stream has ended";
    case errc::overflow: return "the queue overflowed and its policy is to fail";
    case errc::unauthorized: return "the server refused the token";
    case errc::forbidden: return "the token does not grant this";
    case errc::not_found: return "there is no such room, participant, track or address";
    case errc::unreachable: return "the server cannot be reached";
    case errc::tls_verification: return "the server's certificate was refused";
    case errc::protocol_error: return "the peer broke the protocol";
    case errc::media_failure: return "the media transport failed";
    case errc::duplicate_identity: return "the same identity joined the room elsewhere";
    case errc::removed: return "the participant was removed from the room";
    case errc::room_deleted: return "the room was deleted";
    case errc::server_shutdown: return "the server is shutting down";
    case errc::reconnect_failed: return "the connection was lost and could not be restored";
    case errc::payload_too_large: return "the message is larger than the protocol carries";
    case errc::unsupported: return "this is not supported here";
  }
  return "unknown error";
}

class Category final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "sidetone"; }

  std::string message(int code) const override { return sentence(static_cast<errc>(code)); }
};

}  // namespace

const boost::system::error_category& error_category() noexcept {
  static const Category category;
  return category;
}

boost::system::system_error make_error(errc code, const std::string& detail) {
  return {make_error_code(code), detail};
}

}  // namespace v0
}  // namespace sidetone
