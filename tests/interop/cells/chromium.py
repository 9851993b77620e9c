"""Chromium: its microphone, a WAV file that it says once, at Sidetone and at another browser, with redundancy; silence that costs
no packets; and the full reconnect that livekit-client makes on its own."""
import time

from harness import sound, test

# livekit-client asks for one peer connection first (/rtc/v1); who answers 404 gets two.
MODES = {"livekit": "publisher-only", "embedded": "subscriber-primary"}


def says(world, server_kind, ear_kind):
    """What the microphone picks up is heard; each packet carries the one before as well (RED), which arrives or is taken out."""
    server = world.server(server_kind)
    ear = world.peer(ear_kind, server, "ear")
    heard, microphone = world.path("heard.wav"), world.path("microphone.wav")
    speech, lead = sound.sentences(3), 3  # seconds in which the ear subscribes
    sound.write(microphone, sound.np.concatenate([sound.np.zeros(lead * sound.RATE), speech, sound.np.zeros(sound.RATE)]))
    mouth = world.peer("chromium", server, "mouth", microphone=microphone)
    ear.ask("record", identity="mouth", wav=heard)
    mouth.ask("publish")
    opened = time.monotonic()
    ear.wait("track_subscribed", identity="mouth")
    late = time.monotonic() - opened
    ear.drain(lead + len(speech) / sound.RATE + 0.5 - late)
    sent = mouth.ask("stats")
    ear.ask("stop_record")
    likeness, size = world.likeness(heard), sent["sent"]["bytes"] / sent["sent"]["packets"]
    world.note(f"mouth to ear {likeness:.3f}, {size:.0f} bytes a packet")
    assert late < lead, f"subscribed {late:.1f} s after the microphone was opened: too late for its first word"
    assert likeness >= 0.85, f"likeness {likeness:.3f} is below 0.85"  # World.hears says why not more
    assert sent["mode"] == MODES[server_kind], f"livekit-client is in the mode {sent['mode']}"
    # 48 kbit/s are 120 bytes each 20 ms.
    assert size > 170, f"{size:.0f} bytes a packet: Chromium was not answered that RED is preferred"
    if ear_kind == "chromium":
        received = ear.ask("stats")["received"]
        size = received["bytes"] / received["packets"]
        assert size > 170, f"{size:.0f} bytes a packet: the server took the redundancy out for a listener that understands it"
    mouth.ask("leave")
    ear.wait("participant_disconnected", identity="mouth", seconds=5)


for server_kind, needs in (("livekit", ["livekit-server"]), ("embedded", [])):
    test(f"chromium.to-sidetone.{server_kind}", needs=["node", "chromium", "speech", *needs], seconds=120, ci=True)(
        lambda world, server_kind=server_kind: says(world, server_kind, "sidetone"))


@test("chromium.to-chromium.embedded", needs=["node", "chromium", "speech"], seconds=120, ci=True)
def among_themselves(world):
    says(world, "embedded", "chromium")


@test("chromium.silence-of-sidetone.embedded", needs=["node", "chromium", "speech"], seconds=120)
def hardly_a_packet_in_silence(world):
    """A word, three seconds of nothing, a word: the browser hears both, and in between hardly a packet travels (DTX)."""
    server = world.server("embedded")
    mouth, ear = world.peer("sidetone", server, "mouth"), world.peer("chromium", server, "ear")
    word, said, heard = sound.sentences(1), world.path("said.wav"), world.path("heard.wav")
    pause, lead = 3, sound.np.zeros(sound.RATE)
    sound.write(said, sound.np.concatenate([lead, word, sound.np.zeros(pause * sound.RATE), word]))
    ear.ask("record", identity="mouth", wav=heard)
    mouth.ask("publish")
    ear.wait("track_subscribed", identity="mouth")
    mouth.ask("play", wav=said)
    began = time.monotonic()
    silent = 1 + len(word) / sound.RATE + 0.7
    ear.drain(silent - (time.monotonic() - began))
    before, at = ear.ask("stats")["received"]["packets"], time.monotonic()
    ear.drain(2)
    packets, span = ear.ask("stats")["received"]["packets"] - before, time.monotonic() - at
    mouth.wait("played", seconds=20)
    ear.drain(1.5)
    ear.ask("stop_record")
    spoken, recording = sound.telephone_band(word), sound.telephone_band(sound.read(heard))
    one, place = sound.best_place(spoken, recording)
    recording[place:place + len(word)] = 0
    other, there = sound.best_place(spoken, recording)
    apart = abs(there - place) / sound.RATE - len(word) / sound.RATE
    world.note(f"{packets} packets in {span:.1f} s of silence")
    assert packets <= 10 * span, f"{packets} packets in {span:.1f} s of silence"
    assert min(one, other) > 0.8, f"the words were heard with {one:.3f} and {other:.3f}"
    assert abs(apart - pause) < 0.5, f"{apart:.1f} s were heard between the words, not {pause}"
