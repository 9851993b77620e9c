#include "core/dtls/datagram_bio.hpp"

#include <openssl/bio.h>

#include <algorithm>
#include <cstring>

#include "core/dtls/transport.hpp"

namespace sidetone::dtls {
namespace {

int write(BIO* bio, const char* bytes, int size) {
  auto& port = *static_cast<DatagramPort*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (size <= 0 || port.output == nullptr) return -1;
  port.output->emplace(base::as_bytes({bytes, static_cast<std::size_t>(size)}));
  ++port.written;
  return size;
}

int read(BIO* bio, char* bytes, int size) {
  auto& port = *static_cast<DatagramPort*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (size <= 0 || port.input.empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  auto count = std::min(static_cast<std::size_t>(size), port.input.size());
  std::memcpy(bytes, port.input.data(), count);
  port.input = {};
  return static_cast<int>(count);
}

long control(BIO*, int command, long, void*) {
  switch (command) {
    case BIO_CTRL_FLUSH: return 1;
    case BIO_CTRL_DGRAM_QUERY_MTU:
    case BIO_CTRL_DGRAM_GET_FALLBACK_MTU: return static_cast<long>(kMaxDatagramBytes);
    default: return 0;
  }
}

int create(BIO* bio) {
  BIO_set_init(bio, 1);
  return 1;
}

// Made once and kept: BIO types are numbered from a small process-wide space.
BIO_METHOD* method() {
  static BIO_METHOD* const once = [] {
    auto* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "sidetone datagram");
    BIO_meth_set_write(made, &write);
    BIO_meth_set_read(made, &read);
    BIO_meth_set_ctrl(made, &control);
    BIO_meth_set_create(made, &create);
    return made;
  }();
  return once;
}

}  // namespace

bio_st* make_datagram_bio(DatagramPort& port) {
  auto* bio = BIO_new(method());
  if (bio != nullptr) BIO_set_data(bio, &port);
  return bio;
}

}  // namespace sidetone::dtls
