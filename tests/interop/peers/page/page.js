// The page's half of chromium_peer.mjs: livekit-client does what it is told and tells what happens.
'use strict';

const LIVE = LivekitClient;
LIVE.setLogLevel('warn');
const RATE = 48000;

// What goes through tell() is an event of the peers' language, or {pcm}: base64 of 16-bit samples.
const say = (fields) => tell(JSON.stringify(fields));

let room = null;
let published = null;  // our track
let voice = null;  // where play() speaks, when it is not the microphone that is published
let playing = null;
let wanted = null;  // the identity that is recorded
let context = null;
let capture = null;  // what records now: {source, node, element}

function base64(bytes) {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

async function sound() {
  if (!context) {
    context = new AudioContext({ sampleRate: RATE, latencyHint: 'interactive' });
    await context.audioWorklet.addModule('/capture.js');
  }
  await context.resume();
  return context;
}

async function follow(track) {
  await sound();
  stopFollowing();
  // Chromium decodes a remote track only when an element plays it.
  const element = new Audio();
  element.srcObject = new MediaStream([track.mediaStreamTrack]);
  element.play();
  const source = context.createMediaStreamSource(element.srcObject);
  const node = new AudioWorkletNode(context, 'capture', { numberOfOutputs: 0, channelCount: 1, channelCountMode: 'explicit' });
  let begun = false;
  node.port.onmessage = ({ data }) => {
    if (capture?.node !== node) return;
    begun ||= data.some((sample) => sample !== 0);
    if (!begun) return;
    const pcm = Int16Array.from(data, (sample) => Math.max(-1, Math.min(1, sample)) * 32767);
    say({ pcm: base64(new Uint8Array(pcm.buffer)) });
  };
  capture = { source, node, element };
  source.connect(node);
}

function stopFollowing() {
  if (!capture) return;
  capture.source.disconnect();
  capture.element.srcObject = null;
  capture = null;
}

function listen() {
  const tellOf = (name, event, fields = () => ({})) => room.on(name, (...given) => say({ event, ...fields(...given) }));
  const whose = (publication, participant) => ({ identity: participant.identity });
  tellOf('participantConnected', 'participant_connected', (who) => ({ identity: who.identity }));
  tellOf('participantDisconnected', 'participant_disconnected', (who) => ({ identity: who.identity }));
  tellOf('trackUnsubscribed', 'track_unsubscribed', (track, publication, who) => ({ identity: who.identity }));
  tellOf('trackMuted', 'track_muted', whose);
  tellOf('trackUnmuted', 'track_unmuted', whose);
  tellOf('participantAttributesChanged', 'attributes', (changed, who) => ({ identity: who.identity, changed }));
  // A resume that fails becomes a full reconnect: livekit-client has an event for the beginning of each, the peers one.
  let away = false;
  const leaving = () => {
    if (!away) say({ event: 'reconnecting' });
    away = true;
  };
  room.on('signalReconnecting', leaving).on('reconnecting', leaving);
  room.on('reconnected', () => (away = false));
  tellOf('reconnected', 'reconnected');
  tellOf('disconnected', 'disconnected', (reason) => ({ reason: LIVE.DisconnectReason[reason] ?? String(reason) }));
  tellOf('dataReceived', 'data', (payload, who, kind, topic) => ({
    identity: who?.identity ?? '',
    payload: new TextDecoder().decode(payload),
    topic: topic ?? '',
    reliable: kind === 0,
  }));
  room.on('trackSubscribed', (track, publication, who) => {
    say({ event: 'track_subscribed', identity: who.identity });
    if (wanted === who.identity) follow(track);
  });
}

async function rtpOf(owner) {
  const report = owner ? [...(await owner.getStats()).values()] : [];
  const rtp = report.find((one) => one.type === 'outbound-rtp' || one.type === 'inbound-rtp');
  if (!rtp) return null;
  return {
    packets: rtp.packetsSent ?? rtp.packetsReceived,
    bytes: rtp.bytesSent ?? rtp.bytesReceived,
    lost: rtp.packetsLost ?? 0,
  };
}

const peer = {
  async connect({ url, token, single }) {
    room = new LIVE.Room(single === undefined || single === null ? {} : { singlePeerConnection: single });
    listen();
    const began = performance.now();
    await room.connect(url, token);
    return { seconds: (performance.now() - began) / 1000 };
  },

  async publish({ name = 'speech', microphone, red, dtx }) {
    const options = { name, source: LIVE.Track.Source.Microphone };
    if (red !== undefined) options.red = red;
    if (dtx !== undefined) options.dtx = dtx;
    let track;
    if (microphone) {
      const untouched = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
      track = await LIVE.createLocalAudioTrack({ ...untouched, channelCount: 1 });
    } else {
      voice = new MediaStreamAudioDestinationNode(await sound(), { channelCount: 1 });
      track = voice.stream.getAudioTracks()[0];
    }
    const publication = await room.localParticipant.publishTrack(track, options);
    published = publication.track;
    return { sid: publication.trackSid };
  },

  async play({ url, loop = false }) {
    peer.stop_playing();
    const source = new AudioBufferSourceNode(context, { loop });
    source.buffer = await context.decodeAudioData(await (await fetch(url)).arrayBuffer());
    source.connect(voice);
    source.onended = () => playing === source && say({ event: 'played' });
    source.start();
    playing = source;
  },

  stop_playing() {
    const source = playing;
    playing = null;
    source?.stop();
  },

  async mute({ muted }) {
    await (muted ? published.mute() : published.unmute());
  },

  async unpublish() {
    await room.localParticipant.unpublishTrack(published);
  },

  async record({ identity = null }) {
    wanted = identity;
    if (!identity) return stopFollowing();
    for (const publication of room.remoteParticipants.get(identity)?.trackPublications.values() ?? [])
      if (publication.track) await follow(publication.track);
  },

  async data({ payload, topic = '', reliable = true, to = [] }) {
    await room.localParticipant.publishData(new TextEncoder().encode(payload), { reliable, topic, destinationIdentities: to });
  },

  async attributes({ attributes }) {
    await room.localParticipant.setAttributes(attributes);
  },

  participants() {
    const there = [...room.remoteParticipants.values()];
    return {
      identities: there.map((who) => who.identity).sort(),
      attributes: Object.fromEntries(there.map((who) => [who.identity, who.attributes])),
    };
  },

  async simulate({ scenario }) {
    await room.simulateScenario(scenario);
  },

  async stats() {
    const remote = [...room.remoteParticipants.values()].flatMap((who) => [...who.trackPublications.values()]);
    const mode = room.engine.pcManager.mode;
    return { mode, sent: await rtpOf(published?.sender), received: await rtpOf(remote.find((one) => one.track)?.track.receiver) };
  },

  async leave() {
    peer.stop_playing();
    stopFollowing();
    await room.disconnect();
    published = voice = null;
  },
};
