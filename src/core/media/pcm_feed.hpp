// Where a source pipeline gets its packets from: the public AudioSource (behind its lock) or, in
// tests, a send::Pacer. Calls come from the media thread; take() copies one packet out and returns,
// so nothing is encoded while a producer could be waiting for the feed.
//
// Whoever owns the pipeline calls on_deadline() at next_deadline(), and must be told when a push
// made that deadline earlier: set_wake() registers what to call then, on any thread.
#pragma once

#include <functional>

#include "core/audio/frame.hpp"
#include "core/base/time.hpp"
#include "core/send/pacer_options.hpp"
#include "core/send/pcm_packet.hpp"

namespace sidetone::media {

class PcmFeed {
 public:
  PcmFeed() = default;
  PcmFeed(const PcmFeed&) = delete;
  PcmFeed& operator=(const PcmFeed&) = delete;
  virtual ~PcmFeed() = default;

  virtual audio::Format format() const = 0;

  virtual base::Deadline next_deadline() const = 0;

  // One packet whose slot is due, oldest first; false when none is. Call it until false.
  virtual bool take(base::Instant now, send::PcmPacket& packet) = 0;

  // For a new publication, before set_sink(true): packet length, hold for the first subscriber.
  virtual void configure(const send::SinkOptions& options, base::Instant now) = 0;
  // The transport that carries the packets is up, or down.
  virtual void set_sink(bool up, base::Instant now) = 0;
  virtual void on_subscribed(base::Instant now) = 0;
  virtual void set_muted(bool muted, base::Instant now) = 0;

  // A local stream taps the source, which is a sink as well.
  virtual void set_tapped(bool /*tapped*/, base::Instant /*now*/) {}

  // No packet will ever come again.
  virtual bool closed() const { return false; }

  // Called after a push made next_deadline() earlier; empty to unregister. The default is for feeds
  // whose pushes come from the pipeline's own thread.
  virtual void set_wake(std::function<void()> /*wake*/) {}
};

}  // namespace sidetone::media
