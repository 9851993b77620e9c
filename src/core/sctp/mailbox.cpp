#include "core/sctp/mailbox.hpp"

#include <array>
#include <atomic>
#include <memory>
#include <sidetone/error.hpp>
#include <thread>

namespace sidetone::sctp {

struct MailboxSlot {
  struct Node {
    base::Packet packet;
    Node* next = nullptr;
  };

  // 0 when nobody lives here. Set last when moving in, cleared first when moving out.
  std::atomic<std::uint64_t> address = 0;
  std::atomic<bool> taken = false;
  std::atomic<std::uint32_t> visitors = 0;
  std::atomic<std::uint32_t> generation = 0;
  std::atomic<Node*> newest = nullptr;
  std::atomic<std::uint32_t> packets = 0;
  std::atomic<std::uint64_t> overflows = 0;
  std::atomic<bool> awake = false;
  std::function<void()> wake;

  void discard() {
    for (auto* node = newest.exchange(nullptr); node != nullptr;)
      delete std::exchange(node, node->next);
    packets = 0;
  }
};

namespace {

// Slots are never freed: a late visitor reads a slot that belongs to nobody, never freed memory.
// They come in rows, made when needed: a client needs one, a server of 10 000 some 80.
constexpr std::size_t kRowSlots = 256;
constexpr std::size_t kRows = 256;
using Row = std::array<MailboxSlot, kRowSlots>;

std::array<std::atomic<Row*>, kRows> rows;
std::atomic<std::size_t> living = 0;
std::atomic<void (*)()> first_hook = nullptr;

// Address: generation above, slot number plus one below, so that none is 0.
constexpr unsigned kIndexBits = 20;

struct Lent {
  std::uint64_t address = 0;
  base::Outbox<base::Packet>* out = nullptr;
};

thread_local Lent lent;

Row* row(std::size_t index) {
  auto* found = rows[index].load();
  if (found != nullptr) return found;
  auto made = std::make_unique<Row>();
  if (rows[index].compare_exchange_strong(found, made.get())) return made.release();
  return found;
}

// A slot's door. Who moves out clears the address and then waits for visitors; who visits counts
// himself and then reads the address: in every order of the two one sees the other.
class Visit {
 public:
  explicit Visit(std::uint64_t address) {
    auto index = (address & ((1U << kIndexBits) - 1)) - 1;
    auto* found = index < kRows * kRowSlots ? rows[index / kRowSlots].load() : nullptr;
    if (found == nullptr) return;
    auto& slot = (*found)[index % kRowSlots];
    ++slot.visitors;
    if (slot.address == address)
      slot_ = &slot;
    else
      --slot.visitors;
  }

  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;

  ~Visit() {
    if (slot_ != nullptr) --slot_->visitors;
  }

  MailboxSlot* slot() const { return slot_; }

 private:
  MailboxSlot* slot_ = nullptr;
};

void wake_once(MailboxSlot& slot) {
  if (!slot.awake.exchange(true) && slot.wake) slot.wake();
}

void append(MailboxSlot& slot, base::Bytes packet) {
  if (slot.packets.fetch_add(1) >= Mailbox::kMaxPackets) {
    --slot.packets;
    ++slot.overflows;
    return;
  }
  auto node = std::make_unique<MailboxSlot::Node>();
  node->packet.assign(packet);
  node->next = slot.newest;
  while (!slot.newest.compare_exchange_weak(node->next, node.get())) {
  }
  static_cast<void>(node.release());  // the list's now
}

}  // namespace

Mailbox::Mailbox(std::function<void()> wake) : slot_(nullptr), address_(0) {
  for (std::size_t index = 0; index < kRows * kRowSlots; ++index) {
    auto& slot = (*row(index / kRowSlots))[index % kRowSlots];
    if (slot.taken || slot.taken.exchange(true)) continue;
    slot_ = &slot;
    address_ = std::uint64_t{++slot.generation} << kIndexBits | (index + 1);
    break;
  }
  if (slot_ == nullptr)
    throw make_error(errc::unsupported, "65536 SCTP associations exist already");
  slot_->wake = std::move(wake);
  slot_->awake = false;
  slot_->overflows = 0;
  slot_->address = address_;
  if (auto* hook = first_hook.load(); living++ == 0 && hook != nullptr) hook();
}

Mailbox::~Mailbox() {
  slot_->address = 0;
  // A visitor is another thread in the middle of one append() and one wake(): microseconds.
  while (slot_->visitors != 0) std::this_thread::yield();
  slot_->discard();
  slot_->wake = nullptr;
  slot_->taken = false;
  --living;
}

void Mailbox::collect(base::Outbox<base::Packet>& out) {
  slot_->awake = false;
  auto* node = slot_->newest.exchange(nullptr);
  MailboxSlot::Node* oldest = nullptr;
  while (node != nullptr) {
    auto* next = std::exchange(node->next, oldest);
    oldest = std::exchange(node, next);
  }
  while (oldest != nullptr) {
    std::unique_ptr<MailboxSlot::Node> first(std::exchange(oldest, oldest->next));
    out.push(first->packet);
    --slot_->packets;
  }
}

std::uint64_t Mailbox::overflows() const {
  return slot_->overflows;
}

void Mailbox::deliver(std::uint64_t address, base::Bytes packet) {
  if (packet.empty() || packet.size() > base::kMaxPacketBytes) return;
  if (lent.out != nullptr && lent.address == address) {
    lent.out->emplace(packet);
    return;
  }
  Visit visit(address);
  if (visit.slot() == nullptr) return;
  append(*visit.slot(), packet);
  wake_once(*visit.slot());
}

void Mailbox::nudge(std::uint64_t address) {
  if (lent.address == address) return;
  Visit visit(address);
  if (visit.slot() != nullptr) wake_once(*visit.slot());
}

std::size_t Mailbox::count() {
  return living;
}

void Mailbox::set_first_hook(void (*call)()) {
  first_hook = call;
}

Mailbox::Direct::Direct(const Mailbox& mailbox, base::Outbox<base::Packet>& out) {
  lent = {mailbox.address(), &out};
}

Mailbox::Direct::~Direct() {
  lent = {};
}

}  // namespace sidetone::sctp
