// One headless Chromium with one page, told what to do over its debugging pipe: when this process ends, however it ends, the
// pipe closes and the browser goes with it.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

const FLAGS = [
  '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-default-apps', '--disable-extensions', '--disable-domain-reliability',
  '--disable-renderer-backgrounding', '--disable-background-timer-throttling', '--disable-backgrounding-occluded-windows',
  '--disable-client-side-phishing-detection', '--disable-dev-shm-usage', '--metrics-recording-only', '--no-default-browser-check',
  '--disable-features=OptimizationHints,MediaRouter,Translate,DialMediaRouteProvider', '--mute-audio',
  '--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream', '--autoplay-policy=no-user-gesture-required',
  '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1', '--remote-debugging-pipe',
];

export class Chromium {
  /** `microphone`: a WAV file, said once from the moment the page opens the microphone; `told` gets what the page tells. */
  constructor({ program = 'chromium', profile, microphone, told }) {
    const flags = [...FLAGS, `--user-data-dir=${profile}`];
    if (microphone) flags.push(`--use-file-for-fake-audio-capture=${microphone}`);
    this.told = told;
    this.waiting = new Map();
    this.asked = 0;
    const log = fs.openSync(path.join(profile, 'chromium.log'), 'w');
    this.child = spawn(program, [...flags, 'about:blank'], { stdio: ['ignore', log, log, 'pipe', 'pipe'] });
    this.child.on('error', (error) => this.end(error));
    this.child.on('exit', (code) => this.end(new Error(`Chromium ended with ${code}`)));
    this.child.stdio[3].on('error', (error) => this.end(error));
    let rest = Buffer.alloc(0);
    this.child.stdio[4].on('data', (bytes) => {
      rest = Buffer.concat([rest, bytes]);
      for (let end = rest.indexOf(0); end >= 0; end = rest.indexOf(0)) {
        this.take(JSON.parse(rest.toString('utf8', 0, end)));
        rest = rest.subarray(end + 1);
      }
    });
  }

  end(error) {
    this.ended ??= error;
    for (const { no } of this.waiting.values()) no(error);
    this.waiting.clear();
  }

  take({ id, method, params, result, error }) {
    if (method === 'Runtime.bindingCalled') this.told(JSON.parse(params.payload));
    if (method === 'Runtime.consoleAPICalled')
      process.stderr.write(`page: ${params.args.map((one) => one.value ?? one.description).join(' ')}\n`);
    const waiting = this.waiting.get(id);
    if (!waiting) return;
    this.waiting.delete(id);
    if (error) waiting.no(new Error(error.message));
    else waiting.yes(result);
  }

  send(method, params = {}) {
    if (this.ended) return Promise.reject(this.ended);
    const id = ++this.asked;
    const session = this.session ? { sessionId: this.session } : {};
    this.child.stdio[3].write(`${JSON.stringify({ id, method, params, ...session })}\0`);
    return new Promise((yes, no) => this.waiting.set(id, { yes, no }));
  }

  /** The page at `url`; in it the function tell(text) reaches `told` with the parsed text. */
  async open(url) {
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank' });
    this.session = (await this.send('Target.attachToTarget', { targetId, flatten: true })).sessionId;
    await this.send('Runtime.enable');
    await this.send('Runtime.addBinding', { name: 'tell' });
    await this.send('Page.enable');
    await this.send('Page.navigate', { url });
    for (let tries = 0; tries < 200; ++tries) {
      if (await this.run('typeof peer === "object" && document.readyState === "complete"')) return;
      await new Promise((done) => setTimeout(done, 50));
    }
    throw new Error(`the page at ${url} did not load within 10 s`);
  }

  /** What the expression is, or what its promise becomes. */
  async run(expression) {
    const { result, exceptionDetails: bad } = await this.send('Runtime.evaluate', {
      expression, awaitPromise: true, returnByValue: true, userGesture: true,
    });
    if (bad) throw new Error((bad.exception?.description ?? bad.text).split('\n')[0]);
    return result.value;
  }

  async close() {
    if (this.ended) return;
    delete this.session;
    const gone = new Promise((done) => this.child.once('exit', done));
    this.send('Browser.close').catch(() => {});
    await Promise.race([gone, new Promise((done) => setTimeout(done, 3000))]);
    this.child.kill('SIGKILL');
  }
}
