// OpenSSL's door to the outbox: one write is one datagram, one read is the datagram being
// processed. Needed because OpenSSL's memory BIO joins datagrams.
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/outbox.hpp"
#include "core/base/packet.hpp"

struct bio_st;

namespace sidetone::dtls {

// What a BIO reads and writes during one call of its transport; both empty in between.
struct DatagramPort {
  base::Bytes input;
  base::Outbox<base::Packet>* output = nullptr;
  std::size_t written = 0;  // datagrams, since the port was made
};

// The port must outlive the BIO.
bio_st* make_datagram_bio(DatagramPort& port);

}  // namespace sidetone::dtls
