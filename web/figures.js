// Delay, loss and repairs of one voice, from the browser's WebRTC statistics (W3C webrtc-stats). All counters there run
// since the start, so a figure is a difference: between now and five seconds ago.

const kWindowMs = 5000;

function find(report, accepts) {
  for (const entry of report.values()) if (accepts(entry)) return entry;
  return undefined;
}

// Seconds to the server and back, by the last connectivity check of the path in use.
export function roundTrip(report) {
  const transport = find(report, (entry) => entry.type === "transport" && entry.selectedCandidatePairId);
  const pair = transport
    ? report.get(transport.selectedCandidatePairId)
    : find(report, (entry) => entry.type === "candidate-pair" && entry.nominated && entry.state === "succeeded");
  return pair?.currentRoundTripTime;
}

export class Voice {
  #samples = []; // the last five seconds, oldest first

  // Takes a report of the receiver; gives { delay, loss, repaired } as seconds and fractions, undefined where unknown.
  update(report) {
    const inbound = find(report, (entry) => entry.type === "inbound-rtp" && entry.kind === "audio");
    if (!inbound) return {};
    this.#samples.push(inbound);
    while (this.#samples.length > 2 && inbound.timestamp - this.#samples[1].timestamp >= kWindowMs) this.#samples.shift();
    const first = this.#samples[0];
    const grown = (name) => (inbound[name] ?? 0) - (first[name] ?? 0);

    const emitted = grown("jitterBufferEmittedCount");
    const waited = emitted > 0 ? grown("jitterBufferDelay") / emitted : undefined;
    const trip = roundTrip(report);
    const lost = Math.max(0, grown("packetsLost"));
    const expected = lost + grown("packetsReceived");
    const played = grown("totalSamplesReceived");
    return {
      delay: waited === undefined || trip === undefined ? undefined : waited + trip / 2,
      waited,
      trip,
      loss: expected > 0 ? lost / expected : undefined,
      // Silence that stands for a pause of the speaker is no repair.
      repaired: played > 0 ? Math.max(0, grown("concealedSamples") - grown("silentConcealedSamples")) / played : undefined,
    };
  }
}

export const milliseconds = (seconds) => (seconds === undefined ? "–" : `${Math.round(seconds * 1000)} ms`);
export const percent = (fraction) => (fraction === undefined ? "–" : `${(fraction * 100).toFixed(1)} %`);
