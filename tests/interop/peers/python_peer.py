"""LiveKit's SDK for Python as a peer; README.md beside this file says what it understands."""
import asyncio
import json
import sys
import time
import wave

from livekit import rtc

RATE, FRAME = 48000, 480


def say(**fields):
    print(json.dumps(fields), flush=True)


class Recording:
    """What one participant says, through all its tracks."""

    def __init__(self, identity, path, stamps):
        self.identity = identity
        self.file = wave.open(path, "wb")
        self.file.setnchannels(1)
        self.file.setsampwidth(2)
        self.file.setframerate(RATE)
        self.stamps = open(stamps, "w") if stamps else None
        self.written = 0
        self.readers = []

    def follow(self, track):
        self.readers.append(asyncio.ensure_future(self._read(track)))

    async def _read(self, track):
        stream = rtc.AudioStream(track, sample_rate=RATE, num_channels=1)
        try:
            async for event in stream:
                now = time.monotonic_ns()
                if self.written == 0:
                    say(event="heard", identity=self.identity)
                if self.stamps:
                    self.stamps.write(f"{now},{self.written}\n")
                self.file.writeframes(event.frame.data)
                self.written += event.frame.samples_per_channel
        finally:
            await stream.aclose()

    async def close(self):
        for reader in self.readers:
            reader.cancel()
        await asyncio.gather(*self.readers, return_exceptions=True)
        self.file.close()
        if self.stamps:
            self.stamps.close()


class Peer:
    def __init__(self):
        self.room = self.source = self.publication = self.player = self.recording = None

    def listen(self):
        room = self.room
        room.on("participant_connected", lambda p: say(event="participant_connected", identity=p.identity))
        room.on("participant_disconnected", lambda p: say(event="participant_disconnected", identity=p.identity))
        room.on("track_unsubscribed", lambda t, pub, p: say(event="track_unsubscribed", identity=p.identity))
        room.on("track_muted", lambda p, pub: say(event="track_muted", identity=p.identity))
        room.on("track_unmuted", lambda p, pub: say(event="track_unmuted", identity=p.identity))
        room.on("reconnecting", lambda: say(event="reconnecting"))
        room.on("reconnected", lambda: say(event="reconnected"))
        room.on("disconnected", lambda reason: say(event="disconnected", reason=rtc.DisconnectReason.Name(reason)))
        room.on("participant_attributes_changed", lambda changed, p: say(event="attributes", identity=p.identity, changed=changed))
        room.on("track_subscribed", self.on_track)
        room.on("data_received", lambda d: say(event="data", identity=d.participant.identity if d.participant else "",
                                               payload=d.data.decode(), topic=d.topic or "",
                                               reliable=d.kind == rtc.DataPacketKind.KIND_RELIABLE))

    def on_track(self, track, publication, participant):
        say(event="track_subscribed", identity=participant.identity)
        if self.recording and self.recording.identity == participant.identity:
            self.recording.follow(track)

    async def connect(self, url, token, single=None):
        self.room = rtc.Room()
        self.listen()
        began = time.monotonic()
        await self.room.connect(url, token, rtc.RoomOptions(single_peer_connection=single))
        return {"seconds": time.monotonic() - began}

    async def publish(self, name="speech"):
        self.source = rtc.AudioSource(RATE, 1)
        self.track = rtc.LocalAudioTrack.create_audio_track(name, self.source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        self.publication = await self.room.local_participant.publish_track(self.track, options)
        return {"sid": self.publication.sid}

    async def play(self, wav, stamps=None, loop=False):
        self.player = asyncio.ensure_future(self._play(wav, stamps, loop))

    async def _play(self, path, stamps, loop):
        with wave.open(path) as file:
            pcm = file.readframes(file.getnframes())
        pcm = pcm[:len(pcm) // (2 * FRAME) * 2 * FRAME]
        csv = open(stamps, "w") if stamps else None
        due, pushed = time.monotonic(), 0
        while True:
            for at in range(0, len(pcm), 2 * FRAME):
                await asyncio.sleep(max(0, due - time.monotonic()))
                if csv:
                    csv.write(f"{time.monotonic_ns()},{pushed}\n")
                    csv.flush()
                await self.source.capture_frame(rtc.AudioFrame(pcm[at:at + 2 * FRAME], RATE, 1, FRAME))
                pushed += FRAME
                due += FRAME / RATE
            if not loop:
                break
        await self.source.wait_for_playout()
        say(event="played")

    async def stop_playing(self):
        if self.player:
            self.player.cancel()
            await asyncio.gather(self.player, return_exceptions=True)

    async def mute(self, muted):
        self.track.mute() if muted else self.track.unmute()

    async def unpublish(self):
        await self.room.local_participant.unpublish_track(self.publication.sid)

    async def record(self, identity, wav, stamps=None):
        self.recording = Recording(identity, wav, stamps)
        there = self.room.remote_participants.get(identity)
        for publication in there.track_publications.values() if there else ():
            if publication.track:
                self.recording.follow(publication.track)

    async def stop_record(self):
        if self.recording:
            await self.recording.close()
            self.recording = None

    async def data(self, payload, topic="", reliable=True, to=()):
        await self.room.local_participant.publish_data(payload.encode(), reliable=reliable, topic=topic,
                                                       destination_identities=list(to))

    async def attributes(self, attributes):
        await self.room.local_participant.set_attributes(attributes)

    async def participants(self):
        there = self.room.remote_participants
        return {"identities": sorted(there), "attributes": {identity: dict(one.attributes) for identity, one in there.items()}}

    async def leave(self):
        await self.stop_playing()
        await self.stop_record()
        if self.source:
            await self.source.aclose()
            self.source = None
        await self.room.disconnect()


async def main():
    peer = Peer()
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        command = json.loads(line)
        what, number = command.pop("do"), command.pop("id")
        try:
            say(done=number, **(await getattr(peer, what)(**command) or {}))
        except Exception as error:
            say(done=number, error=f"{type(error).__name__}: {error}")


asyncio.run(main())
