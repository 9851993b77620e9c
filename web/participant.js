// One line of the list: who it is, whether he or she speaks, how loud, how late, how much was lost.

import { Voice, milliseconds, percent, roundTrip } from "./figures.js";
import { Meter } from "./meter.js";

function element(tag, className, parent) {
  const made = document.createElement(tag);
  made.className = className;
  parent.append(made);
  return made;
}

function figure(parent, label) {
  const span = element("span", "", parent);
  span.append(`${label} `);
  return element("b", "", span);
}

export class Row {
  constructor(participant, list) {
    this.participant = participant;
    this.item = element("li", "participant", list);
    const who = element("div", "who", this.item);
    this.name = element("span", "name", who);
    this.state = element("span", "state", who);
    const meter = element("div", "meter", this.item);
    meter.setAttribute("aria-hidden", "true"); // the state says in words what matters
    this.bar = element("div", "", meter);
    const figures = element("p", "figures", this.item);
    if (participant.isLocal) {
      this.trip = figure(figures, "Round trip");
    } else {
      this.delay = figure(figures, "Delay");
      this.loss = figure(figures, "Loss");
      this.repaired = figure(figures, "Repaired");
    }
    this.item.dataset.identity = participant.identity;
    this.refresh();
  }

  get publication() {
    return [...this.participant.audioTrackPublications.values()][0];
  }

  // After anything about the participant changed.
  refresh() {
    const { participant, publication } = this;
    const name = participant.name || participant.identity;
    this.name.textContent = participant.isLocal ? `${name} (you)` : name;
    this.item.classList.toggle("speaks", participant.isSpeaking);
    if (!publication) this.state.textContent = "listens";
    else if (publication.isMuted) this.state.textContent = "muted";
    else this.state.textContent = participant.isSpeaking ? "speaks" : "silent";

    const track = publication?.isMuted ? undefined : publication?.track?.mediaStreamTrack;
    if (track !== this.metered) {
      this.meter?.close();
      this.meter = track && new Meter(track);
      this.metered = track;
    }
  }

  // Many times a second.
  draw() {
    const level = this.meter?.level() ?? 0;
    this.item.dataset.level = level.toFixed(2);
    this.bar.style.transform = `scaleX(${level.toFixed(3)})`;
  }

  // Once a second.
  async measure() {
    const track = this.publication?.track;
    if (track !== this.measured) {
      this.voice = new Voice();
      this.measured = track;
    }
    const report = await track?.getRTCStatsReport();
    if (this.participant.isLocal) {
      this.trip.textContent = milliseconds(report && roundTrip(report));
      return;
    }
    const { delay, waited, trip, loss, repaired } = report ? this.voice.update(report) : {};
    this.delay.textContent = milliseconds(delay);
    this.delay.title = `jitter buffer ${milliseconds(waited)}, round trip to the server ${milliseconds(trip)}`;
    this.loss.textContent = percent(loss);
    this.repaired.textContent = percent(repaired);
  }

  remove() {
    this.meter?.close();
    this.item.remove();
  }
}
