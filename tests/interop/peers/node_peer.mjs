// LiveKit's SDK for Node as a peer; README.md beside this file says what it understands. Besides that: `simulate` with
// `scenario`: "signal-reconnect" or "full-reconnect".
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { FRAME, RATE, Recording, monotonic, obey, readWav, say, seconds } from './lines.mjs';

const require = createRequire(path.join(process.env.SIDETONE_NODE_MODULES, 'package.json'));
const rtc = require('@livekit/rtc-node');
// The SDK's own way to its core: muting a track is a message that its public classes do not have.
const { FfiClient } = require(path.join(path.dirname(require.resolve('@livekit/rtc-node')), 'ffi_client.cjs'));
const SCENARIOS = { 'signal-reconnect': 0, 'full-reconnect': 7 };  // SimulateScenarioKind

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

const peer = {
  async connect({ url, token, single }) {
    const room = (this.room = new rtc.Room());
    const tell = (name, event, fields = () => ({})) => room.on(name, (...given) => say({ event, ...fields(...given) }));
    const whose = (publication, participant) => ({ identity: participant?.identity ?? '' });
    tell('participantConnected', 'participant_connected', (who) => ({ identity: who.identity }));
    tell('participantDisconnected', 'participant_disconnected', (who) => ({ identity: who.identity }));
    tell('trackUnsubscribed', 'track_unsubscribed', (track, publication, who) => ({ identity: who.identity }));
    tell('trackMuted', 'track_muted', whose);
    tell('trackUnmuted', 'track_unmuted', whose);
    tell('participantAttributesChanged', 'attributes', (changed, who) => ({ identity: who.identity, changed }));
    tell('reconnecting', 'reconnecting');
    tell('reconnected', 'reconnected');
    tell('disconnected', 'disconnected', (reason) => ({ reason: rtc.DisconnectReason[reason] ?? String(reason) }));
    tell('dataReceived', 'data', (payload, who, kind, topic) => ({
      identity: who?.identity ?? '',
      payload: Buffer.from(payload).toString(),
      topic: topic ?? '',
      reliable: kind === rtc.DataPacketKind.KIND_RELIABLE,
    }));
    room.on('trackSubscribed', (track, publication, who) => {
      say({ event: 'track_subscribed', identity: who.identity });
      if (this.recording?.identity === who.identity) this.follow(track);
    });
    const began = monotonic();
    await room.connect(url, token, { ...(single === undefined || single === null ? {} : { singlePeerConnection: single }) });
    return { seconds: seconds(began) };
  },

  async publish({ name = 'speech' }) {
    this.source = new rtc.AudioSource(RATE, 1);
    this.track = rtc.LocalAudioTrack.createAudioTrack(name, this.source);
    const options = new rtc.TrackPublishOptions({ source: rtc.TrackSource.SOURCE_MICROPHONE });
    this.publication = await this.room.localParticipant.publishTrack(this.track, options);
    return { sid: this.publication.sid };
  },

  play({ wav, stamps, loop = false }) {
    this.stop = false;
    this.player = this.pushed(readWav(wav), stamps, loop).catch((error) => say({ event: 'noise', line: String(error) }));
  },

  // On absolute deadlines, 10 ms a frame; 200 ms early where nobody measures the delay: a busy machine is not heard then.
  async pushed(samples, stamps, loop) {
    const csv = stamps ? fs.openSync(stamps, 'w') : null;
    let due = monotonic() - (stamps ? 0n : 200_000_000n);
    let count = 0;
    do {
      for (let at = 0; at + FRAME <= samples.length && !this.stop; at += FRAME) {
        const early = Number(due - monotonic()) / 1e6;
        if (early > 1) await sleep(early);
        if (csv !== null) fs.writeSync(csv, `${monotonic()},${count}\n`);
        await this.source.captureFrame(new rtc.AudioFrame(samples.slice(at, at + FRAME), RATE, 1, FRAME));
        count += FRAME;
        due += 10_000_000n;
      }
    } while (loop && !this.stop);
    if (!this.stop) await this.source.waitForPlayout();
    if (csv !== null) fs.closeSync(csv);
    if (!this.stop) say({ event: 'played' });
  },

  async stop_playing() {
    this.stop = true;
    await this.player;
  },

  mute({ muted }) {
    FfiClient.instance.request({
      message: { case: 'localTrackMute', value: { trackHandle: this.track.ffi_handle.handle, mute: muted } },
    });
  },

  async unpublish() {
    await this.room.localParticipant.unpublishTrack(this.publication.sid);
  },

  record(how) {
    this.recording = new Recording(how);
    const there = this.room.remoteParticipants.get(how.identity);
    for (const publication of there?.trackPublications.values() ?? []) if (publication.track) this.follow(publication.track);
  },

  async follow(track) {
    const recording = this.recording;
    const reader = new rtc.AudioStream(track, RATE, 1).getReader();
    for (let read = await reader.read(); !read.done && this.recording === recording; read = await reader.read())
      recording.write(read.value.data);
    await reader.cancel().catch(() => {});
  },

  stop_record() {
    this.recording?.close();
    this.recording = null;
  },

  async data({ payload, topic = '', reliable = true, to = [] }) {
    await this.room.localParticipant.publishData(Buffer.from(payload), { reliable, topic, destination_identities: to });
  },

  async attributes({ attributes }) {
    await this.room.localParticipant.setAttributes(attributes);
  },

  participants() {
    const there = [...this.room.remoteParticipants.values()];
    return {
      identities: there.map((who) => who.identity).sort(),
      attributes: Object.fromEntries(there.map((who) => [who.identity, who.attributes])),
    };
  },

  async simulate({ scenario }) {
    await this.room.simulateScenario(SCENARIOS[scenario]);
  },

  async leave() {
    await this.stop_playing();
    this.stop_record();
    await this.track?.close();
    this.track = this.source = null;
    await this.room.disconnect();
  },
};

await obey(peer);
