// How loud a track is right now, from its samples: works for remote voices and for one's own microphone.

const kFloorDb = -60; // below it the meter is empty

let context; // one for the page; browsers allow only a few

export class Meter {
  #source;
  #analyser;
  #samples;

  constructor(mediaStreamTrack) {
    context ??= new AudioContext();
    context.resume();
    this.#source = context.createMediaStreamSource(new MediaStream([mediaStreamTrack]));
    this.#analyser = new AnalyserNode(context, { fftSize: 2048 });
    this.#samples = new Float32Array(this.#analyser.fftSize);
    this.#source.connect(this.#analyser);
  }

  // 0 (silence) to 1 (full scale), even steps in decibels.
  level() {
    this.#analyser.getFloatTimeDomainData(this.#samples);
    const power = this.#samples.reduce((sum, sample) => sum + sample * sample, 0) / this.#samples.length;
    const db = 10 * Math.log10(power + 1e-12);
    return Math.min(1, Math.max(0, 1 - db / kFloorDb));
  }

  close() {
    this.#source.disconnect();
  }
}
