"""LiveKit's SDKs for Python, Node and the browser beside Sidetone: speech, mute, data, attributes and the end."""
from harness import sound, test

SERVERS = {"livekit": ["livekit-server"], "embedded": []}
SDKS = {"python": ["python-sdk"], "node": ["node"], "chromium": ["node", "chromium"]}


def hears(world, server, mouth_kind, ear_kind):
    """Speech from one peer to the other, found again; then the mouth leaves, which the ear is told."""
    mouth = world.peer(mouth_kind, server, "mouth")
    ear = world.peer(ear_kind, server, "ear")
    world.hears(ear, mouth)
    mouth.ask("leave")
    ear.wait("participant_disconnected", identity="mouth", seconds=5)
    assert ear.ask("participants")["identities"] == []


def mute(world, server, mouth_kind, ear_kind):
    """A tone while unmuted, nothing while muted, the tone again; and the ear is told of both."""
    mouth = world.peer(mouth_kind, server, "mouth")
    ear = world.peer(ear_kind, server, "ear")
    tone, heard, stamps = world.path("tone.wav"), world.path("heard.wav"), world.path("heard.csv")
    sound.write(tone, sound.tone(1000, 2))
    ear.ask("record", identity="mouth", wav=heard, stamps=stamps)
    mouth.ask("publish")
    ear.wait("track_subscribed", identity="mouth")
    mouth.ask("play", wav=tone, loop=True)
    ear.wait("heard")
    ear.drain(1.5)
    mouth.ask("mute", muted=True)
    muted = ear.wait("track_muted", identity="mouth")["at"]
    ear.drain(2)
    mouth.ask("mute", muted=False)
    unmuted = ear.wait("track_unmuted", identity="mouth")["at"]
    ear.drain(2)
    ear.ask("stop_record")
    times = sound.heard_at(heard, stamps, 1000)

    def share(begin, end):
        return sum(begin <= at < end for at in times) / (100 * (end - begin))
    assert share(muted - 1, muted - 0.2) > 0.9, "the tone was not there before the mute"
    assert share(muted + 0.5, unmuted) < 0.02, f"{share(muted + 0.5, unmuted):.0%} of the tone came through the mute"
    assert share(unmuted + 0.5, unmuted + 1.5) > 0.9, "the tone did not come back"


def greet(sender, receivers):
    """Again and again, until all have heard it: whoever has just joined may not have a channel yet."""
    for number in range(20):
        sender.ask("data", payload="hello", topic="hello", reliable=True)
        for receiver in receivers:
            receiver.drain(0.1)
        if all(any(said["event"] == "data" and said["identity"] == sender.name for said in receiver.events) for receiver in receivers):
            return
    raise AssertionError(f"{sender.name} said hello for {number // 5} s and was not heard by all")


def data(world, server, one_kind, other_kind):
    """Packets both ways: payload, topic, kind and sender as sent; a destination that is not us is not for us."""
    one = world.peer(one_kind, server, "one")
    other = world.peer(other_kind, server, "other")
    bystander = world.peer(one_kind, server, "bystander")
    for sender, receiver in ((one, other), (other, one)):
        said = {"identity": sender.name, "topic": "greeting", "reliable": True}
        greet(sender, [receiver, bystander])
        for number in range(20):
            sender.ask("data", payload=f"{number} grüßt " + "x" * 900, topic="greeting", reliable=True, to=[receiver.name])
        came = [receiver.wait("data", **said)["payload"] for _ in range(20)]
        assert came == [f"{number} grüßt " + "x" * 900 for number in range(20)], "order or content differ"
        for number in range(20):
            sender.ask("data", payload=f"lossy {number}", topic="level", reliable=False)
            receiver.drain(0.01)
        lossy = [heard["payload"] for heard in receiver.drain(1) if heard["event"] == "data" and not heard["reliable"]]
        assert len(set(lossy)) == len(lossy) and set(lossy) <= {f"lossy {number}" for number in range(20)}
        assert len(lossy) >= 18, f"{len(lossy)} of 20 lossy packets came on a network without loss"
        secrets = [heard for heard in bystander.drain(0.2) if heard["event"] == "data" and "grüßt" in heard["payload"]]
        assert not secrets, f"{len(secrets)} packets for {receiver.name} went to the bystander"
        assert not [heard for heard in sender.drain() if heard["event"] == "data" and heard["identity"] == sender.name], "an echo"


def attributes(world, server, setter_kind, reader_kind):
    """Those of the token at joining, and changes while in the room."""
    reader = world.peer(reader_kind, server, "reader", attributes={"role": "reader"})
    setter = world.peer(setter_kind, server, "setter", attributes={"role": "setter", "colour": "red"})
    reader.wait("participant_connected", identity="setter")
    assert reader.ask("participants")["attributes"]["setter"] == {"role": "setter", "colour": "red"}
    assert setter.ask("participants")["attributes"]["reader"] == {"role": "reader"}
    setter.ask("attributes", attributes={"colour": "blue", "mood": "fine"})
    changed = reader.wait("attributes", identity="setter")["changed"]
    assert changed == {"colour": "blue", "mood": "fine"}, changed
    assert reader.ask("participants")["attributes"]["setter"] == {"role": "setter", "colour": "blue", "mood": "fine"}


def add(name, function, sdk, server, *peers, ci=False):
    test(f"{sdk}.{name}.{server}", needs=[*SERVERS[server], *SDKS[sdk], "speech"], seconds=120, ci=ci)(
        lambda world: function(world, world.server(server), *peers))


for sdk in SDKS:
    for server in SERVERS:
        add("from-sidetone", hears, sdk, server, "sidetone", sdk, ci=True)
        if sdk != "chromium":  # whose microphone is in chromium.py
            add("to-sidetone", hears, sdk, server, sdk, "sidetone", ci=True)
        if sdk == "python" or server == "embedded":
            add("mute-of-sidetone", mute, sdk, server, "sidetone", sdk, ci=sdk == "python")
            add(f"mute-of-{sdk}", mute, sdk, server, sdk, "sidetone", ci=sdk == "python")
            add("data", data, sdk, server, "sidetone", sdk, ci=True)
            add("attributes", attributes, sdk, server, sdk, "sidetone", ci=sdk == "python")
add("to-python", hears, "python", "embedded", "python", "python", ci=True)
add("data-among-themselves", data, "python", "embedded", "python", "python")
