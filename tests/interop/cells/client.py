"""Our client and the real livekit-server: one connection and two, in one room; own attributes; who may subscribe; faults on
purpose; how long a connect takes."""
import json

from harness import test


def crosses(world, one, other):
    for mouth, ear in ((one, other), (other, one)):
        world.hears(ear, mouth)
        mouth.ask("data", payload=f"from {mouth.name}", topic="t", reliable=True)
        ear.wait("data", identity=mouth.name, payload=f"from {mouth.name}", topic="t", reliable=True)


@test("client.connections.livekit", needs=["livekit-server", "speech"], seconds=60, ci=True)
def one_connection_beside_two(world):
    server = world.server("livekit")
    one, two = (world.peer("sidetone", server, name) for name in ("one", "two"))
    for peer, connections, number in ((one, "single", 1), (two, "dual", 2)):
        peer.ask("leave")
        answer = world.join(peer, server, peer.name, connections=connections)
        assert answer["connections"] == number, answer
    crosses(world, one, two)


@test("client.profile.livekit", needs=["livekit-server"], seconds=60, ci=True)
def own_attributes_and_who_may_hear(world):
    server = world.server("livekit")
    ear = world.peer("sidetone", server, "ear")
    mouth = world.peer("sidetone", server, "mouth")
    ear.wait("participant_connected", identity="mouth")
    mouth.ask("attributes", attributes={"mood": "good"})
    ear.wait("attributes", identity="mouth")
    mouth.ask("publish")
    ear.wait("track_subscribed", identity="mouth")
    mouth.ask("allow", all=False)
    ear.wait("track_forbidden", identity="mouth")
    mouth.ask("allow", all=True)
    ear.wait("track_allowed", identity="mouth")
    ear.wait("track_subscribed", identity="mouth")


FAULTS = ("signal_reconnect", "full_reconnect", "node_failure", "disconnect_signal_on_resume", "switch_candidate_protocol")


def faults_on_purpose(world, connections):
    server = world.server("livekit")
    ear = world.peer("sidetone", server, "ear")
    for fault in FAULTS:
        mouth = world.peer("sidetone", server, fault, connections=connections)
        world.hears(ear, mouth)
        mouth.ask("simulate", fault=fault)
        if fault == "disconnect_signal_on_resume":
            mouth.ask("simulate", fault="signal_reconnect")
        if fault != "switch_candidate_protocol":
            mouth.wait("reconnecting", seconds=10)
            mouth.wait("reconnected", seconds=10)
        heard = world.path(f"{fault}.wav")
        ear.ask("record", identity=fault, wav=heard)
        mouth.ask("play", wav=world.path("speech-after-a-pause.wav"))  # the source that was published before
        mouth.wait("played", seconds=20)
        ear.drain(0.5)
        ear.ask("stop_record")
        likeness = world.likeness(heard)
        expected = 0 if fault == "switch_candidate_protocol" else 1
        counts = mouth.count("reconnecting"), mouth.count("reconnected")
        assert counts == (expected, expected), f"{fault}: {counts}"
        assert likeness >= 0.85, f"{fault}: correlation {likeness:.3f}"
        mouth.ask("leave")


@test("client.faults.dual.livekit", needs=["livekit-server", "speech"], seconds=240)
def faults_of_two_connections(world):
    faults_on_purpose(world, "dual")


@test("client.faults.single.livekit", needs=["livekit-server", "speech"], seconds=240)
def faults_of_one_connection(world):
    faults_on_purpose(world, "single")


def connect(world, server, mode, limit):
    bench = world.cli(server, "bench connect", "--count", "50", f"--{mode}", "--json")
    said, _ = bench.child.communicate(timeout=110)
    assert bench.child.returncode == 0, "bench ended with " + str(bench.child.returncode)
    figures = json.loads(said)
    world.note(f"{mode}: ready p50 {figures['ready_ms']['p50']} ms, first audio p50 {figures['first_audio_ms']['p50']} ms")
    assert figures["ready_ms"]["p50"] <= limit, figures
    assert figures["after"]["descriptors"] <= figures["before"]["descriptors"], figures
    assert figures["after"]["threads"] <= figures["before"]["threads"], figures


@test("client.connect.livekit", needs=["livekit-server"], seconds=240)
def fifty_connects_through_livekit_server(world):
    server = world.server("livekit")
    connect(world, server, "dual", 100)
    connect(world, server, "single", 60)
