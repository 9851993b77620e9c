// What the peers that run in Node share: the language of README.md beside this file, and WAV files (16-bit mono, 48 kHz).
import fs from 'node:fs';
import readline from 'node:readline';

export const RATE = 48000;
export const FRAME = 480;

export const monotonic = () => process.hrtime.bigint();
export const seconds = (from) => Number(monotonic() - from) / 1e9;

export function say(fields) {
  fs.writeSync(1, `${JSON.stringify(fields)}\n`);
}

/** Runs `peer[do](arguments)` for each line of stdin, one after the other; ends with `closed` when stdin does. */
export async function obey(peer, closed = async () => {}) {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const { do: what, id, ...rest } = JSON.parse(line);
    try {
      if (typeof peer[what] !== 'function') throw new Error(`this peer cannot ${what}`);
      say({ ...((await peer[what](rest)) ?? {}), done: id });
    } catch (error) {
      say({ done: id, error: String(error?.message ?? error) });
    }
  }
  await closed();
  process.exit(0);
}

export function readWav(path) {
  const bytes = fs.readFileSync(path);
  for (let at = 12; at + 8 <= bytes.length; ) {
    const size = bytes.readUInt32LE(at + 4);
    if (bytes.toString('latin1', at, at + 4) === 'data') {
      const body = bytes.subarray(at + 8, at + 8 + size);
      return new Int16Array(body.buffer.slice(body.byteOffset, body.byteOffset + (body.length & ~1)));
    }
    at += 8 + size + (size & 1);
  }
  throw new Error(`${path} is not a WAV file`);
}

function header(bytes) {
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + bytes, 4);
  head.write('WAVEfmt ', 8);
  [[16, 4], [1, 2], [1, 2], [RATE, 4], [2 * RATE, 4], [2, 2], [16, 2]].reduce((at, [value, size]) => head.writeUIntLE(value, at, size), 16);
  head.write('data', 36);
  head.writeUInt32LE(bytes, 40);
  return head;
}

/** What one participant says, through all its tracks: a WAV file and, if asked for, when each frame came. */
export class Recording {
  constructor({ identity, wav, stamps }) {
    this.identity = identity;
    this.file = fs.openSync(wav, 'w');
    this.stamps = stamps ? fs.openSync(stamps, 'w') : null;
    this.written = 0;
    fs.writeSync(this.file, header(0));
  }

  write(samples) {
    if (this.file === null) return;
    if (this.written === 0) say({ event: 'heard', identity: this.identity });
    if (this.stamps !== null) fs.writeSync(this.stamps, `${monotonic()},${this.written}\n`);
    fs.writeSync(this.file, Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength));
    this.written += samples.length;
  }

  close() {
    if (this.file === null) return;
    fs.writeSync(this.file, header(2 * this.written), 0, 44, 0);
    fs.closeSync(this.file);
    if (this.stamps !== null) fs.closeSync(this.stamps);
    this.file = null;
  }
}
