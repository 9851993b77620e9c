// Join a room, speak, hear the others. livekit-client does the WebRTC; this file connects it with the page.

import { Row } from "./participant.js";

const client = window.LivekitClient; // absent when the server was built without it
const at = (id) => document.getElementById(id);
const devToken = document.querySelector('meta[name="sidetone-dev-token"]').content === "yes";

let room;
const rows = new Map(); // by identity
const sounds = new Map(); // audio elements by track sid

function say(text) {
  at("announcer").textContent = text;
}

function show(problem) {
  at("problem").hidden = !problem;
  at("problem").textContent = problem ?? "";
}

// ---- before the call ----

// RFC 7519: the middle part of a token is its content; who pastes a token need not type his name again.
function contentOf(token) {
  try {
    const base64 = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))));
  } catch {
    return undefined;
  }
}

async function access() {
  if (!devToken) {
    const token = at("token").value.trim();
    if (!contentOf(token)?.video?.roomJoin)
      throw new Error("This is not a token that may join a room. A token is one long word with two dots in it.");
    return { url: at("url").value.trim(), token };
  }
  const question = new URLSearchParams({ room: at("room").value.trim(), identity: at("name").value.trim() });
  const answer = await fetch(`/dev/token?${question}`, { method: "POST" });
  if (!answer.ok) throw new Error(`The server gave no token: ${await answer.text()}`);
  return { url: ownUrl(), token: (await answer.json()).token };
}

function ownUrl() {
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}`;
}

function prepare() {
  const wanted = new URLSearchParams(location.search);
  at("name").value = wanted.get("name") ?? "";
  at("room").value = wanted.get("room") ?? "lobby";
  at("url").value = ownUrl();
  at("access").hidden = devToken;
  at("name-field").hidden = at("room-field").hidden = !devToken;
  at("name").required = at("room").required = devToken;
  at("url").required = at("token").required = !devToken;
  at("insecure").hidden = window.isSecureContext;
  at("client-missing").hidden = Boolean(client);
  at("join-button").disabled = !client;
}

// ---- the call ----

function refresh() {
  if (!room) return;
  const present = new Map([room.localParticipant, ...room.remoteParticipants.values()].map((p) => [p.identity, p]));
  for (const [identity, row] of rows)
    if (present.get(identity) !== row.participant) {
      row.remove();
      rows.delete(identity);
    }
  for (const [identity, participant] of present)
    if (!rows.has(identity)) rows.set(identity, new Row(participant, at("participants")));
  for (const row of rows.values()) row.refresh();
  at("alone").hidden = present.size > 1;
  at("sound").hidden = room.canPlaybackAudio;
  const on = room.localParticipant.isMicrophoneEnabled;
  at("microphone").setAttribute("aria-pressed", String(on));
  at("microphone").textContent = on ? "Microphone on" : "Microphone off";
}

function hear(track) {
  if (track.kind !== "audio") return;
  const sound = track.attach();
  sound.hidden = true;
  sounds.set(track.sid, sound);
  document.body.append(sound);
}

function unhear(track) {
  for (const sound of track.detach()) sound.remove();
  sounds.delete(track.sid);
}

// Numbers of livekit.DisconnectReason that a person should read about.
const endings = {
  2: "You joined this room somewhere else under the same name.",
  3: "The server was stopped.",
  4: "You were removed from the room.",
  5: "The room was closed.",
};

function listen() {
  const { RoomEvent } = client;
  const nameOf = (participant) => participant.name || participant.identity;
  for (const event of ["LocalTrackPublished", "LocalTrackUnpublished", "TrackMuted", "TrackUnmuted", "TrackPublished",
    "TrackUnpublished", "ActiveSpeakersChanged", "ParticipantNameChanged", "AudioPlaybackStatusChanged"])
    room.on(RoomEvent[event], refresh);
  room
    .on(RoomEvent.TrackSubscribed, (track) => { hear(track); refresh(); })
    .on(RoomEvent.TrackUnsubscribed, (track) => { unhear(track); refresh(); })
    .on(RoomEvent.ParticipantConnected, (who) => { say(`${nameOf(who)} joined`); refresh(); })
    .on(RoomEvent.ParticipantDisconnected, (who) => { say(`${nameOf(who)} left`); refresh(); })
    .on(RoomEvent.Reconnecting, () => { at("connection").textContent = "Reconnecting …"; })
    .on(RoomEvent.Reconnected, () => { at("connection").textContent = "Connected"; refresh(); })
    .on(RoomEvent.Disconnected, ended);
}

async function join(event) {
  event.preventDefault();
  show();
  at("join-button").disabled = true;
  at("connection").textContent = "Connecting …";
  try {
    const { url, token } = await access();
    // Two peer connections: what Sidetone's server speaks, and every other room server as well.
    room = new client.Room({ singlePeerConnection: false });
    listen();
    await room.connect(url, token);
    started();
  } catch (error) {
    room = undefined;
    at("connection").textContent = "Not connected";
    show(error.message);
  }
  at("join-button").disabled = false;
  if (room && window.isSecureContext) await toggleMicrophone();
}

function started() {
  at("connection").textContent = "Connected";
  at("room-name").textContent = `Room ${room.name}`;
  at("join").hidden = true;
  at("call").hidden = false;
  at("microphone").disabled = !window.isSecureContext;
  at(window.isSecureContext ? "microphone" : "leave").focus();
  refresh();
  say(`You joined ${room.name}. ${room.remoteParticipants.size} others are here.`);
}

function ended(reason) {
  for (const row of rows.values()) row.remove();
  rows.clear();
  for (const sound of sounds.values()) sound.remove();
  sounds.clear();
  room = undefined;
  at("connection").textContent = "Not connected";
  at("call").hidden = true;
  at("join").hidden = false;
  at("join-button").focus();
  show(endings[reason]);
  say("You left the room.");
}

let toggling = false; // the button stays enabled meanwhile: a disabled one would lose the keyboard's focus

async function toggleMicrophone() {
  const me = room?.localParticipant;
  if (!me || toggling) return;
  toggling = true;
  try {
    await me.setMicrophoneEnabled(!me.isMicrophoneEnabled);
    show();
  } catch (error) {
    show(error.name === "NotAllowedError"
      ? "The browser was not allowed to use the microphone. Allow it for this page, then try again."
      : `The microphone does not work: ${error.message}`);
  }
  toggling = false;
  refresh();
}

prepare();
at("join").addEventListener("submit", join);
at("microphone").addEventListener("click", toggleMicrophone);
at("sound").addEventListener("click", () => room?.startAudio());
at("leave").addEventListener("click", () => room?.disconnect());
setInterval(() => { for (const row of rows.values()) row.draw(); }, 50);
setInterval(() => { for (const row of rows.values()) row.measure().catch(() => {}); }, 1000);
