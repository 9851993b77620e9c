#include "core/ice/candidate.hpp"

#include <algorithm>
#include <charconv>

#include "core/crypto/hash.hpp"

namespace sidetone::ice {
namespace {

class Words {
 public:
  explicit Words(std::string_view text) : rest_(text) {}

  // Empty at the end.
  std::string_view next() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size()));
    auto word = rest_.substr(0, rest_.find_first_of(" \t\r\n"));
    rest_.remove_prefix(word.size());
    return word;
  }

 private:
  std::string_view rest_;
};

template <class T>
bool read_number(std::string_view word, T& value) {
  auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  return error == std::errc() && end == word.data() + word.size();
}

bool same_word(std::string_view a, std::string_view lower) {
  return std::equal(a.begin(), a.end(), lower.begin(), lower.end(), [](char x, char y) {
    return (x >= 'A' && x <= 'Z' ? static_cast<char>(x - 'A' + 'a') : x) == y;
  });
}

bool read_type(std::string_view word, CandidateType& type) {
  for (auto known : {CandidateType::host, CandidateType::peer_reflexive,
                     CandidateType::server_reflexive, CandidateType::relayed}) {
    if (!same_word(word, to_string(known))) continue;
    type = known;
    return true;
  }
  return false;
}

bool read_tcp_type(std::string_view word, Transport& transport) {
  if (same_word(word, "active"))
    transport = Transport::tcp_active;
  else if (same_word(word, "passive"))
    transport = Transport::tcp_passive;
  else if (same_word(word, "so"))
    transport = Transport::tcp_so;
  else
    return false;
  return true;
}

// Letters, digits and what host names, scoped IPv6 addresses and sloppy writers add to them.
bool is_name(std::string_view word) {
  return !word.empty() && word.size() <= 255 && std::all_of(word.begin(), word.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_' || c == ':' || c == '%';
  });
}

bool read_address(std::string_view word, Candidate& candidate) {
  if (auto address = base::Address::parse(word)) {
    candidate.endpoint.address = *address;
    return true;
  }
  if (!is_name(word)) return false;
  candidate.host_name = word;
  return true;
}

bool read_transport(std::string_view word, Candidate& candidate) {
  // Which kind of TCP comes at the end of the line; without it, the oldest drafts meant "so".
  if (same_word(word, "tcp") || same_word(word, "ssltcp"))
    candidate.transport = Transport::tcp_so;
  else if (!same_word(word, "udp"))
    return false;
  return true;
}

bool read_extensions(Words& words, Candidate& candidate) {
  std::optional<base::Address> related;
  std::uint16_t related_port = 0;
  bool has_port = false;
  for (auto name = words.next(); !name.empty(); name = words.next()) {
    auto value = words.next();
    if (name == "raddr") {
      related = base::Address::parse(value);
    } else if (name == "rport") {
      if (!read_number(value, related_port)) return false;
      has_port = true;
    } else if (name == "tcptype") {
      if (candidate.transport == Transport::udp || !read_tcp_type(value, candidate.transport))
        return false;
    } else if (name == "ufrag") {
      if (value.size() > 256) return false;
      candidate.ufrag = value;
    }
  }
  if (related && has_port) candidate.related = base::Endpoint{*related, related_port};
  return true;
}

std::string_view drop_prefix(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix ? text.substr(prefix.size()) : text;
}

std::string_view tcp_type(Transport transport) {
  switch (transport) {
    case Transport::tcp_active: return "active";
    case Transport::tcp_passive: return "passive";
    case Transport::tcp_so: return "so";
    case Transport::udp: break;
  }
  return {};
}

// RFC 8445 §5.1.2.2.
std::uint32_t type_preference(CandidateType type) {
  switch (type) {
    case CandidateType::host: return 126;
    case CandidateType::peer_reflexive: return 110;
    case CandidateType::server_reflexive: return 100;
    case CandidateType::relayed: break;
  }
  return 0;
}

}  // namespace

std::optional<Candidate> parse_candidate(std::string_view text) {
  if (text.size() > kMaxCandidateText) return std::nullopt;
  Words words(drop_prefix(drop_prefix(text, "a="), "candidate:"));
  Candidate candidate;
  candidate.foundation = words.next();
  if (candidate.foundation.empty() || candidate.foundation.size() > 32) return std::nullopt;
  if (!read_number(words.next(), candidate.component) || candidate.component < 1 ||
      candidate.component > 256)
    return std::nullopt;
  if (!read_transport(words.next(), candidate)) return std::nullopt;
  if (!read_number(words.next(), candidate.priority)) return std::nullopt;
  if (!read_address(words.next(), candidate)) return std::nullopt;
  if (!read_number(words.next(), candidate.endpoint.port)) return std::nullopt;
  if (words.next() != "typ" || !read_type(words.next(), candidate.type)) return std::nullopt;
  if (!read_extensions(words, candidate)) return std::nullopt;
  return candidate;
}

std::string format_candidate(const Candidate& candidate) {
  const auto& endpoint = candidate.endpoint;
  auto tcp = tcp_type(candidate.transport);
  std::string text = "candidate:" + candidate.foundation + ' ' +
                     std::to_string(candidate.component) + (tcp.empty() ? " udp " : " tcp ") +
                     std::to_string(candidate.priority) + ' ' +
                     (candidate.resolvable() ? endpoint.address.to_string() : candidate.host_name) +
                     ' ' + std::to_string(endpoint.port) + " typ ";
  text += to_string(candidate.type);
  if (candidate.related)
    text += " raddr " + candidate.related->address.to_string() + " rport " +
            std::to_string(candidate.related->port);
  if (!tcp.empty()) text.append(" tcptype ").append(tcp);
  if (!candidate.ufrag.empty()) text += " ufrag " + candidate.ufrag;
  return text;
}

std::uint32_t candidate_priority(CandidateType type,
                                 std::uint16_t local_preference,
                                 std::uint16_t component,
                                 Transport transport) {
  auto preference = type_preference(type);
  // Host 96, below everything over UDP but relays; browsers have 90.
  if (is_stream(transport)) preference -= std::min(preference, 30U);
  return preference << 24 | std::uint32_t{local_preference} << 8 | (256U - component);
}

std::uint64_t pair_priority(std::uint32_t controlling, std::uint32_t controlled) {
  std::uint64_t low = std::min(controlling, controlled);
  std::uint64_t high = std::max(controlling, controlled);
  return (low << 32) + 2 * high + (controlling > controlled ? 1 : 0);
}

std::string foundation(CandidateType type, const base::Address& base, Transport transport) {
  std::string key(to_string(type));
  key += transport == Transport::udp ? " udp " : " tcp ";
  key += base.to_string();
  return std::to_string(crypto::crc32(base::as_bytes(key)));
}

std::string_view to_string(CandidateType type) {
  switch (type) {
    case CandidateType::host: return "host";
    case CandidateType::peer_reflexive: return "prflx";
    case CandidateType::server_reflexive: return "srflx";
    case CandidateType::relayed: break;
  }
  return "relay";
}

}  // namespace sidetone::ice
