// What a TURN server answers.
#include <algorithm>

#include "core/ice/turn_client.hpp"

namespace sidetone::ice {
namespace {

// A server that changes its nonce more often while one request is under way keeps us busy.
constexpr int kMaxRenewals = 3;

// RFC 8489 §14.8, RFC 8656 §19.
std::string reason_of(std::uint16_t code) {
  switch (code) {
    case 300: return "it asks to use another server (300)";
    case stun::kUnauthenticated:
    case 441: return "it refuses the user name or the password (" + std::to_string(code) + ")";
    case stun::kForbidden: return "it forbids it (403)";
    case stun::kAllocationMismatch: return "it does not know the allocation (437)";
    case 442: return "it does not relay UDP (442)";
    case 486: return "the user has too many allocations there (486)";
    case 508: return "it has no address left to give (508)";
    default: return "it answers with error " + std::to_string(code);
  }
}

}  // namespace

TurnClient::Asked TurnClient::asked(const stun::TransactionId& id) {
  auto is = [&](const Request& request) { return request.resend_at && request.id == id; };
  if (is(control_)) return {&control_, nullptr};
  for (auto& peer : peers_) {
    if (is(peer.permitting)) return {&peer.permitting, &peer};
    if (is(peer.channelling)) return {&peer.channelling, &peer};
  }
  return {};
}

void TurnClient::on_answer(const stun::Message& message, Output& out) {
  auto to = asked(message.transaction);
  if (to.request == nullptr || to.request->method != message.method ||
      message.message_class == stun::Class::request) {
    ++counters_.unmatched;
    return;
  }
  if (message.message_class == stun::Class::error) return on_error(to, message, out);
  if (nonce_.empty() || !stun::has_integrity(message, base::as_text(key_))) {
    ++counters_.unauthenticated;
    return;
  }
  to.request->resend_at.reset();
  on_success(to, message, out);
}

void TurnClient::on_success(const Asked& to, const stun::Message& message, Output& out) {
  switch (message.method) {
    case stun::kAllocate: return on_allocated(message);
    case stun::kRefresh: return set_refresh(message.lifetime.value_or(0));
    case stun::kChannelBind:
      to.peer->binding = Grant::granted;
      to.peer->renew_binding_at = now_ + kChannelRenewal;
      return;
    default: break;
  }
  const auto address = to.peer->endpoint.address;
  for (auto& peer : peers_) {
    if (peer.endpoint.address != address) continue;
    if (peer.permission != Grant::granted) peer.used = true;
    peer.permission = Grant::granted;
    peer.renew_permission_at = now_ + kPermissionRenewal;
  }
  release(address, out);
}

void TurnClient::on_allocated(const stun::Message& message) {
  if (!message.relayed || message.relayed->port == 0 || message.relayed->address.is_unspecified() ||
      message.lifetime.value_or(0) == 0)
    return fail("it gives no usable address");
  relayed_ = *message.relayed;
  mapped_ = message.mapped;
  state_ = TurnState::ready;
  set_refresh(*message.lifetime);
}

void TurnClient::on_error(const Asked& to, const stun::Message& message, Output& out) {
  auto& request = *to.request;
  const auto code = message.error_code.value_or(0);
  bool challenged = code == stun::kUnauthenticated && nonce_.empty();
  if (challenged || code == stun::kStaleNonce) {
    auto renewals = request.renewals + 1;
    if (renewals <= kMaxRenewals && renew_nonce(message)) {
      begin(request, request.method, to.peer, out);
      request.renewals = renewals;
      return;
    }
  }
  if (code == stun::kAddressFamilyNotSupported && request.method == stun::kAllocate &&
      ask_family_) {
    ask_family_ = false;
    return begin(request, request.method, nullptr, out);
  }
  request.resend_at.reset();
  if (to.peer != nullptr) return refuse(request, *to.peer, code);
  fail(reason_of(code));
}

// True when there is one to try with.
bool TurnClient::renew_nonce(const stun::Message& message) {
  if (message.nonce.empty() || message.nonce == nonce_) return false;
  if (message.realm.empty() && realm_.empty()) return false;
  nonce_ = message.nonce;
  if (!message.realm.empty()) realm_ = message.realm;
  key_ = crypto::md5(base::as_bytes(config_.username + ':' + realm_ + ':' + config_.password));
  ++counters_.nonces;
  return true;
}

void TurnClient::refuse(const Request& request, Peer& peer, std::uint16_t code) {
  if (request.method == stun::kChannelBind) {  // indications do it as well
    peer.binding = Grant::refused;
    peer.renew_binding_at.reset();
    return;
  }
  const auto address = peer.endpoint.address;
  trouble_ = "it does not relay to " + address.to_string() + ": " +
             (code == 0 ? "no answer" : reason_of(code));
  for (auto& each : peers_) {
    if (each.endpoint.address != address) continue;
    each.permission = Grant::refused;
    each.renew_permission_at = now_ + kPermissionRenewal;
  }
  counters_.dropped +=
      std::erase_if(held_, [&](const Held& held) { return held.peer.address == address; });
}

}  // namespace sidetone::ice
