#include "core/signal/join_query.hpp"

#include <zlib.h>

#include <algorithm>

#include "core/crypto/base64.hpp"
#include "core/signal/wire.hpp"

namespace sidetone::signal {
namespace {

// Nothing when zlib has no memory: then the request goes as it is.
std::string gzip(const std::string& plain) {
  constexpr int kGzip = 16 + MAX_WBITS;  // zlib's way to ask for gzip's header
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY) !=
      Z_OK)
    return {};
  std::string packed(deflateBound(&stream, static_cast<uLong>(plain.size())), '\0');
  // zlib's input is not const, though it is not written to.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));  // NOLINT
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());  // NOLINT
  stream.avail_out = static_cast<uInt>(packed.size());
  const bool whole = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return whole ? packed : std::string();
}

livekit::JoinRequest join_request(const JoinParameters& parameters) {
  livekit::JoinRequest request;
  auto& client = *request.mutable_client_info();
  client.set_sdk(livekit::ClientInfo::CPP);
  client.set_version(parameters.version);
  client.set_protocol(kClientProtocol);
  request.mutable_connection_settings()->set_auto_subscribe(parameters.auto_subscribe);
  if (parameters.publisher_offer) *request.mutable_publisher_offer() = *parameters.publisher_offer;
  if (parameters.reconnect) {
    request.set_reconnect(true);
    request.set_participant_sid(parameters.participant_sid);
    request.set_reconnect_reason(parameters.reconnect_reason);
  }
  return request;
}

}  // namespace

std::string join_query(const JoinParameters& parameters) {
  auto plain = encode(join_request(parameters));
  livekit::WrappedJoinRequest wrapped;
  wrapped.set_join_request(gzip(plain));
  wrapped.set_compression(livekit::WrappedJoinRequest::GZIP);
  if (wrapped.join_request().empty()) {
    wrapped.set_join_request(std::move(plain));
    wrapped.set_compression(livekit::WrappedJoinRequest::NONE);
  }
  auto bytes = encode(wrapped);
  auto text = crypto::base64_encode(base::as_bytes(bytes));
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

}  // namespace sidetone::signal
