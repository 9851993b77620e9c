#include "core/ice/stream_framing.hpp"

#include <algorithm>
#include <utility>

namespace sidetone::ice {
namespace {

struct Frame {
  std::size_t header = 0;  // of the frame, not part of the packet
  std::size_t packet = 0;
  std::size_t padding = 0;

  std::size_t size() const { return header + packet + padding; }
};

// Of the frame that begins with these four bytes; nothing: it is none.
std::optional<Frame> measure(Framing framing, base::Bytes bytes) {
  base::ByteReader reader(bytes);
  if (framing == Framing::rfc4571) return Frame{2, reader.u16(), 0};
  auto type = reader.u16();
  std::size_t length = reader.u16();
  if (type < 0x4000) {  // STUN: 20 bytes of header, attributes padded already
    if (length % 4 != 0) return std::nullopt;
    return Frame{0, 20 + length, 0};
  }
  if (type >= 0x8000) return std::nullopt;
  return Frame{0, 4 + length, (4 - length % 4) % 4};
}

}  // namespace

base::MutableBytes Deframer::space() {
  std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
            buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
  end_ -= std::exchange(begin_, 0);
  return base::MutableBytes(buffer_).subspan(end_);
}

void Deframer::commit(std::size_t bytes) {
  end_ = std::min(end_ + bytes, buffer_.size());
}

std::optional<base::Bytes> Deframer::next() {
  const std::size_t header = framing_ == Framing::turn ? 4 : 2;
  if (broken_ || rest().size() < header) return std::nullopt;
  auto found = measure(framing_, rest());
  if (!found || found->packet > base::kMaxPacketBytes) {
    broken_ = true;
    return std::nullopt;
  }
  if (rest().size() < found->size()) return std::nullopt;
  auto packet = rest().subspan(found->header, found->packet);
  begin_ += found->size();
  return packet;
}

base::Bytes frame(Framing framing, base::Bytes packet, base::MutableBytes into) {
  if (packet.empty() || packet.size() > kMaxFrameBytes) return {};
  base::ByteWriter writer(into);
  if (framing == Framing::rfc4571) writer.u16(packet.size());
  writer.bytes(packet);
  return writer.ok() ? writer.written() : base::Bytes();
}

}  // namespace sidetone::ice
