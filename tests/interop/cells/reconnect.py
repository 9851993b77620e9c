"""The signalling socket is cut: a resume. The server is restarted: a full reconnect. Both sides hear each other again, are told
once that it is reconnecting and once that it has reconnected, and the source that is published goes on."""
import signal
import time

from harness import sound, test

TONES = {"one": 1000, "other": 1500}
BACK_WITHIN = {"chromium": 9}  # livekit-client's fourth try, the first that may join anew, comes 4.2 to 6.2 s after the loss


def talk(world, kinds, urls, server):
    """Two peers, each saying its own tone and recording the other's."""
    peers = [world.peer(kind, server, name, url=url) for kind, name, url in zip(kinds, TONES, urls)]
    for peer, far in (peers, peers[::-1]):
        sound.write(world.path(f"{peer.name}-says.wav"), sound.tone(TONES[peer.name], 2))
        far.ask("record", identity=peer.name, wav=world.path(f"{far.name}.wav"), stamps=world.path(f"{far.name}.csv"))
        peer.ask("publish")
        peer.ask("play", wav=world.path(f"{peer.name}-says.wav"), loop=True)
        far.wait("heard", identity=peer.name)
    for peer in peers:
        peer.drain(1)
    return peers


def heard_times(world, peers):
    """For each peer: when it heard the other's tone."""
    for peer in peers:
        peer.ask("stop_record")
    return {peer.name: sound.heard_at(world.path(f"{peer.name}.wav"), world.path(f"{peer.name}.csv"), TONES[far.name])
            for peer, far in (peers, peers[::-1])}


def silence_after(times, moment, until):
    """The longest time without the tone that touches the span from moment to until."""
    inside = [at for at in times if moment - 0.5 <= at <= until]
    return max(later - earlier for earlier, later in zip([moment - 0.5, *inside], [*inside, until]))


def once(peer, seconds):
    """Reconnecting, then reconnected, and nothing of it again."""
    peer.wait("reconnecting", seconds=seconds)
    peer.wait("reconnected", seconds=seconds)
    peer.drain(2)
    counts = peer.count("reconnecting"), peer.count("reconnected")
    assert counts == (1, 1), f"{peer.name} reported {counts[0]} × reconnecting and {counts[1]} × reconnected"
    assert not peer.count("disconnected"), f"{peer.name} was disconnected"


def resume(world, kind, server_kind):
    server = world.server(server_kind)
    relay = world.relay(server)
    peers = one, other = talk(world, (kind, "sidetone"), (relay.url, None), server)
    cut = time.monotonic()
    relay.cut()
    once(one, 10)
    until = time.monotonic() - 0.5
    assert relay.connections >= 2
    assert not other.count("participant_disconnected"), "the others saw a departure"
    for name, times in heard_times(world, peers).items():
        gap = silence_after(times, cut, until)
        world.note(f"{name} heard nothing for {1000 * gap:.0f} ms")
        assert gap <= 2, f"{name} heard nothing for {gap:.1f} s after the cut"
    # The new socket carries requests: the mute reaches the other side.
    one.ask("mute", muted=True)
    other.wait("track_muted", identity="one")


def restart(world, kind, server_kind):
    server = world.server(server_kind)
    peers = talk(world, (kind, "sidetone"), (None, None), server)
    server.stop(gently=signal.SIGKILL)
    down = time.monotonic()
    server.start()
    up = time.monotonic()
    for peer in peers:
        once(peer, 20)
    for peer in peers:
        peer.drain(1)
    until = time.monotonic() - 0.5
    for name, times in heard_times(world, peers).items():
        again = [at for at in times if at > down + 0.5]
        assert again, f"{name} heard nothing after the restart"
        world.note(f"{name} heard again {again[0] - up:.1f} s after the server was up")
        assert again[0] - up <= BACK_WITHIN.get(kind, 5), f"{name} heard nothing for {again[0] - up:.1f} s after the server was up again"
        assert silence_after(times, again[0] + 0.5, until) < 0.5, f"{name} heard the tone only for a moment"


def rejoin(world, kind, server_kind):
    """The SDK tests itself: it drops everything and joins anew, which the others see as going and coming."""
    server = world.server(server_kind)
    peers = one, other = talk(world, (kind, "sidetone"), (None, None), server)
    dropped = time.monotonic()
    one.ask("simulate", scenario="full-reconnect")
    once(one, 10)
    other.wait("participant_disconnected", identity="one")
    other.wait("participant_connected", identity="one")
    until = time.monotonic() - 0.5
    for name, times in heard_times(world, peers).items():
        gap = silence_after(times, dropped, until)
        world.note(f"{name} heard nothing for {1000 * gap:.0f} ms")
        assert gap <= 5, f"{name} heard nothing for {gap:.1f} s after the drop"


for kind, server_kind, needs in (("sidetone", "livekit", ["livekit-server"]), ("sidetone", "embedded", []),
                                 ("python", "embedded", ["python-sdk"]), ("node", "embedded", ["node"]),
                                 ("chromium", "embedded", ["node", "chromium"])):
    def add(name, function, kind=kind, server_kind=server_kind, needs=needs):
        test(f"{name}.{kind}.{server_kind}", needs=needs, seconds=120, ci=kind != "chromium")(lambda world: function(world, kind, server_kind))

    add("resume", resume)
    add("restart", restart)
    if kind in ("node", "chromium"):
        add("rejoin", rejoin)
