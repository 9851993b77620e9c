// livekit-client in headless Chromium as a peer; README.md beside this file says what it understands.
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Chromium } from './chromium.mjs';
import { Recording, obey, say } from './lines.mjs';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const FILES = {
  '/': ['text/html', path.join(HERE, 'page', 'index.html')],
  '/page.js': ['text/javascript', path.join(HERE, 'page', 'page.js')],
  '/capture.js': ['text/javascript', path.join(HERE, 'page', 'capture.js')],
  '/livekit-client.js': ['text/javascript',
    path.join(process.env.SIDETONE_NODE_MODULES, 'node_modules', 'livekit-client', 'dist', 'livekit-client.umd.js')],
};

const spoken = [];  // the files of `play`, by number
const pages = http.createServer((request, answer) => {
  const number = /^\/spoken\/(\d+)$/.exec(request.url)?.[1];
  const [type, file] = number ? ['audio/wav', spoken[number]] : FILES[request.url] ?? [];
  if (!file) return answer.writeHead(404).end();
  answer.writeHead(200, { 'Content-Type': type, 'Cache-Control': 'no-store' }).end(fs.readFileSync(file));
});

const profile = fs.mkdtempSync(path.resolve('chromium-'));
let browser = null;
let recording = null;

function told(what) {
  if (what.pcm) {
    const bytes = Buffer.from(what.pcm, 'base64');
    recording?.write(new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)));
  } else {
    say(what);
  }
}

async function start(microphone) {
  if (browser) return;
  await new Promise((done) => pages.listen(0, '127.0.0.1', done));
  browser = new Chromium({ profile, microphone: microphone ? `${microphone}%noloop` : null, told });
  await browser.open(`http://127.0.0.1:${pages.address().port}/`);
}

async function end() {
  await browser?.close();
  fs.rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
}

const inPage = (what) => (given) => browser.run(`peer.${what}(${JSON.stringify(given)})`);

const peer = {
  async connect({ microphone, ...rest }) {
    await start(microphone);
    this.microphone = Boolean(microphone);
    return inPage('connect')(rest);
  },
  publish(how) {
    return inPage('publish')({ microphone: this.microphone, ...how });
  },
  play({ wav, loop }) {
    return inPage('play')({ url: `/spoken/${spoken.push(wav) - 1}`, loop });
  },
  stop_playing: () => inPage('stop_playing')({}),
  mute: inPage('mute'),
  unpublish: inPage('unpublish'),
  async record(how) {
    recording = new Recording(how);
    await inPage('record')({ identity: how.identity });
  },
  async stop_record() {
    await inPage('record')({});
    recording?.close();
    recording = null;
  },
  data: inPage('data'),
  attributes: inPage('attributes'),
  participants: inPage('participants'),
  simulate: inPage('simulate'),
  stats: inPage('stats'),
  async leave() {
    await this.stop_record();
    await inPage('leave')({});
  },
};

for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => end().finally(() => process.exit(0)));
await obey(peer, end);
