// The server's own web page in headless Chromium, driven over stdin as peers/README.md says; commands of its own:
//
//   open {url, width, height, dark}   join {name, room} or {token}   press {button}   key {key}   read {ids}   row {identity}
//   peak {}: the strongest frequency that the page plays, in Hz, and its level from 0 to 1   screenshot {path}
//
// usage: node page_peer.mjs CHROMIUM [WAV that the microphone hears]      SIDETONE_NODE_MODULES names the folder of playwright-core
import { createRequire } from "node:module";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const { chromium } = createRequire(`${process.env.SIDETONE_NODE_MODULES}/`)("playwright-core");
const [program, microphone] = process.argv.slice(2);
const profile = mkdtempSync(join(tmpdir(), "sidetone-page-"));

const context = await chromium.launchPersistentContext(profile, {
  executablePath: program,
  args: [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
    // The fake microphone's sound goes in as it is, and the sound of a page nobody touched may play.
    "--autoplay-policy=no-user-gesture-required",
    ...(microphone ? [`--use-file-for-fake-audio-capture=${microphone}`] : []),
  ],
});
const page = context.pages()[0] ?? (await context.newPage());
page.setDefaultTimeout(15000);

const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);
page.on("console", (message) => {
  if (message.type() === "error") say({ event: "console_error", text: message.text() });
});
page.on("pageerror", (error) => say({ event: "page_error", text: error.message }));
page.on("request", (request) => say({ event: "request", url: request.url() }));
page.on("websocket", (socket) => {
  if (process.env.SIDETONE_TRACE) socket.on("close", () => say({ event: "websocket_closed", url: socket.url() }));
});

// Runs in the page: all sound that its audio elements play, for half a second.
function peak() {
  const context = new AudioContext();
  const analyser = new AnalyserNode(context, { fftSize: 8192, smoothingTimeConstant: 0 });
  for (const element of document.querySelectorAll("audio"))
    if (element.srcObject && !element.paused) context.createMediaStreamSource(element.srcObject).connect(analyser);
  return new Promise((done) => {
    setTimeout(() => {
      const bins = new Float32Array(analyser.frequencyBinCount);
      const samples = new Float32Array(analyser.fftSize);
      analyser.getFloatFrequencyData(bins);
      analyser.getFloatTimeDomainData(samples);
      const strongest = bins.indexOf(Math.max(...bins));
      done({
        hz: (strongest * context.sampleRate) / analyser.fftSize,
        level: Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length),
      });
      context.close();
    }, 500);
  });
}

const commands = {
  async open({ url, width = 1000, height = 800, dark = false }) {
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme: dark ? "dark" : "light" });
    const answer = await page.goto(url);
    await page.waitForFunction(() => document.readyState === "complete");
    return { headers: answer.headers() };
  },
  async join({ name, room, token }) {
    if (token) await page.fill("#token", token);
    else {
      await page.fill("#name", name);
      await page.fill("#room", room);
    }
    await page.press(token ? "#token" : "#room", token ? "Tab" : "Enter"); // by keyboard alone
    if (token) await page.keyboard.press("Enter");
    await page.waitForSelector("#call:not([hidden]), #problem:not([hidden])");
    return { problem: (await page.isVisible("#problem")) ? await page.textContent("#problem") : null };
  },
  async press({ button }) {
    await page.focus(`#${button}`);
    await page.keyboard.press("Enter");
  },
  async key({ key }) {
    await page.keyboard.press(key);
  },
  async read({ ids }) {
    return page.evaluate(
      (wanted) => Object.fromEntries(wanted.map((id) => {
        const element = document.getElementById(id);
        return [id, element.closest("[hidden]") ? null : element.textContent.replace(/\s+/g, " ").trim()];
      })),
      ids,
    );
  },
  // Everything that a line of the list says, as text; nothing: there is no such line.
  async row({ identity }) {
    return page.evaluate((wanted) => {
      const item = [...document.querySelectorAll(".participant")].find((each) => each.dataset.identity === wanted);
      if (!item) return { there: false };
      const figures = [...item.querySelectorAll(".figures span")].map((span) => span.textContent.match(/^(.*?) ([\d.–]+.*)$/).slice(1));
      return {
        there: true,
        name: item.querySelector(".name").textContent,
        state: item.querySelector(".state").textContent,
        level: Number(item.dataset.level ?? 0),
        figures: Object.fromEntries(figures),
      };
    }, identity);
  },
  // Wider than the window, with the sideways scrolling that a phone's reader hates?
  async overflow() {
    return { pixels: await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth) };
  },
  async focus() {
    return { id: await page.evaluate(() => document.activeElement.id || document.activeElement.tagName) };
  },
  async peak() {
    return page.evaluate(peak);
  },
  async screenshot({ path }) {
    await page.screenshot({ path, fullPage: true });
  },
};

async function end() {
  await context.close().catch(() => {});
  rmSync(profile, { recursive: true, force: true });
  process.exit(0);
}
process.on("SIGTERM", end);

for await (const line of createInterface({ input: process.stdin })) {
  const { do: what, id, ...fields } = JSON.parse(line);
  try {
    say({ done: id, ...((await commands[what](fields)) ?? {}) });
  } catch (error) {
    say({ done: id, error: String(error.message ?? error).split("\n")[0] });
  }
}
await end();
