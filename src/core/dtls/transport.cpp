#include "core/dtls/transport.hpp"

#include <openssl/err.h>
#include <openssl/srtp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/time.h>

#include <algorithm>
#include <chrono>

#include "core/dtls/record.hpp"

namespace sidetone::dtls {
namespace {

using namespace std::chrono_literals;

constexpr auto kHandshakeLimit = 30s;
// First retransmission as pion's; then doubled. OpenSSL gives up at the 13th, which with this cap
// is after 27 s: just before our own limit.
constexpr unsigned kFirstTimeoutUs = 100'000;
constexpr unsigned kLongestTimeoutUs = 3'000'000;
// A handshake is a dozen datagrams; five times that per second leaves room for retransmissions.
constexpr auto kFloodWindow = 1s;
constexpr unsigned kFloodPackets = 64;
// SCTP's INIT and a few retransmissions of it may come before the answer that names the peer.
constexpr std::size_t kMaxUnverified = 16;

unsigned next_timeout(SSL*, unsigned last_us) {
  return last_us == 0 ? kFirstTimeoutUs : std::min(2 * last_us, kLongestTimeoutUs);
}

// RFC 7983 §7: these first bytes are DTLS.
bool is_dtls(Bytes datagram) {
  return !datagram.empty() && datagram[0] >= std::byte{20} && datagram[0] <= std::byte{63};
}

std::string failure_sentence() {
  auto code = ERR_peek_last_error();
  auto reason = ERR_GET_REASON(code);
  if (ERR_GET_LIB(code) != ERR_LIB_SSL) return "DTLS failed inside OpenSSL";
  if (reason == SSL_R_READ_TIMEOUT_EXPIRED)
    return "the peer stopped answering during the DTLS handshake";
  if (reason >= SSL_AD_REASON_OFFSET)
    return std::string("the peer ended DTLS with the alert \"") +
           SSL_alert_desc_string_long(reason - SSL_AD_REASON_OFFSET) + '"';
  const char* text = ERR_reason_error_string(code);
  return std::string("DTLS failed: ") + (text != nullptr ? text : "for no stated reason");
}

}  // namespace

// Lends the outbox to OpenSSL's callbacks for one call, and settles the books afterwards.
class Transport::Call {
 public:
  Call(Transport& transport, Outbox& out)
      : transport_(transport), written_before_(transport.port_.written) {
    ERR_clear_error();  // the queue belongs to the thread: somebody else's errors may be in it
    transport.out_ = &out;
    transport.port_.output = &out.packets;
  }

  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  ~Call() {
    transport_.counters_.packets_out += transport_.port_.written - written_before_;
    transport_.out_ = nullptr;
    transport_.port_.output = nullptr;
    transport_.port_.input = {};
    if (transport_.state_ == State::failed || transport_.state_ == State::closed) {
      transport_.ssl_.reset();
      transport_.unverified_.clear();
      transport_.deadline_.reset();
    }
    ERR_clear_error();
  }

 private:
  Transport& transport_;
  std::size_t written_before_;
};

Transport::Transport(const Context& context) : ssl_(SSL_new(context.handle())) {
  auto* bio = ssl_ ? make_datagram_bio(port_) : nullptr;
  if (bio == nullptr) throw make_error(errc::unsupported, "OpenSSL has no memory for DTLS");
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_app_data(ssl_.get(), this);
  SSL_set_mtu(ssl_.get(), static_cast<long>(kMaxDatagramBytes));
  DTLS_set_timer_cb(ssl_.get(), &next_timeout);
}

Transport::~Transport() = default;

void Transport::start(Role role, Instant now, Outbox& out) {
  if (state_ != State::idle) return;
  Call call(*this, out);
  state_ = State::handshaking;
  role_ = role;
  handshake_ends_ = now + kHandshakeLimit;
  window_began_ = now;
  if (role == Role::client)
    SSL_set_connect_state(ssl_.get());
  else
    SSL_set_accept_state(ssl_.get());
  handshake();
  schedule(now);
}

void Transport::set_remote_fingerprint(const crypto::Fingerprint& expected,
                                       Instant now,
                                       Outbox& out) {
  Call call(*this, out);
  expected_ = expected;
  switch (state_) {
    case State::idle:
    case State::handshaking:
    case State::failed:
    case State::closed: return;
    case State::verifying: open(); break;
    case State::connected:
      if (presented_ != expected) fail("the peer changed the fingerprint of a living connection");
      break;
  }
  schedule(now);
}

void Transport::on_packet(Bytes datagram, Instant now, Outbox& out) {
  ++counters_.packets_in;
  if (!admit(datagram, now)) return;
  Call call(*this, out);
  port_.input = datagram;
  if (state_ == State::handshaking) handshake();
  if (state_ == State::verifying || state_ == State::connected) read();
  schedule(now);
}

bool Transport::admit(Bytes datagram, Instant now) {
  auto drop = [](std::uint64_t& counter) {
    ++counter;
    return false;
  };
  if (!is_live()) return drop(counters_.dropped_not_started);
  if (datagram.size() > base::kMaxPacketBytes) return drop(counters_.dropped_oversized);
  if (!is_dtls(datagram)) return drop(counters_.dropped_not_dtls);
  if (has_truncated_record(datagram, overhead())) return drop(counters_.dropped_truncated);
  if (state_ != State::handshaking) return true;
  if (now - window_began_ >= kFloodWindow) {
    window_began_ = now;
    window_packets_ = 0;
  }
  if (++window_packets_ > kFloodPackets) return drop(counters_.dropped_flood);
  return true;
}

// Before a suite is agreed on the longer one: no handshake message is near it.
std::size_t Transport::overhead() const {
  const auto* cipher = SSL_get_current_cipher(ssl_.get());
  return cipher != nullptr && SSL_CIPHER_get_cipher_nid(cipher) == NID_chacha20_poly1305
             ? kChaChaOverhead
             : kGcmOverhead;
}

void Transport::on_deadline(Instant now, Outbox& out) {
  if (!base::is_due(deadline_, now)) return;
  Call call(*this, out);
  if (state_ != State::connected && base::is_due(handshake_ends_, now)) {
    fail(state_ == State::verifying
             ? "the peer's fingerprint did not become known within 30 seconds"
             : "the DTLS handshake was not finished within 30 seconds");
    return;
  }
  auto result = DTLSv1_handle_timeout(ssl_.get());
  if (result > 0) ++counters_.retransmissions;
  if (result < 0) conclude(static_cast<int>(result));
  schedule(now);
}

error_code Transport::send(Bytes data, Outbox& out) {
  switch (state_) {
    case State::idle:
    case State::handshaking:
    case State::verifying: return errc::would_block;
    case State::failed:
    case State::closed: return errc::closed;
    case State::connected: break;
  }
  if (data.size() > kMaxDataBytes) return errc::payload_too_large;
  if (data.empty()) return {};
  Call call(*this, out);
  auto result = SSL_write(ssl_.get(), data.data(), static_cast<int>(data.size()));
  if (result > 0) return {};
  conclude(result);
  return errc::closed;
}

void Transport::close(Outbox& out) {
  if (state_ == State::closed || state_ == State::failed) return;
  Call call(*this, out);
  // OpenSSL refuses to say goodbye in the middle of a handshake; the peer's limit ends it.
  if (SSL_is_init_finished(ssl_.get()) != 0) SSL_shutdown(ssl_.get());
  state_ = State::closed;
}

void Transport::handshake() {
  auto result = SSL_do_handshake(ssl_.get());
  if (result == 1)
    complete();
  else
    conclude(result);
}

void Transport::complete() {
  if (SSL_get_selected_srtp_profile(ssl_.get()) == nullptr) {
    fail("the peer supports none of our SRTP profiles");
    return;
  }
  state_ = State::verifying;
  if (expected_) open();
}

// The handshake is complete and the fingerprint known: hand out the keys, or nothing ever.
void Transport::open() {
  if (presented_ != *expected_) {
    fail("the peer's DTLS certificate does not match the fingerprint in its description");
    return;
  }
  auto keys = export_keys();
  if (!keys) {
    fail("OpenSSL cannot export the SRTP keys");
    return;
  }
  state_ = State::connected;
  out_->events.push(Connected{*keys});
  for (const auto& packet : unverified_) out_->data.push(packet);
  unverified_.clear();
}

std::optional<SrtpKeys> Transport::export_keys() const {
  static constexpr std::string_view kLabel = "EXTRACTOR-dtls_srtp";
  SrtpKeys keys;
  keys.profile = static_cast<SrtpProfile>(SSL_get_selected_srtp_profile(ssl_.get())->id);
  keys.salt_bytes = keys.profile == SrtpProfile::aead_aes_128_gcm ? 12 : 14;
  std::array<unsigned char, 60> material{};
  auto size = 2 * (keys.client_key.size() + keys.salt_bytes);
  if (SSL_export_keying_material(ssl_.get(), material.data(), size, kLabel.data(), kLabel.size(),
                                 nullptr, 0, 0) != 1)
    return {};
  base::ByteReader reader(std::as_bytes(std::span(material)));
  auto take = [&](auto& part, std::size_t count) {
    std::ranges::copy(reader.take(count), part.begin());
  };
  take(keys.client_key, keys.client_key.size());
  take(keys.server_key, keys.server_key.size());
  take(keys.client_salt, keys.salt_bytes);
  take(keys.server_salt, keys.salt_bytes);
  OPENSSL_cleanse(material.data(), material.size());
  return keys;
}

void Transport::read() {
  base::Packet packet;
  for (;;) {
    auto storage = packet.storage();
    auto result = SSL_read(ssl_.get(), storage.data(), static_cast<int>(storage.size()));
    if (result <= 0) {
      conclude(result);
      return;
    }
    packet.resize(static_cast<std::size_t>(result));
    if (state_ == State::connected)
      out_->data.push(packet);
    else if (unverified_.size() < kMaxUnverified)
      unverified_.push_back(packet);
    else
      ++counters_.dropped_unverified;
  }
}

// What an OpenSSL call that did not succeed means for us.
void Transport::conclude(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: return;
    case SSL_ERROR_ZERO_RETURN:
      SSL_shutdown(ssl_.get());
      state_ = State::closed;
      out_->events.push(Closed{});
      return;
    default:
      fail(refused_
               ? "the peer's DTLS certificate does not match the fingerprint in its description"
               : failure_sentence());
  }
}

void Transport::fail(std::string reason) {
  if (SSL_is_init_finished(ssl_.get()) != 0) SSL_shutdown(ssl_.get());
  state_ = State::failed;
  out_->events.push(Failed{std::move(reason)});
}

void Transport::schedule(Instant now) {
  deadline_.reset();
  if (!is_live()) return;
  if (state_ != State::connected) deadline_ = handshake_ends_;
  timeval left{};
  if (DTLSv1_get_timeout(ssl_.get(), &left) == 1)
    deadline_ = base::earliest(deadline_, now + std::chrono::seconds(left.tv_sec) +
                                              std::chrono::microseconds(left.tv_usec));
}

bool Transport::is_live() const {
  return state_ == State::handshaking || state_ == State::verifying || state_ == State::connected;
}

// Replaces OpenSSL's chain building: a WebRTC certificate is proven by its fingerprint alone. One
// that is known already stops the handshake here, with an alert.
int Transport::verify(x509_store_ctx_st* store, void*) {
  auto* ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto& self = *static_cast<Transport*>(SSL_get_app_data(ssl));
  unsigned int size = 0;
  auto hashed = X509_digest(X509_STORE_CTX_get0_cert(store), EVP_sha256(),
                            reinterpret_cast<unsigned char*>(self.presented_.digest.data()), &size);
  self.refused_ = hashed != 1 || (self.expected_ && self.presented_ != *self.expected_);
  X509_STORE_CTX_set_error(store, self.refused_ ? X509_V_ERR_CERT_REJECTED : X509_V_OK);
  return self.refused_ ? 0 : 1;
}

void Transport::Free::operator()(ssl_st* ssl) const {
  SSL_free(ssl);
}

}  // namespace sidetone::dtls
