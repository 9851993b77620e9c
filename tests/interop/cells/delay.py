"""Mouth to ear, found from the sound: Sidetone's and the Python SDK's own, in turn, through livekit-server."""
from harness import sound, test

MARKERS, ROUNDS = 12, 3
MUST_MS = 40


def measure(world, server, kind, turn):
    mouth = world.peer(kind, server, f"mouth-{kind}-{turn}")
    ear = world.peer(kind, server, f"ear-{kind}-{turn}")
    heard, stamps, pushed = (world.path(f"{kind}-{turn}.{end}") for end in ("wav", "csv", "pushed.csv"))
    ear.ask("record", identity=mouth.name, wav=heard, stamps=stamps)
    mouth.ask("publish")
    ear.wait("track_subscribed", identity=mouth.name)
    mouth.ask("play", wav=world.path("markers.wav"), stamps=pushed)
    mouth.wait("played", seconds=30)
    ear.drain(0.5)
    for peer in (ear, mouth):
        peer.ask("leave")
        peer.stop()
    found = 1000 * sound.delays(MARKERS, pushed, heard, stamps)
    assert len(found) >= MARKERS * 3 // 4, f"{kind}: {len(found)} of {MARKERS} markers were found"
    return found


@test("delay.livekit", needs=["livekit-server", "python-sdk"], seconds=150, ci=True, alone=True)
def mouth_to_ear(world):
    """A B A B A B. A neighbour on the machine can only make a round slower, so the best round of each counts."""
    server = world.server("livekit")
    sound.write(world.path("markers.wav"), sound.markers(MARKERS)[0])
    rounds = {"sidetone": [], "python": []}
    for turn in range(ROUNDS):
        for kind in rounds:
            rounds[kind].append(measure(world, server, kind, turn))
    best = {}
    for kind, found in rounds.items():
        medians = [float(sound.np.median(one)) for one in found]
        best[kind] = min(medians)
        worst = max(float(one.max()) for one in found)
        world.note(f"{kind}: p50 of the best round {best[kind]:.1f} ms (rounds {', '.join(f'{one:.1f}' for one in medians)}; "
                   f"slowest marker {worst:.1f})")
    assert best["sidetone"] <= MUST_MS, f"p50 {best['sidetone']:.1f} ms is more than {MUST_MS}; {'; '.join(world.notes)}"
