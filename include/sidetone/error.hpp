// Every error of the library, one code and one sentence each.
//
// Operations report a boost::system::error_code of this category: blocking forms and co_await throw
// it as boost::system::system_error (whose what() may add the argument, its value and the rule),
// `try_` forms and handlers get it as a value. Cancellation is asio::error::operation_aborted, the
// end of a stream asio::error::eof.
#pragma once

#include <boost/system/error_category.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>
#include <boost/system/system_error.hpp>
#include <sidetone/export.hpp>
#include <string>
#include <type_traits>

namespace sidetone {
inline namespace v0 {

enum class errc {
  invalid_argument = 1,  // a public call was given a value outside its rule; the text names
                         // argument, value and rule
  invalid_frame,         // an AudioFrame's numbers contradict each other or its data
  format_mismatch,       // the frame's rate or channels differ from the source's
  would_block,           // a try_ call could not be done at once
  would_deadlock,        // a blocking call was made on the media thread
  timed_out,             // the deadline of the operation passed
  cleared,               // clear_queue() voided the frame while it waited
  closed,                // the object, or its Runtime, is closed
  ended,                 // the stream has ended and its backlog is read
  overflow,              // a bounded queue overflowed and its policy is to fail
  unauthorized,          // the server refused the token
  forbidden,             // the token does not grant this
  not_found,             // no such room, participant, track or address
  unreachable,           // no server answers at the URL, or no media path to it was found
  tls_verification,      // the server's certificate was refused
  protocol_error,        // the peer broke the protocol
  media_failure,         // the media transport could not be set up or was lost
  duplicate_identity,    // the same identity joined elsewhere
  removed,               // the participant was removed from the room
  room_deleted,          // the room was deleted
  server_shutdown,       // the server is shutting down
  reconnect_failed,      // the connection was lost and could not be restored
  payload_too_large,     // the message exceeds what the protocol carries
  unsupported,           // the peer or this build cannot do it
};

// Name "sidetone"; message() is the sentence. Any thread.
SIDETONE_API const boost::system::error_category& error_category() noexcept;

inline boost::system::error_code make_error_code(errc code) noexcept {
  return {static_cast<int>(code), error_category()};
}

using error_code = boost::system::error_code;

template <class T>
using Result = boost::system::result<T>;

// A system_error whose what() is the detail followed by the code's sentence.
SIDETONE_API boost::system::system_error make_error(errc code, const std::string& detail);

}  // namespace v0
}  // namespace sidetone

template <>
struct boost::system::is_error_code_enum<sidetone::errc> : std::true_type {};
