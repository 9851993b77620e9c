"""Fifty times join, speak, leave: nobody stays in the room, no descriptor, thread or memory stays in the process."""
import os
import pathlib

from harness import sound, test

CYCLES, WARM = 50, 15  # the first ones fill pools and caches


def usage(process):
    """(descriptors, threads, resident KiB)"""
    proc = pathlib.Path(f"/proc/{process.child.pid}")
    status = dict(line.split(":", 1) for line in (proc / "status").read_text().splitlines())
    return len(os.listdir(proc / "fd")), int(status["Threads"]), int(status["VmRSS"].split()[0])


def settled(process, peer, wanted):
    """Usage once it is no more than what is wanted, or after 5 s."""
    for _ in range(50):
        now = usage(process)
        if now[0] <= wanted[0] and now[1] <= wanted[1]:
            break
        peer.drain(0.1)
    return usage(process)


def cycles(world, server, watched, kind):
    """`watched` tells the process to look at, once it runs."""
    word = world.path("word.wav")
    sound.write(word, sound.tone(1000, 0.3))
    ear = world.peer("sidetone", server, "ear")
    mouth = world.peer(kind, server, "mouth")
    mouth.ask("leave")
    process = watched(mouth)
    before = None
    for cycle in range(CYCLES):
        identity = f"mouth-{cycle}"
        world.join(mouth, server, identity)
        heard = world.path("heard.wav")
        ear.ask("record", identity=identity, wav=heard)
        mouth.ask("publish")
        ear.wait("track_subscribed", identity=identity)
        ear.drain(0.1)
        mouth.ask("play", wav=word)
        mouth.wait("played")
        ear.drain(0.15)
        ear.ask("stop_record")
        tone = sound.level_of(sound.read(heard), 1000)
        assert sum(tone > 0.1) >= 15, f"cycle {cycle}: {sum(tone > 0.1)} of 30 blocks of the tone were heard"
        mouth.ask("leave")
        ear.wait("participant_disconnected", identity=identity, seconds=5)
        if cycle == WARM:
            ear.drain(1)
            before = usage(process)
    after = settled(process, ear, before)
    world.note(f"descriptors {before[0]} -> {after[0]}, threads {before[1]} -> {after[1]}, resident {before[2]} -> {after[2]} KiB")
    assert ear.ask("participants")["identities"] == [], "somebody stayed in the room"
    assert after[0] <= before[0] and after[1] <= before[1], f"leaked: {world.notes[-1]}"
    assert after[2] <= before[2] * 1.05 + 512, f"memory grew: {world.notes[-1]}"


@test("soak.python.embedded", needs=["python-sdk"], seconds=300)
def embedded_server_with_the_python_sdk(world):
    server = world.server("embedded")
    cycles(world, server, lambda mouth: server.process, "python")


@test("soak.sidetone.embedded", seconds=300)
def embedded_server_with_sidetone(world):
    server = world.server("embedded")
    cycles(world, server, lambda mouth: server.process, "sidetone")


@test("soak.sidetone.livekit", needs=["livekit-server"], seconds=300)
def our_client_with_livekit_server(world):
    cycles(world, world.server("livekit"), lambda mouth: mouth, "sidetone")


@test("soak.node.embedded", needs=["node"], seconds=300)
def embedded_server_with_the_node_sdk(world):
    server = world.server("embedded")
    cycles(world, server, lambda mouth: server.process, "node")


@test("soak.chromium.embedded", needs=["node", "chromium"], seconds=300)
def embedded_server_with_chromium(world):
    server = world.server("embedded")
    cycles(world, server, lambda mouth: server.process, "chromium")
